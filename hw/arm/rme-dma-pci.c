/*
 * Arm CCA Realms: PCI devices reach memory through the RmeDma only
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/arm/rme-dma.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_device.h"
#include "hw/qdev-core.h"

static AddressSpace *rme_dma_pci_address_space(PCIBus *bus, void *opaque,
                                               int devfn)
{
    return rme_dma_address_space(opaque);
}

static const PCIIOMMUOps rme_dma_pci_ops = {
    .get_address_space = rme_dma_pci_address_space,
};

static bool rme_dma_check_bypass(PCIBus *bus, Error **errp)
{
    if (pci_bus_bypass_iommu(bus)) {
        error_setg(errp, "a Realm cannot let the devices of PCI bus '%s' "
                   "bypass the check of what they may reach; drop "
                   "default-bus-bypass-iommu=on or bypass_iommu=on",
                   BUS(bus)->name);
        return false;
    }
    return true;
}

bool rme_dma_attach_pci_bus(RmeDma *dma, PCIBus *bus, Error **errp)
{
    if (bus->iommu_ops) {
        error_setg(errp, "a Realm cannot have a vIOMMU on PCI bus '%s'; "
                   "drop iommu=", BUS(bus)->name);
        return false;
    }
    if (!rme_dma_check_bypass(bus, errp)) {
        return false;
    }
    pci_setup_iommu(bus, &rme_dma_pci_ops, dma);
    return true;
}

void rme_dma_register_defaults(void)
{
    object_register_sugar_prop(TYPE_PCI_DEVICE, "x-max-bounce-buffer-size",
                               "0", true);
}

/* Buses behind bridges are looked at too: an expander bridge can be deep */
static bool rme_dma_check_buses(PCIBus *bus, const PCIBus *root, Error **errp)
{
    PCIBus *child;

    if (!rme_dma_check_bypass(bus, errp)) {
        return false;
    }
    if (bus != root && bus->iommu_ops) {
        error_setg(errp, "a Realm cannot have a vIOMMU on PCI bus '%s'; "
                   "drop that device", BUS(bus)->name);
        return false;
    }
    QLIST_FOREACH(child, &bus->child, sibling) {
        if (!rme_dma_check_buses(child, root, errp)) {
            return false;
        }
    }
    return true;
}

bool rme_dma_check_pci_bus(RmeDma *dma, PCIBus *bus, Error **errp)
{
    if (bus->iommu_ops != &rme_dma_pci_ops || bus->iommu_opaque != dma) {
        error_setg(errp, "a Realm cannot have a vIOMMU on PCI bus '%s'; "
                   "drop that device", BUS(bus)->name);
        return false;
    }
    return rme_dma_check_buses(bus, bus, errp);
}
