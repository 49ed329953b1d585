/*
 * The other CPUs of the device tree, started and stopped by PSCI.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stddef.h>

#include "arch.h"
#include "fdt.h"
#include "layout.h"
#include "lib.h"
#include "machine.h"
#include "mmu.h"
#include "psci.h"
#include "smp.h"

#define STACK_PAGES 2
#define WAIT_US 60000000ull

static struct smp_cpu cpus[SMP_MAX_CPUS];
static unsigned cpus_found;

_Static_assert(offsetof(struct smp_cpu, arg) == 16, "start.S reads these");

static void secondary_main(struct smp_cpu *cpu)
{
    cpu->seen_mpidr = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
    cpu->run(cpu->run_arg);
    __atomic_store_n(&cpu->done, 1, __ATOMIC_RELEASE);
    psci_cpu_off();
}

unsigned smp_find(void)
{
    uint64_t self = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
    const void *node = NULL;

    while (!cpus_found || node) {
        uint32_t length;
        const uint8_t *reg;
        uint64_t mpidr;

        node = fdt_find(node, "device_type", "cpu");
        reg = fdt_prop(node, "reg", &length);
        if (!reg || cpus_found == SMP_MAX_CPUS) {
            break;
        }
        mpidr = length == 8 ? get_be64(reg) : get_be32(reg);
        if (mpidr != self) {
            cpus[cpus_found++].mpidr = mpidr;
        }
    }
    return cpus_found;
}

struct smp_cpu *smp_cpu(unsigned index)
{
    return &cpus[index];
}

bool smp_start(struct smp_cpu *cpu, void (*run)(void *arg), void *arg)
{
    if (!cpu->stack) {
        cpu->stack = alloc_pages(STACK_PAGES);
    }
    cpu->sp = (uintptr_t)cpu->stack + STACK_PAGES * PAGE_SIZE;
    cpu->entry = (uintptr_t)secondary_main;
    cpu->arg = (uintptr_t)cpu;
    cpu->run = run;
    cpu->run_arg = arg;
    cpu->done = 0;
    cache_clean(cpu, sizeof(*cpu));
    cache_clean(cpu->stack, STACK_PAGES * PAGE_SIZE);
    return psci_cpu_on(cpu->mpidr, (uintptr_t)secondary_start,
                       (uintptr_t)cpu) == PSCI_SUCCESS;
}

bool smp_wait(struct smp_cpu *cpu)
{
    uint64_t end = timer_us() + WAIT_US;

    while (!__atomic_load_n(&cpu->done, __ATOMIC_ACQUIRE)) {
        if (timer_us() > end) {
            return false;
        }
    }
    return true;
}

bool smp_is_off(struct smp_cpu *cpu)
{
    uint64_t end = timer_us() + WAIT_US;

    while (psci_affinity_info(cpu->mpidr) != PSCI_AFFINITY_OFF) {
        if (timer_us() > end) {
            return false;
        }
    }
    return true;
}
