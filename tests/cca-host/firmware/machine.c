/*
 * Facts of the machine, private and shared pages, the image itself.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "exception.h"
#include "layout.h"
#include "lib.h"
#include "machine.h"
#include "rsi.h"

#define POOL_PAGES 128

struct machine machine;

static uint8_t pool[POOL_PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static unsigned pool_used;

void *alloc_pages(unsigned pages)
{
    void *p = pool[pool_used];

    if (pages > POOL_PAGES - pool_used) {
        fatal("no page is left");
    }
    pool_used += pages;
    return p;
}

void *share_pages(void *pages, unsigned count)
{
    uint64_t base = (uintptr_t)pages;

    if (machine.realm &&
        !rsi_ipa_state_set_all(base, base + count * PAGE_SIZE, RIPAS_EMPTY)) {
        fatal("RSI_IPA_STATE_SET refuses to share a page");
    }
    return (void *)shared_alias(base);
}

void unshare_pages(void *pages, unsigned count)
{
    uint64_t base = (uintptr_t)pages;

    if (machine.realm &&
        !rsi_ipa_state_set_all(base, base + count * PAGE_SIZE, RIPAS_RAM)) {
        fatal("RSI_IPA_STATE_SET refuses to make a page private");
    }
}

size_t image_size(void)
{
    return (uintptr_t)image_trailer + 8;
}

bool image_intact(void)
{
    uint32_t length = (uintptr_t)image_trailer;
    uint32_t trailer[2];

    memcpy(trailer, image_trailer, sizeof(trailer));
    return trailer[0] == crc32((const void *)0, length) &&
           trailer[1] == length;
}
