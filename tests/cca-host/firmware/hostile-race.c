/*
 * Conversions that are in each other's way.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stddef.h>

#include "arch.h"
#include "hostile.h"
#include "lib.h"
#include "machine.h"
#include "psci.h"
#include "report.h"
#include "rsi.h"
#include "smp.h"

#define RACE_PAGES 16
#define ROUNDS 100

/* timing: 1 MiB behind everything else of the firmware */
#define TIMED_BASE (0x40000000ull + (16ull << 20))
#define TIMED_SIZE (1ull << 20)

/**
 * struct racer - one CPU's part
 * @base: the pages that all of them convert
 * @state: of its random numbers
 * @failed: conversions that were refused
 */
struct racer {
    uint64_t base;
    uint32_t state;
    unsigned failed;
};

static uint32_t next_random(struct racer *r)
{
    r->state = r->state * 1664525u + 1013904223u;
    return r->state >> 16;
}

static void race(void *arg)
{
    struct racer *r = arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned first = next_random(r) % RACE_PAGES;
        unsigned count = 1 + next_random(r) % (RACE_PAGES - first);
        uint64_t base = r->base + first * PAGE_SIZE;

        r->failed += !rsi_ipa_state_set_all(base, base + count * PAGE_SIZE,
                                            next_random(r) & 1 ? RIPAS_RAM
                                                               : RIPAS_EMPTY);
    }
}

void hostile_race(void)
{
    static struct racer racers[SMP_MAX_CPUS + 1];
    unsigned n = smp_find(), failed = 0;
    uint8_t *pages = alloc_pages(RACE_PAGES + 2);
    uint8_t *middle = pages + PAGE_SIZE;

    fill_pattern(pages, PAGE_SIZE, 80);
    fill_pattern(middle + RACE_PAGES * PAGE_SIZE, PAGE_SIZE, 81);
    for (unsigned i = 0; i <= n; i++) {
        racers[i] = (struct racer) {
            .base = (uintptr_t)middle, .state = 12345 + i,
        };
        if (i < n) {
            check(smp_start(smp_cpu(i), race, &racers[i]),
                  "CPU %lx takes part", smp_cpu(i)->mpidr);
        }
    }
    race(&racers[n]);
    for (unsigned i = 0; i <= n; i++) {
        if (i < n) {
            check(smp_wait(smp_cpu(i)) && smp_is_off(smp_cpu(i)),
                  "CPU %lx comes to an end", smp_cpu(i)->mpidr);
        }
        failed += racers[i].failed;
    }
    check(!failed, "%u CPUs convert the same pages %u times", n + 1,
          ROUNDS * (n + 1));
    unshare_pages(middle, RACE_PAGES);
    fill_pattern(middle, RACE_PAGES * PAGE_SIZE, 82);
    check(is_pattern(middle, RACE_PAGES * PAGE_SIZE, 82),
          "they can be used after that");
    check(is_pattern(pages, PAGE_SIZE, 80) &&
          is_pattern(middle + RACE_PAGES * PAGE_SIZE, PAGE_SIZE, 81),
          "their neighbours are unchanged");
}

/* A range of any size at once, as a guest kernel does for its bounce buffers */
static void convert_rest_of_ram(void)
{
    uint64_t top = machine.ram_base + machine.ram_size;
    uint64_t first = TIMED_BASE, last = top - PAGE_SIZE, start = timer_us();
    uint64_t half, mib = (top - TIMED_BASE) >> 20;
    bool good;

    *(uint64_t *)first = 1;
    *(uint64_t *)last = 2;
    good = rsi_ipa_state_set_all(TIMED_BASE, top, RIPAS_EMPTY);
    *(uint64_t *)shared_alias(first) = 3;
    *(uint64_t *)shared_alias(last) = 4;
    good &= *(uint64_t *)shared_alias(first) == 3 &&
            *(uint64_t *)shared_alias(last) == 4;
    half = timer_us();
    good &= rsi_ipa_state_set_all(TIMED_BASE, top, RIPAS_RAM);
    check(good && *(uint64_t *)first != 3 && *(uint64_t *)last != 4,
          "the other %lu MiB are shared and made private at once", mib);
    note("that takes %lu us to share, %lu us back", half - start,
         timer_us() - half);
}

static bool convert_in_steps(uint64_t step, enum rsi_ripas ripas)
{
    for (uint64_t a = 0; a < TIMED_SIZE; a += step) {
        if (!rsi_ipa_state_set_all(TIMED_BASE + a, TIMED_BASE + a + step,
                                   ripas)) {
            return false;
        }
    }
    return true;
}

void hostile_many(void)
{
    static const uint64_t steps[] = { PAGE_SIZE, 64 << 10, TIMED_SIZE };

    if (machine.ram_size < (32 << 20)) {
        skip("there is too little RAM for it");
        return;
    }
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        uint64_t start = timer_us(), half, n = TIMED_SIZE / steps[i];
        bool good = convert_in_steps(steps[i], RIPAS_EMPTY);

        half = timer_us();
        good &= convert_in_steps(steps[i], RIPAS_RAM);
        check(good, "1 MiB is shared and made private in steps of %lu KiB",
              steps[i] >> 10);
        note("one such step takes %lu us to share, %lu us back",
             (half - start) / n, (timer_us() - half) / n);
    }
    convert_rest_of_ram();
}

static void power_off(void *arg)
{
    (void)arg;
    psci_system_off();
}

static void keep_busy(void *arg)
{
    uint64_t page = (uintptr_t)arg;

    for (;;) {
        rsi_ipa_state_set_all(page, page + PAGE_SIZE, RIPAS_EMPTY);
        rsi_ipa_state_set_all(page, page + PAGE_SIZE, RIPAS_RAM);
    }
}

void hostile_off_elsewhere(void)
{
    unsigned n = smp_find();

    if (!n) {
        skip("there is one CPU");
        return;
    }
    report_end();
    note("the last CPU powers off, the others convert pages");
    for (unsigned i = 0; i + 1 < n; i++) {
        smp_start(smp_cpu(i), keep_busy, alloc_pages(1));
    }
    smp_start(smp_cpu(n - 1), power_off, NULL);
    keep_busy(alloc_pages(1));
}
