/*
 * Modern virtio over PCI with one split virtqueue (OASIS virtio 1.2).
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "lib.h"
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

    while ((cap = pci_next_cap(&v->pci, PCI_CAP_VENDOR, cap))) {
        uint64_t c = v->pci.config + cap, where;
        uint8_t bar = mmio_read8(c + CAP_BAR);

        if (bar > 5 || !v->pci.bar[bar]) {
            continue;
        }
        where = v->pci.bar[bar] + mmio_read32(c + CAP_OFFSET);
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

bool virtio_find(uint16_t device, struct virtio *v)
{
    unsigned slot = 0;

    memset(v, 0, sizeof(*v));
    return pci_find(VIRTIO_VENDOR, device, &slot, &v->pci) &&
           pci_enable(&v->pci) && find_structures(v);
}

uint64_t virtio_features(struct virtio *v)
{
    uint64_t low;

    mmio_write32(v->common + COMMON_DEVICE_FEATURE_SELECT, 0);
    low = mmio_read32(v->common + COMMON_DEVICE_FEATURE);
    mmio_write32(v->common + COMMON_DEVICE_FEATURE_SELECT, 1);
    return low |
           (uint64_t)mmio_read32(v->common + COMMON_DEVICE_FEATURE) << 32;
}

uint8_t virtio_status(struct virtio *v)
{
    return mmio_read8(v->common + COMMON_STATUS);
}

void virtio_reset(struct virtio *v)
{
    mmio_write8(v->common + COMMON_STATUS, 0);
    while (virtio_status(v)) {
        relax();
    }
}

static void add_status(struct virtio *v, uint8_t bit)
{
    mmio_write8(v->common + COMMON_STATUS, virtio_status(v) | bit);
}

static void write_address(struct virtio *v, unsigned reg, uint64_t address)
{
    mmio_write32(v->common + reg, address);
    mmio_write32(v->common + reg + 4, address >> 32);
}

bool virtio_start(struct virtio *v, uint64_t features, void *ring,
                  uint64_t ring_address)
{
    virtio_reset(v);
    add_status(v, STATUS_ACKNOWLEDGE);
    add_status(v, STATUS_DRIVER);
    for (unsigned i = 0; i < 2; i++) {
        mmio_write32(v->common + COMMON_DRIVER_FEATURE_SELECT, i);
        mmio_write32(v->common + COMMON_DRIVER_FEATURE, features >> 32 * i);
    }
    add_status(v, STATUS_FEATURES_OK);
    if (!(virtio_status(v) & STATUS_FEATURES_OK)) {
        return false;
    }

    memset(ring, 0, PAGE_SIZE);
    v->ring = ring;
    v->avail = 0;
    v->used = 0;
    mmio_write16(v->common + COMMON_QUEUE_SELECT, 0);
    mmio_write16(v->common + COMMON_QUEUE_SIZE, QUEUE_SIZE);
    write_address(v, COMMON_QUEUE_DESC, ring_address);
    write_address(v, COMMON_QUEUE_DRIVER, ring_address + RING_AVAIL);
    write_address(v, COMMON_QUEUE_DEVICE, ring_address + RING_USED);
    mmio_write16(v->common + COMMON_QUEUE_ENABLE, 1);
    add_status(v, STATUS_DRIVER_OK);
    return !(virtio_status(v) & VIRTIO_STATUS_NEEDS_RESET);
}

void virtio_set_vectors(struct virtio *v)
{
    mmio_write16(v->common + COMMON_MSIX_VECTOR, 0);
    mmio_write16(v->common + COMMON_QUEUE_SELECT, 0);
    mmio_write16(v->common + COMMON_QUEUE_VECTOR, 0);
}

bool virtio_request(struct virtio *v, const struct virtio_buffer *buffers,
                    unsigned count)
{
    struct desc *desc = (struct desc *)v->ring;
    struct avail *avail = (struct avail *)(v->ring + RING_AVAIL);
    struct used *used = (struct used *)(v->ring + RING_USED);
    uint64_t end = timer_us() + REQUEST_US;
    uint16_t step = mmio_read16(v->common + COMMON_QUEUE_NOTIFY_OFF);

    for (unsigned i = 0; i < count; i++) {
        desc[i] = (struct desc) {
            .address = buffers[i].address,
            .length = buffers[i].length,
            .flags = (buffers[i].device_writes ? DESC_WRITE : 0) |
                     (i + 1 < count ? DESC_NEXT : 0),
            .next = i + 1,
        };
    }
    avail->ring[v->avail++ % QUEUE_SIZE] = 0;
    dmb();
    __atomic_store_n(&avail->index, v->avail, __ATOMIC_RELEASE);
    mmio_write16(v->notify + step * v->notify_step, 0);

    while (__atomic_load_n(&used->index, __ATOMIC_ACQUIRE) == v->used) {
        if (timer_us() > end ||
            virtio_status(v) & VIRTIO_STATUS_NEEDS_RESET) {
            return false;
        }
    }
    dmb();
    v->used++;
    return true;
}
