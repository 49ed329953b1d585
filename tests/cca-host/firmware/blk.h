/*
 * A virtio disk with its memory, for the checks of DMA.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_BLK_H
#define FW_BLK_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio.h"

#define SECTOR 512
#define BLK_T_IN 0
#define BLK_T_OUT 1
#define BLK_S_OK 0
#define BLK_UNANSWERED 0xff

/* sectors that are overwritten; the first keeps a text for the host to find */
#define SECTOR_TEXT 1
#define SECTOR_TEST 2

/** struct blk_request - header of a virtio-blk request, and its answer */
struct blk_request {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
    uint8_t status;
};

/**
 * struct blk - a disk and its memory
 * @ring, @request, @data: shared pages as this CPU accesses them
 * @bit: what the device is told in addition to their private address
 * @private: a page that is not shared
 */
struct blk {
    struct virtio v;
    uint64_t features;
    uint8_t *ring;
    struct blk_request *request;
    uint8_t *data;
    uint64_t bit;
    uint8_t *private;
};

/** blk_open() - the first disk on bus 0, not started; NULL without one */
struct blk *blk_open(void);

/** blk_told() - the address of shared memory as the device is told */
uint64_t blk_told(struct blk *b, const void *p);

/** blk_start() - reset it and set up its ring; false if it refuses */
bool blk_start(struct blk *b);

/**
 * blk_io() - one request
 * @type: BLK_T_IN or BLK_T_OUT
 * @sector: first sector
 * @address: of the data, as the device is told
 * @length: bytes
 * Returns a virtio-blk status, or BLK_UNANSWERED.
 */
uint8_t blk_io(struct blk *b, uint32_t type, uint64_t sector,
               uint64_t address, uint32_t length);

/** blk_recovers() - after an error: reset it, read SECTOR_TEST to @data */
bool blk_recovers(struct blk *b);

#endif
