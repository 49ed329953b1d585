/*
 * PCI Express: configuration space and BARs of devices on all buses.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_PCI_H
#define FW_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_VENDOR_ID 0x00
#define PCI_DEVICE_ID 0x02
#define PCI_COMMAND 0x04
#define PCI_STATUS 0x06
#define PCI_BARS 0x10
#define PCI_CAPABILITIES 0x34

#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX 0x11

/**
 * struct pci_bus - a bus
 * @number: as in the addresses of its devices
 * @next, @end: bus addresses that its devices can still be given
 */
struct pci_bus {
    uint8_t number;
    uint64_t next;
    uint64_t end;
};

/** struct pci_device - function 0 of a device */
struct pci_device {
    struct pci_bus *bus;
    uint64_t config;    /* address of its configuration space */
    uint64_t bar[6];    /* where a memory BAR is accessed, 0 without one */
};

/** pci_init() - find and map the host bridge, once; false without one */
bool pci_init(void);

/** pci_scan() - find the devices behind bridges, too, once */
void pci_scan(void);

/**
 * pci_device() - the devices that are known, bridges not counted
 * @index: from 0; on bus 0 alone before pci_scan()
 * Returns NULL behind the last one.
 */
struct pci_device *pci_device(unsigned index);

/** pci_slot() - which device of its bus it is */
unsigned pci_slot(const struct pci_device *device);

/** pci_find() - first device with these ids */
struct pci_device *pci_find(uint16_t vendor, uint16_t device);

/**
 * pci_next_cap() - next capability with this id
 * @after: offset of the one before, 0 at first
 * Returns its offset, 0 when there is none.
 */
uint8_t pci_next_cap(struct pci_device *device, uint8_t id, uint8_t after);

/** pci_enable() - let it have addresses, decode them and be a master, once */
bool pci_enable(struct pci_device *device);

/** pci_disable() - it is no master any more */
void pci_disable(struct pci_device *device);

/**
 * pci_enable_msix() - send all messages of a device to one address
 * @address, @data: of the first @vectors messages
 * Returns false when it has no MSI-X capability.
 */
bool pci_enable_msix(struct pci_device *device, unsigned vectors,
                     uint64_t address, uint32_t data);

/** pci_disable_msix() - the reverse */
void pci_disable_msix(struct pci_device *device);

#endif
