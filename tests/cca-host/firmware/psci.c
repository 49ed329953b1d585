/*
 * PSCI (Arm DEN0022) over the conduit of the device tree.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "psci.h"

#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON_64 0xc4000003u
#define PSCI_AFFINITY_INFO_64 0xc4000004u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_NOT_SUPPORTED (-1)

static bool use_hvc;

void psci_set_conduit(bool hvc)
{
    use_hvc = hvc;
}

static int32_t psci_call(uint32_t function, uint64_t a1, uint64_t a2,
                         uint64_t a3)
{
    struct smccc c = { { function, a1, a2, a3 } };
    struct probe p = use_hvc ? smccc_hvc(&c) : smccc_smc(&c);

    return p.esr ? PSCI_NOT_SUPPORTED : (int32_t)c.x[0];
}

int32_t psci_any(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    return psci_call(function, a1, a2, a3);
}

int32_t psci_version(void)
{
    return psci_call(PSCI_VERSION, 0, 0, 0);
}

int32_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context)
{
    return psci_call(PSCI_CPU_ON_64, mpidr, entry, context);
}

int32_t psci_affinity_info(uint64_t mpidr)
{
    return psci_call(PSCI_AFFINITY_INFO_64, mpidr, 0, 0);
}

int32_t psci_cpu_off(void)
{
    return psci_call(PSCI_CPU_OFF, 0, 0, 0);
}

/* Whatever is wrong, do not hang: the other conduit may be the right one. */
static void __attribute__((noreturn)) psci_end(uint32_t function)
{
    for (;;) {
        psci_call(function, 0, 0, 0);
        use_hvc = !use_hvc;
    }
}

void psci_system_off(void)
{
    psci_end(PSCI_SYSTEM_OFF);
}

void psci_system_reset(void)
{
    psci_end(PSCI_SYSTEM_RESET);
}
