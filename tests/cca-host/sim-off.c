/*
 * Which vCPU sees what once the Realm is off, and in which order
 *
 * The vCPU whose guest called SYSTEM_OFF or SYSTEM_RESET leaves with that
 * event.  The others come out of KVM_RUN by themselves, earlier than that one
 * or later, as their threads are scheduled, or do not come out at all.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <unistd.h>

#include "sim-backend.h"

/* Of an access to the PCI window, which some vCPU always made last */
#define STALE_ADDRESS 0x8000003004ULL

/* One of 0 to 3 of these; the machine that tests run on is slow, too */
#define OFF_DELAY_US 10000

/* Differs from vCPU to vCPU and with `off-seed`, and not from run to run */
static uint32_t dice(const SimVcpu *vcpu)
{
    uint32_t h = sim_config()->off_seed * 2654435761u + vcpu->id * 40503u;

    h ^= h >> 15;
    h *= 2246822519u;
    return h ^ h >> 13;
}

void sim_system_event(struct kvm_run *run, uint32_t type, bool reset2)
{
    run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
    run->system_event.type = type;
    run->system_event.ndata = reset2;
    run->system_event.data[0] =
        reset2 ? KVM_SYSTEM_EVENT_RESET_FLAG_PSCI_RESET2 : 0;
}

bool sim_off_leaves(const SimVcpu *vcpu)
{
    if (sim_config()->off_exit == SIM_OFF_SLEEP) {
        return vcpu->off_woken;
    }
    if (sim_config()->off_exit != SIM_OFF_OBSERVED) {
        return true;
    }
    return !vcpu->off_left && dice(vcpu) & 1;
}

void sim_off_delay(const SimVcpu *vcpu)
{
    usleep((dice(vcpu) >> 1 & 3) * OFF_DELAY_US);
}

/* Several vCPUs at the same time; returns what is next for one of them */
static SimOffExit next_off_exit(struct kvm_run *run)
{
    static unsigned turn;

    switch (__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % 6) {
    case 0:
        sim_system_event(run, KVM_SYSTEM_EVENT_SHUTDOWN, false);
        break;
    case 1:
        sim_system_event(run, KVM_SYSTEM_EVENT_RESET, true);
        break;
    case 2:
        sim_system_event(run, KVM_SYSTEM_EVENT_CRASH, false);
        break;
    case 3:
        return SIM_OFF_RESET;
    case 4:
        return SIM_OFF_UNKNOWN;
    default:
        return SIM_OFF_SHUTDOWN;
    }
    return SIM_OFF_ANY;
}

/*
 * The kernel writes the reason and nothing else: in the union is what an
 * earlier exit of this vCPU left there.
 */
static void unknown_exit(struct kvm_run *run)
{
    if (!run->hw.hardware_exit_reason) {
        run->mmio.phys_addr = STALE_ADDRESS;
        run->mmio.len = 4;
        run->mmio.is_write = 1;
    }
    run->exit_reason = KVM_EXIT_UNKNOWN;
}

void sim_off_exit(SimVcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    SimOffExit off = sim_config()->off_exit;

    vcpu->off_left = true;
    switch (off != SIM_OFF_ANY ? off : next_off_exit(run)) {
    case SIM_OFF_ANY:
        break;
    case SIM_OFF_UNKNOWN:
    case SIM_OFF_OBSERVED:
        unknown_exit(run);
        break;
    case SIM_OFF_RESET:
        sim_system_event(run, KVM_SYSTEM_EVENT_RESET, false);
        break;
    default:
        run->exit_reason = KVM_EXIT_SHUTDOWN;
    }
}
