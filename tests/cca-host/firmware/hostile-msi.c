/*
 * MSI-X registers of all devices, written at random while the disk is used.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "blk.h"
#include "hostile.h"
#include "lib.h"
#include "machine.h"
#include "report.h"

#define ITS_DOORBELL 0x08090040ull
#define MMIO_HOLE 0x0a800000ull

#define MSIX_CONTROL 2
#define MSIX_CONTROL_ENABLE 0x8000
#define MSIX_CONTROL_MASK 0x4000
#define MSIX_TABLE 4
#define MSIX_ENTRY_BYTES 16

/* of virtio's common structure */
#define COMMON_MSIX_VECTOR 16
#define COMMON_QUEUE_SELECT 22
#define COMMON_QUEUE_VECTOR 26

#define DEVICES 8
#define WRITES 6000

/** struct target - a device with MSI-X */
struct target {
    struct pci_device *pci;
    uint64_t control;
    uint64_t table;
    unsigned vectors;
};

static struct target targets[DEVICES];
static unsigned n_targets;
static uint64_t addresses[12];
static uint32_t random_state = 1;

static uint32_t next_random(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

static void add_target(struct pci_device *d)
{
    struct target *t = &targets[n_targets];
    uint8_t cap = pci_next_cap(d, PCI_CAP_MSIX, 0);
    uint32_t where;

    if (!cap || n_targets == DEVICES || !pci_enable(d)) {
        return;
    }
    where = mmio_read32(d->config + cap + MSIX_TABLE);
    t->pci = d;
    t->control = d->config + cap + MSIX_CONTROL;
    t->table = d->bar[where & 7] + (where & ~7u);
    t->vectors = (mmio_read16(t->control) & 0x7ff) + 1;
    n_targets++;
}

static uint64_t any_address(void)
{
    unsigned i = next_random(sizeof(addresses) / sizeof(addresses[0]) + 1);

    return i < sizeof(addresses) / sizeof(addresses[0]) ?
           addresses[i] : (uint64_t)next_random(~0u) << 32 | next_random(~0u);
}

static void write_entry(const struct target *t)
{
    uint64_t entry = t->table + next_random(t->vectors) * MSIX_ENTRY_BYTES;
    uint64_t address = any_address();

    switch (next_random(4)) {
    case 0:
        mmio_write32(entry, address);
        break;
    case 1:
        mmio_write32(entry + 4, address >> 32);
        break;
    case 2:
        mmio_write32(entry + 8, next_random(64));
        break;
    default:
        mmio_write32(entry + 12, next_random(2));
    }
}

static void write_control(const struct target *t)
{
    static const uint16_t values[] = {
        MSIX_CONTROL_ENABLE, MSIX_CONTROL_ENABLE, MSIX_CONTROL_MASK, 0,
        MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK,
    };

    mmio_write16(t->control, values[next_random(5)]);
}

/* Which vectors the disk uses, none and impossible ones too */
static void write_vector(struct blk *b)
{
    uint16_t vector = next_random(3) ? next_random(4) : 0xffff - next_random(2);

    if (next_random(2)) {
        mmio_write16(b->v.common + COMMON_MSIX_VECTOR, vector);
    } else {
        mmio_write16(b->v.common + COMMON_QUEUE_SELECT, 0);
        mmio_write16(b->v.common + COMMON_QUEUE_VECTOR, vector);
    }
}

static bool use_disk(struct blk *b)
{
    if (!next_random(8) && !blk_start(b)) {
        return false;
    }
    return blk_io(b, BLK_T_IN, SECTOR_TEST, blk_told(b, b->data),
                  SECTOR) == BLK_S_OK;
}

void hostile_msi(void)
{
    struct blk *b = pci_init() ? blk_open() : NULL;
    unsigned answers = 0, asked = 0;
    struct pci_device *d;

    if (!b || !blk_start(b)) {
        skip("there is no disk for it");
        return;
    }
    for (unsigned i = 0; (d = pci_device(i)); i++) {
        add_target(d);
    }
    fill_pattern(b->private, PAGE_SIZE, 73);
    memcpy(addresses, (uint64_t [12]) {
        ITS_DOORBELL, ITS_DOORBELL, ITS_DOORBELL + 1, ITS_DOORBELL + 4,
        ITS_DOORBELL | machine.shared_bit, 0, MMIO_HOLE, ~0ull,
        (uintptr_t)b->private, blk_told(b, b->data) & ~machine.shared_bit,
        machine.shared_bit << 1 | ITS_DOORBELL, b->v.common,
    }, sizeof(addresses));

    for (unsigned i = 0; i < WRITES; i++) {
        const struct target *t = &targets[next_random(n_targets)];
        unsigned what = next_random(100);

        if (what < 75) {
            write_entry(t);
        } else if (what < 85) {
            write_control(t);
        } else if (what < 95) {
            write_vector(b);
        } else {
            asked++;
            answers += use_disk(b);
        }
    }
    for (unsigned i = 0; i < n_targets; i++) {
        pci_disable_msix(targets[i].pci);
    }
    check(n_targets > 1, "%u devices have MSI-X", n_targets);
    check(asked && answers == asked,
          "the disk answers %u of %u requests between %u writes", answers,
          asked, WRITES);
    check(is_pattern(b->private, PAGE_SIZE, 73) && image_intact(),
          "no message changes private memory");
    check(blk_recovers(b), "the disk works after that");
}
