/*
 * A disk that reads to pages while another CPU converts them.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "blk.h"
#include "hostile.h"
#include "lib.h"
#include "machine.h"
#include "report.h"
#include "rsi.h"
#include "smp.h"

#define RACE_PAGES 4
#define ROUNDS 100

/**
 * struct toggler - the CPU that converts
 * @pages: what it converts
 * @stop: set by the other CPU
 * @rounds: conversions to and fro
 * @changed: how often a private page had other content than it was given
 */
struct toggler {
    uint8_t *pages;
    uint32_t stop;
    unsigned rounds;
    unsigned changed;
};

static void toggle(void *arg)
{
    struct toggler *t = arg;
    uint64_t base = (uintptr_t)t->pages, size = RACE_PAGES * PAGE_SIZE;

    while (!__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE)) {
        rsi_ipa_state_set_all(base, base + size, RIPAS_RAM);
        fill_pattern(t->pages, size, t->rounds);
        for (uint64_t end = timer_us() + 2000; timer_us() < end; ) {
            relax();
        }
        t->changed += !is_pattern(t->pages, size, t->rounds);
        rsi_ipa_state_set_all(base, base + size, RIPAS_EMPTY);
        t->rounds++;
    }
}

void hostile_dma_race(void)
{
    static struct toggler t;
    struct blk *b = pci_init() ? blk_open() : NULL;
    unsigned done = 0, refused = 0;

    if (!b || !smp_find()) {
        skip("it needs a disk and two CPUs");
        return;
    }
    t.pages = alloc_pages(RACE_PAGES);
    if (!check(blk_recovers(b) && smp_start(smp_cpu(0), toggle, &t),
               "the disk works, and another CPU runs")) {
        return;
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (blk_io(b, BLK_T_IN, 0, blk_told(b, t.pages),
                   RACE_PAGES * PAGE_SIZE) == BLK_S_OK) {
            done++;
        } else {
            refused++;
            blk_start(b);
        }
    }
    __atomic_store_n(&t.stop, 1, __ATOMIC_RELEASE);
    check(smp_wait(smp_cpu(0)) && smp_is_off(smp_cpu(0)),
          "the other CPU comes to an end");
    note("%u requests were done, %u refused, in %u conversions", done, refused,
         t.rounds);
    check(!t.changed, "private pages keep their content");
    check(blk_recovers(b), "the disk works after that");
}
