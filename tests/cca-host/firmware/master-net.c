/*
 * Bus masters: Intel network cards; what they send comes back to them.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lib.h"
#include "masters.h"

/* the same in 82540EM, 82574 and, for queue 0, 82576 */
#define CTRL 0x0000
#define CTRL_LINK_UP (1u << 6)
#define CTRL_RESET (1u << 26)
#define STATUS 0x0008
#define STATUS_LINK_UP 2u
#define MDIC 0x0020
#define MDIC_NEGOTIATE (1u << 26 | 1u << 21 | 0x1200)    /* PHY 1, register 0 */
#define IMC 0x00d8
#define RCTL 0x0100
#define RCTL_ENABLE 0x0002u
#define RCTL_ALL 0x8018u                /* unicast, multicast, broadcast */
#define RCTL_NO_CRC (1u << 26)
#define TCTL 0x0400
#define TCTL_ENABLE 0x000au             /* and pad short frames */
#define RX_QUEUE 0x2800
#define TX_QUEUE 0x3800
#define QUEUE_LENGTH 0x08
#define QUEUE_HEAD 0x10
#define QUEUE_TAIL 0x18
#define QUEUE_CONTROL 0x28
#define QUEUE_ENABLE (1u << 25)
#define ENTRIES 16u
#define LINK_US 5000000

/* a descriptor is an address and a word; what is in that differs */
#define LEGACY_TX (11ull << 24)         /* end, add the CRC, report */
#define ADVANCED_TX (1ull << 24 | 1ull << 25 | 1ull << 27 | 1ull << 29 | \
                     3ull << 20)
#define ADVANCED_PAYLOAD 46
#define DONE_TX (1ull << 32)
#define DONE_RX_LEGACY (1ull << 32)
#define DONE_RX_ADVANCED 1ull

struct descriptor {
    uint64_t address;
    uint64_t word;
};

static struct nic {
    uint64_t regs;
    bool advanced;
    struct descriptor *rx;
    struct descriptor *tx;
    unsigned rx_next;
    unsigned tx_next;
} nic;

static bool wait_for(unsigned reg, uint32_t mask, uint32_t value)
{
    uint64_t end = timer_us() + LINK_US;

    while ((mmio_read32(nic.regs + reg) & mask) != value) {
        if (timer_us() > end) {
            return false;
        }
    }
    return true;
}

static void set_queue(uint64_t regs, uint64_t ring)
{
    mmio_write32(regs, ring);
    mmio_write32(regs + 4, ring >> 32);
    mmio_write32(regs + QUEUE_LENGTH, ENTRIES * sizeof(struct descriptor));
    mmio_write32(regs + QUEUE_HEAD, 0);
    mmio_write32(regs + QUEUE_TAIL, 0);
    if (nic.advanced) {
        mmio_write32(regs + QUEUE_CONTROL, QUEUE_ENABLE);
    }
}

static bool nic_start(struct pci_device *d, const struct master_memory *m,
                      bool advanced)
{
    if (!pci_enable(d)) {
        return false;
    }
    nic = (struct nic) {
        .regs = d->bar[0], .advanced = advanced,
        .rx = master_page(m, 0), .tx = master_page(m, 1),
    };
    mmio_write32(nic.regs + CTRL, CTRL_RESET);
    if (!wait_for(CTRL, CTRL_RESET, 0)) {
        return false;
    }
    memset(m->cpu, 0, 2 * PAGE_SIZE);
    dmb();
    mmio_write32(nic.regs + IMC, ~0u);
    mmio_write32(nic.regs + CTRL, CTRL_LINK_UP);
    set_queue(nic.regs + RX_QUEUE, master_told(m, master_page(m, 0)));
    set_queue(nic.regs + TX_QUEUE, master_told(m, master_page(m, 1)));
    mmio_write32(nic.regs + TCTL, TCTL_ENABLE);
    mmio_write32(nic.regs + RCTL, RCTL_ENABLE | RCTL_ALL | RCTL_NO_CRC);
    if (nic.advanced) {         /* the others have a link after a reset */
        mmio_write32(nic.regs + MDIC, MDIC_NEGOTIATE);
    }
    return wait_for(STATUS, STATUS_LINK_UP, STATUS_LINK_UP);
}

static bool nic_start_legacy(struct pci_device *d,
                             const struct master_memory *m)
{
    return nic_start(d, m, false);
}

static bool nic_start_advanced(struct pci_device *d,
                               const struct master_memory *m)
{
    return nic_start(d, m, true);
}

/* The rings are made anew by each start and never wrap */
static bool nic_request(struct descriptor *ring, unsigned *next,
                        uint64_t tail, struct descriptor wanted, uint64_t done)
{
    uint64_t end = timer_us() + master_patience;
    unsigned i = (*next)++;

    if (i + 1 == ENTRIES) {
        return false;
    }
    ring[i].address = wanted.address;
    ring[i].word = wanted.word;
    dmb();
    mmio_write32(tail, i + 1);
    while (!(ring[i].word & done)) {
        if (timer_us() > end) {
            return false;
        }
        dmb();
    }
    return true;
}

static bool nic_take(uint64_t address)
{
    struct descriptor d = {
        address, MASTER_BYTES | (nic.advanced ?
            ADVANCED_TX | (uint64_t)MASTER_BYTES << ADVANCED_PAYLOAD :
            LEGACY_TX),
    };

    return nic_request(nic.tx, &nic.tx_next,
                       nic.regs + TX_QUEUE + QUEUE_TAIL, d, DONE_TX);
}

static bool nic_give(uint64_t address)
{
    struct descriptor d = { address, 0 };

    return nic_request(nic.rx, &nic.rx_next,
                       nic.regs + RX_QUEUE + QUEUE_TAIL, d,
                       nic.advanced ? DONE_RX_ADVANCED : DONE_RX_LEGACY);
}

const struct master master_e1000 = {
    .name = "e1000", .vendor = 0x8086, .device = 0x100e,
    .start = nic_start_legacy, .take = nic_take, .give = nic_give,
};

const struct master master_e1000e = {
    .name = "e1000e", .vendor = 0x8086, .device = 0x10d3,
    .start = nic_start_legacy, .take = nic_take, .give = nic_give,
};

const struct master master_igb = {
    .name = "igb", .vendor = 0x8086, .device = 0x10c9,
    .start = nic_start_advanced, .take = nic_take, .give = nic_give,
};
