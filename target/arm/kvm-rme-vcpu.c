/*
 * Arm CCA Realms under KVM: what a Realm's vCPUs have
 *
 * Breakpoints, watchpoints, PMU counters and the SVE vector length are
 * parameters of the Realm, and measured. Their defaults come from a Realm
 * scratch vCPU; a user who wants the same measurement on every host pins them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <linux/kvm.h>

#include "qapi/error.h"
#include "system/kvm.h"
#include "internals.h"
#include "kvm-consts.h"
#include "kvm_arm.h"
#include "kvm-rme.h"
#include "kvm-rme-uapi.h"
#include "rme-cpu.h"

#define REG_ID_AA64DFR0     ARM64_SYS_REG(3, 0, 0, 5, 0)
#define REG_PMCR            ARM64_SYS_REG(3, 3, 9, 12, 0)
#define REG_X(n)            (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | \
                             KVM_REG_ARM_CORE | \
                             KVM_REG_ARM_CORE_REG(regs.regs[n]))
#define REG_PC              (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | \
                             KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(regs.pc))

/* PMCR_EL0.N is five bits (Arm ARM DDI0487) */
#define PMCRN_WIDTH     5

uint32_t kvm_rme_vcpu_features(uint32_t features)
{
    RmeGuest *guest = kvm_rme_guest();

    if (!guest || !guest->kvm) {
        return features;
    }
    return (features & ~(1U << KVM_ARM_VCPU_HAS_EL2)) |
           guest->kvm->abi.ops->vcpu_features;
}

static bool get_no_pmu(Object *obj, Error **errp)
{
    return false;
}

static void set_no_pmu(Object *obj, bool value, Error **errp)
{
    if (value) {
        error_setg(errp, "a Realm on this host has no PMU: use -cpu "
                   "host,pmu=off");
    }
}

void kvm_rme_add_vcpu_properties(ARMCPU *cpu)
{
    if (!object_property_find(OBJECT(cpu), "pmu")) {
        object_property_add_bool(OBJECT(cpu), "pmu", get_no_pmu, set_no_pmu);
    }
    rme_cpu_add_old_spellings(cpu);
}

static bool check_limit(const char *name, int want, unsigned limit,
                        Error **errp)
{
    if (want > (int)limit) {
        error_setg(errp, "%s=%d: a Realm on this host has at most %u", name,
                   want, limit);
        return false;
    }
    return true;
}

bool kvm_rme_finalize_vcpu(ARMCPU *cpu, Error **errp)
{
    uint64_t dfr0 = GET_IDREG(&cpu->isar, ID_AA64DFR0);

    if (!kvm_rme_guest()) {
        return rme_cpu_check_no_properties(cpu, errp);
    }
    if (!object_dynamic_cast(OBJECT(cpu), ARM_CPU_TYPE_NAME("host")) &&
        !object_dynamic_cast(OBJECT(cpu), ARM_CPU_TYPE_NAME("max"))) {
        error_setg(errp, "a Realm's vCPUs are those of the host: use -cpu "
                   "host");
        return false;
    }
    if (!arm_feature(&cpu->env, ARM_FEATURE_AARCH64)) {
        error_setg(errp, "a Realm's vCPUs are AArch64 only: remove "
                   "aarch64=off");
        return false;
    }
    if (!rme_cpu_check_pmu(cpu, errp)) {
        return false;
    }
    /*
     * Where a read fails, QEMU takes the kernel for one from before 4.15 and
     * assumes a CPU without debug registers. The limits below would be wrong.
     */
    if (!dfr0) {
        error_setg(errp, "KVM does not tell what a Realm's vCPU has: the ID "
                   "registers of a throw-away vCPU cannot be read");
        return false;
    }
    if (cpu->rme_num_pmu_ctrs == 0 && !FIELD_EX64(dfr0, ID_AA64DFR0, HPMN0)) {
        error_setg(errp, "num-pmu-counters=0: this host's CPU lacks FEAT_HPMN0 "
                   "for a PMU without event counters, use pmu=off");
        return false;
    }

    /* KVM runs the Realm's virtual counter; QEMU cannot set it */
    cpu->kvm_adjvtime = false;
    return check_limit("num-breakpoints", cpu->rme_num_bps,
                       FIELD_EX64(dfr0, ID_AA64DFR0, BRPS) + 1, errp) &&
           check_limit("num-watchpoints", cpu->rme_num_wps,
                       FIELD_EX64(dfr0, ID_AA64DFR0, WRPS) + 1, errp) &&
           check_limit("num-pmu-counters", cpu->rme_num_pmu_ctrs,
                       pmu_num_counters(&cpu->env), errp);
}

static bool set_reg(ARMCPU *cpu, uint64_t id, uint64_t value,
                    const char *name, Error **errp)
{
    int ret = kvm_set_one_reg(CPU(cpu), id, &value);

    if (ret) {
        error_setg_errno(errp, -ret, "KVM_SET_ONE_REG(%s) = 0x%" PRIx64
                         " on vCPU %d", name, value, CPU(cpu)->cpu_index);
    }
    return !ret;
}

static bool get_reg(ARMCPU *cpu, uint64_t id, uint64_t *value,
                    const char *name, Error **errp)
{
    int ret = kvm_get_one_reg(CPU(cpu), id, value);

    if (ret) {
        error_setg_errno(errp, -ret, "KVM_GET_ONE_REG(%s) on vCPU %d", name,
                         CPU(cpu)->cpu_index);
    }
    return !ret;
}

/* Series v7 has no other number of breakpoints than the host's */
static bool set_dfr0(ARMCPU *cpu, uint64_t value, Error **errp)
{
    ERRP_GUARD();

    if (!set_reg(cpu, REG_ID_AA64DFR0, value, "ID_AA64DFR0_EL1", errp)) {
        error_prepend(errp, "%s: this kernel does not take the number, leave "
                      "it out: ", cpu->rme_num_wps < 0 ? "num-breakpoints" :
                      cpu->rme_num_bps < 0 ? "num-watchpoints" :
                      "num-breakpoints or num-watchpoints");
        return false;
    }
    return true;
}

bool kvm_rme_init_vcpu(ARMCPU *cpu, Error **errp)
{
    uint64_t host, want;
    unsigned brps, wrps, ctx_cmps;

    /*
     * If the kernel does not tell: a Realm's PSCI is the RMM's, 1.0 at least.
     * The DTB is measured, and must not depend on whether it does.
     */
    cpu->psci_version = QEMU_PSCI_VERSION_1_1;

    if (cpu->rme_num_bps < 0 && cpu->rme_num_wps < 0) {
        return true;
    }
    if (!get_reg(cpu, REG_ID_AA64DFR0, &host, "ID_AA64DFR0_EL1", errp)) {
        return false;
    }

    brps = cpu->rme_num_bps >= 0 ? cpu->rme_num_bps - 1 :
                                   FIELD_EX64(host, ID_AA64DFR0, BRPS);
    wrps = cpu->rme_num_wps >= 0 ? cpu->rme_num_wps - 1 :
                                   FIELD_EX64(host, ID_AA64DFR0, WRPS);
    ctx_cmps = FIELD_EX64(host, ID_AA64DFR0, CTX_CMPS);

    want = FIELD_DP64(host, ID_AA64DFR0, BRPS, brps);
    want = FIELD_DP64(want, ID_AA64DFR0, WRPS, wrps);
    want = FIELD_DP64(want, ID_AA64DFR0, CTX_CMPS, MIN(ctx_cmps, brps));
    SET_IDREG(&cpu->isar, ID_AA64DFR0, want);
    return want == host || set_dfr0(cpu, want, errp);
}

static bool set_pmu_counters_attr(ARMCPU *cpu, Error **errp)
{
    unsigned int count = cpu->rme_num_pmu_ctrs;
    struct kvm_device_attr attr = {
        .group = KVM_ARM_VCPU_PMU_V3_CTRL,
        .attr = RME_PMU_V3_SET_NR_COUNTERS,
        .addr = (uintptr_t)&count,
    };
    int ret = kvm_vcpu_ioctl(CPU(cpu), KVM_SET_DEVICE_ATTR, &attr);

    if (ret) {
        error_setg_errno(errp, -ret, "num-pmu-counters=%u", count);
    }
    return !ret;
}

/* Kernels before v10 take the number from PMCR_EL0.N */
static bool set_pmu_counters_pmcr(ARMCPU *cpu, Error **errp)
{
    uint64_t pmcr;

    if (!get_reg(cpu, REG_PMCR, &pmcr, "PMCR_EL0", errp)) {
        return false;
    }
    pmcr = deposit64(pmcr, PMCRN_SHIFT, PMCRN_WIDTH, cpu->rme_num_pmu_ctrs);
    return set_reg(cpu, REG_PMCR, pmcr, "PMCR_EL0", errp);
}

/* A kernel may ignore a write silently, and will after the Realm's creation */
static bool check_taken(const char *name, int want, unsigned is, Error **errp)
{
    if (want >= 0 && want != (int)is) {
        error_setg(errp, "%s=%d was not taken: a Realm on this host has %u",
                   name, want, is);
        return false;
    }
    return true;
}

bool kvm_rme_init_pmu(ARMCPU *cpu, Error **errp)
{
    struct kvm_device_attr attr = {
        .group = KVM_ARM_VCPU_PMU_V3_CTRL,
        .attr = RME_PMU_V3_SET_NR_COUNTERS,
    };
    uint64_t pmcr;

    if (cpu->rme_num_pmu_ctrs < 0) {
        return true;
    }
    if (kvm_vcpu_ioctl(CPU(cpu), KVM_HAS_DEVICE_ATTR, &attr) == 0 ?
        !set_pmu_counters_attr(cpu, errp) :
        !set_pmu_counters_pmcr(cpu, errp)) {
        return false;
    }

    /* A kernel may ignore the write: the measurement would be another one */
    if (!get_reg(cpu, REG_PMCR, &pmcr, "PMCR_EL0", errp)) {
        return false;
    }
    return check_taken("num-pmu-counters", cpu->rme_num_pmu_ctrs,
                       extract64(pmcr, PMCRN_SHIFT, PMCRN_WIDTH), errp);
}

/* The longest of the vector lengths that the vCPU was finalised with */
static bool get_sve_vl(ARMCPU *cpu, uint8_t *vl, Error **errp)
{
    uint64_t vls[KVM_ARM64_SVE_VLS_WORDS] = { 0 };
    unsigned vq;

    if (!get_reg(cpu, KVM_REG_ARM64_SVE_VLS, vls, "SVE_VLS", errp)) {
        return false;
    }
    vq = vls[0] ? 64 - clz64(vls[0]) : 0;
    if (vq != cpu->sve_max_vq) {
        error_setg(errp, "SVE vectors of %u bits were not taken: a Realm on "
                   "this host has %u", cpu->sve_max_vq * 128, vq * 128);
        return false;
    }
    *vl = vq - 1;
    return true;
}

bool kvm_rme_get_params(ARMCPU *cpu, RmePlanParams *params, Error **errp)
{
    uint64_t dfr0, pmcr;

    if (!get_reg(cpu, REG_ID_AA64DFR0, &dfr0, "ID_AA64DFR0_EL1", errp)) {
        return false;
    }
    params->num_bps = FIELD_EX64(dfr0, ID_AA64DFR0, BRPS);
    params->num_wps = FIELD_EX64(dfr0, ID_AA64DFR0, WRPS);

    if (cpu_isar_feature(aa64_sve, cpu)) {
        params->flags |= RME_PLAN_FLAG_SVE;
        if (!get_sve_vl(cpu, &params->sve_vl, errp)) {
            return false;
        }
    }
    if (cpu->has_pmu) {
        if (!get_reg(cpu, REG_PMCR, &pmcr, "PMCR_EL0", errp)) {
            return false;
        }
        params->flags |= RME_PLAN_FLAG_PMU;
        params->pmu_num_ctrs = extract64(pmcr, PMCRN_SHIFT, PMCRN_WIDTH);
    }
    return check_taken("num-breakpoints", cpu->rme_num_bps,
                       params->num_bps + 1, errp) &&
           check_taken("num-watchpoints", cpu->rme_num_wps,
                       params->num_wps + 1, errp) &&
           check_taken("num-pmu-counters", cpu->rme_num_pmu_ctrs,
                       params->pmu_num_ctrs, errp);
}

bool kvm_rme_put_not_supported(ARMCPU *cpu, Error **errp)
{
    return set_reg(cpu, REG_X(0), -1, "x0", errp);
}

/*
 * Whether it waits for PSCI was set at the last reset, and QEMU goes on where
 * that failed. The vCPU of a Realm would fail at its first entry then.
 */
static bool put_mp_state(ARMCPU *cpu, Error **errp)
{
    struct kvm_mp_state mp = {
        .mp_state = cpu->power_state == PSCI_OFF ? KVM_MP_STATE_STOPPED :
                                                   KVM_MP_STATE_RUNNABLE,
    };
    int ret = 0;

    if (kvm_check_extension(kvm_state, KVM_CAP_MP_STATE)) {
        ret = kvm_vcpu_ioctl(CPU(cpu), KVM_SET_MP_STATE, &mp);
    }
    if (ret) {
        error_setg_errno(errp, -ret, "KVM_SET_MP_STATE of vCPU %d",
                         CPU(cpu)->cpu_index);
    }
    return !ret;
}

bool kvm_rme_put_entry(ARMCPU *cpu, const RmePlanRec *rec, Error **errp)
{
    static const RmePlanRec zero;

    if (!put_mp_state(cpu, errp)) {
        return false;
    }
    rec = rec ?: &zero;
    for (int i = 0; i < ARRAY_SIZE(rec->gprs); i++) {
        g_autofree char *name = g_strdup_printf("x%d", i);

        if (!set_reg(cpu, REG_X(i), rec->gprs[i], name, errp)) {
            return false;
        }
    }
    return set_reg(cpu, REG_PC, rec->pc, "pc", errp);
}
