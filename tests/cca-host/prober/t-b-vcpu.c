/*
 * Generation B: vCPUs and their registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "b.h"

#define PAUTH_A (1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS)
#define PAUTH_G (1u << KVM_ARM_VCPU_PTRAUTH_GENERIC)
#define WRP (1ULL << 20)

static void features(void)
{
    Vm *vm = vm_new(b->type, 41), *plain = vm_new(0, 41);

    vm->vcpu[0] = OK(xioctl(vm->fd, KVM_CREATE_VCPU, 0));
    plain->vcpu[0] = OK(xioctl(plain->fd, KVM_CREATE_VCPU, 0));
    if (b->cap == 248) {
        OK(vcpu_init(vm, 0, PSCI | REC));
        OK(vcpu_init(plain, 0, PSCI | REC));
        vm_free(vm);
        vm = vm_new(b->type, 41);
        vm->vcpu[0] = OK(xioctl(vm->fd, KVM_CREATE_VCPU, 0));
    } else {
        ERR(vcpu_init(vm, 0, PSCI | REC), ENOENT);
        ERR(vcpu_init(plain, 0, PSCI | REC), ENOENT);
    }
    ERR(vcpu_init(vm, 0, PSCI | 1u << 20), ENOENT);
    ERR(vcpu_init(vm, 0, PSCI | 1u << KVM_ARM_VCPU_EL1_32BIT), EINVAL);
    ERR(vcpu_init(vm, 0, PSCI | 1u << 7), EINVAL);      /* HAS_EL2 */
    ERR(vcpu_init(vm, 0, PSCI | PAUTH_A), EINVAL);
    ERR(vcpu_init(vm, 0, PSCI | PAUTH_G), EINVAL);
    OK(vcpu_init(vm, 0, PSCI | PAUTH_A | PAUTH_G));
    ERR(vcpu_init(vm, 0, PSCI), EINVAL);                /* others than before */
    ERR(finalize(vm, 0, SIM_VCPU_REC), EINVAL);
    vm_free(vm);
    vm_free(plain);
}

static void init_resets(void)
{
    Vm *vm = b_vcpus(1, 0);

    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    OK(set_reg64(vm, 0, SIM_REG_X(7), 7));
    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    OK(vcpu_init(vm, 0, PSCI));
    COMPLAINT("is initialised after the Realm was created");
    CHECK(get_reg64(vm, 0, SIM_REG_PC) == 0);
    CHECK(get_reg64(vm, 0, SIM_REG_X(7)) == 0);
    vm_free(vm);
}

static void requests(void)
{
    struct sim_abi_psci_complete psci = { 0 };
    struct kvm_guest_debug debug = { 0 };
    struct kvm_create_device v2 = { .type = KVM_DEV_TYPE_ARM_VGIC_V2 };
    struct kvm_arm_counter_offset off = { 0 };
    Vm *vm = b_active(1), *plain = vm_new(0, 41);
    bool completes = b->type == 1 << 8;

    vm_add_vcpus(plain, 1, PSCI);
    ERR(xioctl(vm->vcpu[0], SIM_PSCI_COMPLETE, &psci), EINVAL);
    ERR(xioctl(vm->vcpu[0], SIM_PSCI_COMPLETE, NULL),
        completes ? EFAULT : EINVAL);
    ERR(xioctl(plain->vcpu[0], SIM_PSCI_COMPLETE, &psci),
        completes ? ENXIO : EINVAL);
    OK(xioctl(vm->vcpu[0], KVM_SET_GUEST_DEBUG, &debug));
    ERR(xioctl(vm->fd, KVM_CREATE_DEVICE, &v2), ENODEV);
    ERR(xioctl(vm->fd, KVM_ARM_SET_COUNTER_OFFSET, &off), EINVAL);
    vm_free(vm);
    vm_free(plain);
}

const ProbeCase b_vcpu_cases[] = {
    { "VCPU_INIT: bit 9, 32 bits, EL2, half of pointer authentication",
      features },
    { "VCPU_INIT resets pc and x0 to x7 of a Realm that exists", init_resets },
    { "PSCI_COMPLETE exists up to version 13, debugging has no effect",
      requests },
    { NULL, NULL }
};

static void set_reg_rules(void)
{
    static const uint64_t refused[] = {
        SIM_REG_CORE(31), SIM_REG_CORE(33), SIM_REG_CORE(34),
        ARM64_SYS_REG(3, 0, 0, 4, 0), ARM64_SYS_REG(3, 0, 1, 0, 0),
        KVM_REG_ARM_PSCI_VERSION, KVM_REG_ARM_TIMER_CNT,
        SIM_REG_CORE128(KVM_REG_ARM_CORE_REG(fp_regs.vregs[0])),
    };
    uint64_t v[4] = { 0 };
    Vm *vm = b_vcpus(1, 0);

    for (unsigned n = 0; n < 31; n++) {
        OK(set_reg64(vm, 0, SIM_REG_X(n), n < 8 ? n : 0));
    }
    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        ERR(set_reg(vm, 0, refused[i], v), EINVAL);
        OK(get_reg(vm, 0, refused[i], v));
    }
    if (!b->pmcr) {
        ERR(set_reg64(vm, 0, SIM_REG_PMCR, 0), EINVAL);
    } else {
        ERR(set_reg64(vm, 0, SIM_REG_PMCR, 0), ENOENT);
    }
    vm_free(vm);
}

static void list(void)
{
    struct kvm_reg_list *l = calloc(1, sizeof(*l) + 200 * sizeof(l->reg[0]));
    unsigned refused = 0;
    Vm *vm = b_vcpus(1, 0);

    ERR(xioctl(vm->vcpu[0], KVM_GET_REG_LIST, l), E2BIG);
    CHECK(l->n == 76);
    OK(xioctl(vm->vcpu[0], KVM_GET_REG_LIST, l));
    for (unsigned i = 0; i < l->n; i++) {
        uint64_t v[4] = { 0 };

        OK(get_reg(vm, 0, l->reg[i], v));
        refused += set_reg(vm, 0, l->reg[i], v) == -EINVAL;
    }
    CHECK(refused == 43);
    vm_free(vm);
    free(l);
}

static void dfr0(void)
{
    Vm *vm = b_vcpus(2, 0);
    uint64_t v = get_reg64(vm, 0, SIM_REG_DFR0);

    CHECK((v >> 12 & 15) == 5 && (v >> 20 & 15) == 3);
    OK(set_reg64(vm, 0, SIM_REG_DFR0, v - 2 * WRP));
    CHECK(get_reg64(vm, 1, SIM_REG_DFR0) == v - 2 * WRP);
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, v - 3 * WRP), EINVAL);
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, v + WRP), EINVAL);
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, v - (1 << 12)), EINVAL);
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, v ^ 1 << 28), EINVAL);
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, v ^ 1 << 8), EINVAL);
    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, v), EBUSY);
    OK(set_reg64(vm, 0, SIM_REG_DFR0, v - 2 * WRP));
    CHECK(report_has("\"num-bps\": 5, \"num-wps\": 1"));
    vm_free(vm);
}

const ProbeCase b_regs_cases[] = {
    { "x0 to x30 and pc can be set, all can be read", set_reg_rules },
    { "43 registers are listed that cannot be set", list },
    { "only the number of watchpoints can be chosen, before the Realm exists",
      dfr0 },
    { NULL, NULL }
};

static void sve(void)
{
    uint64_t vls[8] = { 0 };
    Vm *vm = b_vcpus(2, SVE);

    vm_add_gic(vm);
    OK(get_reg(vm, 0, KVM_REG_ARM64_SVE_VLS, vls));
    CHECK(vls[0] == 0xf);                       /* what the RMM has */
    ERR(b_populate(vm, RAM_BASE, PAGE, 0), EINVAL);
    ERR(b_run_immediately(vm, 0), EPERM);
    vls[0] = 3;
    OK(set_reg(vm, 0, KVM_REG_ARM64_SVE_VLS, vls));
    OK(set_reg(vm, 1, KVM_REG_ARM64_SVE_VLS, vls));
    OK(finalize(vm, 0, KVM_ARM_VCPU_SVE));
    ERR(set_reg(vm, 0, KVM_REG_ARM64_SVE_VLS, vls), EPERM);
    ERR(b_populate(vm, RAM_BASE, PAGE, 0), EINVAL);
    ERR(b_run_immediately(vm, 0), EINVAL);
    OK(finalize(vm, 1, KVM_ARM_VCPU_SVE));
    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    CHECK(report_has("\"sve\": true, \"sve-vl\": 1"));
    ERR(b_run_immediately(vm, 0), EINTR);
    vm_free(vm);
}

const ProbeCase b_sve_cases[] = {
    { "SVE has to be finalised on all vCPUs, and nothing is lost by that",
      sve },
    { NULL, NULL }
};

/* This RMM has none: what VCPU_INIT takes says nothing */
static void no_pmu(void)
{
    int irq = 23;
    Vm *vm = b_vcpus(1, PMU);

    if (b->cap != 247) {
        COMPLAINT("which the Realm's descriptor does not offer");
    }
    vm_add_gic(vm);
    OK(pmu_attr(vm, 0, KVM_ARM_VCPU_PMU_V3_IRQ, &irq));
    OK(pmu_attr(vm, 0, KVM_ARM_VCPU_PMU_V3_INIT, NULL));
    if (b->cap != 247) {
        ERR(b_populate(vm, RAM_BASE, PAGE, 0), ENXIO);
        ERR(b_run_immediately(vm, 0), ENXIO);
    } else {
        CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
        CHECK(report_has("\"pmu\": true, \"pmu-counters\": 6"));
    }
    vm_free(vm);
}

const ProbeCase b_pmu_cases[] = {
    { "a PMU is taken by VCPU_INIT, and no Realm comes of it", no_pmu },
    { NULL, NULL }
};
