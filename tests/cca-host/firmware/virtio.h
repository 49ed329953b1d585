/*
 * Modern virtio over PCI with one split virtqueue (OASIS virtio 1.2).
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

/**
 * struct virtio - a device
 * @common, @notify, @config: where its structures are accessed
 * @notify_step: bytes between the notify addresses of two queues
 * @ring: the virtqueue, one page, as this CPU accesses it
 * @avail, @used: requests made and answered
 */
struct virtio {
    struct pci_device pci;
    uint64_t common;
    uint64_t notify;
    uint64_t config;
    uint32_t notify_step;
    uint8_t *ring;
    uint16_t avail;
    uint16_t used;
};

/** struct virtio_buffer - one descriptor */
struct virtio_buffer {
    uint64_t address;       /* as the device is told */
    uint32_t length;
    bool device_writes;
};

/** virtio_find() - first device of this kind; enables it */
bool virtio_find(uint16_t device, struct virtio *v);

/** virtio_features() - what the device offers */
uint64_t virtio_features(struct virtio *v);

/**
 * virtio_start() - reset, negotiate, set up queue 0
 * @features: what to accept
 * @ring: a page, as this CPU accesses it
 * @ring_address: the same page as the device is told
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

/**
 * virtio_request() - queue one chain of at most 4 buffers and wait
 * Returns whether the device answered within two seconds; one that wants to
 * be reset does not.
 */
bool virtio_request(struct virtio *v, const struct virtio_buffer *buffers,
                    unsigned count);

#endif
