/*
 * Arm CCA Realms: PCI devices reach memory through the RmeDma only
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/arm/rme-dma.h"
#include "hw/pci/pci_bus.h"
#include "hw/qdev-core.h"

static AddressSpace *rme_dma_pci_address_space(PCIBus *bus, void *opaque,
                                               int devfn)
{
    return rme_dma_address_space(opaque);
}

static const PCIIOMMUOps rme_dma_pci_ops = {
    .get_address_space = rme_dma_pci_address_space,
};

bool rme_dma_attach_pci_bus(RmeDma *dma, PCIBus *bus, Error **errp)
{
    if (pci_bus_bypass_iommu(bus)) {
        error_setg(errp, "devices of a Realm cannot bypass the check of what "
                   "they may reach; drop default-bus-bypass-iommu=on");
        return false;
    }
    if (bus->iommu_ops) {
        error_setg(errp, "a Realm cannot have a vIOMMU; drop iommu=");
        return false;
    }
    pci_setup_iommu(bus, &rme_dma_pci_ops, dma);
    return true;
}

static bool rme_dma_bypasses(Object *dev, const char *property)
{
    return object_property_find(dev, property) &&
           object_property_get_bool(dev, property, NULL);
}

bool rme_dma_check_device(DeviceState *dev, Error **errp)
{
    const char *type = object_get_typename(OBJECT(dev));

    /* "bypass_iommu" of expander bridges, "bypass-iommu" of host bridges */
    if (rme_dma_bypasses(OBJECT(dev), "bypass_iommu") ||
        rme_dma_bypasses(OBJECT(dev), "bypass-iommu")) {
        error_setg(errp, "devices of a Realm cannot bypass the check of what "
                   "they may reach; drop bypass_iommu=on of '%s'", type);
        return false;
    }
    if (object_dynamic_cast(OBJECT(dev), "virtio-iommu-pci") ||
        object_dynamic_cast(OBJECT(dev), "virtio-iommu-device") ||
        object_dynamic_cast(OBJECT(dev), "arm-smmu")) {
        error_setg(errp, "a Realm cannot have a vIOMMU; drop '%s'", type);
        return false;
    }
    return true;
}
