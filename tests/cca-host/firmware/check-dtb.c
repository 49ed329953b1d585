/*
 * What the device tree of a Realm must and must not have.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "checks.h"
#include "exception.h"
#include "fdt.h"
#include "machine.h"
#include "psci.h"
#include "report.h"

static void check_psci(void)
{
    const void *psci = fdt_named("psci");
    bool smc = fdt_prop_is(psci, "method", "smc");
    int32_t version;

    if (machine.realm) {
        check(smc, "the PSCI conduit of the device tree is SMC");
    }
    psci_set_conduit(!smc);
    version = psci_version();
    check(version >= 0x10000, "PSCI has version %d.%d", version >> 16,
          version & 0xffff);
}

static void check_no_randomness(void)
{
    const void *chosen = fdt_named("chosen");

    if (!machine.realm) {
        skip("seeds in /chosen: only a Realm must not have them");
        return;
    }
    check(!fdt_prop(chosen, "kaslr-seed", NULL) &&
          !fdt_prop(chosen, "rng-seed", NULL),
          "/chosen has no seed, which would change the measurement");
}

void check_dtb(void)
{
    const void *memory, *device;

    if (!check(fdt_open((const void *)DTB_BASE),
               "a device tree stands at %lx", (unsigned long)DTB_BASE)) {
        fatal("nothing can be found without a device tree");
    }
    memory = fdt_find(NULL, "device_type", "memory");
    machine.ram_base = fdt_reg(memory, 0);
    machine.ram_size = fdt_reg(memory, 1);
    check(machine.ram_base == DTB_BASE && machine.ram_size,
          "memory is at %lx, %lu MiB", machine.ram_base,
          machine.ram_size >> 20);
    check_psci();
    check_no_randomness();

    device = fdt_find(NULL, "compatible", "cfi-flash");
    if (machine.realm) {
        check(!device, "there is no flash");
    }
    device = fdt_find(NULL, "compatible", "arm,pl011");
    check(fdt_reg(device, 0) == UART_BASE, "the PL011 is at %lx",
          fdt_reg(device, 0));
    device = fdt_find(NULL, "compatible", "qemu,fw-cfg-mmio");
    check(fdt_reg(device, 0) == FW_CFG_BASE, "fw_cfg is at %lx",
          fdt_reg(device, 0));
}
