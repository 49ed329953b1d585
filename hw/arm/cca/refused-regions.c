/*
 * Devices that an Arm CCA Realm cannot have because of their memory
 *
 * The RMM owns the page tables of a Realm. The host cannot write-protect pages
 * in them, so it has no log of what the guest writes and no memory that is
 * read-only, and memory of the host's devices is not mapped at all. Which
 * device needs that does not depend on its name, and a guest maps BARs when it
 * likes: so the memory that a device has is looked at when it is made. The BAR
 * of a ROM is read-only too, but a guest that writes to it spoils its own copy
 * only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "system/memory.h"
#include "exec/ramlist.h"
#include "hw/arm/cca/machine.h"

static bool has_log(MemoryRegion *mr)
{
    return memory_region_is_ram(mr) &&
           memory_region_is_logging(mr, DIRTY_MEMORY_VGA);
}

static bool is_rom_device(MemoryRegion *mr)
{
    return mr->rom_device;
}

static const struct {
    bool (*applies)(MemoryRegion *mr);
    const char *reason;
    const char *instead;
} refusals[] = {
    { has_log, "needs a log of what the guest writes, which the host cannot "
      "keep for a Realm", "use virtio-gpu-pci" },
    { is_rom_device, "is a ROM at times, and the host cannot write-protect "
      "memory of a Realm", "leave it out" },
    { memory_region_is_ram_device, "is that of a device of the host, and the "
      "RMM does not map it", "use an emulated device" },
};

typedef struct Check {
    DeviceState *dev;
    Error **errp;
} Check;

static int check_region(Object *child, void *opaque)
{
    Check *check = opaque;
    MemoryRegion *mr = (MemoryRegion *)object_dynamic_cast(child,
                                                           TYPE_MEMORY_REGION);

    for (int i = 0; mr && i < ARRAY_SIZE(refusals); i++) {
        if (refusals[i].applies(mr)) {
            error_setg(check->errp, "a Realm cannot have the device %s: its "
                       "memory '%s' %s; %s",
                       object_get_typename(OBJECT(check->dev)),
                       memory_region_name(mr), refusals[i].reason,
                       refusals[i].instead);
            return -1;
        }
    }
    return 0;
}

/* What a device has of sub-devices is looked at when these are realized */
bool virt_cca_check_regions(ConfidentialGuestSupport *cgs, DeviceState *dev,
                            Error **errp)
{
    Check check = { .dev = dev, .errp = errp };

    /* If no accelerator made a Realm, QEMU ends with that */
    return !rme_guest_check_accel(RME_GUEST(cgs), NULL) ||
           !object_child_foreach(OBJECT(dev), check_region, &check);
}
