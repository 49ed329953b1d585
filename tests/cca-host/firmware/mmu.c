/*
 * Identity map with caches on: 4 KiB granule, 48-bit addresses, blocks of
 * 1 GiB and 2 MiB.  A Realm's RMM and host write memory through their caches,
 * so running with the MMU off would not be coherent on real hardware.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "exception.h"
#include "layout.h"
#include "mmu.h"

#define GIB (1ull << 30)
#define BLOCK (1ull << 21)

/* descriptors (Arm DDI 0487, VMSAv8-64 stage 1) */
#define DESC_VALID 1ull
#define DESC_TABLE 2ull
#define DESC_AF (1ull << 10)
#define DESC_SH_INNER (3ull << 8)
#define DESC_ATTR(i) ((uint64_t)(i) << 2)
#define DESC_XN (3ull << 53)
#define DESC_ADDRESS 0x0000fffffffff000ull

#define MAIR_NORMAL 0xffull             /* index 0: write-back */
#define MAIR_DEVICE (0x04ull << 8)      /* index 1: nGnRE */

#define TCR_T0SZ_48 16ull
#define TCR_CACHEABLE (1ull << 8 | 1ull << 10 | 3ull << 12)
#define TCR_EPD1 (1ull << 23)
#define TCR_IPS(x) ((uint64_t)(x) << 32)

#define SCTLR_M (1ull << 0)
#define SCTLR_C (1ull << 2)
#define SCTLR_I (1ull << 12)

#define TABLES 32

static uint64_t tables[TABLES][512] __attribute__((aligned(4096)));
static unsigned tables_used = 1;        /* the first one is the root */

static uint64_t *next_table(uint64_t *table, unsigned index)
{
    if (!(table[index] & DESC_VALID)) {
        if (tables_used == TABLES) {
            fatal("no translation table is left");
        }
        table[index] = (uintptr_t)tables[tables_used++] |
                       DESC_VALID | DESC_TABLE;
    } else if (!(table[index] & DESC_TABLE)) {
        fatal("an address is mapped twice");
    }
    return (uint64_t *)(table[index] & DESC_ADDRESS);
}

static void set_block(uint64_t *entry, uint64_t desc)
{
    if (*entry & DESC_VALID) {
        fatal("an address is mapped twice");
    }
    *entry = desc;
}

void mmu_map(uint64_t start, uint64_t size, enum mmu_kind kind)
{
    uint64_t end = (start + size + BLOCK - 1) & ~(BLOCK - 1);
    uint64_t attr = DESC_VALID | DESC_AF | DESC_SH_INNER;

    attr |= kind == MMU_DEVICE ? DESC_ATTR(1) : DESC_ATTR(0);
    attr |= kind == MMU_CODE ? 0 : DESC_XN;
    for (uint64_t a = start & ~(BLOCK - 1); a < end; ) {
        uint64_t *l1 = next_table(tables[0], a >> 39 & 511);

        if (a % GIB == 0 && end - a >= GIB) {
            set_block(&l1[a >> 30 & 511], a | attr);
            a += GIB;
        } else {
            uint64_t *l2 = next_table(l1, a >> 30 & 511);

            set_block(&l2[a >> 21 & 511], a | attr);
            a += BLOCK;
        }
    }
    dsb();
    isb();
}

void mmu_enable(void)
{
    uint64_t range = read_sysreg(id_aa64mmfr0_el1) & 0xf;

    /* 5 is 48 bits, the most that a 4 KiB granule reaches without LPA2 */
    write_sysreg(mair_el1, MAIR_NORMAL | MAIR_DEVICE);
    write_sysreg(tcr_el1, TCR_T0SZ_48 | TCR_CACHEABLE | TCR_EPD1 |
                 TCR_IPS(range > 5 ? 5 : range));
    write_sysreg(ttbr0_el1, (uintptr_t)tables[0]);
    isb();
    asm volatile("tlbi vmalle1" : : : "memory");
    dsb();
    isb();
    write_sysreg(sctlr_el1,
                 read_sysreg(sctlr_el1) | SCTLR_M | SCTLR_C | SCTLR_I);
    isb();
}

static uint64_t cache_line(void)
{
    return 4ull << (read_sysreg(ctr_el0) >> 16 & 0xf);
}

void cache_clean(const void *start, size_t size)
{
    uint64_t line = cache_line();
    uint64_t end = (uintptr_t)start + size;

    for (uint64_t a = (uintptr_t)start & ~(line - 1); a < end; a += line) {
        asm volatile("dc cvac, %0" : : "r" (a) : "memory");
    }
    dsb();
}

void cache_drop(const void *start, size_t size)
{
    uint64_t line = cache_line();
    uint64_t end = (uintptr_t)start + size;

    for (uint64_t a = (uintptr_t)start & ~(line - 1); a < end; a += line) {
        asm volatile("dc civac, %0" : : "r" (a) : "memory");
    }
    dsb();
}

void mmu_init(void)
{
    uint64_t line = cache_line();

    mmu_map(0, 128ull << 20, MMU_CODE);
    mmu_map(GIB, GIB, MMU_RAM);
    /* what was written so far went past the caches: drop what they hold */
    for (uint64_t a = (uintptr_t)data_start & ~(line - 1);
         a < (uintptr_t)bss_end; a += line) {
        asm volatile("dc ivac, %0" : : "r" (a) : "memory");
    }
    dsb();
    mmu_enable();
}
