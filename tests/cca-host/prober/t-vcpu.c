/*
 * vCPU initialisation, finalisation and the rules of KVM_RUN
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <unistd.h>

#include "probe.h"

static void init_features(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);
    Vm *plain = vm_new(0, 41);

    vm->vcpu[0] = OK(xioctl(vm->fd, KVM_CREATE_VCPU, 0));
    plain->vcpu[0] = OK(xioctl(plain->fd, KVM_CREATE_VCPU, 0));
    ERR(vcpu_init(vm, 0, REALM_FEATURES | 1u << 20), ENOENT);
    ERR(vcpu_init(vm, 0, REALM_FEATURES | 1u << KVM_ARM_VCPU_EL1_32BIT),
        EINVAL);
    ERR(vcpu_init(vm, 0, REALM_FEATURES | SVE), EINVAL);
    ERR(vcpu_init(plain, 0, REALM_FEATURES), EINVAL);
    OK(vcpu_init(plain, 0, PSCI));
    OK(vcpu_init(vm, 0, REALM_FEATURES));
    vm_free(vm);
    vm_free(plain);
}

static void same_features(void)
{
    Vm *vm = realm_new();

    vm->vcpu[1] = OK(xioctl(vm->fd, KVM_CREATE_VCPU, (void *)1));
    ERR(vcpu_init(vm, 1, REALM_FEATURES | PMU), EINVAL);
    OK(vcpu_init(vm, 1, REALM_FEATURES | 1u << KVM_ARM_VCPU_POWER_OFF));
    vm_free(vm);
}

static void before_init(void)
{
    uint64_t value;
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    vm->vcpu[0] = OK(xioctl(vm->fd, KVM_CREATE_VCPU, 0));
    ERR(get_reg(vm, 0, SIM_REG_DFR0, &value), ENOEXEC);
    ERR(finalize(vm, 0, SIM_VCPU_REC), ENOEXEC);
    ERR(vcpu_run(vm, 0), ENOEXEC);
    vm_free(vm);
}

static void vcpu_ids(void)
{
    Vm *vm = realm_new();

    ERR(xioctl(vm->fd, KVM_CREATE_VCPU, (void *)0), EEXIST);
    ERR(xioctl(vm->fd, KVM_CREATE_VCPU, (void *)512), EINVAL);
    vm_add_gic(vm);
    ERR(xioctl(vm->fd, KVM_CREATE_VCPU, (void *)1), EBUSY);
    vm_free(vm);
}

static void finalize_features(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    vm_add_vcpus(vm, 1, REC);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    ERR(finalize(vm, 0, SIM_VCPU_REC), EINVAL);
    vm_free(vm);
    vm = vm_new(SIM_VM_TYPE_REALM, 41);
    vm_add_vcpus(vm, 1, PSCI);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    ERR(finalize(vm, 0, SIM_VCPU_REC), EINVAL);
    vm_free(vm);
}

static void finalize_state(void)
{
    Vm *vm = realm_new();

    ERR(finalize(vm, 0, SIM_VCPU_REC), ENOENT);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    OK(finalize(vm, 0, SIM_VCPU_REC));
    ERR(finalize(vm, 0, SIM_VCPU_REC), EBUSY);
    ERR(finalize(vm, 0, 31), EINVAL);
    vm_free(vm);
    vm = realm_active(1);
    ERR(finalize(vm, 0, SIM_VCPU_REC), ENOENT);
    vm_free(vm);
}

static void finalize_order(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    vm_add_vcpus(vm, 3, REALM_FEATURES);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    ERR(finalize(vm, 1, SIM_VCPU_REC), ENXIO);
    OK(finalize(vm, 0, SIM_VCPU_REC));
    ERR(finalize(vm, 2, SIM_VCPU_REC), ENXIO);
    OK(finalize(vm, 1, SIM_VCPU_REC));
    OK(finalize(vm, 2, SIM_VCPU_REC));
    COMPLAINT("although VCPU_FINALIZE_REC failed");
    vm_free(vm);
}

static void init_after_activate(void)
{
    Vm *vm = realm_active(1);

    OK(vcpu_init(vm, 0, REALM_FEATURES));
    vcpu_run_for(vm, 0, 20);
    CHECK(get_reg64(vm, 0, SIM_REG_PC) == RAM_BASE);
    vm_free(vm);
}

static void events(void)
{
    struct kvm_vcpu_events serror = { .exception.serror_pending = 1 };
    struct kvm_vcpu_events abort = { .exception.ext_dabt_pending = 1 };
    struct kvm_vcpu_events none = { 0 };
    Vm *vm = realm_active(1);

    ERR(xioctl(vm->vcpu[0], KVM_SET_VCPU_EVENTS, &serror), EINVAL);
    ERR(xioctl(vm->vcpu[0], KVM_SET_VCPU_EVENTS, &abort), EINVAL);
    COMPLAINT("before vCPU 0 ran");
    if (probe_v7) {
        ERR(xioctl(vm->vcpu[0], KVM_SET_VCPU_EVENTS, &none), EINVAL);
    } else {
        OK(xioctl(vm->vcpu[0], KVM_SET_VCPU_EVENTS, &none));
    }
    vm_free(vm);
}

static void refused_requests(void)
{
    struct sim_abi_psci_complete psci = { 0 };
    struct kvm_guest_debug debug = { 0 };
    struct kvm_create_device v2 = { .type = KVM_DEV_TYPE_ARM_VGIC_V2 };
    struct kvm_arm_counter_offset off = { 0 };
    Vm *vm = realm_active(1);

    ERR(xioctl(vm->vcpu[0], SIM_PSCI_COMPLETE, &psci), EINVAL);
    ERR(xioctl(vm->vcpu[0], KVM_SET_GUEST_DEBUG, &debug), EINVAL);
    ERR(xioctl(vm->fd, KVM_CREATE_DEVICE, &v2), ENODEV);
    ERR(xioctl(vm->fd, KVM_CREATE_IRQCHIP, NULL), ENODEV);
    ERR(xioctl(vm->fd, KVM_ARM_SET_COUNTER_OFFSET, &off), EINVAL);
    vm_free(vm);
}

const ProbeCase vcpu_cases[] = {
    { "VCPU_INIT checks the features", init_features },
    { "all vCPUs have the same features", same_features },
    { "before VCPU_INIT requests are ENOEXEC", before_init },
    { "vCPU ids are unique, limited, and end with the GIC's init",
      vcpu_ids },
    { "FINALIZE needs the REC and PSCI features", finalize_features },
    { "FINALIZE works in state NEW only, once", finalize_state },
    { "FINALIZE out of MPIDR order is ENXIO", finalize_order },
    { "VCPU_INIT after ACTIVATE resets nothing", init_after_activate },
    { "SError and unasked aborts are EINVAL", events },
    { "GICv2, debugging, counter offset, PSCI_COMPLETE are refused",
      refused_requests },
    { NULL, NULL }
};

static void run_before_activate(void)
{
    Vm *vm = realm_created();

    ERR(vcpu_run(vm, 0), EPERM);
    OK(finalize(vm, 0, SIM_VCPU_REC));
    ERR(vcpu_run(vm, 0), probe_v7 ? EPERM : EINVAL);
    vm_free(vm);
}

static void run_without_gic(void)
{
    Vm *vm = realm_created();

    OK(realm_populate(vm, RAM_BASE, 4096, 0));
    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    OK(finalize(vm, 0, SIM_VCPU_REC));
    OK(realm_action(vm, SIM_REALM_ACTIVATE, NULL));
    ERR(vcpu_run(vm, 0), EOPNOTSUPP);
    vm_add_gic(vm);
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    vm_free(vm);
}

static void run_interrupted(void)
{
    Vm *vm = realm_active(1);

    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    CHECK(vm->run[0]->exit_reason == KVM_EXIT_INTR);
    vm->run[0]->immediate_exit = 1;
    ERR(vcpu_run(vm, 0), EINTR);
    vm_free(vm);
}

static void run_not_finalized(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    vm_add_ram(vm);
    vm_add_vcpus(vm, 2, REALM_FEATURES);
    vm_add_gic(vm);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    OK(finalize(vm, 0, SIM_VCPU_REC));
    OK(realm_action(vm, SIM_REALM_ACTIVATE, NULL));
    ERR(vcpu_run(vm, 1), EPERM);
    vm_free(vm);
}

static void run_secondary(void)
{
    struct kvm_mp_state on = { .mp_state = KVM_MP_STATE_RUNNABLE };
    struct kvm_mp_state off = { .mp_state = KVM_MP_STATE_STOPPED };
    Vm *vm = realm_active(2);

    OK(xioctl(vm->vcpu[1], KVM_SET_MP_STATE, &on));
    ERR(vcpu_run(vm, 1), ENXIO);
    COMPLAINT("without being powered off");
    OK(xioctl(vm->vcpu[1], KVM_SET_MP_STATE, &off));
    ERR(vcpu_run_for(vm, 1, 20), EINTR);
    vm_free(vm);
}

const ProbeCase run_cases[] = {
    { "a secondary vCPU must be powered off", run_secondary },
    { "KVM_RUN before ACTIVATE is refused", run_before_activate },
    { "KVM_RUN without a GIC is EOPNOTSUPP; it may come after ACTIVATE",
      run_without_gic },
    { "KVM_RUN ends with a signal or immediate_exit", run_interrupted },
    { "KVM_RUN of a vCPU without REC is EPERM", run_not_finalized },
    { NULL, NULL }
};

static void plain_vm(void)
{
    struct kvm_userspace_memory_region r = {
        .flags = KVM_MEM_READONLY, .memory_size = 4096,
    };
    uint64_t v = 42;
    Vm *vm = vm_new(0, 40);

    vm_add_vcpus(vm, 1, PSCI);
    r.userspace_addr = (uintptr_t)&v & ~4095ULL;
    OK(xioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r));
    OK(set_reg64(vm, 0, SIM_REG_X(20), v));
    CHECK(get_reg64(vm, 0, SIM_REG_X(20)) == 42);
    CHECK(get_reg64(vm, 0, SIM_REG_MPIDR) == 0x80000000);
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    ERR(finalize(vm, 0, SIM_VCPU_REC), EINVAL);
    vm_free(vm);
}

const ProbeCase plain_cases[] = {
    { "an ordinary VM works as ever", plain_vm },
    { NULL, NULL }
};
