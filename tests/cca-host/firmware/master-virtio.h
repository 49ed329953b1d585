/*
 * What the virtio devices among the bus masters have in common.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_MASTER_VIRTIO_H
#define FW_MASTER_VIRTIO_H

#include "masters.h"
#include "virtio.h"

#define VIRTIO_DEVICE_NET 0x1041
#define VIRTIO_DEVICE_CONSOLE 0x1043
#define VIRTIO_DEVICE_SCSI 0x1048
#define VIRTIO_DEVICE_9P 0x1049
#define VIRTIO_DEVICE_GPU 0x1050
#define VIRTIO_DEVICE_VSOCK 0x1053

/* page 0 is for requests, from this one on there are the rings */
#define VIRTIO_MASTER_RINGS 1

/** struct virtio_master - the device under test */
struct virtio_master {
    struct virtio v;
    struct master_memory m;
};

extern struct virtio_master virtio_master;

/* whether devices are started without VIRTIO_F_ACCESS_PLATFORM */
extern bool virtio_master_careless;

/**
 * virtio_master_start() - reset it and set up its first @queues queues
 * @device: its PCI device id
 * @d: NULL for virtio-mmio
 */
bool virtio_master_start(uint16_t device, unsigned queues,
                         struct pci_device *d, const struct master_memory *m);

/** virtio_master_request() - one request, within master_patience */
bool virtio_master_request(unsigned queue, const struct virtio_buffer *buffers,
                           unsigned count);

#endif
