/*
 * Arm CCA Realms under KVM: which memory KVM takes to be private
 *
 * How KVM is told is RmeMemoryOps. KVM_SET_MEMORY_ATTRIBUTES, for one, walks
 * all pages of its range in one call that nothing stops: seconds for a few GiB,
 * minutes for hundreds. So it is called for pieces of a GiB, and for those only
 * that are used. A VM begins with no attributes, which to KVM means shared:
 *
 * - a launch makes those pieces private that it populates;
 * - the guest's first use of another piece leaves KVM_RUN with a memory fault
 *   of one page, and all of the piece is made private then;
 * - a request for more than a piece is no use. Linux begins with one for all
 *   of its RAM, and is asked nothing for it but the faults to come.
 *
 * Such a piece is *told*: from then on KVM has for each page of it what
 * shared.c has. Of one that is not, KVM takes all pages to be shared, QEMU
 * takes none to be, and there is no private copy of any. The guest could use
 * the shared copy without having asked for it, and so that is dropped before
 * the private one is used: no page costs the host twice.
 *
 * Where guest_memfd is private from the start, all pieces are told.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <linux/kvm.h>

#include "qemu/bitmap.h"
#include "qemu/madvise.h"
#include "qemu/units.h"
#include "system/address-spaces.h"
#include "system/ramblock.h"
#include "hw/arm/rme-shared.h"
#include "system/kvm.h"
#include "kvm-rme.h"
#include "trace.h"

#define PIECE_SIZE  (1 * GiB)

unsigned long *kvm_rme_new_pieces(const RmeAbi *abi, unsigned ipa_bits)
{
    /* The upper half of the space is the shared view of the lower one */
    uint64_t pieces = (1ULL << (ipa_bits - 1)) / PIECE_SIZE;
    unsigned long *told = bitmap_new(pieces);

    if (abi->ops->memory->private_from_start) {
        bitmap_fill(told, pieces);
    }
    return told;
}

static int tell(RmeGuest *guest, const MemoryRegionSection *sec, bool private)
{
    const RmeMemoryOps *memory = guest->kvm->abi.ops->memory;

    return memory->tell ? memory->tell(sec, private) : 0;
}

/* For whoever asks the block, or listens to it, instead of rme-shared.h */
static int tell_block(const MemoryRegionSection *sec, bool private)
{
    RamBlockAttributes *attr = sec->mr->ram_block->attributes;

    return attr ? ram_block_attributes_state_change(attr,
                      sec->offset_within_region, int128_get64(sec->size),
                      private)
                : 0;
}

/* Some kernels cannot map a page for a guest that reads it first */
static int write_first(RmeGuest *guest, const MemoryRegionSection *sec)
{
    uint8_t *host = memory_region_get_ram_ptr(sec->mr);

    if (!guest->kvm->abi.ops->write_before_sharing) {
        return 0;
    }
    return qemu_madvise(host + sec->offset_within_region,
                        int128_get64(sec->size),
                        QEMU_MADV_POPULATE_WRITE) ? -errno : 0;
}

int kvm_rme_drop_shared(RAMBlock *rb, uint64_t offset, uint64_t size)
{
    /* Huge pages cannot be dropped piecemeal */
    if (qemu_ram_pagesize(rb) != qemu_real_host_page_size()) {
        return 0;
    }
    return ram_block_discard_range(rb, offset, size);
}

int kvm_rme_drop_shared_copy(const MemoryRegionSection *sec)
{
    return kvm_rme_drop_shared(sec->mr->ram_block, sec->offset_within_region,
                               int128_get64(sec->size));
}

typedef int SectionFn(RmeGuest *guest, const MemoryRegionSection *sec,
                      void *opaque);

/*
 * Call @fn for the RAM in a range that the guest chose: it may be the whole
 * address space, with several RAM blocks, devices and holes in it. Each round
 * moves on to the end of one section, so the work is bounded by the memory map
 * and not by the size of the range.
 */
static int foreach_ram(RmeGuest *guest, hwaddr gpa, uint64_t size,
                       SectionFn *fn, void *opaque)
{
    int ret = 0;

    while (size && !ret) {
        MemoryRegionSection sec = memory_region_find(get_system_memory(), gpa,
                                                     size);
        hwaddr end;

        if (!sec.mr) {
            break;              /* nothing but holes is left */
        }
        end = sec.offset_within_address_space + int128_get64(sec.size);
        if (memory_region_has_guest_memfd(sec.mr)) {
            ret = fn(guest, &sec, opaque);
        }
        memory_region_unref(sec.mr);
        size -= end - gpa;
        gpa = end;
    }
    return ret;
}

static int tell_section(RmeGuest *guest, const MemoryRegionSection *sec,
                        void *opaque)
{
    int ret = tell(guest, sec, true);

    /* Before the launch nobody has used it, and it may be a file of the user */
    if (!ret && guest->state == RME_STATE_ACTIVE) {
        ret = kvm_rme_drop_shared_copy(sec);
    }
    return ret;
}

/* All RAM in the piece of @gpa; it may be several blocks */
static int tell_piece(RmeGuest *guest, hwaddr gpa)
{
    unsigned long *told = guest->kvm->told;
    int ret;

    if (test_bit(gpa / PIECE_SIZE, told)) {
        return 0;
    }
    ret = foreach_ram(guest, QEMU_ALIGN_DOWN(gpa, PIECE_SIZE), PIECE_SIZE,
                      tell_section, NULL);
    if (!ret) {
        set_bit(gpa / PIECE_SIZE, told);
    }
    return ret;
}

int kvm_rme_make_pieces_private(RmeGuest *guest, hwaddr gpa, uint64_t size)
{
    int ret = 0;

    for (hwaddr at = QEMU_ALIGN_DOWN(gpa, PIECE_SIZE); !ret && at < gpa + size;
         at += PIECE_SIZE) {
        ret = tell_piece(guest, at);
    }
    return ret;
}

/*
 * KVM spends time on each page that it is told of, whether that changes or not,
 * so it is told of those only that change, and nothing else is dropped. A guest
 * can make any pattern of pages and ask for all of it at once: then the last of
 * these runs takes in what is left.
 */
static const KvmRmeRuns *find_runs(RmeGuest *guest,
                                   const MemoryRegionSection *sec, bool shared)
{
    KvmRmeRuns *runs = &guest->kvm->runs;
    hwaddr gpa = sec->offset_within_address_space;
    hwaddr end = gpa + int128_get64(sec->size);
    uint64_t size;

    for (runs->n = 0; runs->n < KVM_RME_RUNS_MAX; runs->n++, gpa += size) {
        size = rme_shared_next_run(guest->shared, &gpa, end, shared);
        if (!size) {
            break;
        }
        if (runs->n == KVM_RME_RUNS_MAX - 1) {
            size = end - gpa;
        }
        runs->run[runs->n].gpa = gpa;
        runs->run[runs->n].size = size;
    }
    return runs;
}

static MemoryRegionSection run_section(const MemoryRegionSection *sec,
                                       const KvmRmeRuns *runs, unsigned i)
{
    MemoryRegionSection part = *sec;

    part.offset_within_address_space = runs->run[i].gpa;
    part.offset_within_region += runs->run[i].gpa -
                                 sec->offset_within_address_space;
    part.size = int128_make64(runs->run[i].size);
    return part;
}

static int make_private(RmeGuest *guest, const MemoryRegionSection *sec,
                        bool is_use)
{
    hwaddr gpa = sec->offset_within_address_space;
    const KvmRmeRuns *runs;
    int ret;

    if (!test_bit(gpa / PIECE_SIZE, guest->kvm->told)) {
        return is_use ? tell_piece(guest, gpa) : 0;
    }
    runs = find_runs(guest, sec, true);
    rme_shared_begin_private(guest->shared, gpa, int128_get64(sec->size));
    ret = tell_block(sec, true);
    for (unsigned i = 0; !ret && i < runs->n; i++) {
        MemoryRegionSection run = run_section(sec, runs, i);

        ret = tell(guest, &run, true) ?: kvm_rme_drop_shared_copy(&run);
    }
    return ret;
}

static int drop_private_copy(const MemoryRegionSection *sec)
{
    return ram_block_discard_guest_memfd_range(sec->mr->ram_block,
                                               sec->offset_within_region,
                                               int128_get64(sec->size));
}

static int share_runs(RmeGuest *guest, const MemoryRegionSection *sec)
{
    int ret = tell_piece(guest, sec->offset_within_address_space);
    const KvmRmeRuns *runs = find_runs(guest, sec, false);

    for (unsigned i = 0; !ret && i < runs->n; i++) {
        MemoryRegionSection run = run_section(sec, runs, i);

        ret = tell(guest, &run, false) ?: drop_private_copy(&run) ?:
              write_first(guest, &run);
    }
    return ret;
}

static int make_shared(RmeGuest *guest, const MemoryRegionSection *sec)
{
    hwaddr gpa = sec->offset_within_address_space;
    uint64_t size = int128_get64(sec->size);
    int ret;

    if (rme_shared_test(guest->shared, gpa, size)) {
        return 0;
    }
    if (size == PIECE_SIZE && !test_bit(gpa / PIECE_SIZE, guest->kvm->told)) {
        /* It is, to KVM, and has no private copy */
        ret = write_first(guest, sec);
        if (!ret) {
            set_bit(gpa / PIECE_SIZE, guest->kvm->told);
        }
    } else {
        ret = share_runs(guest, sec);
    }
    ret = ret ?: tell_block(sec, false);
    if (!ret) {
        rme_shared_finish_shared(guest->shared, gpa, size);
    }
    return ret;
}

typedef struct Conversion {
    bool to_private;
    bool is_use;
} Conversion;

/*
 * Make one range of one RAM block private or shared, piece by piece.
 *
 * Idempotent: the first thing that a Linux guest does is to ask for all of its
 * RAM to be private, which it is already and which holds the measured images.
 * So a range with nothing to convert costs nothing, and a request for private
 * memory never touches the private copy.
 */
static int convert_section(RmeGuest *guest, const MemoryRegionSection *sec,
                           void *opaque)
{
    const Conversion *c = opaque;
    MemoryRegionSection part = *sec;
    uint64_t left = int128_get64(sec->size);
    int ret = 0;

    while (left && !ret) {
        hwaddr gpa = part.offset_within_address_space;
        uint64_t size = MIN(left, PIECE_SIZE - gpa % PIECE_SIZE);

        part.size = int128_make64(size);
        ret = c->to_private ? make_private(guest, &part, c->is_use)
                            : make_shared(guest, &part);
        part.offset_within_address_space += size;
        part.offset_within_region += size;
        left -= size;
    }
    return ret;
}

static int count_section(RmeGuest *guest, const MemoryRegionSection *sec,
                         void *opaque)
{
    uint64_t *count = opaque;

    *count += int128_get64(sec->size);
    return 0;
}

bool kvm_rme_can_end(RmeGuest *guest, hwaddr gpa, uint64_t size,
                     bool to_private)
{
    uint64_t count = 0;

    if (!to_private || !guest->kvm->abi.ops->memory->waits_for_all) {
        return true;
    }
    foreach_ram(guest, gpa, size, count_section, &count);
    return count == size;
}

int kvm_rme_convert(RmeGuest *guest, hwaddr gpa, uint64_t size,
                    bool to_private)
{
    Conversion c = { .to_private = to_private, .is_use = size <= PIECE_SIZE };
    int ret;

    rme_shared_lock(guest->shared);
    ret = foreach_ram(guest, gpa, size, convert_section, &c);
    rme_shared_unlock(guest->shared);
    return ret;
}
