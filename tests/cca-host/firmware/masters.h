/*
 * Bus masters of all kinds: each takes bytes from memory and gives them back.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_MASTERS_H
#define FW_MASTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "arch.h"
#include "pci.h"

/* bytes of a transfer: a sector, or an Ethernet frame */
#define MASTER_BYTES 512
#define MASTER_PAGES 6

/**
 * struct master_memory - pages for rings and requests
 * @cpu: where this CPU accesses them
 * @told: where the device is told to find them
 */
struct master_memory {
    uint8_t *cpu;
    uint64_t told;
};

/**
 * struct master - what drives a kind of device
 * @vendor, @device: its PCI ids
 * @reports: whether an access that fails makes a transfer fail
 * @bare: whether it has no rings in memory
 * @start: reset it and set it up; @d is NULL for virtio-mmio
 * @take: let it read MASTER_BYTES at @address and keep them; or NULL
 * @give: let it write to @address what it took; or NULL
 *
 * The functions return false for an error and after master_patience.  With
 * neither @take nor @give, @noop is a request without data.
 */
struct master {
    const char *name;
    uint16_t vendor;
    uint16_t device;
    bool reports;
    bool bare;
    bool (*start)(struct pci_device *d, const struct master_memory *memory);
    bool (*take)(uint64_t address);
    bool (*give)(uint64_t address);
    bool (*noop)(void);
};

extern const struct master master_edu, master_xhci;
extern const struct master master_nvme, master_ahci, master_sd;
extern const struct master master_e1000, master_e1000e, master_igb;
extern const struct master master_virtio_blk, master_virtio_net;
extern const struct master master_virtio_console, master_virtio_scsi;
extern const struct master master_virtio_9p, master_virtio_rng;
extern const struct master master_virtio_gpu, master_virtio_vsock;

/* microseconds that a driver waits for an answer */
extern uint64_t master_patience;

/** master_page() - a page of it, as this CPU accesses it */
static inline void *master_page(const struct master_memory *m, unsigned page)
{
    return m->cpu + page * PAGE_SIZE;
}

/** master_told() - the address of something in it, as the device is told */
static inline uint64_t master_told(const struct master_memory *m,
                                   const void *p)
{
    return m->told + ((uint64_t)(uintptr_t)p - (uintptr_t)m->cpu);
}

/** masters_test() - every device that is there and known */
void masters_test(void);

#endif
