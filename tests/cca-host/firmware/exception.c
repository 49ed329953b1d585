/*
 * The end of the firmware, wanted or not.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "exception.h"
#include "psci.h"
#include "report.h"

static const char *const vector_names[16] = {
    "synchronous, SP_EL0", "IRQ, SP_EL0", "FIQ, SP_EL0", "SError, SP_EL0",
    "synchronous", "IRQ", "FIQ", "SError",
    "synchronous, EL0", "IRQ, EL0", "FIQ, EL0", "SError, EL0",
    "synchronous, AArch32", "IRQ, AArch32", "FIQ, AArch32", "SError, AArch32",
};

void exception_report(uint64_t vector, uint64_t lr, uint64_t sp)
{
    static bool again;

    if (!again) {
        again = true;
        check(false, "exception (%s): ESR %lx ELR %lx FAR %lx LR %lx SP %lx",
              vector_names[vector & 15], read_sysreg(esr_el1),
              read_sysreg(elr_el1), read_sysreg(far_el1), lr, sp);
        report_end();
    }
    psci_system_off();
}

void fatal(const char *why)
{
    check(false, "%s", why);
    report_end();
    psci_system_off();
}
