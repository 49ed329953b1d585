/*
 * Arm CCA Realms under KVM: exits of a running Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <linux/kvm.h>

#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "exec/address-spaces.h"
#include "exec/ramblock.h"
#include "hw/arm/rme-shared.h"
#include "hw/core/cpu.h"
#include "system/cpus.h"
#include "system/kvm.h"
#include "kvm-rme.h"
#include "trace.h"

/*
 * Make one range of one RAM block private or shared.
 *
 * Idempotent: the first thing that a Linux guest does is to ask for all of its
 * RAM to be private, which it is already and which holds the measured images.
 * So a range with nothing to convert costs nothing, and a request for private
 * memory never touches the private copy. In a range that is mixed both calls
 * are harmless for the pages that already are as wanted: KVM unmaps, and QEMU
 * drops, only the copy of the other side.
 */
static int convert_ram(RmeGuest *guest, const MemoryRegionSection *sec,
                       bool to_private)
{
    RAMBlock *rb = sec->mr->ram_block;
    hwaddr gpa = sec->offset_within_address_space;
    uint64_t size = int128_get64(sec->size);
    int ret;

    if (to_private) {
        if (!rme_shared_begin_private(guest->shared, gpa, size)) {
            return 0;
        }
        ret = kvm_set_memory_attributes_private(gpa, size);
        if (!ret && qemu_ram_pagesize(rb) == qemu_real_host_page_size()) {
            ret = ram_block_discard_range(rb, sec->offset_within_region, size);
        }
        return ret;
    }

    if (rme_shared_test(guest->shared, gpa, size)) {
        return 0;
    }
    ret = kvm_set_memory_attributes_shared(gpa, size);
    if (!ret) {
        ret = ram_block_discard_guest_memfd_range(rb, sec->offset_within_region,
                                                  size);
    }
    if (!ret) {
        rme_shared_finish_shared(guest->shared, gpa, size);
    }
    return ret;
}

/*
 * The guest chooses the range: it may be the whole address space, with several
 * RAM blocks, devices and holes in it. Only RAM is converted; the rest has
 * nothing to convert, and a guest that then touches it as RAM faults by itself.
 * Each round moves on to the end of one section, so the work is bounded by the
 * memory map and not by the size of the range.
 */
static int convert_range(RmeGuest *guest, hwaddr gpa, uint64_t size,
                         bool to_private)
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
            ret = convert_ram(guest, &sec, to_private);
        }
        memory_region_unref(sec.mr);
        size -= end - gpa;
        gpa = end;
    }
    return ret;
}

static int handle_memory_fault(RmeGuest *guest, CPUState *cpu,
                               const struct kvm_run *run)
{
    uint64_t gpa = run->memory_fault.gpa, size = run->memory_fault.size;
    bool to_private = run->memory_fault.flags & KVM_MEMORY_EXIT_FLAG_PRIVATE;
    int ret;

    trace_kvm_rme_convert(cpu->cpu_index, gpa, size,
                          to_private ? "private" : "shared");
    if (run->memory_fault.flags & ~KVM_MEMORY_EXIT_FLAG_PRIVATE) {
        error_report("KVM_EXIT_MEMORY_FAULT with unknown flags 0x%" PRIx64,
                     (uint64_t)run->memory_fault.flags);
        return -EINVAL;
    }
    if (!QEMU_IS_ALIGNED(gpa | size, RME_GRANULE_SIZE) || gpa + size < gpa) {
        error_report("KVM_EXIT_MEMORY_FAULT for a range that is no multiple "
                     "of 4 KiB: 0x%" PRIx64 " + 0x%" PRIx64, gpa, size);
        return -EINVAL;
    }

    rme_shared_lock(guest->shared);
    ret = convert_range(guest, gpa, size, to_private);
    rme_shared_unlock(guest->shared);
    if (ret) {
        error_report("cannot make [0x%" PRIx64 ", 0x%" PRIx64 ") %s for the "
                     "Realm: %s", gpa, gpa + size,
                     to_private ? "private" : "shared", strerror(-ret));
    }
    return ret;
}

bool kvm_rme_handle_exit(ConfidentialGuestSupport *cgs, CPUState *cpu,
                         struct kvm_run *run, int *ret)
{
    RmeGuest *guest = RME_GUEST(cgs);

    switch (run->exit_reason) {
    case KVM_EXIT_MEMORY_FAULT:
        *ret = handle_memory_fault(guest, cpu, run);
        return true;
    case KVM_EXIT_SHUTDOWN:
        /*
         * Another vCPU turned the Realm off or reset it, and said so with a
         * system event. This one only must not run again; what it means for
         * the VM is decided by that event.
         */
        trace_kvm_rme_vcpu_gone(cpu->cpu_index);
        bql_lock();
        cpu_stop_current();
        bql_unlock();
        *ret = EXCP_INTERRUPT;
        return true;
    default:
        return false;
    }
}
