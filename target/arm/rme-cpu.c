/*
 * Properties of the vCPUs of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "cpu.h"
#include "hw/qdev-properties.h"
#include "rme-cpu.h"

/*
 * The ID register fields hold the number minus one, and the RMM refuses zero
 * there; PMCR_EL0.N is five bits (Arm ARM DDI0487; rmi realm parameters,
 * Arm DEN0137).
 */
#define DEBUG_RES_MIN   2
#define DEBUG_RES_MAX   16
#define PMU_CTRS_MAX    31

typedef struct RmeCpuProp {
    const char *name;
    const char *description;
    size_t offset;          /* of the ARMCPU member: -1 until it is set */
    int min, max;
} RmeCpuProp;

static const RmeCpuProp rme_cpu_props[] = {
    {
        "num-breakpoints",
        "Number of hardware breakpoints of a Realm's vCPU (2 to 16)",
        offsetof(ARMCPU, rme_num_bps), DEBUG_RES_MIN, DEBUG_RES_MAX,
    }, {
        "num-watchpoints",
        "Number of hardware watchpoints of a Realm's vCPU (2 to 16)",
        offsetof(ARMCPU, rme_num_wps), DEBUG_RES_MIN, DEBUG_RES_MAX,
    }, {
        "num-pmu-counters",
        "Number of PMU event counters of a Realm's vCPU (0 to 31)",
        offsetof(ARMCPU, rme_num_pmu_ctrs), 0, PMU_CTRS_MAX,
    },
};

static int *prop_ptr(const ARMCPU *cpu, const RmeCpuProp *prop)
{
    return (int *)((char *)cpu + prop->offset);
}

static void rme_cpu_prop_get(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    int32_t value = *prop_ptr(ARM_CPU(obj), opaque);

    visit_type_int32(v, name, &value, errp);
}

static void rme_cpu_prop_set(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    const RmeCpuProp *prop = opaque;
    int32_t value;

    if (DEVICE(obj)->realized) {
        qdev_prop_set_after_realize(DEVICE(obj), name, errp);
        return;
    }
    if (!visit_type_int32(v, name, &value, errp)) {
        return;
    }
    if (value < prop->min || value > prop->max) {
        error_setg(errp, "%s must be between %d and %d, not %d", name,
                   prop->min, prop->max, value);
        return;
    }
    *prop_ptr(ARM_CPU(obj), prop) = value;
}

/* That of emulated CPUs; those of the host have a property for each length */
static void set_sve_max_vq(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    uint32_t vq;

    if (!visit_type_uint32(v, name, &vq, errp)) {
        return;
    }
    if (!vq || vq > ARM_MAX_VQ) {
        error_setg(errp, "a Realm's vCPU has no sve-max-vq: use sve<N>=on with "
                   "N in bits, such as sve256=on");
        return;
    }
    error_setg(errp, "a Realm's vCPU has no sve-max-vq: use sve%" PRIu32 "=on",
               vq * 128);
}

void rme_cpu_add_old_spellings(ARMCPU *cpu)
{
    if (object_property_find(OBJECT(cpu), "sve-max-vq")) {
        return;
    }
    object_property_add(OBJECT(cpu), "sve-max-vq", "uint32", NULL,
                        set_sve_max_vq, NULL, NULL);
    object_property_set_description(OBJECT(cpu), "sve-max-vq",
                                    "Not there: use sve<N>=on");
}

void rme_cpu_add_properties(ARMCPU *cpu)
{
    for (int i = 0; i < ARRAY_SIZE(rme_cpu_props); i++) {
        const RmeCpuProp *prop = &rme_cpu_props[i];

        *prop_ptr(cpu, prop) = -1;
        object_property_add(OBJECT(cpu), prop->name, "int32",
                            rme_cpu_prop_get, rme_cpu_prop_set, NULL,
                            (void *)prop);
        object_property_set_description(OBJECT(cpu), prop->name,
                                        prop->description);
    }
}

bool rme_cpu_check_no_properties(const ARMCPU *cpu, Error **errp)
{
    for (int i = 0; i < ARRAY_SIZE(rme_cpu_props); i++) {
        if (*prop_ptr(cpu, &rme_cpu_props[i]) >= 0) {
            error_setg(errp, "'%s' is for Arm CCA Realms only: remove it or "
                       "attach an rme-guest object to the machine",
                       rme_cpu_props[i].name);
            return false;
        }
    }
    return true;
}

bool rme_cpu_check_pmu(const ARMCPU *cpu, Error **errp)
{
    if (cpu->rme_num_pmu_ctrs >= 0 && !cpu->has_pmu) {
        error_setg(errp, "num-pmu-counters=%d needs a PMU: add pmu=on",
                   cpu->rme_num_pmu_ctrs);
        return false;
    }
    return true;
}
