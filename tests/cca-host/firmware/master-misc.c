/*
 * Bus masters: a bare DMA engine, and a USB host controller's rings.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lib.h"
#include "masters.h"

/* docs/specs/edu.rst */
#define EDU_SOURCE 0x80
#define EDU_DESTINATION 0x88
#define EDU_COUNT 0x90
#define EDU_COMMAND 0x98
#define EDU_START 1u
#define EDU_TO_RAM 2u
#define EDU_BUFFER 0x40000

static uint64_t edu_regs;

static bool edu_start(struct pci_device *d, const struct master_memory *m)
{
    (void)m;
    if (!pci_enable(d)) {
        return false;
    }
    edu_regs = d->bar[0];
    return true;
}

static bool edu_dma(uint64_t from, uint64_t to, uint32_t command)
{
    uint64_t end = timer_us() + master_patience;

    mmio_write64(edu_regs + EDU_SOURCE, from);
    mmio_write64(edu_regs + EDU_DESTINATION, to);
    mmio_write64(edu_regs + EDU_COUNT, MASTER_BYTES);
    mmio_write64(edu_regs + EDU_COMMAND, command | EDU_START);
    while (mmio_read64(edu_regs + EDU_COMMAND) & EDU_START) {
        if (timer_us() > end) {
            return false;
        }
    }
    return true;
}

static bool edu_take(uint64_t address)
{
    return edu_dma(address, EDU_BUFFER, 0);
}

static bool edu_give(uint64_t address)
{
    return edu_dma(EDU_BUFFER, address, EDU_TO_RAM);
}

const struct master master_edu = {
    .name = "edu", .vendor = 0x1234, .device = 0x11e8, .bare = true,
    .start = edu_start, .take = edu_take, .give = edu_give,
};

/* eXtensible Host Controller Interface 1.2, chapters 4.6.1 and 5 */
#define XHCI_DBOFF 0x14
#define XHCI_RTSOFF 0x18
#define XHCI_COMMAND 0x00
#define XHCI_STATUS 0x04
#define XHCI_CRCR 0x18
#define XHCI_DCBAAP 0x30
#define XHCI_CONFIG 0x38
#define XHCI_ERSTSZ 0x28
#define XHCI_ERSTBA 0x30
#define XHCI_ERDP 0x38
#define COMMAND_RUN 1u
#define COMMAND_RESET 2u
#define STATUS_NOT_READY (1u << 11)
#define TRB_CYCLE 1u
#define TRB_NOOP (23u << 10)
#define TRB_COMPLETION (33u << 10)
#define TRB_TYPE (63u << 10)
#define EVENTS 16

struct trb {
    uint64_t parameter;
    uint32_t status;
    uint32_t control;
};

static struct xhci {
    uint64_t op;
    uint64_t doorbell;
    struct trb *commands;
    struct trb *events;
    unsigned event;
    struct master_memory m;
} xhci;

static void write_address(uint64_t reg, uint64_t address)
{
    mmio_write32(reg, address);
    mmio_write32(reg + 4, address >> 32);
}

static bool xhci_start(struct pci_device *d, const struct master_memory *m)
{
    uint64_t cap, end = timer_us() + master_patience, runtime;
    uint64_t *table = master_page(m, 2);

    if (!pci_enable(d)) {
        return false;
    }
    cap = d->bar[0];
    xhci = (struct xhci) {
        .op = cap + mmio_read8(cap),
        .doorbell = cap + mmio_read32(cap + XHCI_DBOFF),
        .commands = master_page(m, 0),
        .events = master_page(m, 1),
        .m = *m,
    };
    runtime = cap + mmio_read32(cap + XHCI_RTSOFF);
    mmio_write32(xhci.op + XHCI_COMMAND, COMMAND_RESET);
    while (mmio_read32(xhci.op + XHCI_STATUS) & STATUS_NOT_READY ||
           mmio_read32(xhci.op + XHCI_COMMAND) & COMMAND_RESET) {
        if (timer_us() > end) {
            return false;
        }
    }
    memset(m->cpu, 0, 4 * PAGE_SIZE);
    table[0] = master_told(m, xhci.events);
    table[1] = EVENTS;
    dmb();
    mmio_write32(xhci.op + XHCI_CONFIG, 1);
    write_address(xhci.op + XHCI_DCBAAP, master_told(m, master_page(m, 3)));
    write_address(xhci.op + XHCI_CRCR,
                  master_told(m, xhci.commands) | TRB_CYCLE);
    mmio_write32(runtime + XHCI_ERSTSZ, 1);
    write_address(runtime + XHCI_ERDP, table[0]);
    write_address(runtime + XHCI_ERSTBA, master_told(m, table));
    mmio_write32(xhci.op + XHCI_COMMAND, COMMAND_RUN);
    return true;
}

/* One after each start: the rings never wrap */
static bool xhci_noop(void)
{
    uint64_t end = timer_us() + master_patience;
    struct trb *trb = &xhci.commands[0];

    trb->control = TRB_NOOP | TRB_CYCLE;
    dmb();
    mmio_write32(xhci.doorbell, 0);
    for (;;) {
        uint32_t control;

        dmb();
        control = xhci.events[xhci.event].control;
        if (control & TRB_CYCLE) {
            if ((control & TRB_TYPE) == TRB_COMPLETION) {
                return xhci.events[xhci.event].parameter ==
                       master_told(&xhci.m, trb);
            }
            if (++xhci.event == EVENTS) {
                return false;
            }
        }
        if (timer_us() > end) {
            return false;
        }
    }
}

const struct master master_xhci = {
    .name = "xhci", .vendor = 0x1b36, .device = 0x000d, .reports = true,
    .start = xhci_start, .noop = xhci_noop,
};
