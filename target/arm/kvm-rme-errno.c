/*
 * Arm CCA Realms under KVM: what an errno of KVM_RUN means
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "hw/core/cpu.h"
#include "kvm-rme.h"

/*
 * The kernel says no more than a number, and the same number for what the guest
 * did and for what is missing. What is the guest's own comes first: the launch
 * did the rest, or QEMU would not run the vCPU. EINTR is not here: the vCPU is
 * run again.
 */
static const struct {
    int err;
    const char *means;
} meanings[] = {
    { ENXIO, "the RMM does not enter the Realm: the guest used memory that it "
             "does not have, or that was taken from it" },
    { EINVAL, "the guest used the private address of a device or of its "
              "memory, or asked for RAM in the shared half of its addresses; "
              "or the Realm is not active any more" },
    { EPERM, "KVM lets this vCPU into no Realm: its REC is not complete, the "
             "Realm is not active, or the guest used host memory that cannot "
             "be given to one" },
    { EFAULT, "the host has no memory behind a shared address that the guest "
              "used: see whether the file that it is in was truncated" },
    { ENOMEM, "the host has no memory left for the page tables of the Realm" },
    { ENOEXEC, "the vCPU was not initialised" },
    { EOPNOTSUPP, "the VM has no interrupt controller in the kernel" },
    { ENODEV, "the interrupt controller in the kernel was not initialised" },
    { EBUSY, "the interrupt controller in the kernel was not initialised" },
    { EAGAIN, "the RMM does not enter the Realm, again and again: the guest "
              "used RAM that it made of addresses where it has none, or the "
              "vCPU that was to start this one never came to it" },
    { EIO, "the RMM or the kernel is broken, see the kernel's log" },
};

/*
 * KVM_RUN may say EAGAIN while another vCPU brings this one up: a moment, as
 * long as that one is not scheduled away. It may also say so for ever. Waits
 * between tries, since what it waits for needs a host CPU.
 */
#define AGAIN_AT_MOST   (10 * NANOSECONDS_PER_SECOND)
/* It ran meanwhile, and left with nothing but kicks */
#define AGAIN_OTHER     (1 * NANOSECONDS_PER_SECOND)
#define AGAIN_PAUSE_US  200

bool kvm_rme_run_again(const RmeGuest *guest, CPUState *cpu)
{
    KvmRmeAgain *again = &guest->kvm->again[cpu->cpu_index];
    int64_t now = get_clock();

    if (!again->since || now - again->last > AGAIN_OTHER) {
        again->since = now;
    }
    again->last = now;
    if (now - again->since > AGAIN_AT_MOST) {
        return false;
    }
    g_usleep(AGAIN_PAUSE_US);
    return true;
}

void kvm_rme_run_went(const RmeGuest *guest, CPUState *cpu)
{
    guest->kvm->again[cpu->cpu_index].since = 0;
}

void kvm_rme_report_run(const RmeGuest *guest, CPUState *cpu, int err)
{
    const char *means = "see the kernel's log";

    for (int i = 0; i < ARRAY_SIZE(meanings); i++) {
        if (meanings[i].err == err) {
            means = meanings[i].means;
        }
    }
    error_report("rme-guest '%s': vCPU %d cannot go on: KVM_RUN: %s (%s)",
                 rme_guest_id(guest), cpu->cpu_index, strerror(err),
                 means);
}
