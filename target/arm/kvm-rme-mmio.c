/*
 * Arm CCA Realms under KVM: accesses to shared addresses without RAM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <linux/kvm.h>

#include "qemu/atomic.h"
#include "system/address-spaces.h"
#include "exec/cpu-common.h"
#include "hw/arm/rme-shared.h"
#include "hw/core/cpu.h"
#include "system/kvm.h"
#include "kvm-rme.h"
#include "trace.h"

/* The first answer holds: nobody can rely on a host that changes its mind */
static void learn(RmeGuest *guest, RmeExternalAbort is)
{
    qatomic_cmpxchg(&guest->host.external_abort, RME_EXTERNAL_ABORT_UNKNOWN,
                    is);
}

/*
 * As on hardware, and as QEMU's own CPUs do it: an address that nobody answers
 * is an external abort, not a zero.
 *
 * The RMM takes an abort instead of the result of an access. KVM notes that
 * there is such an access while it completes the exit, which it does in the
 * next KVM_RUN, and forgets it when the guest goes on. So right after the exit
 * the request is EINVAL; between a KVM_RUN that only completes the access and
 * one that enters the guest it is taken, by the kernels that have it. The
 * others have completed the access then: read as zero, write ignored.
 *
 * Which of the two a host does cannot be asked. No capability tells: those that
 * have the right name are 1 on kernels that refuse, and 0 on some that do not.
 * To ask before the Realm has run is EINVAL on all of them, and crashes some.
 * So the first guest that does it shows it.
 */
static int inject_abort(RmeGuest *guest, CPUState *cpu, uint64_t addr,
                        bool *again)
{
    struct kvm_vcpu_events abort = { .exception.ext_dabt_pending = 1 };
    struct kvm_run *run = cpu->kvm_run;
    int ret = kvm_cpu_complete_exit(cpu);

    if (ret != -EINTR && ret != -EAGAIN) {
        /* The Realm may have gone off meanwhile: that is an exit of its own */
        *again = ret >= 0 || (ret == -EFAULT &&
                              run->exit_reason == KVM_EXIT_MEMORY_FAULT);
        if (!*again) {
            kvm_rme_report_run(guest, cpu, -ret);
        }
        return ret;
    }
    if (ret == -EINTR) {
        ret = kvm_vcpu_ioctl(cpu, KVM_SET_VCPU_EVENTS, &abort);
        trace_kvm_rme_abort(cpu->cpu_index, addr, ret);
        learn(guest, ret ? RME_EXTERNAL_ABORT_IGNORED :
                           RME_EXTERNAL_ABORT_INJECTED);
    }
    /* A kick may have been used up: whoever wanted the vCPU gets it now */
    return EXCP_INTERRUPT;
}

/*
 * An access that is not aligned may begin in front of RAM and end in it, and
 * that page may be private: no device has both, so nobody answers.
 */
int kvm_rme_handle_mmio(RmeGuest *guest, CPUState *cpu, struct kvm_run *run,
                        bool *again)
{
    uint64_t addr = run->mmio.phys_addr;
    MemTxResult result = MEMTX_DECODE_ERROR;

    if (!rme_shared_is_ram(guest->shared, addr) &&
        !rme_shared_is_ram(guest->shared, addr + run->mmio.len - 1)) {
        result = address_space_rw(&address_space_memory, addr,
                                  MEMTXATTRS_UNSPECIFIED, run->mmio.data,
                                  run->mmio.len, run->mmio.is_write);
    }
    if (!(result & MEMTX_DECODE_ERROR)) {
        return 0;
    }
    if (!run->mmio.is_write) {
        memset(run->mmio.data, 0, sizeof(run->mmio.data));
    }
    if (qatomic_read(&guest->host.external_abort) ==
        RME_EXTERNAL_ABORT_IGNORED) {
        return 0;
    }
    return inject_abort(guest, cpu, addr, again);
}
