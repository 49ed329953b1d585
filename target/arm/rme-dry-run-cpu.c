/*
 * Dry run of an Arm CCA Realm: the vCPUs
 *
 * "-cpu host" without a host: what is in the DTB is as with KVM, and what the
 * RMM measures comes from the command line, since it is the host of the launch
 * that has it, and not this one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "accel/accel-cpu-target.h"
#include "cpu.h"
#include "internals.h"
#include "rme-cpu.h"
#include "rme-dry-run-cpu.h"
#include "system/dry-run.h"

#define TYPE_HOST_CPU ARM_CPU_TYPE_NAME("host")
#define TYPE_MAX_CPU  ARM_CPU_TYPE_NAME("max")

/* Not a value that the user can set: 0 and 1 are sve=off and sve=on */
#define SVE_NOT_SET 0xf

/* PARange: 52 bits, so that it is no limit */
#define PARANGE_MAX 6

static bool get_ignored(Object *obj, Error **errp)
{
    return false;
}

static void set_ignored(Object *obj, bool value, Error **errp)
{
}

/* As KVM has it; virt_cca_prepare_cpu() says what a Realm cannot have */
static void get_switch(Object *obj, Visitor *v, const char *name, void *opaque,
                       Error **errp)
{
    visit_type_bool(v, name, opaque, errp);
}

static void set_switch(Object *obj, Visitor *v, const char *name, void *opaque,
                       Error **errp)
{
    visit_type_bool(v, name, opaque, errp);
}

static void release_switch(Object *obj, const char *name, void *opaque)
{
    g_free(opaque);
}

static void add_switch(Object *obj, const char *name, bool value)
{
    object_property_add(obj, name, "bool", get_switch, set_switch,
                        release_switch, g_memdup2(&value, sizeof(value)));
}

void rme_dry_run_cpu_init(Object *obj)
{
    ARMCPU *cpu = ARM_CPU(obj);
    CPUARMState *env = &cpu->env;

    /* As kvm_arm_get_host_cpu_features() */
    cpu->dtb_compatible = "arm,armv8";
    /* The RMM's; all that the DTB says is that it is 1.0 or later */
    cpu->psci_version = QEMU_PSCI_VERSION_1_1;
    set_feature(env, ARM_FEATURE_V8);
    set_feature(env, ARM_FEATURE_NEON);
    set_feature(env, ARM_FEATURE_AARCH64);
    set_feature(env, ARM_FEATURE_PMU);
    set_feature(env, ARM_FEATURE_GENERIC_TIMER);
    /* EL1 and EL0, AArch64 only */
    SET_IDREG(&cpu->isar, ID_AA64PFR0, 0x11);
    FIELD_DP64_IDREG(&cpu->isar, ID_AA64PFR0, SVE, SVE_NOT_SET);
    FIELD_DP64_IDREG(&cpu->isar, ID_AA64MMFR0, PARANGE, PARANGE_MAX);

    cpu->sve_vq.supported = MAKE_64BIT_MASK(0, ARM_MAX_VQ);
    aarch64_add_sve_properties(obj);
    rme_cpu_add_properties(cpu);
    rme_cpu_add_old_spellings(cpu);
    object_property_add_bool(obj, "pauth", get_ignored, set_ignored);
    add_switch(obj, "kvm-no-adjvtime", false);
    add_switch(obj, "kvm-steal-time", true);
}

void rme_dry_run_register_cpu(void)
{
    static const ARMCPUInfo host_cpu = {
        .name = "host",
        .initfn = rme_dry_run_cpu_init,
    };

    if (!object_class_by_name(TYPE_HOST_CPU)) {
        arm_cpu_register(&host_cpu);
    }
}

static bool check_given(int value, const char *name, Error **errp)
{
    if (value < 0) {
        error_setg(errp, "a dry run cannot know the host of the launch: add "
                   "%s=N to -cpu host", name);
        return false;
    }
    return true;
}

static bool check_pmu_given(const ARMCPU *cpu, Error **errp)
{
    if (cpu->has_pmu && cpu->rme_num_pmu_ctrs < 0) {
        error_setg(errp, "a dry run cannot know the host of the launch: add "
                   "num-pmu-counters=N, or pmu=off, to -cpu host");
        return false;
    }
    return rme_cpu_check_pmu(cpu, errp);
}

static bool check_sve_given(ARMCPU *cpu, Error **errp)
{
    unsigned sve = FIELD_EX64_IDREG(&cpu->isar, ID_AA64PFR0, SVE);

    if (sve && !cpu->sve_vq.map) {
        error_setg(errp, "a dry run cannot know the host of the launch: add "
                   "sveN=on, with the longest vector length N in bits, or "
                   "sve=off, to -cpu host");
        return false;
    }
    FIELD_DP64_IDREG(&cpu->isar, ID_AA64PFR0, SVE, !!sve);
    return true;
}

static bool dry_run_cpu_realize(CPUState *cs, Error **errp)
{
    ARMCPU *cpu = ARM_CPU(cs);
    uint64_t dfr0 = 0;

    if (!object_dynamic_cast(OBJECT(cs), TYPE_HOST_CPU) &&
        !object_dynamic_cast(OBJECT(cs), TYPE_MAX_CPU)) {
        error_setg(errp, "a Realm's vCPUs are those of the host: use -cpu "
                   "host");
        return false;
    }
    if (!check_given(cpu->rme_num_bps, "num-breakpoints", errp) ||
        !check_given(cpu->rme_num_wps, "num-watchpoints", errp) ||
        !check_pmu_given(cpu, errp) ||
        !check_sve_given(cpu, errp)) {
        return false;
    }

    dfr0 = FIELD_DP64(dfr0, ID_AA64DFR0, BRPS, cpu->rme_num_bps - 1);
    dfr0 = FIELD_DP64(dfr0, ID_AA64DFR0, WRPS, cpu->rme_num_wps - 1);
    SET_IDREG(&cpu->isar, ID_AA64DFR0, dfr0);
    return true;
}

void rme_dry_run_get_params(ARMCPU *cpu, RmePlanParams *params)
{
    params->num_bps = cpu->rme_num_bps - 1;
    params->num_wps = cpu->rme_num_wps - 1;
    if (cpu_isar_feature(aa64_sve, cpu)) {
        params->flags |= RME_PLAN_FLAG_SVE;
        params->sve_vl = cpu->sve_max_vq - 1;
    }
    if (cpu->has_pmu) {
        params->flags |= RME_PLAN_FLAG_PMU;
        params->pmu_num_ctrs = cpu->rme_num_pmu_ctrs;
    }
}

static void dry_run_cpu_class_init(ObjectClass *oc, const void *data)
{
    ACCEL_CPU_CLASS(oc)->cpu_target_realize = dry_run_cpu_realize;
}

static const TypeInfo dry_run_cpu_types[] = {
    {
        .name = TYPE_RME_DRY_RUN_CPU,
        .parent = TYPE_ACCEL_CPU,
        .class_init = dry_run_cpu_class_init,
        .abstract = true,
    },
};

DEFINE_TYPES(dry_run_cpu_types)
