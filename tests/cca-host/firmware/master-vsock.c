/*
 * Bus masters: virtio-vsock, with a host that sends everything back.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lib.h"
#include "master-virtio.h"

/* OASIS virtio 1.2, chapter 5.10 */
#define VSOCK_QUEUES 3
#define RX 0
#define TX 1
#define HOST_CID 2
#define HOST_PORT 7200                  /* where host-echo listens */
#define FIRST_PORT 1000
#define STREAM 1
#define OP_REQUEST 1
#define OP_RESPONSE 2
#define OP_RW 5
#define ROOM (64u << 10)
#define ATTEMPTS 8

struct vsock_header {
    uint64_t source_cid, target_cid;
    uint32_t source_port, target_port, length;
    uint16_t type, op;
    uint32_t flags, room, taken;
} __attribute__((packed));

static uint32_t port = FIRST_PORT;

static struct vsock_header *header(unsigned queue)
{
    return (void *)((uint8_t *)master_page(&virtio_master.m, 0) + 64 * queue);
}

static bool vsock_send(uint16_t op, uint64_t address, uint32_t length)
{
    struct vsock_header *h = header(TX);
    struct virtio_buffer buffers[2] = {
        { master_told(&virtio_master.m, h), sizeof(*h), false },
        { address, length, false },
    };

    *h = (struct vsock_header) {
        .source_cid = mmio_read32(virtio_master.v.config),
        .target_cid = HOST_CID, .source_port = port, .target_port = HOST_PORT,
        .length = length, .type = STREAM, .op = op, .room = ROOM,
    };
    return virtio_master_request(TX, buffers, length ? 2 : 1);
}

/* Waits for this, passing over what is for earlier connections */
static bool vsock_receive(uint16_t op, uint64_t address)
{
    struct vsock_header *h = header(RX);
    struct virtio_buffer buffers[2] = {
        { master_told(&virtio_master.m, h), sizeof(*h), true },
        { address, MASTER_BYTES, true },
    };

    for (unsigned i = 0; i < ATTEMPTS; i++) {
        if (!virtio_master_request(RX, buffers, 2)) {
            return false;
        }
        if (h->op == op && h->target_port == port) {
            return true;
        }
    }
    return false;
}

static bool vsock_start(struct pci_device *d, const struct master_memory *m)
{
    uint8_t *space = (uint8_t *)master_page(m, 0) + 1024;

    if (!virtio_master_start(VIRTIO_DEVICE_VSOCK, VSOCK_QUEUES, d, m)) {
        return false;
    }
    port++;
    return vsock_send(OP_REQUEST, 0, 0) &&
           vsock_receive(OP_RESPONSE, master_told(m, space));
}

static bool vsock_take(uint64_t address)
{
    return vsock_send(OP_RW, address, MASTER_BYTES);
}

static bool vsock_give(uint64_t address)
{
    return vsock_receive(OP_RW, address);
}

const struct master master_virtio_vsock = {
    .name = "virtio-vsock", .vendor = VIRTIO_VENDOR,
    .device = VIRTIO_DEVICE_VSOCK, .reports = true,
    .start = vsock_start, .take = vsock_take, .give = vsock_give,
};
