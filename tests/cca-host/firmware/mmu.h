/*
 * Identity map with caches on.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_MMU_H
#define FW_MMU_H

#include <stddef.h>
#include <stdint.h>

enum mmu_kind {
    MMU_CODE,           /* cacheable, executable */
    MMU_RAM,            /* cacheable */
    MMU_DEVICE,
};

/** mmu_init() - map the image and the first GiB of RAM, turn caches on */
void mmu_init(void);

/**
 * mmu_map() - map addresses to themselves
 * @start, @size: bytes, widened to 2 MiB; not mapped yet
 */
void mmu_map(uint64_t start, uint64_t size, enum mmu_kind kind);

/** mmu_enable() - use the same map on this CPU */
void mmu_enable(void);

/** cache_drop() - see what a CPU whose MMU is off has written */
void cache_drop(const void *start, size_t size);

/** cache_clean() - let a CPU whose MMU is off see these bytes */
void cache_clean(const void *start, size_t size);

#endif
