/*
 * fw_cfg: the data register, and DMA with every form of address.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "checks.h"
#include "fwcfg.h"
#include "lib.h"
#include "machine.h"
#include "report.h"

#define DATA_SIZE 256

static void check_dma_addresses(struct fw_cfg_dma *access, uint8_t *data,
                                const uint8_t *want)
{
    uint64_t access_gpa = (uintptr_t)access & ~machine.shared_bit;
    uint64_t data_gpa = (uintptr_t)data & ~machine.shared_bit;

    for (unsigned i = 0; i < (machine.realm ? 4 : 1); i++) {
        uint64_t a = access_gpa | (i & 1 ? machine.shared_bit : 0);
        uint64_t d = data_gpa | (i & 2 ? machine.shared_bit : 0);
        uint32_t result;

        memset(data, 0xaa, DATA_SIZE);
        result = fw_cfg_dma_read(FW_CFG_FILE_DIR, access, a, d, DATA_SIZE);
        check(result == 0 && !memcmp(data, want, DATA_SIZE),
              "fw_cfg DMA with its request at %lx to %lx", a, d);
    }
}

static void check_dma_private(struct fw_cfg_dma *access)
{
    uint8_t *private = alloc_pages(1);
    uint64_t access_address = (uintptr_t)access;
    uint32_t result;

    fill_pattern(private, PAGE_SIZE, 7);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t d = (uintptr_t)private | (i ? machine.shared_bit : 0);

        result = fw_cfg_dma_read(FW_CFG_FILE_DIR, access, access_address, d,
                                 DATA_SIZE);
        check(result == FW_CFG_DMA_ERROR,
              "fw_cfg DMA to a private page at %lx is an error (control %x)",
              d, result);
    }
    check(is_pattern(private, PAGE_SIZE, 7), "that page is unchanged");

    /* a request that the device cannot read cannot be answered either */
    result = fw_cfg_dma_read(FW_CFG_FILE_DIR, (void *)private,
                             (uintptr_t)private, access_address + 64, 16);
    check(result & FW_CFG_DMA_SELECT,
          "a fw_cfg DMA request in a private page is not answered");
}

void check_fw_cfg(void)
{
    uint8_t want[DATA_SIZE], *page;
    uint32_t features;

    if (!check(fw_cfg_present(), "fw_cfg has its signature")) {
        return;
    }
    fw_cfg_read(FW_CFG_ID, &features, sizeof(features));
    if (!check(features & FW_CFG_ID_DMA, "fw_cfg has DMA")) {
        return;
    }
    fw_cfg_read(FW_CFG_FILE_DIR, want, sizeof(want));
    page = alloc_pages(1);
    page = share_pages(page, 1);
    check_dma_addresses((void *)page, page + 2048, want);
    if (machine.realm) {
        check_dma_private((void *)page);
    } else {
        skip("DMA to private memory: only a Realm has it");
    }
}
