/*
 * Arm CCA Realms: what a bus master may reach
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "system/address-spaces.h"
#include "system/ramblock.h"
#include "hw/arm/cca/dma.h"
#include "system/dma.h"
#include "trace.h"

/* More than this many refused accesses in a second are only counted */
#define REPORTS_PER_SECOND  10

#define TYPE_RME_DMA_REGION "rme-dma-iommu-memory-region"

struct RmeDma {
    Object parent_obj;

    IOMMUMemoryRegion iommu;
    AddressSpace as;
    RmeSharedState *shared;
    unsigned ipa_bits;
    hwaddr doorbell;
    hwaddr doorbell_size;

    /* rate limit of the guest errors */
    unsigned report_second;
    unsigned reports;
};

static hwaddr rme_dma_shared_bit(const RmeDma *dma)
{
    return BIT_ULL(dma->ipa_bits - 1);
}

/* Devices run in several threads: an approximate limit is good enough */
static bool rme_dma_may_report(RmeDma *dma)
{
    unsigned now = qemu_clock_get_ms(QEMU_CLOCK_REALTIME) / 1000;
    unsigned before = qatomic_read(&dma->report_second);

    if (now != before &&
        qatomic_cmpxchg(&dma->report_second, before, now) == before) {
        unsigned n = qatomic_xchg(&dma->reports, 0);

        if (n > REPORTS_PER_SECOND) {
            qemu_log("Realm: %u more device accesses were refused\n",
                     n - REPORTS_PER_SECOND);
        }
    }
    return qatomic_fetch_inc(&dma->reports) < REPORTS_PER_SECOND;
}

/* Translations are only asked for to make an access, so this is an error */
static void rme_dma_refuse(RmeDma *dma, hwaddr addr, hwaddr gpa,
                           IOMMUAccessFlags flag)
{
    bool is_ram = rme_shared_is_ram(dma->shared, gpa);

    trace_rme_dma_refused(addr, gpa, flag, is_ram);
    if (qemu_loglevel_mask(LOG_GUEST_ERROR) && rme_dma_may_report(dma)) {
        qemu_log("Realm: a device may not %s address 0x%" HWADDR_PRIx ": ",
                 flag == IOMMU_WO ? "write" : "read", addr);
        if (is_ram) {
            qemu_log("guest page 0x%" HWADDR_PRIx " is not shared\n",
                     QEMU_ALIGN_DOWN(gpa, RME_SHARED_PAGE_SIZE));
        } else {
            qemu_log("0x%" HWADDR_PRIx " is not guest RAM\n", gpa);
        }
    }
}

static IOMMUTLBEntry rme_dma_translate(IOMMUMemoryRegion *iommu, hwaddr addr,
                                       IOMMUAccessFlags flag, int iommu_idx)
{
    RmeDma *dma = container_of(iommu, RmeDma, iommu);
    hwaddr gpa = addr & (rme_dma_shared_bit(dma) - 1);
    hwaddr size = rme_shared_granule(dma->shared, gpa);
    IOMMUAccessFlags perm = IOMMU_RW;

    if (unlikely(!size)) {
        if (flag != IOMMU_RO && gpa - dma->doorbell < dma->doorbell_size) {
            size = dma->doorbell_size;
            perm = IOMMU_WO;
        } else {
            size = RME_SHARED_PAGE_SIZE;
            perm = IOMMU_NONE;
            rme_dma_refuse(dma, addr, gpa, flag);
        }
    }
    return (IOMMUTLBEntry) {
        .target_as = &address_space_memory,
        .iova = addr & ~(size - 1),
        .translated_addr = gpa & ~(size - 1),
        .addr_mask = size - 1,
        .perm = perm,
    };
}

/*
 * A shared page is RAM at a fixed place that exists as long as the machine does,
 * so no second look-up in system memory is needed.  NULL leaves all other
 * addresses to rme_dma_translate().
 */
static MemoryRegion *rme_dma_translate_ram(IOMMUMemoryRegion *iommu,
                                           hwaddr *addr, hwaddr *plen)
{
    RmeDma *dma = container_of(iommu, RmeDma, iommu);
    hwaddr gpa = *addr & (rme_dma_shared_bit(dma) - 1);
    const void *block;
    uint64_t offset, len;

    len = rme_shared_lookup(dma->shared, gpa, &block, &offset);
    if (unlikely(!len)) {
        return NULL;
    }
    *addr = offset;
    *plen = MIN(*plen, len);
    return ((const RAMBlock *)block)->mr;
}

static uint64_t rme_dma_min_page_size(IOMMUMemoryRegion *iommu)
{
    return RME_SHARED_PAGE_SIZE;
}

static int rme_dma_notify_flag_changed(IOMMUMemoryRegion *iommu,
                                       IOMMUNotifierFlag old_flags,
                                       IOMMUNotifierFlag new_flags,
                                       Error **errp)
{
    if (new_flags & IOMMU_NOTIFIER_MAP) {
        error_setg(errp, "a Realm does not support devices that map guest "
                   "memory ahead of time, such as vfio; use an emulated or "
                   "a vhost (kernel) device");
        return -EINVAL;
    }
    return 0;
}

/*
 * Only notifiers for MAP events need to hear of existing translations, and
 * there are none.  The default would ask for each of 2^(ipa_bits - 12) pages.
 */
static void rme_dma_replay(IOMMUMemoryRegion *iommu, IOMMUNotifier *notifier)
{
}

static void rme_dma_region_class_init(ObjectClass *oc, const void *data)
{
    IOMMUMemoryRegionClass *imrc = IOMMU_MEMORY_REGION_CLASS(oc);

    imrc->translate = rme_dma_translate;
    imrc->translate_ram = rme_dma_translate_ram;
    imrc->get_min_page_size = rme_dma_min_page_size;
    imrc->notify_flag_changed = rme_dma_notify_flag_changed;
    imrc->replay = rme_dma_replay;
}

/* Tell the holders of translations that [@start, @last] is gone */
static void rme_dma_unmap(RmeDma *dma, hwaddr start, hwaddr last)
{
    trace_rme_dma_unmap(start, last);
    for (;;) {
        hwaddr mask = dma_aligned_pow2_mask(start, last, dma->ipa_bits);
        IOMMUTLBEvent event = {
            .type = IOMMU_NOTIFIER_UNMAP,
            .entry = {
                .target_as = &address_space_memory,
                .iova = start,
                .addr_mask = mask,
                .perm = IOMMU_NONE,
            },
        };

        memory_region_notify_iommu(&dma->iommu, 0, event);
        /* A vhost device with ats=on listens to these instead */
        event.type = IOMMU_NOTIFIER_DEVIOTLB_UNMAP;
        memory_region_notify_iommu(&dma->iommu, 0, event);

        if (last - start <= mask) {
            return;
        }
        start += mask + 1;
    }
}

/*
 * Called when pages turn private, after their bits were cleared.  vhost's IOTLB
 * misses are served under the BQL.  Whoever holds it can rely on this: every
 * translation that was looked up before is in vhost's cache, and is removed.
 */
static void rme_dma_revoke(void *opaque, uint64_t gpa, uint64_t size)
{
    RmeDma *dma = opaque;
    hwaddr bit = rme_dma_shared_bit(dma);
    /* Entries of up to 2 MiB were handed out: take back whole ones */
    hwaddr start = QEMU_ALIGN_DOWN(gpa, RME_SHARED_CHUNK_SIZE);
    hwaddr end = MIN(QEMU_ALIGN_UP(gpa + size, RME_SHARED_CHUNK_SIZE), bit);

    /* See the lock order in rme-shared.h */
    g_assert(!bql_locked());

    if (start < end) {
        BQL_LOCK_GUARD();
        rme_dma_unmap(dma, start, end - 1);
        rme_dma_unmap(dma, start | bit, (end - 1) | bit);
    }
    /* Accesses that found the bits set run inside RCU critical sections */
    memory_region_iommu_revoke_ram(&dma->iommu);
}

void rme_dma_reset(RmeDma *dma)
{
    /* The order of locks is that of a conversion, see rme-shared.h */
    bql_unlock();
    rme_shared_lock(dma->shared);
    rme_shared_begin_private(dma->shared, 0, INT64_MAX);
    rme_shared_unlock(dma->shared);
    bql_lock();
}

RmeDma *rme_dma_new(Object *owner, RmeSharedState *shared, unsigned ipa_bits,
                    Error **errp)
{
    RmeDma *dma;

    if (ipa_bits < 33 || ipa_bits > 52) {
        error_setg(errp, "a Realm cannot have addresses of %u bits", ipa_bits);
        return NULL;
    }

    dma = RME_DMA(object_new(TYPE_RME_DMA));
    object_property_add_child(owner, "dma", OBJECT(dma));
    object_unref(OBJECT(dma));

    dma->ipa_bits = ipa_bits;
    dma->shared = rme_shared_ref(shared);
    memory_region_init_iommu(&dma->iommu, sizeof(dma->iommu),
                             TYPE_RME_DMA_REGION, OBJECT(dma), "rme-dma",
                             BIT_ULL(ipa_bits));
    address_space_init(&dma->as, MEMORY_REGION(&dma->iommu), "rme-dma");
    /* As rme_dma_register_defaults() does for the spaces of PCI devices */
    dma->as.max_bounce_buffer_size = 0;
    rme_shared_set_revoke(shared, rme_dma_revoke, dma);
    return dma;
}

AddressSpace *rme_dma_address_space(RmeDma *dma)
{
    return &dma->as;
}

bool rme_dma_set_doorbell(RmeDma *dma, hwaddr gpa, hwaddr size, Error **errp)
{
    if (size < 4 || !is_power_of_2(size) || !QEMU_IS_ALIGNED(gpa, size)) {
        error_setg(errp, "no MSI doorbell of a Realm can be at 0x%"
                   HWADDR_PRIx " with size 0x%" HWADDR_PRIx, gpa, size);
        return false;
    }
    dma->doorbell = gpa;
    dma->doorbell_size = size;
    return true;
}

typedef struct RmeDmaVisit {
    RmeDmaRamFunc *func;
    void *opaque;
    Error **errp;
    bool failed;
} RmeDmaVisit;

static bool rme_dma_visit_range(Int128 start, Int128 len,
                                const MemoryRegion *mr,
                                hwaddr offset, void *opaque)
{
    RmeDmaVisit *visit = opaque;

    if (memory_region_has_guest_memfd((MemoryRegion *)mr)) {
        visit->failed = !visit->func(mr, int128_get64(start),
                                     int128_get64(len), offset,
                                     visit->opaque, visit->errp);
    }
    return visit->failed;
}

bool rme_dma_foreach_ram(AddressSpace *as, RmeDmaRamFunc *func, void *opaque,
                         Error **errp)
{
    RmeDmaVisit visit = { .func = func, .opaque = opaque, .errp = errp };

    RCU_READ_LOCK_GUARD();
    flatview_for_each_range(address_space_to_flatview(as),
                            rme_dma_visit_range, &visit);
    return !visit.failed;
}

/* Huge pages cannot be dropped piecemeal, and never are */
static void rme_dma_drop(const void *block, uint64_t offset, uint64_t size)
{
    RAMBlock *rb = (RAMBlock *)block;

    trace_rme_dma_drop(offset, size);
    if (qemu_ram_pagesize(rb) == qemu_real_host_page_size()) {
        ram_block_discard_range(rb, offset, size);
    }
}

static void rme_dma_unmapped(RAMBlock *rb, ram_addr_t offset, ram_addr_t length)
{
    rme_shared_unmapped(rb->unmapped_opaque, rb, offset, length);
}

static bool rme_dma_attach_range(const MemoryRegion *mr, hwaddr gpa,
                                 uint64_t size, hwaddr offset, void *opaque,
                                 Error **errp)
{
    if (!rme_shared_add_range(opaque, gpa, size, mr->ram_block, offset,
                              errp)) {
        return false;
    }
    /* Never dropped: an access does not check that the RAM still exists */
    memory_region_ref((MemoryRegion *)mr);
    rme_shared_unref(mr->ram_block->unmapped_opaque);
    mr->ram_block->unmapped_opaque = rme_shared_ref(opaque);
    mr->ram_block->unmapped = rme_dma_unmapped;
    return true;
}

bool rme_dma_attach_ram(RmeSharedState *shared, AddressSpace *as, Error **errp)
{
    if (!rme_dma_foreach_ram(as, rme_dma_attach_range, shared, errp)) {
        return false;
    }
    rme_shared_set_drop(shared, rme_dma_drop);
    rme_shared_seal(shared);
    return true;
}

static const TypeInfo rme_dma_types[] = {
    {
        .name = TYPE_RME_DMA,
        .parent = TYPE_OBJECT,
        .instance_size = sizeof(RmeDma),
    }, {
        .name = TYPE_RME_DMA_REGION,
        .parent = TYPE_IOMMU_MEMORY_REGION,
        .class_init = rme_dma_region_class_init,
    },
};

DEFINE_TYPES(rme_dma_types)
