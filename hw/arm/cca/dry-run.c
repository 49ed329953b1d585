/*
 * Dry run of an Arm CCA Realm: the accelerator that stands in for KVM
 *
 * With dry-run=on of the rme-guest object, QEMU makes the machine that the
 * command line describes, works out what a launch with KVM would give the RMM
 * and what the RMM would measure, prints that, and ends. It does so on any
 * machine: this accelerator stands in for KVM, and what the guest's initial
 * memory does not depend on is neither opened nor made (system/dry-run.h).
 *
 * What only the host of the launch knows has to be on the command line.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/accel.h"
#include "qemu/error-report.h"
#include "cpu.h"
#include "hw/arm/rme-generation.h"
#include "hw/arm/cca/launch.h"
#include "hw/arm/cca/report.h"
#include "hw/arm/cca/machine.h"
#include "hw/boards.h"
#include "rme-dry-run-cpu.h"
#include "qapi/qapi-commands-misc-arm.h"
#include "qapi/qapi-visit-misc-arm.h"
#include "qapi/qobject-output-visitor.h"
#include "qobject/qjson.h"
#include "qobject/qobject.h"
#include "accel/accel-ops.h"
#include "accel/accel-cpu-ops.h"
#include "system/cpus.h"
#include "system/dry-run.h"

/* With the properties of KVM's accelerator, of which two are looked at */
typedef struct DryRunAccel {
    AccelState parent_obj;

    OnOffSplit irqchip;
    uint32_t dirty_ring_size;
} DryRunAccel;

DECLARE_INSTANCE_CHECKER(DryRunAccel, DRY_RUN_ACCEL, TYPE_DRY_RUN_ACCEL)

static bool dry_run_allowed;

/* What the kernel adds to the flags, and what it leaves out */
static bool configure_flags(const RmeGuest *guest, RmePlanParams *params,
                            Error **errp)
{
    const RmeGeneration *gen = rme_generation(guest->kernel_abi);

    if ((params->flags & RME_PLAN_FLAG_PMU) && !gen->has_pmu) {
        error_setg(errp, "a kernel of generation %s has no PMU in a Realm: use "
                   "-cpu host,pmu=off", gen->name);
        return false;
    }
    if (!gen->sets_lpa2) {
        return true;
    }
    if (!guest->config.has_lpa2) {
        error_setg(errp, "a dry run cannot know the host of the launch: add "
                   "lpa2=on, if KVM uses 52-bit addresses there, or lpa2=off, "
                   "to -object rme-guest");
        return false;
    }
    if (guest->config.lpa2) {
        params->flags |= RME_PLAN_FLAG_LPA2;
    }
    return true;
}

static bool configure(RmeGuest *guest, RmePlanParams *params, Error **errp)
{
    guest->kernel_abi = rme_generation_resolve(guest->config.kernel_abi);
    *params = (RmePlanParams) { .ipa_bits = guest->ipa_bits };
    memcpy(params->rpv, guest->config.rpv, sizeof(params->rpv));
    guest->mec_policy = guest->config.mec_policy;
    rme_dry_run_get_params(ARM_CPU(first_cpu), params);

    if (!rme_generation_check(guest, errp) ||
        !configure_flags(guest, params, errp)) {
        return false;
    }
    params->hash_algo = rme_generation_hash(guest);
    return true;
}

/* What query-cca knows, with what a launch would have learnt from the host */
static QObject *describe(const RmeGuest *guest)
{
    g_autoptr(CcaInfo) info = qmp_query_cca(&error_abort);
    QObject *values = NULL;
    Visitor *v = qobject_output_visitor_new(&values);

    info->has_dry_run = true;
    info->dry_run = true;
    info->has_kernel_abi = true;
    info->kernel_abi = guest->kernel_abi;

    visit_type_CcaInfo(v, NULL, &info, &error_abort);
    visit_complete(v, &values);
    visit_free(v);
    return values;
}

static bool print_guest(RmeGuest *guest, Error **errp)
{
    g_autoptr(GString) json = NULL;
    QObject *values;

    if (!rme_report_start(guest, errp) || !rme_report_finish(guest, errp)) {
        return false;
    }
    values = describe(guest);
    json = qobject_to_json_pretty(values, true);
    qobject_unref(values);
    if (puts(json->str) < 0 || fflush(stdout)) {
        error_setg_errno(errp, errno, "cannot write the result of the dry run");
        return false;
    }
    return true;
}

static bool make_plan(RmeGuest *guest, Error **errp)
{
    RmePlanParams params;

    if (!configure(guest, &params, errp)) {
        return false;
    }
    guest->plan = rme_launch_plan(&params, errp);
    return guest->plan != NULL;
}

static bool dry_run_print(MachineState *ms, Error **errp)
{
    RmeGuest *guest = rme_guest_from_machine(ms);
    ERRP_GUARD();

    if (!make_plan(guest, errp)) {
        /* As a launch says it */
        error_prepend(errp, "rme-guest '%s': ", rme_guest_id(guest));
        return false;
    }
    return print_guest(guest, errp);
}

/* The TPM is in the device tree and starts with a backend that answers */
static bool dry_run_check_device(MachineState *ms, DeviceState *dev,
                                 Error **errp)
{
    const char *type = object_get_typename(OBJECT(dev));

    if (g_str_equal(type, "tpm-tis-device")) {
        error_setg(errp, "a dry run cannot have the device %s, whose TPM does "
                   "not run then: leave it out here and in the launch, or take "
                   "the measurement of a launch (QMP query-cca)", type);
        return false;
    }
    return virt_cca_check_device(VIRT_MACHINE(ms), dev, errp);
}

static bool init_guest(MachineState *ms, Error **errp)
{
    RmeGuest *guest = rme_guest_from_machine(ms);
    ERRP_GUARD();

    if (!guest) {
        error_setg(errp, "a dry run needs a Realm: add "
                   "confidential-guest-support=ID to -machine, with the ID of "
                   "the rme-guest object");
        return false;
    }
    if (!rme_guest_check_machine(guest, ms, errp)) {
        return false;
    }
    if (!virt_prepare_realm(VIRT_MACHINE(ms), guest, errp)) {
        error_prepend(errp, "rme-guest '%s': ", rme_guest_id(guest));
        return false;
    }

    rme_launch_prepare(guest);
    rme_dry_run_register_cpu();
    return true;
}

static int dry_run_init_machine(AccelState *as, MachineState *ms)
{
    Error *err = NULL;

    if (!init_guest(ms, &err)) {
        error_report_err(err);
        return -EINVAL;
    }
    return 0;
}

static int get_irqchip(Object *obj, Error **errp)
{
    return DRY_RUN_ACCEL(obj)->irqchip;
}

static void set_irqchip(Object *obj, int value, Error **errp)
{
    DRY_RUN_ACCEL(obj)->irqchip = value;
}

static void get_dirty_ring_size(Object *obj, Visitor *v, const char *name,
                                void *opaque, Error **errp)
{
    visit_type_uint32(v, name, &DRY_RUN_ACCEL(obj)->dirty_ring_size, errp);
}

static void set_dirty_ring_size(Object *obj, Visitor *v, const char *name,
                                void *opaque, Error **errp)
{
    visit_type_uint32(v, name, &DRY_RUN_ACCEL(obj)->dirty_ring_size, errp);
}

/* Properties of KVM's accelerator that mean nothing to a dry run */
static void set_ignored(Object *obj, const char *value, Error **errp)
{
}

static void dry_run_accel_init(Object *obj)
{
    DRY_RUN_ACCEL(obj)->irqchip = ON_OFF_SPLIT_ON;
}

static void dry_run_accel_class_init(ObjectClass *oc, const void *data)
{
    static const char *const ignored[] = {
        "device", "eager-split-size", "kvm-shadow-mem",
    };
    DryRunAccelClass *dc = DRY_RUN_ACCEL_CLASS(oc);
    AccelClass *ac = ACCEL_CLASS(oc);

    dc->check_device = dry_run_check_device;
    dc->print = dry_run_print;
    ac->name = "dry run";
    ac->init_machine = dry_run_init_machine;
    ac->allowed = &dry_run_allowed;

    object_class_property_add_enum(oc, "kernel-irqchip", "OnOffSplit",
                                   &OnOffSplit_lookup,
                                   get_irqchip, set_irqchip);
    object_class_property_add(oc, "dirty-ring-size", "uint32",
                              get_dirty_ring_size, set_dirty_ring_size, NULL,
                              NULL);
    for (int i = 0; i < ARRAY_SIZE(ignored); i++) {
        object_class_property_add_str(oc, ignored[i], NULL, set_ignored);
    }
}

/* vCPUs never run: they have no threads, and work for them is done at once */
static void dry_run_create_vcpu(CPUState *cpu)
{
    qemu_thread_get_self(cpu->thread);
    cpu->thread_id = qemu_get_thread_id();
    cpu_thread_signal_created(cpu);
}

static void dry_run_kick_vcpu(CPUState *cpu)
{
}

static void dry_run_accel_ops_class_init(ObjectClass *oc, const void *data)
{
    AccelOpsClass *ops = ACCEL_OPS_CLASS(oc);

    ops->handle_interrupt = generic_handle_interrupt;
    ops->create_vcpu_thread = dry_run_create_vcpu;
    ops->kick_vcpu_thread = dry_run_kick_vcpu;
}

static const TypeInfo dry_run_types[] = {
    {
        .name = TYPE_DRY_RUN_ACCEL,
        .parent = TYPE_ACCEL,
        .instance_size = sizeof(DryRunAccel),
        .instance_init = dry_run_accel_init,
        .class_size = sizeof(DryRunAccelClass),
        .class_init = dry_run_accel_class_init,
    }, {
        .name = TYPE_DRY_RUN_ACCEL ACCEL_OPS_SUFFIX,
        .parent = TYPE_ACCEL_OPS,
        .class_init = dry_run_accel_ops_class_init,
        .abstract = true,
    },
};

DEFINE_TYPES(dry_run_types)
