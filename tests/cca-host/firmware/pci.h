/*
 * PCI Express: configuration space and BARs of the functions on bus 0.
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

/** struct pci_device - function 0 of a device on bus 0 */
struct pci_device {
    uint64_t config;    /* address of its configuration space */
    uint64_t bar[6];    /* where a memory BAR is accessed, 0 without one */
};

/** pci_init() - find and map the host bridge; false when there is none */
bool pci_init(void);

/**
 * pci_find() - next device with these ids
 * @slot: where to begin, 0 at first; set behind the device that was found
 */
bool pci_find(uint16_t vendor, uint16_t device, unsigned *slot,
              struct pci_device *found);

/** pci_enable() - give it addresses, let it decode them and be a master */
bool pci_enable(struct pci_device *device);

#endif
