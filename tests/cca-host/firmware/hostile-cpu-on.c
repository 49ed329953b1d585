/*
 * PSCI CPU_ON of a CPU that exists, at addresses where nothing can run.
 *
 * An RMM refuses an address of the shared half.  KVM, which answers PSCI in an
 * ordinary machine, refuses nothing; and at an address that is not refused the
 * CPU takes an exception on its first instruction.  VBAR_EL1 is 0 then, where
 * start.S has it write what happened and switch itself off.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "exception.h"
#include "fwcfg.h"
#include "hostile.h"
#include "layout.h"
#include "lib.h"
#include "machine.h"
#include "mmu.h"
#include "psci.h"
#include "report.h"
#include "rsi.h"
#include "smp.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define FLASH_END (128 * MIB)
#define GIC_BASE 0x08000000ull
#define MMIO_HOLE 0x0a800000ull
#define PCI_WINDOW 0x10000000ull
#define ROUNDS 20

/** struct stray - what start.S leaves at the context of a CPU that strayed */
struct stray {
    uint64_t esr;
    uint64_t elr;
} __attribute__((aligned(64)));

static struct stray stray;

static struct smp_cpu *find_cpu(void)
{
    if (!smp_find()) {
        fatal("there is no second CPU");
    }
    return smp_cpu(0);
}

/* Returns whether it was refused, or went astray and is off; *@psci says which */
static bool start_at(struct smp_cpu *cpu, uint64_t entry, int32_t *psci)
{
    memset(&stray, 0, sizeof(stray));
    cache_drop(&stray, sizeof(stray));
    *psci = psci_cpu_on(cpu->mpidr, entry, (uintptr_t)&stray);
    if (*psci != PSCI_SUCCESS) {
        return *psci == PSCI_INVALID_ADDRESS ||
               *psci == PSCI_INVALID_PARAMETERS;
    }
    if (!smp_is_off(cpu)) {
        return false;
    }
    cache_drop(&stray, sizeof(stray));
    return stray.esr != 0 && stray.elr == entry;
}

static void expect_stray(struct smp_cpu *cpu, const char *what, uint64_t entry)
{
    int32_t psci;
    bool good = start_at(cpu, entry, &psci);

    if (good && psci != PSCI_SUCCESS) {
        check(true, "a CPU is not started %s, at %lx (%d)", what, entry, psci);
        return;
    }
    check(good, "a CPU started %s, at %lx, faults there and is off "
          "(PSCI %d, ESR %lx ELR %lx)", what, entry, psci, stray.esr,
          stray.elr);
}

static void say_hello(void *arg)
{
    __atomic_store_n((uint32_t *)arg, 1, __ATOMIC_RELEASE);
}

static void expect_cpu_works(struct smp_cpu *cpu)
{
    static uint32_t hello;

    check(smp_start(cpu, say_hello, &hello) && smp_wait(cpu) &&
          smp_is_off(cpu) && hello, "the CPU can be used after that");
}

void hostile_cpu_on(void)
{
    struct smp_cpu *cpu = find_cpu();
    uint8_t *pages = alloc_pages(3);
    uint64_t empty = (uintptr_t)pages, private = empty + PAGE_SIZE;
    uint64_t lost = private + PAGE_SIZE;
    uint64_t ram_end = machine.ram_base + machine.ram_size;
    struct {
        const char *where;
        uint64_t entry;
    } at[] = {
        { "at an odd address", (uintptr_t)secondary_start + 1 },
        { "between two instructions", (uintptr_t)secondary_start + 2 },
        { "in a hole", MMIO_HOLE },
        { "in the interrupt controller", GIC_BASE },
        { "in the UART", UART_BASE },
        { "in the PCI window", PCI_WINDOW },
        { "in the shared half, in a hole", shared_alias(MMIO_HOLE) },
        { "in the shared half, in the UART", shared_alias(UART_BASE) },
        { "in the shared half, in the PCI window", shared_alias(PCI_WINDOW) },
        { "in the shared half, on a shared page", shared_alias(empty) },
        { "in the shared half, on a private page", shared_alias(lost) },
        { "on a page that is EMPTY and shared", empty },
        { "on a page that is EMPTY since ever", FLASH_END - PAGE_SIZE },
        { "behind RAM", (ram_end + GIB - 1) & -GIB },
        { "at the end of the private half", machine.shared_bit - 4 },
        { "at the end of the address space", 2 * machine.shared_bit - 4 },
        { "outside of the address space", 2 * machine.shared_bit },
        { "outside of what a CPU can address", 1ull << 52 },
        { "at the last address", -4ull },
    };
    const unsigned n = sizeof(at) / sizeof(at[0]);
    unsigned good = 0;

    share_pages(pages, 1);
    fill_pattern((uint8_t *)private, PAGE_SIZE, 90);
    for (unsigned i = 0; i < n; i++) {
        expect_stray(cpu, at[i].where, at[i].entry);
    }
    for (unsigned i = 0; i < ROUNDS * n; i++) {
        int32_t psci;

        good += start_at(cpu, at[i % n].entry, &psci);
    }
    check(good == ROUNDS * n, "so it is %u times more (%u)", ROUNDS * n, good);
    check(psci_any(PSCI_SYSTEM_SUSPEND_64, MMIO_HOLE, 0, 0) < 0,
          "a suspend that would resume in a hole is refused");
    expect_cpu_works(cpu);
    check(is_pattern((uint8_t *)private, PAGE_SIZE, 90) && image_intact(),
          "private memory is unchanged");
    check(fw_cfg_present(), "fw_cfg still answers");
}

void hostile_cpu_on_destroyed(void)
{
    struct smp_cpu *cpu = find_cpu();
    uint64_t before = *(uint64_t *)DTB_BASE;
    struct probe p = probe_read64(shared_alias(DTB_BASE));

    check(p.esr || p.value != before,
          "the shared address of the device tree does not show it");
    report_end();
    note("a CPU is started there, which ends the machine");
    psci_cpu_on(cpu->mpidr, DTB_BASE, (uintptr_t)&stray);
    for (;;) {
        relax();
    }
}
