/*
 * Arm CCA Realms where none can run under KVM: no KVM, or no machine for it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "kvm-rme.h"
#include "rme-cpu.h"

RmeGuest *kvm_rme_guest(void)
{
    return NULL;
}

bool kvm_rme_state_hidden(void)
{
    return false;
}

int kvm_rme_probe_host(RmeGuest *guest, KVMState *s, Error **errp)
{
    g_assert_not_reached();
}

void kvm_rme_add_vcpu_properties(ARMCPU *cpu)
{
    g_assert_not_reached();
}

unsigned long kvm_rme_scratch_type(unsigned long type)
{
    return type;
}

uint32_t kvm_rme_vcpu_features(uint32_t features)
{
    return features;
}

bool kvm_rme_finalize_vcpu(ARMCPU *cpu, Error **errp)
{
#ifdef CONFIG_KVM
    return rme_cpu_check_no_properties(cpu, errp);
#else
    g_assert_not_reached();
#endif
}

bool kvm_rme_init_vcpu(ARMCPU *cpu, Error **errp)
{
    g_assert_not_reached();
}

bool kvm_rme_init_pmu(ARMCPU *cpu, Error **errp)
{
    g_assert_not_reached();
}
