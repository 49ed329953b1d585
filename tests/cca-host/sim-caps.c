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

/* KVM's generic part answers these of every VM, whatever the Realm's list */
static bool is_generic(long cap)
{
    switch (cap) {
    case KVM_CAP_USER_MEMORY:
    case KVM_CAP_DESTROY_MEMORY_REGION_WORKS:
    case KVM_CAP_JOIN_MEMORY_REGIONS_WORKS:
    case KVM_CAP_INTERNAL_ERROR_DATA:
    case KVM_CAP_IOEVENTFD_ANY_LENGTH:
    case KVM_CAP_IRQFD:
    case KVM_CAP_IRQ_ROUTING:
    case KVM_CAP_SIGNAL_MSI:
    case KVM_CAP_NR_MEMSLOTS:
    case KVM_CAP_DEVICE_CTRL:
    case KVM_CAP_CHECK_EXTENSION_VM:
    case KVM_CAP_ENABLE_CAP_VM:
    case KVM_CAP_HALT_POLL:
    case KVM_CAP_COALESCED_MMIO:
    case KVM_CAP_COALESCED_PIO:
    case KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2:
    case KVM_CAP_DIRTY_LOG_RING:
    case KVM_CAP_DIRTY_LOG_RING_ACQ_REL:
    case KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP:
    case KVM_CAP_BINARY_STATS_FD:
    case KVM_CAP_SYSTEM_EVENT_DATA:
        return true;
    default:
        return false;
    }
}

static bool is_in(const long *list, long cap)
{
    while (list && *list >= 0 && *list != cap) {
        list++;
    }
    return list && *list == cap;
}

static bool is_listed(const SimGeneration *g, long cap)
{
    if (is_in(g->realm_caps, cap) || is_in(g->more_caps, cap)) {
        return true;
    }
    return g->pmu_cap && cap == KVM_CAP_ARM_PMU_V3 &&
           sim_config()->rmm_pmu_counters > 0;
}

/* Does the VM descriptor of a Realm answer 0, whatever a VM has? */
static bool is_hidden(long cap)
{
    const SimGeneration *g = sim_generation();

    if (g->realm_caps) {
        return !is_generic(cap) && !is_listed(g, cap);
    }
    return hidden_from_realm(cap) ||
           (sim_config()->whitelist_caps && hidden_by_whitelist(cap));
}

/* Private memory: the same in both modes, whatever the real kernel has */
static bool memory_cap(SimVm *vm, long cap, int *value)
{
    const SimGeneration *g = sim_generation();
    bool gmem = sim_config()->guest_memfd;
    bool of_realms = gmem && g->vm_type && (!vm || vm->is_realm);

    switch (cap) {
    case KVM_CAP_USER_MEMORY2:
        *value = 1;
        return true;
    case KVM_CAP_GUEST_MEMFD:
        *value = of_realms || (gmem && g->gmem_everywhere);
        return true;
    case SIM_CAP_GMEM_FLAGS:
        *value = gmem ? g->gmem_flags : 0;
        return g->gmem_flags;
    case KVM_CAP_MEMORY_ATTRIBUTES:
        *value = of_realms && g->owner == SIM_OWNER_VM
                 ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0;
        return true;
    case SIM_CAP_GMEM_ATTRIBUTES:
        /* the system descriptor does not say it */
        *value = of_realms && vm ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0;
        return g->owner == SIM_OWNER_RIPAS || g->owner == SIM_OWNER_GMEM;
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
    for (const unsigned *o = sim_generation()->other_caps; o && *o; o++) {
        if (*o == cap) {
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
    if (sim_generation()->vm_type && cap == c->cap) {
        return sim_rmm_usable();
    }
    if (vm && vm->is_realm && is_hidden(cap)) {
        return 0;
    }
    if (is_unrelated(cap)) {
        return 1;
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
