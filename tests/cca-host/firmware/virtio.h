/*
 * Modern virtio over PCI and MMIO with split virtqueues (OASIS virtio 1.2).
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_VIRTIO_H
#define FW_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include "pci.h"

#define VIRTIO_VENDOR 0x1af4
#define VIRTIO_DEVICE_BLK 0x1042
#define VIRTIO_DEVICE_RNG 0x1044

#define VIRTIO_F_VERSION_1 (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ull << 33)

#define VIRTIO_STATUS_NEEDS_RESET 0x40

#define VIRTIO_QUEUES 3

/**
 * struct virtio_queue - a virtqueue
 * @ring: one page, as this CPU accesses it
 * @notify: where to write that there is a request
 * @avail, @used: requests made and answered
 */
struct virtio_queue {
    uint8_t *ring;
    uint64_t notify;
    uint16_t avail;
    uint16_t used;
};

/**
 * struct virtio - a device
 * @mmio: registers of a device on virtio-mmio, 0 for one on PCI
 * @common, @notify: where the structures of one on PCI are accessed
 * @config: its configuration, on either
 * @notify_step: bytes between the notify addresses of two queues
 */
struct virtio {
    struct pci_device *pci;
    uint64_t mmio;
    uint64_t common;
    uint64_t notify;
    uint64_t config;
    uint32_t notify_step;
    struct virtio_queue queue[VIRTIO_QUEUES];
};

/** struct virtio_buffer - one descriptor */
struct virtio_buffer {
    uint64_t address;       /* as the device is told */
    uint32_t length;
    bool device_writes;
};

/** virtio_open() - use this device; enables it; false if it is not modern */
bool virtio_open(struct virtio *v, struct pci_device *device);

/** virtio_find() - first device on PCI of this kind; enables it */
bool virtio_find(uint16_t device, struct virtio *v);

/**
 * virtio_find_mmio() - first device on virtio-mmio of this kind
 * @device: number of the kind, as for PCI
 */
bool virtio_find_mmio(uint16_t device, struct virtio *v);

/** virtio_features() - what the device offers */
uint64_t virtio_features(struct virtio *v);

/** virtio_begin() - reset and negotiate; whether @features were accepted */
bool virtio_begin(struct virtio *v, uint64_t features);

/**
 * virtio_begin_careless() - the same as a driver that accepts no feature, and
 * does not ask the device whether it can do without
 */
void virtio_begin_careless(struct virtio *v);

/**
 * virtio_set_queue() - set up a queue, after virtio_begin()
 * @ring: a page, as this CPU accesses it
 * @ring_address: the same page as the device is told
 */
void virtio_set_queue(struct virtio *v, unsigned queue, void *ring,
                      uint64_t ring_address);

/** virtio_go() - the queues are set up; whether the device is content */
bool virtio_go(struct virtio *v);

/**
 * virtio_start() - all three of these, for a device with one queue
 * Returns whether the device accepted all of it.
 */
bool virtio_start(struct virtio *v, uint64_t features, void *ring,
                  uint64_t ring_address);

/** virtio_reset() - and wait until it is done */
void virtio_reset(struct virtio *v);

/** virtio_set_vectors() - use MSI-X message 0, after virtio_start() */
void virtio_set_vectors(struct virtio *v);

/** virtio_status() - device status register */
uint8_t virtio_status(struct virtio *v);

/** virtio_post() - queue one chain of at most 4 buffers, the only one */
void virtio_post(struct virtio *v, unsigned queue,
                 const struct virtio_buffer *buffers, unsigned count);

/**
 * virtio_wait() - until the device has answered
 * Returns whether it did so within @us; one that wants to be reset does not.
 */
bool virtio_wait(struct virtio *v, unsigned queue, uint64_t us);

/** virtio_request() - virtio_post() on queue 0, virtio_wait() two seconds */
bool virtio_request(struct virtio *v, const struct virtio_buffer *buffers,
                    unsigned count);

#endif
