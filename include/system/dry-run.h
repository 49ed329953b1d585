/*
 * Dry run: what would a launch put into a confidential guest?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A dry run makes the machine of the command line, with what its device tree
 * depends on, prints what a launch with KVM would put into the guest, and ends.
 * It makes nothing of the rest that the command line asks for: no backend is
 * opened, no file or socket is made, QEMU does not turn into a daemon. Private
 * memory is plain memory.
 *
 * The user asks for it by the property dry-run of the confidential guest. What
 * is not opened is taken off the command line or replaced, before it is used.
 */

#ifndef SYSTEM_DRY_RUN_H
#define SYSTEM_DRY_RUN_H

#include "qapi/qapi-types-qom.h"
#include "accel/accel-ops.h"
#include "qobject/qdict.h"

/*
 * The accelerator that stands in for KVM. Its init_machine takes the
 * confidential guest of the machine or reports an error.
 */
#define TYPE_DRY_RUN_ACCEL "confidential-guest-dry-run"
typedef struct DryRunAccelClass DryRunAccelClass;
DECLARE_CLASS_CHECKERS(DryRunAccelClass, DRY_RUN_ACCEL, TYPE_DRY_RUN_ACCEL)

/**
 * DryRunAccelClass: what a kind of confidential guest has a dry run for
 * @check_device: could the guest have a device like @dev, which has its type
 *     and the switches among its properties, and is not realized?
 * @print: print what a launch would put into the guest, to stdout; called with
 *     the machine complete and reset
 *
 * Both return true on success, and set @errp if not.
 */
struct DryRunAccelClass {
    AccelClass parent_class;

    bool (*check_device)(MachineState *ms, DeviceState *dev, Error **errp);
    bool (*print)(MachineState *ms, Error **errp);
};

/** dry_run_enabled: is this QEMU a dry run? */
bool dry_run_enabled(void);

/**
 * dry_run_begin: become a dry run if the user asks for one
 * @options: of an object on the command line
 *
 * Takes backends, monitors and the like off the command line. Returns: true if
 * so, and the caller has to do the same to what QemuOpts do not know.
 */
bool dry_run_begin(const ObjectOptions *options);

/** dry_run_has_object: is an object of this type made in a dry run? */
bool dry_run_has_object(const char *type);

/**
 * dry_run_init_accel: make the accelerator in place of KVM
 * @accelerators: of -machine accel=, or NULL
 * @set_property: sets a property of the accelerator from an option
 *
 * Exits with a message if the command line asks for another accelerator.
 */
void dry_run_init_accel(const char *accelerators,
                        int (*set_property)(void *opaque, const char *name,
                                            const char *value, Error **errp));

/**
 * dry_run_check_net: could the guest have the networks of the command line?
 *
 * They are not made. Exits with a message if it could not.
 */
void dry_run_check_net(void);

/**
 * dry_run_skips_device: is a device left out?
 * @opts: as for -device
 * @from_json: as of qdev_device_add_from_qdict()
 *
 * Exits with a message if the guest could not have it.
 */
bool dry_run_skips_device(const QDict *opts, bool from_json);

/** dry_run_check_gdb: gdbserver_start(), but for starting it */
bool dry_run_check_gdb(const char *device, Error **errp);

/** dry_run_finish: print the result, and exit */
G_NORETURN void dry_run_finish(bool loadvm);

#endif
