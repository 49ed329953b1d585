/*
 * Dry run: what would a launch put into a confidential guest?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-visit-qom.h"
#include "qapi/qobject-output-visitor.h"
#include "qemu/config-file.h"
#include "qemu/error-report.h"
#include "qemu/option.h"
#include "hw/boards.h"
#include "hw/qdev-core.h"
#include "hw/sysbus.h"
#include "migration/snapshot.h"
#include "monitor/qdev.h"
#include "net/net.h"
#include "system/confidential-guest-support.h"
#include "system/dry-run.h"

static bool enabled;

bool dry_run_enabled(void)
{
    return enabled;
}

static bool is_confidential_guest(const char *type)
{
    ObjectClass *oc = object_class_by_name(type);

    return oc && object_class_dynamic_cast(oc, TYPE_CONFIDENTIAL_GUEST_SUPPORT);
}

/* Only the values of a confidential guest are looked at: others have secrets */
static bool is_wanted(const ObjectOptions *options)
{
    ObjectOptions *object = (ObjectOptions *)options;
    QObject *values = NULL;
    Visitor *v;
    bool wanted;

    if (!is_confidential_guest(ObjectType_str(options->qom_type))) {
        return false;
    }
    v = qobject_output_visitor_new(&values);
    visit_type_ObjectOptions(v, NULL, &object, &error_abort);
    visit_complete(v, &values);
    visit_free(v);
    wanted = qdict_get_try_bool(qobject_to(QDict, values), "dry-run", false);
    qobject_unref(values);
    return wanted;
}

/*
 * Disks are not in the device tree. Flash is: whether a confidential guest can
 * have it is for the machine to say, so it stays, with nothing in it. No value
 * is read here: options of a drive have no types before drive_new() gives them
 * some.
 */
static int replace_drive(void *opaque, QemuOpts *opts, Error **errp)
{
    static const char *const kept[] = { "if", "bus", "unit", "index", NULL };
    g_autoptr(QDict) all = qemu_opts_to_qdict(opts, NULL);

    if (g_strcmp0(qdict_get_try_str(all, "if"), "pflash")) {
        qemu_opts_del(opts);
        return 0;
    }
    for (const QDictEntry *e = qdict_first(all); e; e = qdict_next(all, e)) {
        if (!g_strv_contains(kept, qdict_entry_key(e))) {
            qemu_opt_unset(opts, qdict_entry_key(e));
        }
    }
    qemu_opt_set(opts, "driver", "null-co", &error_abort);
    return 0;
}

bool dry_run_begin(const ObjectOptions *options)
{
    static const char *const groups[] = {
        "add-fd", "audiodev", "chardev", "fsdev", "fw_cfg", "mon", "net",
        "sandbox", "spice", "tpmdev",
    };

    if (!is_wanted(options)) {
        return false;
    }
    enabled = true;
    for (int i = 0; i < ARRAY_SIZE(groups); i++) {
        QemuOptsList *list = qemu_find_opts_err(groups[i], NULL);

        if (list) {
            qemu_opts_reset(list);
        }
    }
    qemu_opts_foreach(qemu_find_opts("drive"), replace_drive, NULL,
                      &error_abort);
    return true;
}

/* Memory backends are address space only; other objects serve backends */
bool dry_run_has_object(const char *type)
{
    return g_str_has_prefix(type, "memory-backend-") ||
           is_confidential_guest(type);
}

typedef struct InitAccel {
    const char *accelerators;
    int (*set_property)(void *opaque, const char *name, const char *value,
                        Error **errp);
} InitAccel;

/* The guest is launched with KVM. Called with the first -accel, or none */
static int init_accel(void *opaque, QemuOpts *opts, Error **errp)
{
    const InitAccel *s = opaque;
    ObjectClass *oc = object_class_by_name(TYPE_DRY_RUN_ACCEL);
    const char *first = opts ? qemu_opt_get(opts, "accel") : s->accelerators;
    AccelState *accel;

    if (!first || !(g_str_equal(first, "kvm") ||
                    g_str_has_prefix(first, "kvm:"))) {
        error_report("a dry run is for a launch with KVM, and does not open "
                     "it: use -accel kvm");
        exit(1);
    }
    if (!oc) {
        error_report("this QEMU has no dry run: use qemu-system-aarch64");
        exit(1);
    }
    accel = ACCEL(object_new_with_class(oc));
    object_apply_compat_props(OBJECT(accel));
    if (opts) {
        qemu_opt_foreach(opts, s->set_property, accel, &error_fatal);
    }
    if (accel_init_machine(accel, current_machine) < 0) {
        exit(1);
    }
    return 1;
}

void dry_run_init_accel(const char *accelerators,
                        int (*set_property)(void *opaque, const char *name,
                                            const char *value, Error **errp))
{
    InitAccel s = {
        .accelerators = accelerators,
        .set_property = set_property,
    };

    if (!qemu_opts_foreach(qemu_find_opts("accel"), init_accel, &s, NULL)) {
        init_accel(&s, NULL, NULL);
    }
}

/* What a launch finds out when it makes the network */
static bool check_netdev(const char *type, Error **errp)
{
    ConfidentialGuestSupport *cgs = current_machine->cgs;

    if (g_str_equal(type, "vhost-user")) {
        return confidential_guest_check_vhost(cgs, "user", errp);
    }
    return !g_str_equal(type, "vhost-vdpa") ||
           confidential_guest_check_vhost(cgs, "vdpa", errp);
}

void dry_run_check_net(void)
{
    net_check_types(check_netdev, &error_fatal);
}

/*
 * Only devices on the system bus, and those on none, can be in the device tree
 * or put something into guest memory. The others are not made, since they need
 * a backend, but the user is told if a launch would not know or take them.
 * Displays need none, and a guest may not take the memory that they have, which
 * is there when they are made. A virtio-gpu has none, and may need OpenGL.
 */
bool dry_run_skips_device(const QDict *opts, bool from_json)
{
    DryRunAccelClass *dc = DRY_RUN_ACCEL_GET_CLASS(current_accel());
    const char *bus_type;
    DeviceState *dev;
    bool has_memory;

    if (!qdict_haskey(opts, "driver")) {
        return false;   /* that is an error wherever devices are made */
    }
    dev = qdev_device_sample(opts, from_json, &error_fatal);
    bus_type = DEVICE_GET_CLASS(dev)->bus_type;
    has_memory = test_bit(DEVICE_CATEGORY_DISPLAY,
                          DEVICE_GET_CLASS(dev)->categories) &&
                 (!object_dynamic_cast(OBJECT(dev), "virtio-gpu-pci-base") ||
                  object_dynamic_cast(OBJECT(dev), "virtio-vga-base"));
    dc->check_device(current_machine, dev, &error_fatal);
    object_unref(OBJECT(dev));
    return bus_type && !g_str_equal(bus_type, TYPE_SYSTEM_BUS) && !has_memory;
}

bool dry_run_check_gdb(const char *device, Error **errp)
{
    return g_str_equal(device, "none") ||
           confidential_guest_check_inspection(current_machine->cgs, "gdbstub",
                                               errp);
}

void dry_run_finish(bool loadvm)
{
    DryRunAccelClass *dc = DRY_RUN_ACCEL_GET_CLASS(current_accel());
    Error *err = NULL;

    if (loadvm) {
        snapshot_check_guest(&error_fatal);
    }
    if (!dc->print(current_machine, &err)) {
        error_report_err(err);
        exit(1);
    }
    exit(0);
}
