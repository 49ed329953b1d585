/*
 * Arm CCA Realms: PCI devices reach memory through the RmeDma only
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/arm/cca/dma.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_device.h"
#include "hw/qdev-core.h"
#include "system/system.h"

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

typedef struct RmeDmaPciCheck {
    Notifier machine_done;
    RmeDma *dma;
    PCIBus *bus;
} RmeDmaPciCheck;

/* Expander bridges and vIOMMUs are devices, they come after the root bus */
static void rme_dma_pci_machine_done(Notifier *notifier, void *data)
{
    RmeDmaPciCheck *check = container_of(notifier, RmeDmaPciCheck,
                                         machine_done);
    Error *err = NULL;

    if (!rme_dma_check_pci_bus(check->dma, check->bus, &err)) {
        error_report_err(err);
        exit(EXIT_FAILURE);
    }
}

bool rme_dma_attach_pci_bus(RmeDma *dma, PCIBus *bus, Error **errp)
{
    RmeDmaPciCheck *check;

    if (bus->iommu_ops) {
        error_setg(errp, "a Realm cannot have a vIOMMU on PCI bus '%s'; "
                   "drop iommu=", BUS(bus)->name);
        return false;
    }
    if (!rme_dma_check_bypass(bus, errp)) {
        return false;
    }
    pci_setup_iommu(bus, &rme_dma_pci_ops, dma);

    check = g_new0(RmeDmaPciCheck, 1);
    check->machine_done.notify = rme_dma_pci_machine_done;
    check->dma = dma;
    check->bus = bus;
    qemu_add_machine_init_done_notifier(&check->machine_done);
    return true;
}
