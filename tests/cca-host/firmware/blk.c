/*
 * A virtio disk with its memory, for the checks of DMA.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stddef.h>

#include "arch.h"
#include "blk.h"
#include "lib.h"
#include "machine.h"

struct blk *blk_open(void)
{
    static struct blk blk;
    struct blk *b = &blk;

    if (b->ring) {
        return b;
    }
    if (!virtio_find(VIRTIO_DEVICE_BLK, &b->v)) {
        return NULL;
    }
    b->features = virtio_features(&b->v) &
                  (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM);
    b->ring = share_pages(alloc_pages(3), 3);
    b->request = (void *)(b->ring + PAGE_SIZE);
    b->data = b->ring + 2 * PAGE_SIZE;
    b->bit = machine.shared_bit;
    b->private = alloc_pages(1);
    return b;
}

uint64_t blk_told(struct blk *b, const void *p)
{
    return ((uintptr_t)p & ~machine.shared_bit) | b->bit;
}

bool blk_start(struct blk *b)
{
    return virtio_start(&b->v, b->features, b->ring, blk_told(b, b->ring));
}

uint8_t blk_io(struct blk *b, uint32_t type, uint64_t sector,
               uint64_t address, uint32_t length)
{
    struct virtio_buffer buffers[3] = {
        { blk_told(b, b->request), 16, false },
        { address, length, type == BLK_T_IN },
        { blk_told(b, &b->request->status), 1, true },
    };

    *b->request = (struct blk_request) {
        .type = type, .sector = sector, .status = BLK_UNANSWERED,
    };
    dmb();
    if (!virtio_request(&b->v, buffers, 3)) {
        return BLK_UNANSWERED;
    }
    return __atomic_load_n(&b->request->status, __ATOMIC_ACQUIRE);
}

bool blk_recovers(struct blk *b)
{
    b->bit = machine.shared_bit;
    memset(b->data, 0, SECTOR);
    return blk_start(b) &&
           blk_io(b, BLK_T_IN, SECTOR_TEST, blk_told(b, b->data), SECTOR) ==
               BLK_S_OK;
}
