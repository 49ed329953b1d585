/*
 * Arm CCA Realms under KVM: exits of a running Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <linux/kvm.h>

#include "qapi/error.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "system/address-spaces.h"
#include "hw/arm/rme-shared.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "system/cpus.h"
#include "system/kvm.h"
#include "kvm-rme.h"
#include "trace.h"

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
    if (gpa + size < gpa) {
        error_report("KVM_EXIT_MEMORY_FAULT for a range that wraps: 0x%" PRIx64
                     " + 0x%" PRIx64, gpa, size);
        return -EINVAL;
    }
    if (!QEMU_IS_ALIGNED(gpa | size, RME_GRANULE_SIZE)) {
        error_report("KVM_EXIT_MEMORY_FAULT for a range that is no multiple "
                     "of 4 KiB: 0x%" PRIx64 " + 0x%" PRIx64, gpa, size);
        return -EINVAL;
    }

    if (!kvm_rme_can_end(guest, gpa, size, to_private)) {
        error_report("rme-guest '%s': the guest asks for RAM in [0x%" PRIx64
                     ", 0x%" PRIx64 "), where not all is its own; this kernel "
                     "never lets it go on from that", rme_guest_id(guest), gpa,
                     gpa + size);
        return -ENXIO;
    }
    ret = kvm_rme_convert(guest, gpa, size, to_private);
    if (ret) {
        error_report("cannot make [0x%" PRIx64 ", 0x%" PRIx64 ") %s for the "
                     "Realm: %s", gpa, gpa + size,
                     to_private ? "private" : "shared", strerror(-ret));
    }
    return ret;
}

/*
 * Nobody asked KVM for the guest's calls (RSI_HOST_CALL is one), which then
 * answers them itself. Should one get here, nobody serves it: SMCCC has a word
 * for that, and any other value would be an answer.
 */
static int handle_hypercall(RmeGuest *guest, CPUState *cpu,
                            const struct kvm_run *run)
{
    Error *err = NULL;

    trace_kvm_rme_hypercall(cpu->cpu_index, run->hypercall.nr);
    if (!kvm_rme_put_not_supported(ARM_CPU(cpu), &err)) {
        error_reportf_err(err, "rme-guest '%s': ", rme_guest_id(guest));
        return -EINVAL;
    }
    return 0;
}

/*
 * The Realm is off, this vCPU only must not run again. What that means for the
 * VM is said by another one, with a system event, which may be handled later
 * than this: the order in which threads come out of KVM says nothing. If all
 * of them leave so, nobody said it, and the VM would be running for ever
 * without a vCPU.
 *
 * Kernels say KVM_EXIT_SHUTDOWN or KVM_EXIT_UNKNOWN. Of the latter they write
 * nothing but the reason: run->hw is what an earlier exit left in the union,
 * for instance the address of an access to a device, and means nothing.
 */
static int handle_gone(RmeGuest *guest, CPUState *cpu)
{
    KvmRme *rme = guest->kvm;
    bool silent;

    trace_kvm_rme_vcpu_gone(cpu->cpu_index);
    bql_lock();
    set_bit(cpu->cpu_index, rme->gone);
    silent = !rme->ended && bitmap_full(rme->gone, current_machine->smp.cpus);
    cpu_stop_current();
    bql_unlock();
    if (silent) {
        error_report("rme-guest '%s': all vCPUs have left the Realm, and none "
                     "with a power-off or a reset: the RMM stopped it",
                     rme_guest_id(guest));
        return -EIO;
    }
    return EXCP_INTERRUPT;
}

/* Is this the vCPU that ends the Realm? What comes after it changes nothing */
static bool ends_realm(RmeGuest *guest)
{
    bool first;

    bql_lock();
    first = !guest->kvm->ended;
    guest->kvm->ended = true;
    bql_unlock();
    return first;
}

/* To go on would lose what the guest waits for, at best in an endless loop */
static int refuse_exit(RmeGuest *guest, CPUState *cpu,
                       const struct kvm_run *run)
{
    bool event = run->exit_reason == KVM_EXIT_SYSTEM_EVENT;

    error_report("rme-guest '%s': vCPU %d left with %s %u, which a Realm does "
                 "not have: this QEMU does not fit this kernel",
                 rme_guest_id(guest), cpu->cpu_index,
                 event ? "system event" : "exit reason",
                 event ? run->system_event.type : run->exit_reason);
    return -EINVAL;
}

/* Sets @again if *ret is of no use, since the vCPU has left another time */
static bool handle_exit(RmeGuest *guest, CPUState *cpu, struct kvm_run *run,
                        int *ret, bool *again)
{
    switch (run->exit_reason) {
    case KVM_EXIT_MEMORY_FAULT:
        *ret = handle_memory_fault(guest, cpu, run);
        return true;
    case KVM_EXIT_MMIO:
        *ret = kvm_rme_handle_mmio(guest, cpu, run, again);
        return true;
    case KVM_EXIT_HYPERCALL:
        *ret = handle_hypercall(guest, cpu, run);
        return true;
    case KVM_EXIT_SYSTEM_EVENT:
        if (run->system_event.type == KVM_SYSTEM_EVENT_CRASH) {
            return false;
        }
        if (run->system_event.type != KVM_SYSTEM_EVENT_SHUTDOWN &&
            run->system_event.type != KVM_SYSTEM_EVENT_RESET) {
            break;
        }
        if (ends_realm(guest)) {
            return false;
        }
        *ret = handle_gone(guest, cpu);
        return true;
    case KVM_EXIT_SHUTDOWN:
    case KVM_EXIT_UNKNOWN:
        *ret = handle_gone(guest, cpu);
        return true;
    case KVM_EXIT_INTERNAL_ERROR:
        return false;
    default:
        break;
    }
    *ret = refuse_exit(guest, cpu, run);
    return true;
}

bool kvm_rme_handle_exit(ConfidentialGuestSupport *cgs, CPUState *cpu,
                         struct kvm_run *run, int run_ret, int *ret)
{
    RmeGuest *guest = RME_GUEST(cgs);
    bool handled, again;

    if (run_ret == -EAGAIN && kvm_rme_run_again(guest, cpu)) {
        return false;
    }
    if (run_ret < 0 &&
        !(run_ret == -EFAULT && run->exit_reason == KVM_EXIT_MEMORY_FAULT)) {
        kvm_rme_report_run(guest, cpu, -run_ret);
        return true;
    }
    kvm_rme_run_went(guest, cpu);
    do {
        again = false;
        handled = handle_exit(guest, cpu, run, ret, &again);
    } while (again);
    return handled;
}
