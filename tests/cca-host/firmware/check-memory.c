/*
 * Conversions between private and shared, and what they leave alone.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "checks.h"
#include "fdt.h"
#include "lib.h"
#include "machine.h"
#include "report.h"
#include "rsi.h"

enum { BEFORE, MIDDLE, AFTER, PAGES };

static bool ripas_is(const void *page, enum rsi_ripas want)
{
    uint64_t base = (uintptr_t)page, end;
    enum rsi_ripas ripas;

    return rsi_ipa_state_get(base, base + PAGE_SIZE, &end, &ripas) ==
               RSI_SUCCESS &&
           ripas == want && end == base + PAGE_SIZE;
}

static bool neighbours_kept(uint8_t *page[PAGES])
{
    return ripas_is(page[BEFORE], RIPAS_RAM) &&
           ripas_is(page[AFTER], RIPAS_RAM) &&
           is_pattern(page[BEFORE], PAGE_SIZE, 1) &&
           is_pattern(page[AFTER], PAGE_SIZE, 3);
}

static void check_share(uint8_t *page[PAGES])
{
    uint64_t base = (uintptr_t)page[BEFORE], end;
    enum rsi_ripas ripas;
    uint8_t *shared;

    for (unsigned i = 0; i < PAGES; i++) {
        fill_pattern(page[i], PAGE_SIZE, i + 1);
    }
    check(ripas_is(page[MIDDLE], RIPAS_RAM), "a page is private at first");

    shared = share_pages(page[MIDDLE], 1);
    check(ripas_is(page[MIDDLE], RIPAS_EMPTY), "it can be shared");
    check(rsi_ipa_state_get(base, base + PAGES * PAGE_SIZE, &end, &ripas) ==
          RSI_SUCCESS && ripas == RIPAS_RAM && end == base + PAGE_SIZE,
          "the state of a range ends where the shared page begins");
    check(!is_pattern(shared, PAGE_SIZE, MIDDLE + 1),
          "the host does not get what was in it");
    check(neighbours_kept(page), "its neighbours stay private and unchanged");
    fill_pattern(shared, PAGE_SIZE, 100);
    check(is_pattern(shared, PAGE_SIZE, 100),
          "it can be written through the shared alias");

    share_pages(page[MIDDLE], 1);
    check(is_pattern(shared, PAGE_SIZE, 100),
          "sharing it once more keeps its content");
}

static void check_unshare(uint8_t *page[PAGES])
{
    unshare_pages(page[MIDDLE], 1);
    check(ripas_is(page[MIDDLE], RIPAS_RAM), "it can be made private again");
    check(!is_pattern(page[MIDDLE], PAGE_SIZE, 100),
          "what the host could see is not in the private page");
    check(neighbours_kept(page), "its neighbours are still unchanged");
    fill_pattern(page[MIDDLE], PAGE_SIZE, 2);
    check(is_pattern(page[MIDDLE], PAGE_SIZE, 2), "it can be written");
    unshare_pages(page[MIDDLE], 1);
    check(is_pattern(page[MIDDLE], PAGE_SIZE, 2),
          "making it private once more keeps its content");
}

/* As Linux does at boot: GiB-sized, over everything that was measured. */
static void check_all_ram(uint8_t *page[PAGES])
{
    uint32_t dtb = crc32((const void *)DTB_BASE, fdt_size());
    uint64_t top = machine.ram_base + machine.ram_size;

    check(rsi_ipa_state_set_all(machine.ram_base, top, RIPAS_RAM),
          "all of the %lu MiB can be made private at once",
          machine.ram_size >> 20);
    check(dtb == crc32((const void *)DTB_BASE, fdt_size()),
          "that keeps the device tree");
    check(neighbours_kept(page) && is_pattern(page[MIDDLE], PAGE_SIZE, 2),
          "that keeps written pages");

    top = (image_size() + PAGE_SIZE - 1) & -PAGE_SIZE;
    check(rsi_ipa_state_set_all(0, top, RIPAS_RAM),
          "the image's own pages can be made private again");
    check(image_intact(), "that keeps the image");
}

void check_memory(void)
{
    uint8_t *page[PAGES];

    if (!machine.realm) {
        skip("conversions: only a Realm has private memory");
        return;
    }
    page[BEFORE] = alloc_pages(PAGES);
    page[MIDDLE] = page[BEFORE] + PAGE_SIZE;
    page[AFTER] = page[MIDDLE] + PAGE_SIZE;
    check_share(page);
    check_unshare(page);
    check_all_ram(page);
}
