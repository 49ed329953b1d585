/*
 * Bus masters: an SD card, read and written by the host controller's ADMA2.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lib.h"
#include "masters.h"

/* SD Host Controller Simplified Specification 3.00; 64-bit addresses */
#define BLOCK 0x04
#define ARGUMENT 0x08
#define MODE 0x0c
#define MODE_WRITE 3u                   /* by DMA, blocks are counted */
#define MODE_READ (MODE_WRITE | 1u << 4)
#define COMMAND 0x0e
#define RESPONSE 0x10
#define CONTROL 0x28
#define CONTROL_ADMA64 0x18
#define POWER 0x29
#define POWER_ON 0x0f
#define CLOCK 0x2c
#define CLOCK_ON 5u
#define RESET 0x2f
#define STATUS 0x30
#define STATUS_COMMAND 1u
#define STATUS_TRANSFER 2u
#define STATUS_ERROR 0x8000u
#define STATUS_ENABLE 0x34
#define ADMA 0x58
#define ADMA_LAST 0x23                  /* valid, the end, transfer */

/* SD Physical Layer Simplified Specification 3.01: command and response type */
#define GO_IDLE 0x0000
#define ALL_SEND_CID 0x0209
#define SEND_RELATIVE_ADDR 0x031a
#define SELECT_CARD 0x071b
#define SEND_IF_COND 0x081a
#define READ_BLOCK 0x113a
#define WRITE_BLOCK 0x183a
#define APP_SEND_OP_COND 0x2902
#define APP_CMD 0x371a
#define IF_COND 0x1aa
#define OP_COND 0x00ff8000u
#define OP_COND_READY (1u << 31)
#define CARD_SECTOR (8 * MASTER_BYTES)  /* a small card counts bytes */

struct sd_descriptor {
    uint16_t attributes, length;
    uint32_t address[2];
};

static uint64_t sd_regs;
static struct master_memory sd_memory;

static bool sd_command(uint16_t command, uint32_t argument, uint32_t done)
{
    uint64_t end = timer_us() + master_patience;

    mmio_write32(sd_regs + STATUS, ~0u);
    mmio_write32(sd_regs + ARGUMENT, argument);
    mmio_write16(sd_regs + COMMAND, command);
    for (;;) {
        uint32_t status = mmio_read32(sd_regs + STATUS);

        if (status & STATUS_ERROR || timer_us() > end) {
            return false;
        }
        if ((status & done) == done) {
            return true;
        }
    }
}

static bool sd_start(struct pci_device *d, const struct master_memory *m)
{
    uint64_t end = timer_us() + master_patience;
    uint32_t card;

    if (!pci_enable(d)) {
        return false;
    }
    sd_regs = d->bar[0];
    sd_memory = *m;
    mmio_write8(sd_regs + RESET, 1);
    mmio_write16(sd_regs + CLOCK, CLOCK_ON);
    mmio_write8(sd_regs + POWER, POWER_ON);
    mmio_write8(sd_regs + CONTROL, CONTROL_ADMA64);
    mmio_write32(sd_regs + STATUS_ENABLE, ~0u);

    if (!sd_command(GO_IDLE, 0, STATUS_COMMAND) ||
        !sd_command(SEND_IF_COND, IF_COND, STATUS_COMMAND)) {
        return false;
    }
    do {
        if (!sd_command(APP_CMD, 0, STATUS_COMMAND) ||
            !sd_command(APP_SEND_OP_COND, OP_COND, STATUS_COMMAND) ||
            timer_us() > end) {
            return false;
        }
    } while (!(mmio_read32(sd_regs + RESPONSE) & OP_COND_READY));
    if (!sd_command(ALL_SEND_CID, 0, STATUS_COMMAND) ||
        !sd_command(SEND_RELATIVE_ADDR, 0, STATUS_COMMAND)) {
        return false;
    }
    card = mmio_read32(sd_regs + RESPONSE) & 0xffff0000u;
    return sd_command(SELECT_CARD, card, STATUS_COMMAND);
}

static bool sd_io(uint16_t command, uint16_t mode, uint64_t address)
{
    struct sd_descriptor *descriptor = master_page(&sd_memory, 0);
    uint64_t told = master_told(&sd_memory, descriptor);

    *descriptor = (struct sd_descriptor) {
        ADMA_LAST, MASTER_BYTES, { address, address >> 32 },
    };
    dmb();
    mmio_write32(sd_regs + BLOCK, MASTER_BYTES | 1 << 16);
    mmio_write32(sd_regs + ADMA, told);
    mmio_write32(sd_regs + ADMA + 4, told >> 32);
    mmio_write16(sd_regs + MODE, mode);
    return sd_command(command, CARD_SECTOR, STATUS_TRANSFER);
}

static bool sd_take(uint64_t address)
{
    return sd_io(WRITE_BLOCK, MODE_WRITE, address);
}

static bool sd_give(uint64_t address)
{
    return sd_io(READ_BLOCK, MODE_READ, address);
}

const struct master master_sd = {
    .name = "sdhci", .vendor = 0x1b36, .device = 0x0007, .reports = true,
    .start = sd_start, .take = sd_take, .give = sd_give,
};
