/*
 * Bus masters: virtio devices of which queue 0, or 0 and 1, carry the data.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lib.h"
#include "master-virtio.h"

/* OASIS virtio 1.2, chapters 5.1 to 5.4 */
#define BLK_TYPE_IN 0
#define BLK_TYPE_OUT 1
#define BLK_STATUS_OK 0
#define BLK_SECTOR 8
#define NET_HEADER 12
#define RX 0
#define TX 1

struct virtio_master virtio_master;
bool virtio_master_careless;

bool virtio_master_start(uint16_t device, unsigned queues,
                         struct pci_device *d, const struct master_memory *m)
{
    struct virtio *v = &virtio_master.v;

    if (!(d ? virtio_open(v, d) : virtio_find_mmio(device, v))) {
        return false;
    }
    virtio_master.m = *m;
    if (virtio_master_careless) {
        virtio_begin_careless(v);
    } else if (!virtio_begin(v, virtio_features(v) &
                             (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM))) {
        return false;
    }
    for (unsigned i = 0; i < queues; i++) {
        void *ring = master_page(m, VIRTIO_MASTER_RINGS + i);

        virtio_set_queue(v, i, ring, master_told(m, ring));
    }
    memset(master_page(m, 0), 0, PAGE_SIZE);
    return virtio_go(v);
}

bool virtio_master_request(unsigned queue, const struct virtio_buffer *buffers,
                           unsigned count)
{
    virtio_post(&virtio_master.v, queue, buffers, count);
    return virtio_wait(&virtio_master.v, queue, master_patience);
}

static bool blk_start_master(struct pci_device *d,
                             const struct master_memory *m)
{
    return virtio_master_start(VIRTIO_DEVICE_BLK, 1, d, m);
}

static bool blk_transfer(uint32_t type, uint64_t address)
{
    const struct master_memory *m = &virtio_master.m;
    struct {
        uint32_t type, reserved;
        uint64_t sector;
        uint8_t status;
    } *r = master_page(m, 0);
    struct virtio_buffer buffers[3] = {
        { master_told(m, r), 16, false },
        { address, MASTER_BYTES, type == BLK_TYPE_IN },
        { master_told(m, &r->status), 1, true },
    };

    r->type = type;
    r->sector = BLK_SECTOR;
    r->status = 0xff;
    return virtio_master_request(0, buffers, 3) && r->status == BLK_STATUS_OK;
}

static bool blk_take(uint64_t address)
{
    return blk_transfer(BLK_TYPE_OUT, address);
}

static bool blk_give(uint64_t address)
{
    return blk_transfer(BLK_TYPE_IN, address);
}

const struct master master_virtio_blk = {
    .name = "virtio-blk", .vendor = VIRTIO_VENDOR, .device = VIRTIO_DEVICE_BLK,
    .reports = true,
    .start = blk_start_master, .take = blk_take, .give = blk_give,
};

static bool net_start(struct pci_device *d, const struct master_memory *m)
{
    return virtio_master_start(VIRTIO_DEVICE_NET, 2, d, m);
}

static bool net_transfer(unsigned queue, uint64_t address)
{
    const struct master_memory *m = &virtio_master.m;
    uint8_t *header = (uint8_t *)master_page(m, 0) + 64 * queue;
    struct virtio_buffer buffers[2] = {
        { master_told(m, header), NET_HEADER, queue == RX },
        { address, MASTER_BYTES, queue == RX },
    };

    memset(header, 0, NET_HEADER);
    return virtio_master_request(queue, buffers, 2);
}

static bool net_take(uint64_t address)
{
    return net_transfer(TX, address);
}

static bool net_give(uint64_t address)
{
    return net_transfer(RX, address);
}

const struct master master_virtio_net = {
    .name = "virtio-net", .vendor = VIRTIO_VENDOR, .device = VIRTIO_DEVICE_NET,
    .reports = true, .start = net_start, .take = net_take, .give = net_give,
};

static bool console_start(struct pci_device *d, const struct master_memory *m)
{
    return virtio_master_start(VIRTIO_DEVICE_CONSOLE, 2, d, m);
}

static bool console_take(uint64_t address)
{
    struct virtio_buffer buffer = { address, MASTER_BYTES, false };

    return virtio_master_request(TX, &buffer, 1);
}

static bool console_give(uint64_t address)
{
    struct virtio_buffer buffer = { address, MASTER_BYTES, true };

    return virtio_master_request(RX, &buffer, 1);
}

const struct master master_virtio_console = {
    .name = "virtio-console", .vendor = VIRTIO_VENDOR,
    .device = VIRTIO_DEVICE_CONSOLE, .reports = true,
    .start = console_start, .take = console_take, .give = console_give,
};

static bool rng_start(struct pci_device *d, const struct master_memory *m)
{
    return virtio_master_start(VIRTIO_DEVICE_RNG, 1, d, m);
}

static bool rng_give(uint64_t address)
{
    struct virtio_buffer buffer = { address, MASTER_BYTES, true };

    return virtio_master_request(0, &buffer, 1);
}

const struct master master_virtio_rng = {
    .name = "virtio-rng", .vendor = VIRTIO_VENDOR, .device = VIRTIO_DEVICE_RNG,
    .reports = true, .start = rng_start, .give = rng_give,
};
