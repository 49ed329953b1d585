/*
 * Contract mode: what an ordinary arm64 KVM of Linux 6.17 says it can do
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sim-contract.h"

int sim_contract_check_extension(SimSystem *sys, SimVm *vm, long cap)
{
    switch (cap) {
    case KVM_CAP_USER_MEMORY:
    case KVM_CAP_DESTROY_MEMORY_REGION_WORKS:
    case KVM_CAP_JOIN_MEMORY_REGIONS_WORKS:
    case KVM_CAP_INTERNAL_ERROR_DATA:
    case KVM_CAP_IOEVENTFD:
    case KVM_CAP_IOEVENTFD_ANY_LENGTH:
    case KVM_CAP_IRQFD:
    case KVM_CAP_IRQFD_RESAMPLE:
    case KVM_CAP_IRQCHIP:
    case KVM_CAP_ONE_REG:
    case KVM_CAP_DEVICE_CTRL:
    case KVM_CAP_MP_STATE:
    case KVM_CAP_ARM_PSCI:
    case KVM_CAP_ARM_PSCI_0_2:
    case KVM_CAP_IMMEDIATE_EXIT:
    case KVM_CAP_SIGNAL_MSI:
    case KVM_CAP_MSI_DEVID:
    case KVM_CAP_READONLY_MEM:
    case KVM_CAP_ARM_IRQ_LINE_LAYOUT_2:
    case KVM_CAP_VCPU_ATTRIBUTES:
    case KVM_CAP_ARM_PMU_V3:
    case KVM_CAP_ARM_SVE:
    case KVM_CAP_VCPU_EVENTS:
    case KVM_CAP_ARM_INJECT_SERROR_ESR:
    case KVM_CAP_ARM_INJECT_EXT_DABT:
    case KVM_CAP_SET_GUEST_DEBUG:
    case KVM_CAP_SYNC_MMU:
    case KVM_CAP_STEAL_TIME:
    case KVM_CAP_COUNTER_OFFSET:
        return 1;
    case KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2:
        return DIRTY_LOG_MANUAL_CAPS;
    case KVM_CAP_NR_MEMSLOTS:
        return 32767;
    case KVM_CAP_MAX_VCPUS:
    case KVM_CAP_NR_VCPUS:
    case KVM_CAP_MAX_VCPU_ID:
        return sim_config()->max_vcpus;
    case KVM_CAP_ARM_VM_IPA_SIZE:
        return 52;
    case KVM_CAP_IRQ_ROUTING:
        return 4096;
    case KVM_CAP_GUEST_DEBUG_HW_BPS:
        return sim_config()->host_bps + 1;
    case KVM_CAP_GUEST_DEBUG_HW_WPS:
        return sim_config()->host_wps + 1;
    default:
        return 0;
    }
}
