/*
 * The other CPUs: they convert pages of their own at the same time, and stop.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "checks.h"
#include "layout.h"
#include "lib.h"
#include "machine.h"
#include "psci.h"
#include "report.h"
#include "rsi.h"
#include "smp.h"

#define CONVERSIONS 16

/**
 * struct work - what one CPU does
 * @page: a page of its own
 * @good: conversions that went as they should
 */
struct work {
    uint8_t *page;
    unsigned good;
};

static bool convert_once(uint8_t *page, unsigned seed)
{
    uint64_t base = (uintptr_t)page;
    uint8_t *shared = (uint8_t *)shared_alias(base);
    bool good;

    if (!machine.realm) {
        return true;
    }
    good = rsi_ipa_state_set_all(base, base + PAGE_SIZE, RIPAS_EMPTY);
    fill_pattern(shared, 64, seed);
    good &= is_pattern(shared, 64, seed);
    good &= rsi_ipa_state_set_all(base, base + PAGE_SIZE, RIPAS_RAM);
    good &= !is_pattern(page, 64, seed);
    fill_pattern(page, 64, seed + 1);
    return good && is_pattern(page, 64, seed + 1);
}

static void do_work(void *arg)
{
    struct work *work = arg;

    for (unsigned i = 0; i < CONVERSIONS; i++) {
        work->good += convert_once(work->page, 40 + i);
    }
}

void check_smp(void)
{
    static struct work works[SMP_MAX_CPUS + 1];
    struct work *own = &works[SMP_MAX_CPUS];
    unsigned n = smp_find(), started = 0;

    if (!n) {
        skip("PSCI CPU_ON: there is one CPU");
        return;
    }
    check(psci_cpu_on(read_sysreg(mpidr_el1) & MPIDR_AFFINITY,
                      (uintptr_t)secondary_start, 0) == PSCI_ALREADY_ON,
          "CPU_ON of the running CPU says that it is on");
    /* all of them first, so that they run at the same time */
    for (unsigned i = 0; i < n; i++) {
        works[i].page = alloc_pages(1);
        started += smp_start(smp_cpu(i), do_work, &works[i]);
    }
    check(started == n, "PSCI starts %u other CPUs", n);
    own->page = alloc_pages(1);
    do_work(own);
    check(own->good == CONVERSIONS, "this CPU's conversions keep to its page");
    for (unsigned i = 0; i < n; i++) {
        struct smp_cpu *cpu = smp_cpu(i);

        check(smp_wait(cpu) && cpu->seen_mpidr == cpu->mpidr, "CPU %lx runs",
              cpu->mpidr);
        check(works[i].good == CONVERSIONS,
              "its conversions keep to its page");
        check(smp_is_off(cpu), "it can stop");
    }
}
