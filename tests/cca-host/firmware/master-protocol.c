/*
 * Bus masters: virtio devices with a protocol of their own (SCSI, 9P, GPU).
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lib.h"
#include "master-virtio.h"

/* virtio-scsi: OASIS virtio 1.2, chapter 5.6, and SBC-3 */
#define SCSI_QUEUES 3
#define SCSI_REQUESTS 2
#define SCSI_TEST_UNIT_READY 0x00
#define SCSI_READ_10 0x28
#define SCSI_WRITE_10 0x2a
#define SCSI_SECTOR 8

struct scsi_request {
    uint8_t lun[8];
    uint64_t tag;
    uint8_t attribute, priority, crn;
    uint8_t cdb[32];
} __attribute__((packed));

struct scsi_response {
    uint32_t sense_length, residual;
    uint16_t qualifier;
    uint8_t status, response;
    uint8_t sense[96];
};

static bool scsi_command(uint8_t opcode, uint64_t address)
{
    const struct master_memory *m = &virtio_master.m;
    struct scsi_request *request = master_page(m, 0);
    struct scsi_response *response = (void *)((uint8_t *)request + 128);
    struct virtio_buffer buffers[3] = {
        { master_told(m, request), sizeof(*request), false },
    };
    struct virtio_buffer answer = {
        master_told(m, response), sizeof(*response), true,
    };
    unsigned n = 1;

    *request = (struct scsi_request) {
        .lun = { 1, 0, 0x40 },
        .cdb = { opcode, [5] = SCSI_SECTOR, [8] = 1 },
    };
    memset(response, 0xff, sizeof(*response));
    if (opcode == SCSI_TEST_UNIT_READY) {
        memset(request->cdb, 0, sizeof(request->cdb));
    }
    if (opcode == SCSI_WRITE_10) {
        buffers[n++] = (struct virtio_buffer) { address, MASTER_BYTES, false };
    }
    buffers[n++] = answer;
    if (opcode == SCSI_READ_10) {
        buffers[n++] = (struct virtio_buffer) { address, MASTER_BYTES, true };
    }
    return virtio_master_request(SCSI_REQUESTS, buffers, n) &&
           !response->response && !response->status;
}

static bool scsi_start(struct pci_device *d, const struct master_memory *m)
{
    if (!virtio_master_start(VIRTIO_DEVICE_SCSI, SCSI_QUEUES, d, m)) {
        return false;
    }
    /* it tells once that it was reset */
    return scsi_command(SCSI_TEST_UNIT_READY, 0) ||
           scsi_command(SCSI_TEST_UNIT_READY, 0);
}

static bool scsi_take(uint64_t address)
{
    return scsi_command(SCSI_WRITE_10, address);
}

static bool scsi_give(uint64_t address)
{
    return scsi_command(SCSI_READ_10, address);
}

const struct master master_virtio_scsi = {
    .name = "virtio-scsi", .vendor = VIRTIO_VENDOR,
    .device = VIRTIO_DEVICE_SCSI, .reports = true,
    .start = scsi_start, .take = scsi_take, .give = scsi_give,
};

/* virtio-9p: 9P2000.L, one message in each request */
#define P9_VERSION 100
#define P9_ATTACH 104
#define P9_WALK 110
#define P9_CREATE 14
#define P9_READ 116
#define P9_WRITE 118
#define P9_REPLY 1                      /* a reply is the request plus 1 */
#define P9_NO_FID 0xffffffffu
#define P9_ROOT 1
#define P9_FILE 2
#define P9_CREATE_FLAGS 01002u          /* O_RDWR | O_TRUNC */
#define P9_READ_HEADER 11

static struct {
    uint8_t *request;
    uint32_t length;
} p9;

static void p9_number(uint64_t value, unsigned bytes)
{
    for (; bytes; bytes--, value >>= 8) {
        p9.request[p9.length++] = value;
    }
}

static void p9_string(const char *s)
{
    p9_number(strlen(s), 2);
    memcpy(p9.request + p9.length, s, strlen(s));
    p9.length += strlen(s);
}

static void p9_begin(uint8_t type)
{
    p9.request = master_page(&virtio_master.m, 0);
    p9.length = 4;
    p9_number(type, 1);
    p9_number(1, 2);
}

/* Sends the request; @out and @in are data behind it and behind the reply */
static bool p9_send(uint64_t out, uint64_t in)
{
    const struct master_memory *m = &virtio_master.m;
    uint8_t *reply = p9.request + 1024;
    struct virtio_buffer buffers[4] = {
        { master_told(m, p9.request), p9.length, false },
    };
    uint32_t size = p9.length + (out ? MASTER_BYTES : 0);
    unsigned n = 1;

    memcpy(p9.request, &size, sizeof(size));
    reply[4] = 0;
    if (out) {
        buffers[n++] = (struct virtio_buffer) { out, MASTER_BYTES, false };
    }
    buffers[n++] = (struct virtio_buffer) {
        master_told(m, reply), in ? P9_READ_HEADER : 512, true,
    };
    if (in) {
        buffers[n++] = (struct virtio_buffer) { in, MASTER_BYTES, true };
    }
    return virtio_master_request(0, buffers, n) &&
           reply[4] == p9.request[4] + P9_REPLY;
}

static bool p9_start(struct pci_device *d, const struct master_memory *m)
{
    if (!virtio_master_start(VIRTIO_DEVICE_9P, 1, d, m)) {
        return false;
    }
    p9_begin(P9_VERSION);
    p9_number(8192, 4);
    p9_string("9P2000.L");
    if (!p9_send(0, 0)) {
        return false;
    }
    p9_begin(P9_ATTACH);
    p9_number(P9_ROOT, 4);
    p9_number(P9_NO_FID, 4);
    p9_string("root");
    p9_string("");
    p9_number(0, 4);
    if (!p9_send(0, 0)) {
        return false;
    }
    p9_begin(P9_WALK);
    p9_number(P9_ROOT, 4);
    p9_number(P9_FILE, 4);
    p9_number(0, 2);
    if (!p9_send(0, 0)) {
        return false;
    }
    p9_begin(P9_CREATE);
    p9_number(P9_FILE, 4);
    p9_string("file");
    p9_number(P9_CREATE_FLAGS, 4);
    p9_number(0600, 4);
    p9_number(0, 4);
    return p9_send(0, 0);
}

static void p9_io(uint8_t type)
{
    p9_begin(type);
    p9_number(P9_FILE, 4);
    p9_number(0, 8);
    p9_number(MASTER_BYTES, 4);
}

static bool p9_take(uint64_t address)
{
    p9_io(P9_WRITE);
    return p9_send(address, 0);
}

static bool p9_give(uint64_t address)
{
    p9_io(P9_READ);
    return p9_send(0, address);
}

const struct master master_virtio_9p = {
    .name = "virtio-9p", .vendor = VIRTIO_VENDOR, .device = VIRTIO_DEVICE_9P,
    .reports = true, .start = p9_start, .take = p9_take, .give = p9_give,
};

/* virtio-gpu: chapter 5.7; a picture of MASTER_BYTES is taken from memory */
#define GPU_CREATE_2D 0x101
#define GPU_UNREF 0x102
#define GPU_TRANSFER 0x105
#define GPU_ATTACH 0x106
#define GPU_OK 0x1100
#define GPU_RESOURCE 1
#define GPU_FORMAT 1
#define GPU_WIDTH 16
#define GPU_HEIGHT 8
#define GPU_HEADER_WORDS 6

/* @words: what follows the header */
static bool gpu_command(uint32_t type, const uint32_t *words, unsigned n)
{
    const struct master_memory *m = &virtio_master.m;
    uint32_t *request = master_page(m, 0);
    uint32_t *reply = request + 256;
    struct virtio_buffer buffers[2] = {
        { master_told(m, request), (GPU_HEADER_WORDS + n) * 4, false },
        { master_told(m, reply), 512, true },
    };

    memset(request, 0, GPU_HEADER_WORDS * 4);
    request[0] = type;
    memcpy(request + GPU_HEADER_WORDS, words, n * 4);
    reply[0] = 0;
    return virtio_master_request(0, buffers, 2) && reply[0] == GPU_OK;
}

static bool gpu_start(struct pci_device *d, const struct master_memory *m)
{
    return virtio_master_start(VIRTIO_DEVICE_GPU, 2, d, m);
}

static bool gpu_take(uint64_t address)
{
    const uint32_t create[] = {
        GPU_RESOURCE, GPU_FORMAT, GPU_WIDTH, GPU_HEIGHT,
    };
    const uint32_t attach[] = {
        GPU_RESOURCE, 1, address, address >> 32, MASTER_BYTES, 0,
    };
    const uint32_t transfer[] = {
        0, 0, GPU_WIDTH, GPU_HEIGHT, 0, 0, GPU_RESOURCE, 0,
    };
    const uint32_t unref[] = { GPU_RESOURCE, 0 };

    return gpu_command(GPU_CREATE_2D, create, 4) &&
           gpu_command(GPU_ATTACH, attach, 6) &&
           gpu_command(GPU_TRANSFER, transfer, 8) &&
           gpu_command(GPU_UNREF, unref, 2);
}

const struct master master_virtio_gpu = {
    .name = "virtio-gpu", .vendor = VIRTIO_VENDOR, .device = VIRTIO_DEVICE_GPU,
    .reports = true, .start = gpu_start, .take = gpu_take,
};
