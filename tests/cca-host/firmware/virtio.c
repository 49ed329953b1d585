/*
 * Modern virtio over PCI and MMIO with split virtqueues (OASIS virtio 1.2).
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "fdt.h"
#include "lib.h"
#include "machine.h"
#include "virtio.h"

/* struct virtio_pci_cap in configuration space */
#define CAP_CFG_TYPE 3
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_NOTIFY_STEP 16
#define CFG_COMMON 1
#define CFG_NOTIFY 2
#define CFG_DEVICE 4

/* struct virtio_pci_common_cfg */
#define COMMON_DEVICE_FEATURE_SELECT 0
#define COMMON_DEVICE_FEATURE 4
#define COMMON_DRIVER_FEATURE_SELECT 8
#define COMMON_DRIVER_FEATURE 12
#define COMMON_MSIX_VECTOR 16
#define COMMON_STATUS 20
#define COMMON_QUEUE_SELECT 22
#define COMMON_QUEUE_SIZE 24
#define COMMON_QUEUE_VECTOR 26
#define COMMON_QUEUE_ENABLE 28
#define COMMON_QUEUE_NOTIFY_OFF 30
#define COMMON_QUEUE_DESC 32
#define COMMON_QUEUE_DRIVER 40
#define COMMON_QUEUE_DEVICE 48

/* registers of virtio-mmio */
#define MMIO_DEVICE_ID 0x008
#define MMIO_VERSION 0x004
#define MMIO_DEVICE_FEATURE 0x010
#define MMIO_DEVICE_FEATURE_SELECT 0x014
#define MMIO_DRIVER_FEATURE 0x020
#define MMIO_DRIVER_FEATURE_SELECT 0x024
#define MMIO_QUEUE_SELECT 0x030
#define MMIO_QUEUE_SIZE 0x038
#define MMIO_QUEUE_READY 0x044
#define MMIO_QUEUE_NOTIFY 0x050
#define MMIO_STATUS 0x070
#define MMIO_QUEUE_DESC 0x080
#define MMIO_QUEUE_DRIVER 0x090
#define MMIO_QUEUE_DEVICE 0x0a0
#define MMIO_CONFIG 0x100
#define MMIO_MODERN 2
#define PCI_DEVICE_BASE 0x1040

#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER 2
#define STATUS_DRIVER_OK 4
#define STATUS_FEATURES_OK 8

#define DESC_NEXT 1
#define DESC_WRITE 2
#define QUEUE_SIZE 4
#define REQUEST_US 2000000

/* the three parts of the ring in its page */
#define RING_AVAIL 256
#define RING_USED 512

struct desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

struct avail {
    uint16_t flags;
    uint16_t index;
    uint16_t ring[QUEUE_SIZE];
};

struct used {
    uint16_t flags;
    uint16_t index;
    struct {
        uint32_t id;
        uint32_t length;
    } ring[QUEUE_SIZE];
};

static bool find_structures(struct virtio *v)
{
    uint8_t cap = 0;

    while ((cap = pci_next_cap(v->pci, PCI_CAP_VENDOR, cap))) {
        uint64_t c = v->pci->config + cap, where;
        uint8_t bar = mmio_read8(c + CAP_BAR);

        if (bar > 5 || !v->pci->bar[bar]) {
            continue;
        }
        where = v->pci->bar[bar] + mmio_read32(c + CAP_OFFSET);
        switch (mmio_read8(c + CAP_CFG_TYPE)) {
        case CFG_COMMON:
            v->common = where;
            break;
        case CFG_NOTIFY:
            v->notify = where;
            v->notify_step = mmio_read32(c + CAP_NOTIFY_STEP);
            break;
        case CFG_DEVICE:
            v->config = where;
            break;
        }
    }
    return v->common && v->notify;
}

bool virtio_open(struct virtio *v, struct pci_device *device)
{
    memset(v, 0, sizeof(*v));
    v->pci = device;
    return pci_enable(device) && find_structures(v);
}

bool virtio_find(uint16_t device, struct virtio *v)
{
    struct pci_device *d = pci_find(VIRTIO_VENDOR, device);

    return d && virtio_open(v, d);
}

bool virtio_find_mmio(uint16_t device, struct virtio *v)
{
    const void *node = NULL;

    memset(v, 0, sizeof(*v));
    while ((node = fdt_find(node, "compatible", "virtio,mmio"))) {
        v->mmio = shared_alias(fdt_reg(node, 0));
        v->config = v->mmio + MMIO_CONFIG;
        if (mmio_read32(v->mmio + MMIO_DEVICE_ID) + PCI_DEVICE_BASE == device) {
            return mmio_read32(v->mmio + MMIO_VERSION) == MMIO_MODERN;
        }
    }
    return false;
}

/* Features are read and written 32 bits at a time */
static uint32_t device_features(struct virtio *v, unsigned word)
{
    if (v->mmio) {
        mmio_write32(v->mmio + MMIO_DEVICE_FEATURE_SELECT, word);
        return mmio_read32(v->mmio + MMIO_DEVICE_FEATURE);
    }
    mmio_write32(v->common + COMMON_DEVICE_FEATURE_SELECT, word);
    return mmio_read32(v->common + COMMON_DEVICE_FEATURE);
}

static void accept_features(struct virtio *v, unsigned word, uint32_t features)
{
    if (v->mmio) {
        mmio_write32(v->mmio + MMIO_DRIVER_FEATURE_SELECT, word);
        mmio_write32(v->mmio + MMIO_DRIVER_FEATURE, features);
    } else {
        mmio_write32(v->common + COMMON_DRIVER_FEATURE_SELECT, word);
        mmio_write32(v->common + COMMON_DRIVER_FEATURE, features);
    }
}

uint64_t virtio_features(struct virtio *v)
{
    return device_features(v, 0) | (uint64_t)device_features(v, 1) << 32;
}

uint8_t virtio_status(struct virtio *v)
{
    return v->mmio ? mmio_read32(v->mmio + MMIO_STATUS) :
                     mmio_read8(v->common + COMMON_STATUS);
}

static void set_status(struct virtio *v, uint8_t status)
{
    if (v->mmio) {
        mmio_write32(v->mmio + MMIO_STATUS, status);
    } else {
        mmio_write8(v->common + COMMON_STATUS, status);
    }
}

void virtio_reset(struct virtio *v)
{
    set_status(v, 0);
    while (virtio_status(v)) {
        relax();
    }
}

static void add_status(struct virtio *v, uint8_t bit)
{
    set_status(v, virtio_status(v) | bit);
}

bool virtio_begin(struct virtio *v, uint64_t features)
{
    virtio_reset(v);
    add_status(v, STATUS_ACKNOWLEDGE);
    add_status(v, STATUS_DRIVER);
    accept_features(v, 0, features);
    accept_features(v, 1, features >> 32);
    add_status(v, STATUS_FEATURES_OK);
    return virtio_status(v) & STATUS_FEATURES_OK;
}

void virtio_begin_careless(struct virtio *v)
{
    virtio_reset(v);
    add_status(v, STATUS_ACKNOWLEDGE);
    add_status(v, STATUS_DRIVER);
    accept_features(v, 0, 0);
    accept_features(v, 1, 0);
}

static void write_address(uint64_t reg, uint64_t address)
{
    mmio_write32(reg, address);
    mmio_write32(reg + 4, address >> 32);
}

static void set_queue_mmio(struct virtio *v, unsigned q, uint64_t address)
{
    mmio_write32(v->mmio + MMIO_QUEUE_SELECT, q);
    mmio_write32(v->mmio + MMIO_QUEUE_SIZE, QUEUE_SIZE);
    write_address(v->mmio + MMIO_QUEUE_DESC, address);
    write_address(v->mmio + MMIO_QUEUE_DRIVER, address + RING_AVAIL);
    write_address(v->mmio + MMIO_QUEUE_DEVICE, address + RING_USED);
    mmio_write32(v->mmio + MMIO_QUEUE_READY, 1);
    v->queue[q].notify = v->mmio + MMIO_QUEUE_NOTIFY;
}

static void set_queue_pci(struct virtio *v, unsigned q, uint64_t address)
{
    mmio_write16(v->common + COMMON_QUEUE_SELECT, q);
    mmio_write16(v->common + COMMON_QUEUE_SIZE, QUEUE_SIZE);
    write_address(v->common + COMMON_QUEUE_DESC, address);
    write_address(v->common + COMMON_QUEUE_DRIVER, address + RING_AVAIL);
    write_address(v->common + COMMON_QUEUE_DEVICE, address + RING_USED);
    mmio_write16(v->common + COMMON_QUEUE_ENABLE, 1);
    v->queue[q].notify = v->notify + v->notify_step *
                         mmio_read16(v->common + COMMON_QUEUE_NOTIFY_OFF);
}

void virtio_set_queue(struct virtio *v, unsigned q, void *ring,
                      uint64_t ring_address)
{
    memset(ring, 0, PAGE_SIZE);
    v->queue[q] = (struct virtio_queue) { .ring = ring };
    if (v->mmio) {
        set_queue_mmio(v, q, ring_address);
    } else {
        set_queue_pci(v, q, ring_address);
    }
}

bool virtio_go(struct virtio *v)
{
    add_status(v, STATUS_DRIVER_OK);
    return !(virtio_status(v) & VIRTIO_STATUS_NEEDS_RESET);
}

bool virtio_start(struct virtio *v, uint64_t features, void *ring,
                  uint64_t ring_address)
{
    if (!virtio_begin(v, features)) {
        return false;
    }
    virtio_set_queue(v, 0, ring, ring_address);
    return virtio_go(v);
}

void virtio_set_vectors(struct virtio *v)
{
    mmio_write16(v->common + COMMON_MSIX_VECTOR, 0);
    mmio_write16(v->common + COMMON_QUEUE_SELECT, 0);
    mmio_write16(v->common + COMMON_QUEUE_VECTOR, 0);
}

void virtio_post(struct virtio *v, unsigned q,
                 const struct virtio_buffer *buffers, unsigned count)
{
    struct virtio_queue *queue = &v->queue[q];
    struct desc *desc = (struct desc *)queue->ring;
    struct avail *avail = (struct avail *)(queue->ring + RING_AVAIL);

    for (unsigned i = 0; i < count; i++) {
        desc[i] = (struct desc) {
            .address = buffers[i].address,
            .length = buffers[i].length,
            .flags = (buffers[i].device_writes ? DESC_WRITE : 0) |
                     (i + 1 < count ? DESC_NEXT : 0),
            .next = i + 1,
        };
    }
    avail->ring[queue->avail++ % QUEUE_SIZE] = 0;
    dmb();
    __atomic_store_n(&avail->index, queue->avail, __ATOMIC_RELEASE);
    if (v->mmio) {
        mmio_write32(queue->notify, q);
    } else {
        mmio_write16(queue->notify, q);
    }
}

bool virtio_wait(struct virtio *v, unsigned q, uint64_t us)
{
    struct virtio_queue *queue = &v->queue[q];
    struct used *used = (struct used *)(queue->ring + RING_USED);
    uint64_t end = timer_us() + us;

    while (__atomic_load_n(&used->index, __ATOMIC_ACQUIRE) == queue->used) {
        if (timer_us() > end ||
            virtio_status(v) & VIRTIO_STATUS_NEEDS_RESET) {
            return false;
        }
    }
    dmb();
    queue->used++;
    return true;
}

bool virtio_request(struct virtio *v, const struct virtio_buffer *buffers,
                    unsigned count)
{
    virtio_post(v, 0, buffers, count);
    return virtio_wait(v, 0, REQUEST_US);
}
