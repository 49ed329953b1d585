/*
 * Names of the calls, as reports and `fail` settings use them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "sim-names.h"

static const struct {
    SimKind kind;
    unsigned long req;
    const char *name;
} ioctls[] = {
    { SIM_SYSTEM, KVM_GET_API_VERSION, "GET_API_VERSION" },
    { SIM_SYSTEM, KVM_CREATE_VM, "CREATE_VM" },
    { SIM_SYSTEM, KVM_CHECK_EXTENSION, "CHECK_EXTENSION" },
    { SIM_SYSTEM, KVM_GET_VCPU_MMAP_SIZE, "GET_VCPU_MMAP_SIZE" },
    { SIM_VM, KVM_CHECK_EXTENSION, "CHECK_EXTENSION_VM" },
    { SIM_VM, KVM_ENABLE_CAP, "ENABLE_CAP" },
    { SIM_VM, KVM_CREATE_VCPU, "CREATE_VCPU" },
    { SIM_VM, KVM_CREATE_DEVICE, "CREATE_DEVICE" },
    { SIM_VM, KVM_ARM_PREFERRED_TARGET, "PREFERRED_TARGET" },
    { SIM_VM, KVM_SET_USER_MEMORY_REGION, "SET_USER_MEMORY_REGION" },
    { SIM_VM, KVM_SET_USER_MEMORY_REGION2, "SET_USER_MEMORY_REGION2" },
    { SIM_VM, KVM_CREATE_GUEST_MEMFD, "CREATE_GUEST_MEMFD" },
    { SIM_VM, KVM_SET_MEMORY_ATTRIBUTES, "SET_MEMORY_ATTRIBUTES" },
    { SIM_VM, KVM_HAS_DEVICE_ATTR, "VM_HAS_DEVICE_ATTR" },
    { SIM_VM, KVM_SET_DEVICE_ATTR, "VM_SET_DEVICE_ATTR" },
    { SIM_VM, KVM_IRQ_LINE, "IRQ_LINE" },
    { SIM_VM, KVM_IRQFD, "IRQFD" },
    { SIM_VM, KVM_IOEVENTFD, "IOEVENTFD" },
    { SIM_VM, KVM_SIGNAL_MSI, "SIGNAL_MSI" },
    { SIM_VM, KVM_SET_GSI_ROUTING, "SET_GSI_ROUTING" },
    { SIM_VM, KVM_GET_DIRTY_LOG, "GET_DIRTY_LOG" },
    { SIM_VM, KVM_CLEAR_DIRTY_LOG, "CLEAR_DIRTY_LOG" },
    { SIM_VM, KVM_RESET_DIRTY_RINGS, "RESET_DIRTY_RINGS" },
    { SIM_VM, SIM_POPULATE_W, "POPULATE_V12" },
    { SIM_VM, SIM_POPULATE_RW, "POPULATE_V13" },
    { SIM_VCPU, KVM_RUN, "RUN" },
    { SIM_VCPU, KVM_ARM_VCPU_INIT, "VCPU_INIT" },
    { SIM_VCPU, KVM_ARM_VCPU_FINALIZE, "VCPU_FINALIZE" },
    { SIM_VCPU, KVM_GET_ONE_REG, "GET_ONE_REG" },
    { SIM_VCPU, KVM_SET_ONE_REG, "SET_ONE_REG" },
    { SIM_VCPU, KVM_GET_REG_LIST, "GET_REG_LIST" },
    { SIM_VCPU, KVM_GET_MP_STATE, "GET_MP_STATE" },
    { SIM_VCPU, KVM_SET_MP_STATE, "SET_MP_STATE" },
    { SIM_VCPU, KVM_GET_VCPU_EVENTS, "GET_VCPU_EVENTS" },
    { SIM_VCPU, KVM_SET_VCPU_EVENTS, "SET_VCPU_EVENTS" },
    { SIM_VCPU, KVM_SET_SIGNAL_MASK, "SET_SIGNAL_MASK" },
    { SIM_VCPU, KVM_SET_GUEST_DEBUG, "SET_GUEST_DEBUG" },
    { SIM_VCPU, KVM_HAS_DEVICE_ATTR, "VCPU_HAS_DEVICE_ATTR" },
    { SIM_VCPU, KVM_SET_DEVICE_ATTR, "VCPU_SET_DEVICE_ATTR" },
    { SIM_VCPU, KVM_GET_DEVICE_ATTR, "VCPU_GET_DEVICE_ATTR" },
    { SIM_VCPU, SIM_PSCI_COMPLETE, "PSCI_COMPLETE" },
    { SIM_GMEM, SIM_SET_ATTRIBUTES2, "GMEM_SET_ATTRIBUTES2" },
    { SIM_DEVICE, KVM_HAS_DEVICE_ATTR, "DEVICE_HAS_ATTR" },
    { SIM_DEVICE, KVM_SET_DEVICE_ATTR, "DEVICE_SET_ATTR" },
    { SIM_DEVICE, KVM_GET_DEVICE_ATTR, "DEVICE_GET_ATTR" },
};

static const char *const actions[SIM_REALM_ACTIONS] = {
    [SIM_REALM_CONFIG] = "REALM_CONFIG",
    [SIM_REALM_CREATE] = "REALM_CREATE",
    [SIM_REALM_INIT_RIPAS] = "REALM_INIT_RIPAS",
    [SIM_REALM_POPULATE] = "REALM_POPULATE",
    [SIM_REALM_ACTIVATE] = "REALM_ACTIVATE",
};

/* calls that are no ioctls, or share one */
static const char *const others[] = {
    "OPEN_KVM", "GMEM_PUNCH", "SHARED_DISCARD", "LARGE_ALLOC", "LARGE_MMAP",
    "COMPLETE_MMIO", "RMI_POPULATE",
    "VCPU_FINALIZE_REC", "VCPU_FINALIZE_SVE",
    "MEC_QUERY", "CONFIG_RPV", "CONFIG_HASH", "CONFIG_MEC",
};

const char *sim_ioctl_name(SimKind kind, unsigned long req)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ioctls); i++) {
        if (ioctls[i].kind == kind && ioctls[i].req == req) {
            return ioctls[i].name;
        }
    }
    return NULL;
}

const char *sim_action_name(uint64_t action)
{
    return action < SIM_REALM_ACTIONS ? actions[action] : NULL;
}

bool sim_fail_can_do_nothing(const char *name)
{
    return !strcmp(name, actions[SIM_REALM_INIT_RIPAS]) ||
           !strcmp(name, actions[SIM_REALM_POPULATE]) ||
           !strcmp(name, "RMI_POPULATE");
}

bool sim_fail_known(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ioctls); i++) {
        if (!strcmp(ioctls[i].name, name)) {
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
        if (!strcmp(actions[i], name)) {
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        if (!strcmp(others[i], name)) {
            return true;
        }
    }
    return false;
}
