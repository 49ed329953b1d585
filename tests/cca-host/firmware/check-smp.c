/*
 * The other CPUs of the device tree: started by PSCI, they convert pages of
 * their own at the same time, and stop.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "checks.h"
#include "fdt.h"
#include "layout.h"
#include "lib.h"
#include "machine.h"
#include "mmu.h"
#include "psci.h"
#include "report.h"
#include "rsi.h"

#define MAX_CPUS 8
#define STACK_PAGES 2
#define CONVERSIONS 16
#define WAIT_US 60000000ull
#define MPIDR_AFFINITY 0xff00ffffffull
#define AFFINITY_OFF 1

/** struct smp_start - what start.S reads with the MMU off */
struct smp_start {
    uint64_t sp;
    uint64_t entry;
    uint64_t arg;
};

/**
 * struct cpu - another CPU
 * @mpidr: from the device tree
 * @page: a page for its conversions
 * @seen_mpidr: what it read from its register
 * @good: conversions that went as they should
 * @done: set last
 */
struct cpu {
    struct smp_start start;
    uint64_t mpidr;
    uint8_t *page;
    uint64_t seen_mpidr;
    uint32_t good;
    uint32_t done;
};

static struct cpu cpus[MAX_CPUS] __attribute__((aligned(64)));

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

static void secondary_main(struct cpu *cpu)
{
    cpu->seen_mpidr = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
    for (unsigned i = 0; i < CONVERSIONS; i++) {
        cpu->good += convert_once(cpu->page, 40 + i);
    }
    __atomic_store_n(&cpu->done, 1, __ATOMIC_RELEASE);
    psci_cpu_off();
}

static unsigned find_cpus(void)
{
    uint64_t self = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
    const void *node = NULL;
    unsigned n = 0;

    while (n < MAX_CPUS && (node = fdt_find(node, "device_type", "cpu"))) {
        uint32_t length;
        const uint8_t *reg = fdt_prop(node, "reg", &length);
        uint64_t mpidr = length == 8 ? get_be64(reg) : get_be32(reg);

        if (mpidr != self) {
            cpus[n++].mpidr = mpidr;
        }
    }
    return n;
}

static bool start_cpu(struct cpu *cpu)
{
    uint8_t *stack = alloc_pages(STACK_PAGES);

    cpu->page = alloc_pages(1);
    cpu->start = (struct smp_start) {
        .sp = (uintptr_t)stack + STACK_PAGES * PAGE_SIZE,
        .entry = (uintptr_t)secondary_main,
        .arg = (uintptr_t)cpu,
    };
    cache_clean(cpu, sizeof(*cpu));
    cache_clean(stack, STACK_PAGES * PAGE_SIZE);
    return psci_cpu_on(cpu->mpidr, (uintptr_t)secondary_start,
                       (uintptr_t)&cpu->start) == PSCI_SUCCESS;
}

static bool wait_for(struct cpu *cpu, uint64_t end)
{
    while (!__atomic_load_n(&cpu->done, __ATOMIC_ACQUIRE)) {
        if (timer_us() > end) {
            return false;
        }
    }
    return true;
}

static bool is_off(struct cpu *cpu, uint64_t end)
{
    while (psci_affinity_info(cpu->mpidr) != AFFINITY_OFF) {
        if (timer_us() > end) {
            return false;
        }
    }
    return true;
}

void check_smp(void)
{
    unsigned n = find_cpus(), started, own = 0;
    uint8_t *page = alloc_pages(1);
    uint64_t end;

    if (!n) {
        skip("PSCI CPU_ON: there is one CPU");
        return;
    }
    check(psci_cpu_on(read_sysreg(mpidr_el1) & MPIDR_AFFINITY,
                      (uintptr_t)secondary_start, 0) == PSCI_ALREADY_ON,
          "CPU_ON of the running CPU says that it is on");
    for (started = 0; started < n && start_cpu(&cpus[started]); started++) {
        /* all of them first, so that they run at the same time */
    }
    check(started == n, "PSCI starts %u other CPUs", n);
    for (unsigned i = 0; i < CONVERSIONS; i++) {
        own += convert_once(page, 40 + i);
    }
    check(own == CONVERSIONS, "this CPU's conversions keep to its page");
    end = timer_us() + WAIT_US;
    for (unsigned i = 0; i < started; i++) {
        struct cpu *cpu = &cpus[i];

        check(wait_for(cpu, end) && cpu->seen_mpidr == cpu->mpidr,
              "CPU %lx runs", cpu->mpidr);
        check(cpu->good == CONVERSIONS, "its conversions keep to its page");
        check(is_off(cpu, end), "it can stop");
    }
}
