/*
 * The log of the measurement: where it is, and its bytes for the host to
 * compute the measurement again (tests/cca-host/host/event-log-rim).
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "checks.h"
#include "fdt.h"
#include "lib.h"
#include "machine.h"
#include "report.h"

#define LOG_SIZE 0x10000u
#define PAGE_MASK 4095u
/* The last fields of an event may be zero, and so is the end of the log */
#define TAIL 16

void check_event_log(void)
{
    const void *node = fdt_find(NULL, "compatible", "cc-event-log");
    uint64_t base = fdt_reg(node, 0);
    uint64_t size = fdt_reg(node, 1);
    const uint8_t *log = (const uint8_t *)base;

    if (!node) {
        return;
    }
    if (!check(size == LOG_SIZE && !(base & PAGE_MASK) &&
               base >= DTB_BASE + fdt_size() &&
               base <= machine.ram_base + machine.ram_size - size,
               "a measurement log of %lu bytes is at %lx, in RAM behind the "
               "device tree", size, base)) {
        return;
    }
    while (size && !log[size - 1]) {
        size--;
    }
    if (check(size && size <= LOG_SIZE - TAIL, "there is something in it")) {
        print_hex("LOG", log, size + TAIL);
    }
}
