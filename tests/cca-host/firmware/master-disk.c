/*
 * Bus masters: disks on NVMe and AHCI.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lib.h"
#include "masters.h"

#define SECTOR_MASTER 8                 /* the sector that is written */

static bool wait_for(uint64_t reg, uint32_t mask, uint32_t value)
{
    uint64_t end = timer_us() + master_patience;

    while ((mmio_read32(reg) & mask) != value) {
        if (timer_us() > end) {
            return false;
        }
    }
    return true;
}

static void write_address(uint64_t reg, uint64_t address)
{
    mmio_write32(reg, address);
    mmio_write32(reg + 4, address >> 32);
}

/* NVM Express 1.4 */
#define NVME_CC 0x14
#define NVME_CC_ENABLE (6u << 16 | 4u << 20 | 1)    /* 64 and 16 byte entries */
#define NVME_CSTS 0x1c
#define NVME_CSTS_READY 1u
#define NVME_AQA 0x24
#define NVME_ASQ 0x28
#define NVME_ACQ 0x30
#define NVME_DOORBELLS 0x1000
#define NVME_ENTRIES 16
#define NVME_CREATE_SQ 1
#define NVME_CREATE_CQ 5
#define NVME_WRITE 1
#define NVME_READ 2

struct nvme_command {
    uint32_t opcode;
    uint32_t namespace;
    uint64_t reserved[2];
    uint64_t prp[2];
    uint32_t cdw10[6];
};

struct nvme_completion {
    uint32_t result;
    uint32_t reserved;
    uint32_t queue;
    uint16_t command;
    uint16_t status;                    /* bit 0 is the phase */
};

static struct nvme {
    uint64_t regs;
    struct nvme_command *sq[2];         /* 0: admin, 1: I/O */
    struct nvme_completion *cq[2];
    unsigned next[2];
    struct master_memory m;
} nvme;

/* The queues are made anew by each start and never wrap */
static bool nvme_request(unsigned q, const struct nvme_command *command)
{
    uint64_t end = timer_us() + master_patience;
    unsigned i = nvme.next[q]++;
    uint64_t doorbell = nvme.regs + NVME_DOORBELLS + 8 * q;

    if (i + 1 == NVME_ENTRIES) {
        return false;
    }
    nvme.sq[q][i] = *command;
    nvme.sq[q][i].opcode |= i << 16;
    dmb();
    mmio_write32(doorbell, i + 1);
    while (!(nvme.cq[q][i].status & 1)) {
        if (timer_us() > end) {
            return false;
        }
        dmb();
    }
    mmio_write32(doorbell + 4, i + 1);
    return !(nvme.cq[q][i].status >> 1);
}

static bool nvme_start(struct pci_device *d, const struct master_memory *m)
{
    struct nvme_command make_cq = {
        .opcode = NVME_CREATE_CQ, .prp = { master_told(m, master_page(m, 3)) },
        .cdw10 = { 1 | (NVME_ENTRIES - 1) << 16, 1 },
    };
    struct nvme_command make_sq = {
        .opcode = NVME_CREATE_SQ, .prp = { master_told(m, master_page(m, 2)) },
        .cdw10 = { 1 | (NVME_ENTRIES - 1) << 16, 1 | 1 << 16 },
    };

    if (!pci_enable(d)) {
        return false;
    }
    nvme = (struct nvme) { .regs = d->bar[0], .m = *m };
    for (unsigned i = 0; i < 2; i++) {
        nvme.sq[i] = master_page(m, 2 * i);
        nvme.cq[i] = master_page(m, 2 * i + 1);
    }
    mmio_write32(nvme.regs + NVME_CC, 0);
    if (!wait_for(nvme.regs + NVME_CSTS, NVME_CSTS_READY, 0)) {
        return false;
    }
    memset(m->cpu, 0, 4 * PAGE_SIZE);
    dmb();
    mmio_write32(nvme.regs + NVME_AQA,
                 (NVME_ENTRIES - 1) << 16 | (NVME_ENTRIES - 1));
    write_address(nvme.regs + NVME_ASQ, master_told(m, nvme.sq[0]));
    write_address(nvme.regs + NVME_ACQ, master_told(m, nvme.cq[0]));
    mmio_write32(nvme.regs + NVME_CC, NVME_CC_ENABLE);
    return wait_for(nvme.regs + NVME_CSTS, NVME_CSTS_READY, NVME_CSTS_READY) &&
           nvme_request(0, &make_cq) && nvme_request(0, &make_sq);
}

static bool nvme_io(uint32_t opcode, uint64_t address)
{
    struct nvme_command command = {
        .opcode = opcode, .namespace = 1,
        .prp = { address, (address + PAGE_SIZE) & -PAGE_SIZE },
        .cdw10 = { SECTOR_MASTER },
    };

    return nvme_request(1, &command);
}

static bool nvme_take(uint64_t address)
{
    return nvme_io(NVME_WRITE, address);
}

static bool nvme_give(uint64_t address)
{
    return nvme_io(NVME_READ, address);
}

const struct master master_nvme = {
    .name = "nvme", .vendor = 0x1b36, .device = 0x0010, .reports = true,
    .start = nvme_start, .take = nvme_take, .give = nvme_give,
};

/* Serial ATA AHCI 1.3.1, the first port */
#define AHCI_BAR 5
#define AHCI_GHC 0x04
#define AHCI_GHC_ENABLE (1u << 31)
#define AHCI_GHC_RESET 1u
#define PORT 0x100
#define PORT_CLB (PORT + 0x00)
#define PORT_FB (PORT + 0x08)
#define PORT_IS (PORT + 0x10)
#define PORT_CMD (PORT + 0x18)
#define PORT_TFD (PORT + 0x20)
#define PORT_SERR (PORT + 0x30)
#define PORT_CI (PORT + 0x38)
#define CMD_START 1u
#define CMD_SPIN_UP 2u
#define CMD_RECEIVE 0x10u
#define TFD_BUSY 0x88u
#define TFD_ERROR 0x01u
#define IS_ERRORS 0x78000000u
#define HEADER_FIS 5u                   /* words of a register FIS */
#define HEADER_WRITE (1u << 6)
#define FIS_H2D 0x27
#define FIS_COMMAND 0x80
#define ATA_READ_DMA_EXT 0x25
#define ATA_WRITE_DMA_EXT 0x35
#define ATA_LBA 0x40

static uint64_t ahci;
static struct master_memory ahci_memory;

static bool ahci_start(struct pci_device *d, const struct master_memory *m)
{
    if (!pci_enable(d)) {
        return false;
    }
    ahci = d->bar[AHCI_BAR];
    ahci_memory = *m;
    mmio_write32(ahci + AHCI_GHC, AHCI_GHC_RESET);
    if (!wait_for(ahci + AHCI_GHC, AHCI_GHC_RESET, 0)) {
        return false;
    }
    memset(m->cpu, 0, 3 * PAGE_SIZE);
    dmb();
    mmio_write32(ahci + AHCI_GHC, AHCI_GHC_ENABLE);
    write_address(ahci + PORT_CLB, master_told(m, master_page(m, 0)));
    write_address(ahci + PORT_FB, master_told(m, master_page(m, 1)));
    mmio_write32(ahci + PORT_CMD, CMD_RECEIVE | CMD_SPIN_UP);
    mmio_write32(ahci + PORT_CMD, CMD_RECEIVE | CMD_SPIN_UP | CMD_START);
    mmio_write32(ahci + PORT_SERR, ~0u);
    return wait_for(ahci + PORT_TFD, TFD_BUSY, 0);
}

static bool ahci_io(uint8_t command, uint32_t flags, uint64_t address)
{
    uint32_t *header = master_page(&ahci_memory, 0);
    uint8_t *table = master_page(&ahci_memory, 2);
    uint32_t *prd = (uint32_t *)(table + 0x80);
    uint64_t told = master_told(&ahci_memory, table);

    header[0] = HEADER_FIS | flags | 1 << 16;
    header[1] = 0;
    header[2] = told;
    header[3] = told >> 32;
    memset(table, 0, 0x80);
    table[0] = FIS_H2D;
    table[1] = FIS_COMMAND;
    table[2] = command;
    table[4] = SECTOR_MASTER;
    table[7] = ATA_LBA;
    table[12] = 1;
    prd[0] = address;
    prd[1] = address >> 32;
    prd[2] = 0;
    prd[3] = MASTER_BYTES - 1;
    mmio_write32(ahci + PORT_IS, ~0u);
    dmb();
    mmio_write32(ahci + PORT_CI, 1);
    return wait_for(ahci + PORT_CI, 1, 0) &&
           wait_for(ahci + PORT_TFD, TFD_BUSY, 0) &&
           !(mmio_read32(ahci + PORT_TFD) & TFD_ERROR) &&
           !(mmio_read32(ahci + PORT_IS) & IS_ERRORS);
}

static bool ahci_take(uint64_t address)
{
    return ahci_io(ATA_WRITE_DMA_EXT, HEADER_WRITE, address);
}

static bool ahci_give(uint64_t address)
{
    return ahci_io(ATA_READ_DMA_EXT, 0, address);
}

const struct master master_ahci = {
    .name = "ahci", .vendor = 0x8086, .device = 0x2922, .reports = true,
    .start = ahci_start, .take = ahci_take, .give = ahci_give,
};
