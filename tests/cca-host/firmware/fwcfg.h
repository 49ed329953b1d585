/*
 * QEMU's fw_cfg over MMIO (docs/specs/fw_cfg.rst).
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_FWCFG_H
#define FW_FWCFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FW_CFG_SIGNATURE 0x0000
#define FW_CFG_ID 0x0001
#define FW_CFG_ID_DMA 2u
#define FW_CFG_FILE_DIR 0x0019

#define FW_CFG_DMA_ERROR 1u
#define FW_CFG_DMA_READ 2u
#define FW_CFG_DMA_SELECT 8u

/** struct fw_cfg_dma - big endian */
struct fw_cfg_dma {
    uint32_t control;
    uint32_t length;
    uint64_t address;
};

/** fw_cfg_read() - first @n bytes of item @key, through the data register */
void fw_cfg_read(uint16_t key, void *to, size_t n);

/** fw_cfg_present() - whether the signature is there */
bool fw_cfg_present(void);

/**
 * fw_cfg_string() - content of a file as a string
 * Returns false when there is no such file; cuts what does not fit in @n.
 */
bool fw_cfg_string(const char *name, char *to, size_t n);

/**
 * fw_cfg_dma_read() - let the device write item @key to memory
 * @access: where this CPU writes the request
 * @access_address: where the device is told to find it
 * @buffer_address: where the device is told to put the data
 * @n: bytes
 * Returns the control field, in CPU order, when it is 0 (done) or an error,
 * or as it was written when the device has not answered within a second.
 */
uint32_t fw_cfg_dma_read(uint16_t key, struct fw_cfg_dma *access,
                         uint64_t access_address, uint64_t buffer_address,
                         uint32_t n);

#endif
