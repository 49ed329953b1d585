/*
 * Registers, breakpoints, PMU and SVE of a Realm's vCPU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "probe.h"

#define SP SIM_REG_CORE(31)
#define PSTATE SIM_REG_CORE(33)
#define SCTLR ARM64_SYS_REG(3, 0, 1, 0, 0)

static uint64_t with_field(uint64_t v, unsigned shift, uint64_t n)
{
    return (v & ~(15ULL << shift)) | n << shift;
}

static void whitelist(void)
{
    Vm *vm = realm_new();

    for (unsigned n = 0; n < 31; n++) {
        OK(set_reg64(vm, 0, SIM_REG_X(n), n));
    }
    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    ERR(set_reg64(vm, 0, SP, 1), EINVAL);
    ERR(set_reg64(vm, 0, PSTATE, 5), EINVAL);
    ERR(set_reg64(vm, 0, SCTLR, 0), EINVAL);
    ERR(set_reg64(vm, 0, KVM_REG_ARM_PSCI_VERSION, 0x10000), EINVAL);
    ERR(set_reg64(vm, 0, KVM_REG_ARM_TIMER_CNT, 0), EINVAL);
    COMPLAINT("which a Realm does not have");
    CHECK(report_has("x8 of vCPU 0 is written"));
    vm_free(vm);
}

static void reads(void)
{
    Vm *vm = realm_active(1);
    uint64_t v;

    OK(get_reg(vm, 0, SP, &v));
    OK(get_reg(vm, 0, SCTLR, &v));
    CHECK(get_reg64(vm, 0, SIM_REG_PC) == RAM_BASE);
    ERR(get_reg(vm, 0, SIM_REG_DFR0, (void *)8), EFAULT);
    vm_free(vm);
}

static void late_write(void)
{
    Vm *vm = realm_active(1);

    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    CHECK(!last_complaint_has("although its REC is complete"));
    OK(set_reg64(vm, 0, SIM_REG_X(0), 99));
    COMPLAINT("although its REC is complete");
    vm_free(vm);
}

static void reg_list(void)
{
    struct kvm_reg_list *list = calloc(1, sizeof(*list) + 64 * 8);
    bool dfr0 = false, pc = false, other = false;
    Vm *vm = realm_new();

    ERR(xioctl(vm->vcpu[0], KVM_GET_REG_LIST, list), E2BIG);
    CHECK(list->n == 33);
    OK(xioctl(vm->vcpu[0], KVM_GET_REG_LIST, list));
    for (unsigned i = 0; i < list->n; i++) {
        dfr0 |= list->reg[i] == SIM_REG_DFR0;
        pc |= list->reg[i] == SIM_REG_PC;
        other |= list->reg[i] == SP || list->reg[i] == SCTLR ||
            (list->reg[i] & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM_FW;
    }
    CHECK(dfr0 && pc && !other);
    free(list);
    vm_free(vm);
}

static void breakpoints(void)
{
    Vm *vm = realm_new();
    uint64_t v = get_reg64(vm, 0, SIM_REG_DFR0);

    CHECK((v >> 12 & 15) == 5 && (v >> 20 & 15) == 3);
    OK(set_reg64(vm, 0, SIM_REG_DFR0, with_field(v, 20, 2)));
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, with_field(v, 20, 0)), EINVAL);
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, with_field(v, 20, 4)), EINVAL);
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, with_field(v, 0, 3)), EINVAL);
    if (probe_v7) {
        ERR(set_reg64(vm, 0, SIM_REG_DFR0, with_field(v, 12, 4)), EINVAL);
    } else {
        OK(set_reg64(vm, 0, SIM_REG_DFR0, with_field(v, 12, 4)));
        ERR(set_reg64(vm, 0, SIM_REG_DFR0, with_field(v, 12, 0)), EINVAL);
        ERR(set_reg64(vm, 0, SIM_REG_DFR0, with_field(v, 12, 6)), EINVAL);
        ERR(set_reg64(vm, 0, SIM_REG_DFR0, with_field(v, 28, 6)), EINVAL);
    }
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    v = get_reg64(vm, 0, SIM_REG_DFR0);
    OK(set_reg64(vm, 0, SIM_REG_DFR0, v));
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, with_field(v, 20, 1)), EBUSY);
    CHECK(report_has(probe_v7 ? "\"num-wps\": 2" : "\"num-bps\": 4"));
    vm_free(vm);
}

static void ids_belong_to_the_vm(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);
    uint64_t v;

    vm_add_vcpus(vm, 2, REALM_FEATURES);
    v = with_field(get_reg64(vm, 0, SIM_REG_DFR0), 20, 1);
    OK(set_reg64(vm, 0, SIM_REG_DFR0, v));
    CHECK(get_reg64(vm, 1, SIM_REG_DFR0) == v);
    vm_free(vm);
}

const ProbeCase regs_cases[] = {
    { "a Realm's vCPU takes x0-x30 and pc, nothing else", whitelist },
    { "reading registers is not restricted", reads },
    { "register writes after FINALIZE are a complaint", late_write },
    { "the register list holds what can be set", reg_list },
    { "breakpoint and watchpoint counts have limits", breakpoints },
    { "ID registers belong to the VM", ids_belong_to_the_vm },
    { NULL, NULL }
};

static Vm *pmu_vm(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    vm_add_ram(vm);
    vm_add_vcpus(vm, 1, REALM_FEATURES | PMU);
    return vm;
}

static uint64_t pmcr_n(Vm *vm)
{
    return get_reg64(vm, 0, SIM_REG_PMCR) >> 11 & 31;
}

static void pmu_counters(void)
{
    uint32_t three = 3, seven = 7;
    Vm *vm = pmu_vm();

    CHECK(pmcr_n(vm) == 6);
    OK(set_reg64(vm, 0, SIM_REG_PMCR, 4 << 11));
    CHECK(pmcr_n(vm) == 4);
    OK(set_reg64(vm, 0, SIM_REG_PMCR, 9 << 11));
    CHECK(pmcr_n(vm) == 4);
    COMPLAINT("silently ignored");
    if (probe_v7) {
        ERR(pmu_attr(vm, 0, SIM_PMU_SET_NR_COUNTERS, &three), ENXIO);
    } else {
        OK(pmu_attr(vm, 0, SIM_PMU_SET_NR_COUNTERS, &three));
        CHECK(pmcr_n(vm) == 3);
        ERR(pmu_attr(vm, 0, SIM_PMU_SET_NR_COUNTERS, &seven), EINVAL);
    }
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    OK(set_reg64(vm, 0, SIM_REG_PMCR, 1 << 11));
    CHECK(pmcr_n(vm) == (probe_v7 ? 4 : 3));
    CHECK(report_has(probe_v7 ? "\"pmu\": true, \"pmu-counters\": 4"
                              : "\"pmu\": true, \"pmu-counters\": 3"));
    vm_free(vm);
}

static void pmu_missing(void)
{
    uint32_t irq = 23;
    Vm *vm = realm_new();

    ERR(pmu_attr(vm, 0, KVM_ARM_VCPU_PMU_V3_IRQ, &irq), ENODEV);
    ERR(set_reg64(vm, 0, SIM_REG_PMCR, 0), ENOENT);
    vm_free(vm);
}

static void pmu_init(void)
{
    uint32_t irq = 23;
    Vm *vm = pmu_vm();

    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    OK(realm_populate(vm, RAM_BASE, 4096, 0));
    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    OK(finalize(vm, 0, SIM_VCPU_REC));
    OK(realm_action(vm, SIM_REALM_ACTIVATE, NULL));
    ERR(pmu_attr(vm, 0, KVM_ARM_VCPU_PMU_V3_IRQ, &irq), EINVAL);
    vm_add_gic(vm);
    ERR(vcpu_run(vm, 0), EINVAL);
    ERR(pmu_attr(vm, 0, KVM_ARM_VCPU_PMU_V3_INIT, NULL), ENXIO);
    OK(pmu_attr(vm, 0, KVM_ARM_VCPU_PMU_V3_IRQ, &irq));
    OK(pmu_attr(vm, 0, KVM_ARM_VCPU_PMU_V3_INIT, NULL));
    ERR(pmu_attr(vm, 0, KVM_ARM_VCPU_PMU_V3_INIT, NULL), EBUSY);
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    vm_free(vm);
}

const ProbeCase pmu_cases[] = {
    { "the PMU counter count is limited, and frozen by CREATE",
      pmu_counters },
    { "without the PMU feature there is no PMU", pmu_missing },
    { "KVM_RUN with a PMU that is not set up is EINVAL", pmu_init },
    { NULL, NULL }
};

static Vm *sve_vm(unsigned vcpus)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    vm_add_vcpus(vm, vcpus, REALM_FEATURES | SVE);
    return vm;
}

static long set_vls(Vm *vm, unsigned n, uint64_t vls)
{
    uint64_t v[8] = { vls };

    return set_reg(vm, n, KVM_REG_ARM64_SVE_VLS, v);
}

static void sve_limit(void)
{
    uint64_t vls[8];
    Vm *vm = sve_vm(1);

    CHECK(check_extension(vm->fd, KVM_CAP_ARM_SVE) == 1);
    OK(get_reg(vm, 0, KVM_REG_ARM64_SVE_VLS, vls));
    CHECK(vls[0] == 0xf);
    ERR(set_vls(vm, 0, 0x1f), EINVAL);
    ERR(set_vls(vm, 0, 0x5), EINVAL);
    ERR(set_vls(vm, 0, 0), EINVAL);
    OK(set_vls(vm, 0, 0x3));
    OK(finalize(vm, 0, KVM_ARM_VCPU_SVE));
    ERR(set_vls(vm, 0, 0x3), EPERM);
    ERR(finalize(vm, 0, KVM_ARM_VCPU_SVE), EPERM);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    CHECK(report_has("\"sve\": true, \"sve-vl\": 1"));
    vm_free(vm);
}

static void sve_open(void)
{
    Vm *vm = sve_vm(1);

    ERR(realm_action(vm, SIM_REALM_CREATE, NULL), EINVAL);
    vm_free(vm);
}

static void sve_different(void)
{
    Vm *vm = sve_vm(2);

    OK(set_vls(vm, 0, 0x3));
    OK(finalize(vm, 0, KVM_ARM_VCPU_SVE));
    OK(finalize(vm, 1, KVM_ARM_VCPU_SVE));
    ERR(realm_action(vm, SIM_REALM_CREATE, NULL), EINVAL);
    vm_free(vm);
}

static void sve_off(void)
{
    uint64_t vls[8] = { 1 };
    Vm *vm = realm_new();

    ERR(set_reg(vm, 0, KVM_REG_ARM64_SVE_VLS, vls), ENOENT);
    ERR(finalize(vm, 0, KVM_ARM_VCPU_SVE), EINVAL);
    vm_free(vm);
}

const ProbeCase sve_cases[] = {
    { "SVE lengths obey the RMM's limit and freeze at FINALIZE", sve_limit },
    { "CREATE with SVE not finalised is EINVAL", sve_open },
    { "CREATE with different vector lengths is EINVAL", sve_different },
    { "without the SVE feature there is no SVE", sve_off },
    { NULL, NULL }
};

/* A kernel that takes a write and keeps what it had */
static void ignores_dfr0(void)
{
    Vm *vm = realm_new();
    uint64_t dfr0 = get_reg64(vm, 0, SIM_REG_DFR0);

    OK(set_reg64(vm, 0, SIM_REG_DFR0, dfr0 - (1ULL << 20)));
    CHECK(get_reg64(vm, 0, SIM_REG_DFR0) == dfr0);
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, dfr0 + (1ULL << 20)), EINVAL);
    vm_free(vm);
}

static void ignores_counters(void)
{
    uint32_t three = 3;
    Vm *vm = pmu_vm();

    OK(pmu_attr(vm, 0, SIM_PMU_SET_NR_COUNTERS, &three));
    OK(set_reg64(vm, 0, SIM_REG_PMCR, 4 << 11));
    CHECK(pmcr_n(vm) == 6);
    vm_free(vm);
}

static void ignores_sve(void)
{
    uint64_t vls[8];
    Vm *vm = sve_vm(1);

    OK(set_vls(vm, 0, 0x3));
    OK(get_reg(vm, 0, KVM_REG_ARM64_SVE_VLS, vls));
    CHECK(vls[0] == 0xf);
    vm_free(vm);
}

const ProbeCase ignores_dfr0_cases[] = {
    { "a kernel can ignore the number of watchpoints", ignores_dfr0 },
    { NULL, NULL }
};

const ProbeCase ignores_counters_cases[] = {
    { "a kernel can ignore the number of event counters", ignores_counters },
    { NULL, NULL }
};

const ProbeCase ignores_sve_cases[] = {
    { "a kernel can ignore the vector lengths", ignores_sve },
    { NULL, NULL }
};
