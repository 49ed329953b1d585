/*
 * Where the firmware runs: what it learned from RSI and the device tree.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_MACHINE_H
#define FW_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DTB_BASE 0x40000000ull
#define UART_BASE 0x09000000ull
#define FW_CFG_BASE 0x09020000ull

/**
 * struct machine - facts
 * @realm: whether RSI answers
 * @ipa_bits: width of the address space, shared bit included; 0 outside
 * @shared_bit: set in the addresses of devices and of shared memory; 0 outside
 * @hash_size: bytes of a measurement; 0 outside
 * @ram_base, @ram_size: the first memory node
 */
struct machine {
    bool realm;
    unsigned ipa_bits;
    uint64_t shared_bit;
    unsigned hash_size;
    uint64_t ram_base;
    uint64_t ram_size;
};

extern struct machine machine;

/** shared_alias() - the address with the shared bit */
static inline uint64_t shared_alias(uint64_t gpa)
{
    return gpa | machine.shared_bit;
}

/** alloc_pages() - zeroed private pages; does not return when used up */
void *alloc_pages(unsigned pages);

/**
 * share_pages() - have pages of alloc_pages() shared with the host
 * Returns where they are to be accessed; their content is lost.
 */
void *share_pages(void *pages, unsigned count);

/** unshare_pages() - the reverse; takes and returns the private address */
void unshare_pages(void *pages, unsigned count);

/** image_size() - bytes of the image with its trailer */
size_t image_size(void);

/** image_intact() - whether the image at address 0 is what was built */
bool image_intact(void);

#endif
