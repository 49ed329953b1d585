/*
 * Generation B: the first KVM_RUN activates, and what comes after it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <unistd.h>

#include "b.h"

static void immediate_exit(void)
{
    Vm *vm = b_ready(1);

    CHECK(report_has("\"state\": \"NEW\""));
    ERR(b_run_immediately(vm, 0), EINTR);
    CHECK(report_has("\"call\": \"REALM_ACTIVATE\""));
    CHECK(report_has("\"state\": \"ACTIVE\""));
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    CHECK(complaints() == 0);
    vm_free(vm);
}

static void any_vcpu(void)
{
    Vm *vm = b_ready(2);

    ERR(b_run_immediately(vm, 1), EINTR);
    ERR(b_populate(vm, RAM_BASE + PAGE, PAGE, 0), EBUSY);
    CHECK(report_has("\"vcpu\": 1, \"pc\": 0, \"x0\": 0, \"implicit\": true"));
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    vm_free(vm);
}

static void needs_no_populate(void)
{
    Vm *vm = vm_new(b->type, 41);

    vm_add_vcpus(vm, 1, PSCI);
    vm_add_gic(vm);
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    CHECK(report_has("\"state\": \"ACTIVE\""));
    COMPLAINT("is not in a populated page");
    vm_free(vm);
}

static void nothing_at_the_pc(void)
{
    Vm *vm = b_vcpus(1, 0);

    vm_add_gic(vm);
    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    ERR(b_run_immediately(vm, 0), EINTR);
    ERR(vcpu_run(vm, 0), ENXIO);
    vm_free(vm);
}

static void no_gic(void)
{
    struct kvm_create_device d = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
    struct kvm_device_attr init = {
        .group = KVM_DEV_ARM_VGIC_GRP_CTRL,
        .attr = KVM_DEV_ARM_VGIC_CTRL_INIT,
    };
    Vm *vm = b_vcpus(1, 0);

    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    ERR(b_run_immediately(vm, 0), b->no_vgic);
    OK(xioctl(vm->fd, KVM_CREATE_DEVICE, &d));
    vm->gic = d.fd;
    ERR(b_run_immediately(vm, 0), b->vgic_not_ready);
    CHECK(b_populate(vm, RAM_BASE + PAGE, PAGE, 0) == PAGE);
    OK(xioctl(vm->gic, KVM_SET_DEVICE_ATTR, &init));
    ERR(b_run_immediately(vm, 0), EINTR);
    vm_free(vm);
}

static void expect_dead(Vm *vm)
{
    uint64_t v;

    CHECK(report_has("\"state\": \"DEAD\""));
    ERR(vcpu_run(vm, 0), b->dead_run);
    ERR(b_populate(vm, RAM_BASE + PAGE, PAGE, 0), b->dead_populate);
    if (b->dead_run == EIO) {
        ERR(get_reg(vm, 0, SIM_REG_PC, &v), EIO);
        ERR(set_attributes(vm, RAM_BASE, PAGE, true), EIO);
    } else {
        OK(get_reg(vm, 0, SIM_REG_PC, &v));
    }
}

static void no_init(void)
{
    Vm *vm = b_vcpus(1, 0);

    vm->vcpu[1] = OK(xioctl(vm->fd, KVM_CREATE_VCPU, (void *)1));
    vm_add_gic(vm);
    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    COMPLAINT("vCPU 1 is not initialised");
    ERR(b_run_immediately(vm, 0), ENXIO);
    expect_dead(vm);
    vm_free(vm);
}

static void descending(void)
{
    Vm *vm = b_memory(41);

    vm->vcpu[1] = OK(xioctl(vm->fd, KVM_CREATE_VCPU, (void *)1));
    vm_add_vcpus(vm, 1, PSCI);
    OK(vcpu_init(vm, 1, PSCI | OFF));
    vm_add_gic(vm);
    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    ERR(b_run_immediately(vm, 0), ENXIO);
    expect_dead(vm);
    vm_free(vm);
}

static void no_psci(void)
{
    Vm *vm = b_memory(41);

    vm_add_vcpus(vm, 1, 0);
    vm_add_gic(vm);
    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    ERR(b_run_immediately(vm, 0), EINVAL);
    expect_dead(vm);
    vm_free(vm);
}

static void ripas(void)
{
    Vm *vm = b_active(1);
    int gmem = OK(create_gmem(vm, SLOT_SIZE, 0));

    CHECK(report_has("\"ripas-bytes\": 8388608"));
    CHECK(complaints() == 0 || !last_complaint_has("RIPAS is EMPTY"));
    OK(memslot(vm, 2, KVM_MEM_GUEST_MEMFD, RAM_BASE + RAM_SIZE, SLOT_SIZE,
               vm->ram, gmem, 0));
    COMPLAINT("is added to an active Realm, whose RIPAS is EMPTY");
    CHECK(report_has("\"ripas-bytes\": 8388608"));
    OK(memslot(vm, 3, 0, 0, SLOT_SIZE, vm->ram, -1, 0));
    vm_free(vm);
}

static void late_vcpu(void)
{
    Vm *vm = b_vcpus(1, 0);

    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    vm->vcpu[1] = OK(xioctl(vm->fd, KVM_CREATE_VCPU, (void *)1));
    COMPLAINT("is created after the Realm was");
    vm_add_gic(vm);
    ERR(xioctl(vm->fd, KVM_CREATE_VCPU, (void *)2), EBUSY);
    vm_free(vm);
}

static void late_registers(void)
{
    Vm *vm = b_active(1);

    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE + PAGE));
    COMPLAINT("although its REC is complete");
    OK(vcpu_init(vm, 0, PSCI));
    CHECK(get_reg64(vm, 0, SIM_REG_PC) == RAM_BASE + PAGE);
    vm_free(vm);
}

static void bring_up(void)
{
    struct kvm_mp_state on = { .mp_state = KVM_MP_STATE_RUNNABLE };
    Vm *vm = b_active(3);

    if (b->bring_up) {
        ERR(vcpu_run(vm, 1), EAGAIN);
    }
    ERR(vcpu_run_for(vm, 1, 20), EINTR);
    OK(xioctl(vm->vcpu[2], KVM_SET_MP_STATE, &on));
    for (unsigned i = 0; i < 3; i++) {
        ERR(vcpu_run(vm, 2), b->bring_up ? EAGAIN : ENXIO);
        COMPLAINT("without being powered off");
    }
    vm_free(vm);
}

const ProbeCase b_run_cases[] = {
    { "KVM_RUN with immediate_exit activates, and is EINTR", immediate_exit },
    { "KVM_RUN of a vCPU that is off activates", any_vcpu },
    { "activation needs no POPULATE and no memslot", needs_no_populate },
    { "a boot pc whose page was never there is ENXIO", nothing_at_the_pc },
    { "KVM_RUN without a GIC that is set up may be repeated", no_gic },
    { "a vCPU that is not initialised kills the Realm", no_init },
    { "vCPUs that were not made in order kill the Realm", descending },
    { "a vCPU without PSCI kills the Realm", no_psci },
    { "RIPAS is RAM where a guest_memfd was at the activation", ripas },
    { "no vCPU may come late", late_vcpu },
    { "registers and VCPU_INIT have no effect on an active Realm",
      late_registers },
    { "EAGAIN while a vCPU is brought up, for ever if it never is", bring_up },
    { NULL, NULL }
};

/* See the settings of the group: each of them hits a Realm of its own */
static void steps_fail(void)
{
    Vm *vm = b_vcpus(1, 0);

    vm_add_gic(vm);
    ERR(b_populate(vm, RAM_BASE, PAGE, 0), EIO);        /* RMI_POPULATE */
    ERR(b_populate(vm, RAM_BASE, PAGE, 0), ENOMEM);     /* REALM_CREATE */
    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);   /* does nothing */
    CHECK(report_has("\"populated-bytes\": 0"));
    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    CHECK(report_has("\"populated-bytes\": 4096"));
    ERR(b_run_immediately(vm, 0), ENOSPC);              /* REALM_ACTIVATE */
    expect_dead(vm);
    vm_free(vm);
    vm = b_ready(1);
    ERR(b_run_immediately(vm, 0), ENXIO);               /* REALM_INIT_RIPAS */
    expect_dead(vm);
    vm_free(vm);
    vm = b_ready(1);
    ERR(b_run_immediately(vm, 0), EIO);                 /* the REC */
    expect_dead(vm);
    vm_free(vm);
}

const ProbeCase b_fail_cases[] = {
    { "the steps that no call stands for can fail, too", steps_fail },
    { NULL, NULL }
};

static void off(void)
{
    struct kvm_mp_state on = { .mp_state = KVM_MP_STATE_RUNNABLE }, now;
    Vm *vm = b_active(1);

    OK(vcpu_run(vm, 0));
    CHECK(vm->run[0]->exit_reason == KVM_EXIT_SYSTEM_EVENT);
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    OK(xioctl(vm->vcpu[0], KVM_GET_MP_STATE, &now));
    CHECK(now.mp_state == KVM_MP_STATE_STOPPED);
    ERR(b_populate(vm, RAM_BASE + PAGE, PAGE, 0), EBUSY);
    OK(xioctl(vm->vcpu[0], KVM_SET_MP_STATE, &on));
    OK(vcpu_run(vm, 0));
    CHECK(vm->run[0]->exit_reason == KVM_EXIT_SHUTDOWN);
    vm_free(vm);
}

const ProbeCase b_off_cases[] = {
    { "after a power-off vCPUs sleep until they are made runnable", off },
    { NULL, NULL }
};

static void abort_order(void)
{
    struct kvm_vcpu_events abort = { .exception.ext_dabt_pending = 1 };
    struct kvm_vcpu_events serror = { .exception.serror_pending = 1 };
    Vm *vm = b_active(1);

    ERR(xioctl(vm->vcpu[0], KVM_SET_VCPU_EVENTS, &serror), EINVAL);
    OK(vcpu_run(vm, 0));
    CHECK(vm->run[0]->exit_reason == KVM_EXIT_MMIO);
    ERR(xioctl(vm->vcpu[0], KVM_SET_VCPU_EVENTS, &abort), EINVAL);
    ERR(b_run_immediately(vm, 0), EINTR);
    OK(xioctl(vm->vcpu[0], KVM_SET_VCPU_EVENTS, &abort));
    CHECK(complaints() == 0);
    vm->run[0]->exit_reason = 0;
    OK(vcpu_run(vm, 0));
    vm->run[0]->exit_reason = 0;
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    COMPLAINT("with another exit_reason than KVM left there");
    vm_free(vm);
}

static void abort_too_early(void)
{
    struct kvm_vcpu_events abort = { .exception.ext_dabt_pending = 1 };
    Vm *vm = b_ready(1);

    ERR(xioctl(vm->vcpu[0], KVM_SET_VCPU_EVENTS, &abort), EINVAL);
    COMPLAINT("before vCPU 0 ran, which crashes");
    vm_free(vm);
}

const ProbeCase b_abort_cases[] = {
    { "an abort is taken between completion and entry", abort_order },
    { "an abort before the Realm ran crashes version 14", abort_too_early },
    { NULL, NULL }
};
