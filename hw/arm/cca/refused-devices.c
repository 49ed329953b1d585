/*
 * Devices that an Arm CCA Realm cannot have
 *
 * A device may reach the pages that the guest shared and nothing else. PCI and
 * virtio-mmio devices see to it by using the address space that they are
 * given. What is listed here does not: QEMU or another process would access
 * pages that are not shared, where it reads zeros and allocates memory that
 * the guest never sees, or it works on memory that is not the guest's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/arm/cca/machine.h"
#include "hw/boards.h"
#include "hw/virtio/virtio-pci.h"

#define MAPS_ALL    "maps all memory of the guest and does not ask what is " \
                    "shared"
#define UNCHECKED   "accesses memory past the check of what is shared"
#define PLUGS       "adds memory to the guest, and a Realm has all of it " \
                    "from the start"

typedef struct Refusal {
    const char *prefix;     /* of the name of the type */
    const char *reason;     /* the device ... */
    const char *instead;
} Refusal;

static const Refusal refusals[] = {
    /* Maps guest memory for a device of the host */
    { "vfio-", MAPS_ALL, "use a virtio device" },
    /* Hand guest memory to another process, or to hardware */
    { "vhost-user-blk", MAPS_ALL, "use virtio-blk-pci" },
    { "vhost-user-fs", MAPS_ALL, "use virtio-9p-pci" },
    { "vhost-user-gpu", MAPS_ALL, "use virtio-gpu-pci" },
    { "vhost-user-vga", MAPS_ALL, "use virtio-gpu-pci" },
    { "vhost-user-input", MAPS_ALL, "use virtio-keyboard-pci, virtio-mouse-pci "
      "or virtio-tablet-pci" },
    { "vhost-user-rng", MAPS_ALL, "use virtio-rng-pci" },
    { "vhost-user-scsi", MAPS_ALL, "use virtio-scsi-pci" },
    { "vhost-user-snd", MAPS_ALL, "use virtio-sound-pci" },
    { "vhost-user-vsock", MAPS_ALL, "use vhost-vsock-pci" },
    { "vhost-user-", MAPS_ALL, "there is no other of its kind, leave it out" },
    { "vhost-vdpa-", MAPS_ALL, "use an emulated virtio device, or vhost in "
      "the kernel" },
    /* The kernel's server for SCSI has no IOTLB, those for net and vsock do */
    { "vhost-scsi", MAPS_ALL, "use virtio-scsi-pci" },
    { "x-pci-proxy-dev", MAPS_ALL, "use a device in this process" },
    /* address_space_memory in places */
    { "pvscsi", UNCHECKED, "use virtio-scsi-pci" },
    { "ramfb", UNCHECKED, "use virtio-gpu-pci" },
    { "uefi-vars-", UNCHECKED, "leave out the variable store" },
    /* When the guest turns bus mastering off */
    { "usb-ehci", UNCHECKED, "use qemu-xhci" },
    { "ich9-usb-ehci", UNCHECKED, "use qemu-xhci" },
    /* Memory that the RMM does not know */
    { "pc-dimm", PLUGS, "use -m" },
    { "nvdimm", PLUGS, "use -m, or virtio-blk-pci for a disk" },
    { "virtio-mem", PLUGS, "use -m" },
    { "cxl-type3", PLUGS, "use -m" },
    { "virtio-pmem", PLUGS, "use virtio-blk-pci for a disk" },
    { "virtio-balloon", "takes pages from the guest that are private",
      "leave it out (libvirt: <memballoon model='none'/>)" },
    /* Has the hook that the Realm's checks need */
    { "virtio-iommu", "takes the place of the check of what is shared",
      "leave it out" },
};

static const Refusal other_platform_device = {
    .reason = "is not on a bus where accesses are checked",
    .instead = "use a PCI device",
};

static bool is_switched(DeviceState *dev, const char *name, const char *to)
{
    g_autofree char *value = object_property_find(OBJECT(dev), name) ?
        object_property_print(OBJECT(dev), name, false, NULL) : NULL;

    return !g_strcmp0(value, to);
}

static bool goes_around_checks(DeviceState *dev)
{
    return is_switched(dev, "iommu_platform", "false");
}

static bool bypasses_checks(DeviceState *dev)
{
    return is_switched(dev, "bypass_iommu", "true");
}

/* By its type, or by disable-legacy=off or disable-modern=on */
static bool is_legacy(DeviceState *dev)
{
    VirtIOPCIProxy *proxy = (VirtIOPCIProxy *)object_dynamic_cast(
        OBJECT(dev), TYPE_VIRTIO_PCI);

    return proxy && (virtio_pci_legacy(proxy) || !virtio_pci_modern(proxy));
}

/* What a type is refused for by the values of its properties */
static const struct {
    bool (*is)(DeviceState *dev);
    Refusal refusal;
} refused_settings[] = {
    { goes_around_checks, { .reason = UNCHECKED,
                            .instead = "remove iommu_platform=off" } },
    { bypasses_checks, { .reason = "lets its devices bypass the check of what "
                                   "is shared",
                         .instead = "remove bypass_iommu=on" } },
    { is_legacy, { .reason = "has the legacy interface of virtio, by which it "
                             UNCHECKED,
                   .instead = "use a type without -transitional, and remove "
                              "disable-legacy=off and disable-modern=on" } },
};

static const Refusal *find_refusal(VirtMachineState *vms, DeviceState *dev)
{
    const char *type = object_get_typename(OBJECT(dev));

    if (!rme_guest_from_machine(MACHINE(vms))) {
        return NULL;
    }
    for (int i = 0; i < ARRAY_SIZE(refusals); i++) {
        if (g_str_has_prefix(type, refusals[i].prefix)) {
            return &refusals[i];
        }
    }
    for (int i = 0; i < ARRAY_SIZE(refused_settings); i++) {
        if (refused_settings[i].is(dev)) {
            return &refused_settings[i].refusal;
        }
    }
    /* The TPM has registers only; nothing is known of others that may come */
    if (device_is_dynamic_sysbus(MACHINE_GET_CLASS(vms), dev) &&
        !g_str_has_prefix(type, "tpm-tis-")) {
        return &other_platform_device;
    }
    return NULL;
}

bool virt_cca_refuses_device(VirtMachineState *vms, DeviceState *dev)
{
    return find_refusal(vms, dev) != NULL;
}

bool virt_cca_check_device(VirtMachineState *vms, DeviceState *dev,
                           Error **errp)
{
    const Refusal *refusal = find_refusal(vms, dev);

    if (refusal) {
        error_setg(errp, "a Realm cannot have the device %s: it %s; %s",
                   object_get_typename(OBJECT(dev)), refusal->reason,
                   refusal->instead);
    }
    return !refusal;
}
