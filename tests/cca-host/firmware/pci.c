/*
 * PCI Express: configuration space and BARs of the functions on bus 0.
 *
 * Bus addresses never have the shared bit; what the CPU accesses has it.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stddef.h>

#include "arch.h"
#include "fdt.h"
#include "lib.h"
#include "machine.h"
#include "mmu.h"
#include "pci.h"

#define PCI_COMMAND_MEMORY 2
#define PCI_COMMAND_MASTER 4
#define BAR_IO 1u
#define BAR_64 4u
#define SLOTS 32

/* MSI-X capability and table */
#define MSIX_CONTROL 2
#define MSIX_CONTROL_ENABLE 0x8000
#define MSIX_TABLE 4
#define MSIX_ENTRY_BYTES 16

/* "ranges" of the host bridge: 3 cells of child address, 2 of parent, 2 size */
#define RANGE_BYTES 28
#define RANGE_SPACE 0x03000000u
#define RANGE_MEMORY32 0x02000000u

static uint64_t ecam;
static uint64_t window, window_end;

static bool find_window(const void *bridge)
{
    uint32_t length;
    const uint8_t *p = fdt_prop(bridge, "ranges", &length);

    if (!p) {
        return false;
    }
    for (; length >= RANGE_BYTES; p += RANGE_BYTES, length -= RANGE_BYTES) {
        if ((get_be32(p) & RANGE_SPACE) == RANGE_MEMORY32) {
            window = get_be64(p + 12);
            window_end = window + get_be64(p + 20);
            return get_be64(p + 4) == window;
        }
    }
    return false;
}

bool pci_init(void)
{
    const void *bridge = fdt_find(NULL, "compatible", "pci-host-ecam-generic");

    if (ecam) {
        return true;
    }
    if (!bridge || !find_window(bridge)) {
        return false;
    }
    ecam = shared_alias(fdt_reg(bridge, 0));
    /* the first GiB is mapped already, and with it a small ECAM */
    if (fdt_reg(bridge, 0) >> 30) {
        mmu_map(ecam, fdt_reg(bridge, 1), MMU_DEVICE);
    }
    return true;
}

bool pci_find(uint16_t vendor, uint16_t device, unsigned *slot,
              struct pci_device *found)
{
    while (*slot < SLOTS) {
        uint64_t config = ecam + ((uint64_t)(*slot)++ << 15);

        if (mmio_read16(config + PCI_VENDOR_ID) == vendor &&
            mmio_read16(config + PCI_DEVICE_ID) == device) {
            *found = (struct pci_device) { .config = config };
            return true;
        }
    }
    return false;
}

/* Returns the number of BARs that were used, 1 or 2, or 0 without room. */
static unsigned assign_bar(struct pci_device *d, unsigned i)
{
    uint64_t reg = d->config + PCI_BARS + 4 * i;
    uint32_t flags = mmio_read32(reg);
    unsigned used = !(flags & BAR_IO) && (flags & BAR_64) ? 2 : 1;
    uint64_t size;

    mmio_write32(reg, ~0u);
    size = -(mmio_read32(reg) & ~0xfu);
    if (flags & BAR_IO || !(uint32_t)size) {
        mmio_write32(reg, 0);
        return used;
    }
    size = (uint32_t)size;
    window = (window + size - 1) & -size;
    if (window + size > window_end) {
        return 0;
    }
    mmio_write32(reg, window);
    if (used == 2) {
        mmio_write32(reg + 4, 0);
    }
    d->bar[i] = shared_alias(window);
    window += size;
    return used;
}

bool pci_enable(struct pci_device *d)
{
    for (unsigned i = 0; i < 6; ) {
        unsigned used = assign_bar(d, i);

        if (!used) {
            return false;
        }
        i += used;
    }
    mmio_write16(d->config + PCI_COMMAND,
                 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    return true;
}

uint8_t pci_next_cap(struct pci_device *d, uint8_t id, uint8_t after)
{
    uint8_t cap = mmio_read8(d->config +
                             (after ? after + 1 : PCI_CAPABILITIES));

    while (cap && mmio_read8(d->config + cap) != id) {
        cap = mmio_read8(d->config + cap + 1);
    }
    return cap;
}

bool pci_enable_msix(struct pci_device *d, unsigned vectors, uint64_t address,
                     uint32_t data)
{
    uint8_t cap = pci_next_cap(d, PCI_CAP_MSIX, 0);
    uint32_t where;
    uint64_t table;

    if (!cap) {
        return false;
    }
    where = mmio_read32(d->config + cap + MSIX_TABLE);
    table = d->bar[where & 7] + (where & ~7u);
    mmio_write16(d->config + cap + MSIX_CONTROL, MSIX_CONTROL_ENABLE);
    for (; vectors; vectors--, table += MSIX_ENTRY_BYTES) {
        mmio_write32(table, address);
        mmio_write32(table + 4, address >> 32);
        mmio_write32(table + 8, data);
        mmio_write32(table + 12, 0);
    }
    return true;
}

void pci_disable_msix(struct pci_device *d)
{
    uint8_t cap = pci_next_cap(d, PCI_CAP_MSIX, 0);

    if (cap) {
        mmio_write16(d->config + cap + MSIX_CONTROL, 0);
    }
}
