/*
 * Calls with arguments that no guest has a reason for: RSI_HOST_CALL, PSCI,
 * and fw_cfg's DMA.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "fwcfg.h"
#include "hostile.h"
#include "lib.h"
#include "machine.h"
#include "psci.h"
#include "report.h"
#include "rsi.h"
#include "smp.h"

#define GIC_BASE 0x08000000ull
#define MMIO_HOLE 0x0a800000ull
#define HOST_CALLS 300

static uint32_t random_state = 1;

static uint32_t next_random(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

static uint64_t random64(void)
{
    return (uint64_t)next_random() << 40 ^ (uint64_t)next_random() << 20 ^
           next_random();
}

/*
 * Functions that end the machine, or this CPU, or wait for an interrupt that
 * never comes: PSCI CPU_SUSPEND, CPU_OFF, SYSTEM_OFF, SYSTEM_RESET,
 * CPU_DEFAULT_SUSPEND, SYSTEM_SUSPEND, SYSTEM_RESET2 of 0x8400xxxx and
 * 0xc400xxxx. CPU_ON would start one somewhere.
 */
static bool ends_something(uint64_t function)
{
    switch (function & ~0x40000000ull & 0xffffffff) {
    case 0x84000001: case 0x84000002: case 0x84000003: case 0x84000008:
    case 0x84000009: case 0x8400000c: case 0x8400000e: case 0x84000012:
        return true;
    default:
        return false;
    }
}

/* The RMM takes private memory of the Realm for it and nothing else */
static void host_calls_elsewhere(uint64_t good)
{
    uint8_t *page = alloc_pages(2), *shared = share_pages(page, 1);
    uint64_t ram_end = machine.ram_base + machine.ram_size;
    uint64_t at[] = {
        good + 1, good + 8, good + 128, good - 4, (uintptr_t)page,
        (uintptr_t)shared, shared_alias((uintptr_t)page + PAGE_SIZE),
        GIC_BASE, MMIO_HOLE, FW_CFG_BASE, ram_end, machine.shared_bit - 256,
        machine.shared_bit, 2 * machine.shared_bit - 256,
        2 * machine.shared_bit, 1ull << 63, -4096ull, -256ull,
    };

    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        enum rsi_status status =
            rsi_host_call((struct rsi_host_call *)(uintptr_t)at[i]);

        check(status == RSI_ERROR_INPUT,
              "a host call in memory at %lx is refused (%u)", at[i], status);
    }
    check(is_zero(shared, PAGE_SIZE), "nothing is written to a shared page");
}

void hostile_host_calls(void)
{
    static struct rsi_host_call call __attribute__((aligned(256)));
    static const uint16_t ends[] = { 0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff };
    unsigned back = 0, unknown = 0;

    for (unsigned i = 0; i < HOST_CALLS; i++) {
        call.imm = i < 6 ? ends[i] : i < 22 ? 1u << (i - 6) : next_random();
        for (unsigned r = 0; r < 31; r++) {
            call.gprs[r] = random64();
        }
        /* functions of every kind and owner, and what is none at all */
        if (i % 2) {
            call.gprs[0] = 0x80000000u | (next_random() & 0x7f00ffffu);
        }
        if (ends_something(call.gprs[0])) {
            call.gprs[0] = -1;
        }
        back += rsi_host_call(&call) == RSI_SUCCESS;
        unknown += (int32_t)call.gprs[0] == -1;
    }
    check(back == HOST_CALLS, "%u host calls of any immediate come back",
          HOST_CALLS);
    check(unknown > HOST_CALLS / 2, "the host did not know %u of them",
          unknown);
    host_calls_elsewhere((uintptr_t)&call);
}

static void expect_psci_error(const char *what, int32_t answer)
{
    check(answer < 0, "PSCI: %s is refused (%d)", what, answer);
}

void hostile_psci(void)
{
    uint64_t entry = 0x1000;

    expect_psci_error("to start CPU 0 once more", psci_cpu_on(0, entry, 0));
    expect_psci_error("to start a CPU that is not there",
                      psci_cpu_on(0xff00ffff00ull, entry, 0));
    expect_psci_error("an affinity with all bits",
                      psci_cpu_on(-1ull, -1ull, -1ull));
    expect_psci_error("the state of a CPU that is not there",
                      psci_affinity_info(0xffffffffull));
    expect_psci_error("an unknown function",
                      psci_any(0x8400001fu, -1ull, 1, 2));
    expect_psci_error("an unknown 64-bit function",
                      psci_any(0xc400001fu, -1ull, -1ull, -1ull));
    expect_psci_error("migration to nowhere",
                      psci_any(0xc4000005u, -1ull, 0, 0));
    expect_psci_error("a reset of an unknown kind",
                      psci_any(0xc4000012u, 0x7fffffff, -1ull, 0));
    expect_psci_error("the features of an unknown function",
                      psci_any(0x8400000au, 0xdeadbeef, 0, 0));
    for (unsigned i = 0; i < 200; i++) {
        uint32_t function = 0x84000000u | (next_random() & 0x4000001fu);

        if (!ends_something(function)) {
            psci_any(function, random64(), random64(), random64());
        }
    }
    check(psci_version() > 0, "PSCI still answers");
}

static void reset_now(void *arg)
{
    if (arg) {
        psci_any(PSCI_SYSTEM_RESET2_64, 0, 0, 0);   /* an RMM has none */
    }
    psci_system_reset();
}

void hostile_reset_storm(void)
{
    unsigned n = smp_find();

    report_end();
    note("PSCI SYSTEM_RESET and SYSTEM_RESET2 on %u CPUs", n + 1);
    for (unsigned i = 0; i < n; i++) {
        smp_start(smp_cpu(i), reset_now, i % 2 ? NULL : smp_cpu(i));
    }
    psci_system_reset();
}

static struct fw_cfg_dma *dma_access;

/* A private page keeps its content, and the shared one works after that */
static void expect_fw_cfg_error(const char *what, uint64_t address, uint32_t n)
{
    uint32_t got = fw_cfg_dma_read(FW_CFG_FILE_DIR, dma_access,
                                   (uintptr_t)dma_access, address, n);

    check(got == FW_CFG_DMA_ERROR,
          "fw_cfg DMA of %u bytes to %s at %lx is an error (control %x)", n,
          what, address, got);
}

void hostile_fw_cfg(void)
{
    uint8_t *pages = alloc_pages(2), *private = pages + PAGE_SIZE;
    uint8_t *shared = share_pages(pages, 1);
    uint64_t ram_end = machine.ram_base + machine.ram_size;
    uint32_t got;

    dma_access = (struct fw_cfg_dma *)(shared + 1024);
    fill_pattern(private, PAGE_SIZE, 80);
    expect_fw_cfg_error("a private page", (uintptr_t)private, 64);
    expect_fw_cfg_error("a shared page and the private one behind it",
                        (uintptr_t)shared + PAGE_SIZE - 32, 64);
    expect_fw_cfg_error("the image", 0x1000, 64);
    expect_fw_cfg_error("the interrupt controller", GIC_BASE, 8);
    expect_fw_cfg_error("fw_cfg itself", FW_CFG_BASE + 0x10, 8);
    expect_fw_cfg_error("a hole", MMIO_HOLE, 64);
    expect_fw_cfg_error("the end of RAM", ram_end - 32, 64);
    expect_fw_cfg_error("the last address", -32ull, 64);
    expect_fw_cfg_error("many pages", (uintptr_t)shared, 1 << 20);

    /* the request itself where the device may not read it: no answer at all */
    for (unsigned i = 0; i < 4; i++) {
        uint64_t at[] = { (uintptr_t)private, MMIO_HOLE, ram_end, -8ull };

        got = fw_cfg_dma_read(FW_CFG_FILE_DIR, dma_access, at[i],
                              (uintptr_t)shared, 64);
        check(got & FW_CFG_DMA_READ,
              "a fw_cfg DMA request at %lx gets no answer", at[i]);
    }
    check(is_pattern(private, PAGE_SIZE, 80) && image_intact(),
          "private memory is unchanged");
    got = fw_cfg_dma_read(FW_CFG_FILE_DIR, dma_access, (uintptr_t)dma_access,
                          (uintptr_t)shared, 64);
    check(!got, "fw_cfg DMA to shared memory works after that");
}
