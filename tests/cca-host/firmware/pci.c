/*
 * PCI Express: configuration space and BARs of devices on all buses.
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
#define BUSES 256
#define SLOTS 32

/* configuration space of a bridge */
#define PCI_HEADER_TYPE 0x0e
#define HEADER_BRIDGE 1
#define BRIDGE_PRIMARY 0x18
#define BRIDGE_SECONDARY 0x19
#define BRIDGE_SUBORDINATE 0x1a
#define BRIDGE_MEMORY 0x20
#define BRIDGE_PREFETCH 0x24
#define BRIDGE_WINDOW (8ull << 20)      /* halved with each level */
#define BRIDGE_ALIGN (1ull << 20)

#define MAX_BUSES 16
#define MAX_DEVICES 32

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
static struct pci_bus buses[MAX_BUSES];     /* the first one is bus 0 */
static unsigned buses_used = 1;
static struct pci_device devices[MAX_DEVICES];
static unsigned devices_used;

static bool find_window(const void *bridge)
{
    uint32_t length;
    const uint8_t *p = fdt_prop(bridge, "ranges", &length);

    if (!p) {
        return false;
    }
    for (; length >= RANGE_BYTES; p += RANGE_BYTES, length -= RANGE_BYTES) {
        if ((get_be32(p) & RANGE_SPACE) == RANGE_MEMORY32) {
            buses[0].next = get_be64(p + 12);
            buses[0].end = buses[0].next + get_be64(p + 20);
            return get_be64(p + 4) == buses[0].next;
        }
    }
    return false;
}

static uint64_t config_of(unsigned bus, unsigned slot)
{
    return ecam + ((uint64_t)bus << 20) + ((uint64_t)slot << 15);
}

static bool is_bridge(uint64_t config)
{
    return (mmio_read8(config + PCI_HEADER_TYPE) & 0x7f) == HEADER_BRIDGE;
}

static void find_devices(struct pci_bus *bus)
{
    for (unsigned i = 0; i < SLOTS && devices_used < MAX_DEVICES; i++) {
        uint64_t config = config_of(bus->number, i);

        if (mmio_read16(config + PCI_VENDOR_ID) != 0xffff &&
            !is_bridge(config)) {
            devices[devices_used++] = (struct pci_device) {
                .bus = bus, .config = config,
            };
        }
    }
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
    find_devices(&buses[0]);
    return true;
}

/* Takes a window for a bridge from its bus; NULL when something is used up */
static struct pci_bus *add_bus(struct pci_bus *parent, unsigned number,
                               uint64_t size)
{
    struct pci_bus *bus = &buses[buses_used];
    uint64_t start = (parent->next + BRIDGE_ALIGN - 1) & -BRIDGE_ALIGN;

    if (buses_used == MAX_BUSES || size < BRIDGE_ALIGN ||
        start + size > parent->end) {
        return NULL;
    }
    buses_used++;
    *bus = (struct pci_bus) { number, start, start + size };
    parent->next = start + size;
    return bus;
}

/* Numbers the buses behind the bridges of @bus; returns the last number */
static unsigned scan_bridges(struct pci_bus *bus, unsigned last, uint64_t size)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        uint64_t config = config_of(bus->number, i);
        struct pci_bus *below;

        if (mmio_read16(config + PCI_VENDOR_ID) == 0xffff ||
            !is_bridge(config)) {
            continue;
        }
        below = add_bus(bus, last + 1, size);
        if (!below) {
            return last;
        }
        mmio_write8(config + BRIDGE_PRIMARY, bus->number);
        mmio_write8(config + BRIDGE_SECONDARY, below->number);
        mmio_write8(config + BRIDGE_SUBORDINATE, BUSES - 1);
        mmio_write32(config + BRIDGE_MEMORY, below->next >> 16 |
                     ((below->end - 1) & 0xfff00000u));
        mmio_write32(config + BRIDGE_PREFETCH, 0x0000fff0);
        find_devices(below);
        last = scan_bridges(below, last + 1, size / 2);
        mmio_write8(config + BRIDGE_SUBORDINATE, last);
        mmio_write16(config + PCI_COMMAND,
                     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    }
    return last;
}

void pci_scan(void)
{
    unsigned last;

    if (buses_used > 1) {
        return;
    }
    last = scan_bridges(&buses[0], 0, BRIDGE_WINDOW);
    /* The device tree says nothing of expander buses: look for slot 0 */
    while (++last < BUSES) {
        struct pci_bus *bus;

        if (mmio_read16(config_of(last, 0) + PCI_VENDOR_ID) == 0xffff) {
            continue;
        }
        bus = add_bus(&buses[0], last, 2 * BRIDGE_WINDOW);
        if (!bus) {
            return;
        }
        find_devices(bus);
        last = scan_bridges(bus, last, BRIDGE_WINDOW);
    }
}

struct pci_device *pci_device(unsigned index)
{
    return index < devices_used ? &devices[index] : NULL;
}

unsigned pci_slot(const struct pci_device *d)
{
    return d->config >> 15 & (SLOTS - 1);
}

struct pci_device *pci_find(uint16_t vendor, uint16_t device)
{
    for (unsigned i = 0; i < devices_used; i++) {
        if (mmio_read16(devices[i].config + PCI_VENDOR_ID) == vendor &&
            mmio_read16(devices[i].config + PCI_DEVICE_ID) == device) {
            return &devices[i];
        }
    }
    return NULL;
}

/* Returns the number of BARs that were used, 1 or 2, or 0 without room. */
static unsigned assign_bar(struct pci_device *d, unsigned i)
{
    uint64_t reg = d->config + PCI_BARS + 4 * i;
    uint32_t flags = mmio_read32(reg);
    unsigned used = !(flags & BAR_IO) && (flags & BAR_64) ? 2 : 1;
    uint64_t size, where;

    mmio_write32(reg, ~0u);
    size = -(mmio_read32(reg) & ~0xfu);
    if (flags & BAR_IO || !(uint32_t)size) {
        mmio_write32(reg, 0);
        return used;
    }
    size = (uint32_t)size;
    where = (d->bus->next + size - 1) & -size;
    if (where + size > d->bus->end) {
        return 0;
    }
    mmio_write32(reg, where);
    if (used == 2) {
        mmio_write32(reg + 4, 0);
    }
    d->bar[i] = shared_alias(where);
    d->bus->next = where + size;
    return used;
}

bool pci_enable(struct pci_device *d)
{
    if (mmio_read16(d->config + PCI_COMMAND) & PCI_COMMAND_MASTER) {
        return true;
    }
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

void pci_disable(struct pci_device *d)
{
    mmio_write16(d->config + PCI_COMMAND, PCI_COMMAND_MEMORY);
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
