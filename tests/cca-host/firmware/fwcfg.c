/*
 * QEMU's fw_cfg over MMIO (docs/specs/fw_cfg.rst).
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "fwcfg.h"
#include "lib.h"
#include "machine.h"

#define FW_CFG_DATA 0x00
#define FW_CFG_SELECTOR 0x08
#define FW_CFG_DMA_ADDRESS 0x10

struct fw_cfg_file {
    uint32_t size;
    uint16_t key;
    uint16_t reserved;
    char name[56];
};

static uint64_t reg(unsigned offset)
{
    return shared_alias(FW_CFG_BASE + offset);
}

static void read_more(void *to, size_t n)
{
    uint8_t *t = to;

    while (n--) {
        *t++ = mmio_read8(reg(FW_CFG_DATA));
    }
}

void fw_cfg_read(uint16_t key, void *to, size_t n)
{
    mmio_write16(reg(FW_CFG_SELECTOR), swap16(key));
    read_more(to, n);
}

bool fw_cfg_present(void)
{
    char signature[4];

    fw_cfg_read(FW_CFG_SIGNATURE, signature, sizeof(signature));
    return !memcmp(signature, "QEMU", 4);
}

static bool find_file(const char *name, struct fw_cfg_file *file)
{
    uint32_t count;

    fw_cfg_read(FW_CFG_FILE_DIR, &count, sizeof(count));
    for (count = swap32(count); count; count--) {
        read_more(file, sizeof(*file));
        if (!strcmp(file->name, name)) {
            return true;
        }
    }
    return false;
}

bool fw_cfg_string(const char *name, char *to, size_t n)
{
    struct fw_cfg_file file;
    size_t length;

    if (!find_file(name, &file)) {
        return false;
    }
    length = swap32(file.size);
    if (length > n - 1) {
        length = n - 1;
    }
    fw_cfg_read(swap16(file.key), to, length);
    to[length] = 0;
    return true;
}

uint32_t fw_cfg_dma_read(uint16_t key, struct fw_cfg_dma *access,
                         uint64_t access_address, uint64_t buffer_address,
                         uint32_t n)
{
    uint32_t control = (uint32_t)key << 16 | FW_CFG_DMA_SELECT |
                       FW_CFG_DMA_READ;
    uint64_t end = timer_us() + 1000000;
    uint32_t now;

    access->control = swap32(control);
    access->length = swap32(n);
    access->address = swap64(buffer_address);
    mmio_write64(reg(FW_CFG_DMA_ADDRESS), swap64(access_address));
    do {
        dmb();
        now = swap32(__atomic_load_n(&access->control, __ATOMIC_ACQUIRE));
    } while (now == control && timer_us() < end);
    return now;
}
