/*
 * Actions of a guest that does not behave.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "fdt.h"
#include "fwcfg.h"
#include "hostile.h"
#include "lib.h"
#include "machine.h"
#include "mmu.h"
#include "report.h"
#include "rsi.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* devices of `virt` that are always there, and holes between them */
#define FLASH_END (128 * MIB)
#define GIC_BASE 0x08000000ull
#define MMIO_HOLE 0x0a800000ull
#define PCI_WINDOW 0x10000000ull
#define PCI_WINDOW_END 0x3eff0000ull

static bool is_external_abort(struct probe p)
{
    return ESR_EC(p.esr) == ESR_EC_DABT && ESR_DFSC(p.esr) == ESR_DFSC_SEA;
}

void hostile_touch_empty(void)
{
    uint8_t *page = alloc_pages(1);
    struct probe p;

    share_pages(page, 1);
    p = probe_read64((uintptr_t)page);
    check(is_external_abort(p),
          "reading a shared page by its private address is an abort (ESR %lx)",
          p.esr);
    unshare_pages(page, 1);
    fill_pattern(page, PAGE_SIZE, 50);
    check(is_pattern(page, PAGE_SIZE, 50), "made private it can be used");
}

void hostile_touch_alias(void)
{
    uint8_t *page = alloc_pages(3);
    struct probe p;
    uint64_t end, before;
    enum rsi_ripas ripas;

    for (unsigned i = 0; i < 3; i++) {
        fill_pattern(page + i * PAGE_SIZE, PAGE_SIZE, 51 + i);
    }
    before = *(uint64_t *)(page + PAGE_SIZE);
    p = probe_read64(shared_alias((uintptr_t)page + PAGE_SIZE));
    check(p.esr || p.value != before,
          "the shared address of a private page does not show it (%lx, ESR %lx)",
          p.value, p.esr);
    check(is_pattern(page, PAGE_SIZE, 51) &&
          is_pattern(page + 2 * PAGE_SIZE, PAGE_SIZE, 53),
          "the pages around it are unchanged");

    /* the host had to take the page away: the RMM calls it destroyed */
    if (rsi_ipa_state_get((uintptr_t)page + PAGE_SIZE,
                          (uintptr_t)page + 2 * PAGE_SIZE, &end, &ripas) !=
        RSI_SUCCESS) {
        check(false, "the state of the page can be read");
        return;
    }
    note("its state is %u now", ripas);
    check(ripas == RIPAS_RAM || ripas == RIPAS_DESTROYED,
          "its state is RAM or DESTROYED");
    unshare_pages(page + PAGE_SIZE, 1);
    check(*(uint64_t *)(page + PAGE_SIZE) != before,
          "made private again it has lost its content");
    fill_pattern(page + PAGE_SIZE, PAGE_SIZE, 54);
    check(is_pattern(page + PAGE_SIZE, PAGE_SIZE, 54),
          "it can be used");
}

void hostile_touch_nowhere(void)
{
    uint64_t base = (machine.ram_base + machine.ram_size + GIB - 1) & -GIB;
    struct probe p;

    mmu_map(base, 2 * MIB, MMU_RAM);
    if (!check(rsi_ipa_state_set_all(base, base + PAGE_SIZE, RIPAS_RAM),
               "an address behind RAM is called private, at %lx", base)) {
        return;
    }
    note("reading it, which may end the machine");
    p = probe_read64(base);
    check(p.esr, "there is nothing to read (ESR %lx)", p.esr);
}

static void check_refused(uint64_t base, uint64_t top, uint64_t ripas,
                          const char *why)
{
    uint64_t next;
    bool rejected;
    enum rsi_status status = rsi_ipa_state_set(base, top, ripas, 0, &next,
                                               &rejected);

    check(status == RSI_ERROR_INPUT || rejected,
          "a conversion of %lx to %lx is refused: %s", base, top, why);
}

void hostile_set_bad_range(void)
{
    uint64_t page = (uintptr_t)alloc_pages(2);
    uint64_t end = machine.shared_bit;

    check_refused(page + 1, page + PAGE_SIZE, RIPAS_EMPTY, "base unaligned");
    check_refused(page, page + PAGE_SIZE + 8, RIPAS_EMPTY, "top unaligned");
    check_refused(page, page, RIPAS_EMPTY, "empty");
    check_refused(page + PAGE_SIZE, page, RIPAS_EMPTY, "top below base");
    check_refused(page, -PAGE_SIZE, RIPAS_EMPTY, "top near the last address");
    check_refused(-PAGE_SIZE, 0, RIPAS_EMPTY, "wraps to 0");
    check_refused(-PAGE_SIZE, page, RIPAS_RAM, "wraps over 0");
    check_refused(end, end + PAGE_SIZE, RIPAS_RAM, "in the shared half");
    check_refused(page, end + PAGE_SIZE, RIPAS_RAM, "into the shared half");
    check_refused(page | end, (page | end) + PAGE_SIZE, RIPAS_EMPTY,
                  "the shared alias");
    check_refused(page, page + PAGE_SIZE, RIPAS_DESTROYED, "to DESTROYED");
    check_refused(page, page + PAGE_SIZE, 77, "to an unknown state");
}

/* There and back; what stands in front of the range must not change. */
static void convert_range(uint64_t base, uint64_t top, const char *what)
{
    check(rsi_ipa_state_set_all(base, top, RIPAS_EMPTY),
          "%s can be shared (%lx to %lx)", what, base, top);
    check(rsi_ipa_state_set_all(base, top, RIPAS_RAM),
          "%s can be made private", what);
    check(rsi_ipa_state_set_all(base, top, RIPAS_EMPTY),
          "%s can be shared again", what);
}

void hostile_set_holes(void)
{
    uint8_t *page = alloc_pages(1);
    uint64_t ram_end = machine.ram_base + machine.ram_size;
    uint64_t hole = (ram_end + GIB - 1) & -GIB;

    fill_pattern(page, PAGE_SIZE, 60);
    convert_range(ram_end, ram_end + PAGE_SIZE, "the page behind RAM");
    convert_range(hole, hole + GIB, "a GiB of nothing");
    convert_range(machine.shared_bit - 2 * MIB, machine.shared_bit,
                  "the end of the private half");
    convert_range(FLASH_END - PAGE_SIZE, FLASH_END,
                  "the end of the firmware window");
    convert_range(ram_end - 2 * PAGE_SIZE, ram_end + 2 * PAGE_SIZE,
                  "a range over the end of RAM");
    check(rsi_ipa_state_set_all(ram_end - 2 * PAGE_SIZE, ram_end, RIPAS_RAM),
          "the end of RAM is private again");
    check(is_pattern(page, PAGE_SIZE, 60), "a written page is unchanged");
    check(image_intact(), "the image is unchanged");
}

void hostile_set_devices(void)
{
    convert_range(UART_BASE, UART_BASE + PAGE_SIZE, "the UART");
    check(true, "the UART still prints");
    convert_range(FW_CFG_BASE, FW_CFG_BASE + PAGE_SIZE, "fw_cfg");
    check(fw_cfg_present(), "fw_cfg still answers");
    convert_range(GIC_BASE, GIC_BASE + 2 * MIB, "the interrupt controller");
    convert_range(PCI_WINDOW, PCI_WINDOW_END, "the PCI window");
    convert_range(FLASH_END, machine.ram_base, "all devices below RAM");
    check(fw_cfg_present(), "fw_cfg still answers");
}

/*
 * Everything that has a private address, RAM and devices and holes. This code
 * and its stack are there as well and must not turn to shared, so the first
 * half of RAM stays as it is in that direction.
 */
void hostile_set_all(void)
{
    uint64_t half = machine.ram_base + machine.ram_size / 2;
    uint8_t *page = alloc_pages(1);

    fill_pattern(page, PAGE_SIZE, 61);
    check(rsi_ipa_state_set_all(half, machine.shared_bit, RIPAS_EMPTY),
          "everything above %lx can be shared", half);
    check(rsi_ipa_state_set_all(FLASH_END, machine.ram_base, RIPAS_EMPTY),
          "so can all of the devices");
    check(rsi_ipa_state_set_all(0, machine.shared_bit, RIPAS_RAM),
          "the whole address space can be made private");
    check(rsi_ipa_state_set_all(0, machine.shared_bit, RIPAS_RAM),
          "and once more");
    check(is_pattern(page, PAGE_SIZE, 61) && image_intact(),
          "what was private is unchanged");
    check(fw_cfg_present(), "fw_cfg still answers");
}

/* All widths at @addr; whether something is there is not the question. */
static void all_widths(uint64_t addr, unsigned *aborts)
{
    struct probe p[4] = {
        probe_read8(addr), probe_read16(addr & ~1ull),
        probe_read32(addr & ~3ull), probe_read64(addr & ~7ull),
    };

    for (unsigned i = 0; i < 4; i++) {
        *aborts += p[i].esr != 0;
    }
    *aborts += probe_write8(addr, 0).esr != 0;
    *aborts += probe_write16(addr & ~1ull, 0).esr != 0;
    *aborts += probe_write32(addr & ~3ull, 0).esr != 0;
    *aborts += probe_write64(addr & ~7ull, 0).esr != 0;
}

void hostile_mmio_edges(void)
{
    /* behind devices, holes, the ends of the windows */
    static const uint64_t edges[] = {
        FW_CFG_BASE + 0x18, FW_CFG_BASE + 0xfff,
        UART_BASE + 0xfff, UART_BASE + 0x1000, MMIO_HOLE, MMIO_HOLE + 0xfff,
        PCI_WINDOW - 1, PCI_WINDOW, PCI_WINDOW_END - 1, PCI_WINDOW_END,
        GIB - 1, FLASH_END,
    };
    uint64_t hole = (machine.ram_base + machine.ram_size + GIB - 1) & -GIB;
    unsigned aborts = 0;

    for (unsigned i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        all_widths(shared_alias(edges[i]), &aborts);
    }
    mmu_map(shared_alias(hole), 2 * MIB, MMU_DEVICE);
    all_widths(shared_alias(hole), &aborts);
    all_widths(shared_alias(hole) + 2 * MIB - 8, &aborts);
    if (machine.realm) {
        mmu_map(2 * machine.shared_bit - 2 * MIB, 2 * MIB, MMU_DEVICE);
        all_widths(2 * machine.shared_bit - 1, &aborts);
    }
    note("%u of those accesses were aborts", aborts);
    check(fw_cfg_present(), "fw_cfg still answers after every width of access");
}

void hostile_mmio_abort(void)
{
    struct probe p = probe_read32(shared_alias(MMIO_HOLE));

    check(is_external_abort(p),
          "reading where there is no device is an external abort (ESR %lx)",
          p.esr);
    p = probe_write32(shared_alias(MMIO_HOLE), 1);
    check(is_external_abort(p),
          "writing where there is no device is an external abort (ESR %lx)",
          p.esr);
    p = probe_read32(shared_alias(UART_BASE + 0x18));
    check(!p.esr, "reading a device is none (ESR %lx)", p.esr);
    check(fw_cfg_present(), "fw_cfg still answers after aborts");
}
