/*
 * KVM_CHECK_EXTENSION
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sim-backend.h"

unsigned sim_sve_limit(const SimVm *vm)
{
    const SimConfig *c = sim_config();

    return vm && vm->is_realm ? MIN(c->host_sve_vq, c->rmm_sve_vq)
                              : c->host_sve_vq;
}

/* Version 10 hides what a Realm cannot have */
static bool hidden_from_realm(long cap)
{
    switch (cap) {
    case KVM_CAP_SET_GUEST_DEBUG:
    case KVM_CAP_GUEST_DEBUG_HW_BPS:
    case KVM_CAP_GUEST_DEBUG_HW_WPS:
    case KVM_CAP_STEAL_TIME:
    case KVM_CAP_COUNTER_OFFSET:
    case KVM_CAP_ARM_MTE:
        return true;
    case KVM_CAP_READONLY_MEM:
        return !sim_config()->readonly_mem;
    default:
        return false;
    }
}

/* Architecture capabilities that version 11 hides from a Realm */
static bool hidden_by_whitelist(long cap)
{
    switch (cap) {
    case KVM_CAP_ONE_REG:
    case KVM_CAP_IOEVENTFD:
    case KVM_CAP_IRQFD_RESAMPLE:
    case KVM_CAP_SYNC_MMU:
    case KVM_CAP_MP_STATE:
    case KVM_CAP_IMMEDIATE_EXIT:
    case KVM_CAP_VCPU_EVENTS:
    case KVM_CAP_VCPU_ATTRIBUTES:
    case KVM_CAP_ARM_IRQ_LINE_LAYOUT_2:
    case KVM_CAP_ARM_SET_DEVICE_ADDR:
    case KVM_CAP_ARM_INJECT_SERROR_ESR:
    case KVM_CAP_ARM_INJECT_EXT_DABT:
    case KVM_CAP_ARM_NISV_TO_USER:
    case KVM_CAP_ARM_EL1_32BIT:
    case KVM_CAP_PTP_KVM:
    case KVM_CAP_ARM_SYSTEM_SUSPEND:
        return true;
    default:
        return false;
    }
}

/* Private memory: the same in both modes, whatever the real kernel has */
static bool memory_cap(SimVm *vm, long cap, int *value)
{
    SimAbi abi = sim_config()->abi;
    bool has = abi != SIM_ABI_NONE && (!vm || vm->is_realm) &&
               sim_config()->guest_memfd;

    switch (cap) {
    case KVM_CAP_USER_MEMORY2:
        *value = 1;
        return true;
    case KVM_CAP_GUEST_MEMFD:
        *value = has;
        return true;
    case KVM_CAP_MEMORY_ATTRIBUTES:
        *value = has && abi != SIM_ABI_B4 ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0;
        return true;
    case SIM_CAP_GMEM_ATTRIBUTES:
        *value = has && abi == SIM_ABI_B4 ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0;
        return abi == SIM_ABI_B4;
    default:
        return false;
    }
}

static bool is_unrelated(long cap)
{
    GArray *a = sim_config()->unrelated_caps;

    for (guint i = 0; i < a->len; i++) {
        if (g_array_index(a, unsigned, i) == cap) {
            return true;
        }
    }
    return false;
}

int sim_check_extension(SimSystem *sys, SimVm *vm, long cap)
{
    const SimConfig *c = sim_config();
    int value;

    if (memory_cap(vm, cap, &value)) {
        return value;
    }
    if (c->abi != SIM_ABI_NONE && cap == c->cap) {
        return c->rmm;
    }
    if (is_unrelated(cap)) {
        return 1;
    }
    if (vm && vm->is_realm &&
        (hidden_from_realm(cap) ||
         (c->whitelist_caps && hidden_by_whitelist(cap)))) {
        return 0;
    }
    value = sim_backend()->check_extension(sys, vm, cap);
    switch (cap) {
    case KVM_CAP_ARM_VM_IPA_SIZE:
        return MIN(value, (int)c->ipa_limit);
    case KVM_CAP_ARM_SVE:
        return value > 0 && sim_sve_limit(vm) > 0;
    case KVM_CAP_ARM_PMU_V3:
        return value > 0 && c->host_pmu_counters > 0;
    default:
        return value;
    }
}
