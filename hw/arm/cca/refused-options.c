/*
 * Options that an Arm CCA Realm cannot have: of the machine, the accelerator,
 * the vCPUs, and of QEMU itself
 *
 * A launch and a dry run ask here, so that what one refuses the other does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "hw/arm/cca/machine.h"
#include "hw/block/flash.h"
#include "hw/mem/nvdimm.h"
#include "hw/qdev-properties.h"
#include "system/block-backend.h"
#include "system/blockdev.h"
#include "system/kvm_int.h"
#include "system/runstate.h"
#include "system/system.h"

typedef struct Refusal {
    bool wanted;
    const char *what;       /* a Realm has no ... */
    const char *instead;
} Refusal;

static bool check_all(const Refusal *refused, int n, Error **errp)
{
    for (int i = 0; i < n; i++) {
        if (refused[i].wanted) {
            error_setg(errp, "a Realm has no %s: %s", refused[i].what,
                       refused[i].instead);
            return false;
        }
    }
    return true;
}

/* Nothing writes to a Realm's memory that KVM could note */
static bool has_dirty_ring(const AccelState *accel)
{
    return object_property_get_uint(OBJECT(accel), "dirty-ring-size", NULL);
}

/* The property of KVM's can only be set */
static bool has_other_irqchip(const AccelState *accel)
{
    g_autofree char *value = NULL;
#ifdef CONFIG_KVM
    const KVMState *s = (KVMState *)object_dynamic_cast(OBJECT(accel),
                                                        TYPE_KVM_ACCEL);

    if (s) {
        return !s->kernel_irqchip_allowed ||
               s->kernel_irqchip_split == ON_OFF_AUTO_ON;
    }
#endif
    value = object_property_print(OBJECT(accel), "kernel-irqchip", false, NULL);
    return g_strcmp0(value, "on");
}

static bool is_other_gic(const VirtMachineState *vms)
{
    return vms->gic_version != VIRT_GIC_VERSION_NOSEL &&
           vms->gic_version != VIRT_GIC_VERSION_HOST &&
           vms->gic_version != VIRT_GIC_VERSION_MAX &&
           vms->gic_version != VIRT_GIC_VERSION_3;
}

static bool check_options(VirtMachineState *vms, Error **errp)
{
    const MachineState *ms = MACHINE(vms);
    const Refusal refused[] = {
        { vms->secure, "EL3", "remove secure=on" },
        { vms->virt, "EL2", "remove virtualization=on" },
        { vms->mte, "memory tagging", "remove mte=on" },
        { is_other_gic(vms),
          "interrupt controller other than a GICv3", "use gic-version=3" },
        { has_other_irqchip(ms->accelerator),
          "interrupt controller in user space",
          "remove kernel-irqchip=off or =split" },
        { vms->iommu != VIRT_IOMMU_NONE,
          "vIOMMU (its devices go through the Realm's own DMA checks)",
          "remove iommu=" },
        { vms->default_bus_bypass_iommu,
          "way for devices to bypass its DMA checks",
          "remove default-bus-bypass-iommu=on" },
        /* QEMU would write the record to where the guest says, unchecked */
        { vms->ras, "way to be told of memory errors", "remove ras=on" },
        /* So it is with what the guest says about its NVDIMMs */
        { ms->nvdimms_state->is_enabled, "NVDIMMs", "remove nvdimm=on" },
        { ms->ram_slots, "memory hotplug", "remove slots= of -m" },
        { ms->smp.max_cpus > ms->smp.cpus,
          "CPU hotplug", "remove maxcpus= of -smp" },
        { has_dirty_ring(ms->accelerator),
          "log of written pages", "remove dirty-ring-size= of -accel" },
    };

    return check_all(refused, ARRAY_SIZE(refused), errp);
}

/*
 * The shared copy of a page is dropped when the page turns private, which a
 * locked one cannot be. Nothing is lost: guest_memfd is never swapped. So this
 * is no reason not to start, and QEMU locks memory later than it comes here.
 */
static void forget_mlock(void)
{
    if (should_mlock(mlock_state)) {
        warn_report("mem-lock= of -overcommit has no effect: the private "
                    "memory of a Realm is never swapped, and its shared pages "
                    "come and go");
        mlock_state = MLOCK_OFF;
    }
}

static bool check_migration(Error **errp)
{
    const char *option = runstate_check(RUN_STATE_INMIGRATE) ? "-incoming" :
                         only_migratable ? "-only-migratable" : NULL;

    if (option) {
        error_setg(errp, "a Realm cannot be migrated: remove %s", option);
    }
    return !option;
}

/* Of any bus and unit: those that no machine has would be nobody's */
static bool has_pflash_drive(void)
{
    for (BlockBackend *blk = blk_next(NULL); blk; blk = blk_next(blk)) {
        const DriveInfo *dinfo = blk_legacy_dinfo(blk);

        if (dinfo && dinfo->type == IF_PFLASH) {
            return true;
        }
    }
    return false;
}

static bool check_flash(VirtMachineState *vms, Error **errp)
{
    for (int i = 0; i < ARRAY_SIZE(vms->flash); i++) {
        if (pflash_cfi01_get_blk(vms->flash[i])) {
            error_setg(errp, "a Realm has no flash memory: pflash%d cannot be "
                       "used, load the firmware into RAM with -bios FILE "
                       "(libvirt: <loader type='rom'>) and leave out a "
                       "variable store", i);
            return false;
        }
    }
    if (has_pflash_drive()) {
        error_setg(errp, "a Realm has no flash memory: -drive if=pflash "
                   "cannot be used, load the firmware into RAM with "
                   "-bios FILE and leave out a variable store");
        return false;
    }
    return true;
}

static bool check_log(VirtMachineState *vms, Error **errp)
{
    RmeGuest *guest = rme_guest_from_machine(MACHINE(vms));

    if (guest->config.measurement_log && MACHINE(vms)->dtb) {
        error_setg(errp, "measurement-log=on cannot be used with -dtb: a "
                   "Realm gets the user's device tree as it is, and only that "
                   "of QEMU tells where the log is: use one of the two");
        return false;
    }
    return true;
}

bool virt_cca_check(VirtMachineState *vms, Error **errp)
{
    forget_mlock();
    return check_options(vms, errp) && check_migration(errp) &&
           check_flash(vms, errp) && check_log(vms, errp);
}

/* By the user: a default has no such entry */
static bool is_asked_for(Object *cpu, const char *name, bool value)
{
    return qdev_find_global_prop(cpu, name) &&
           object_property_get_bool(cpu, name, NULL) == value;
}

bool virt_cca_prepare_cpu(Object *cpu, Error **errp)
{
    if (is_asked_for(cpu, "kvm-steal-time", true)) {
        error_setg(errp, "a Realm's vCPUs have no steal time, which the host "
                   "would write to guest memory: remove kvm-steal-time=on");
        return false;
    }
    if (is_asked_for(cpu, "kvm-no-adjvtime", false)) {
        error_setg(errp, "a Realm's time goes on while the VM is stopped: "
                   "QEMU cannot set its counter, remove kvm-no-adjvtime=off");
        return false;
    }
    /* Another accelerator has no such property, and is refused later */
    object_property_set_bool(cpu, "kvm-steal-time", false, NULL);
    return true;
}

/* What other trees, and older scripts, call it */
const ConfidentialGuestSpelling virt_cca_other_spellings[] = {
    { "measurement-algo", "measurement-algorithm=" },
    { "num-breakpoints", "-cpu host,num-breakpoints=" },
    { "num-watchpoints", "-cpu host,num-watchpoints=" },
    { "num-pmu-counters", "-cpu host,num-pmu-counters=" },
    { "sve-vector-length", "-cpu host,sve<N>=on with N in bits, such as "
      "sve256=on" },
    { NULL, NULL }
};
