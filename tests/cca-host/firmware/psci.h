/*
 * PSCI (Arm DEN0022).
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_PSCI_H
#define FW_PSCI_H

#include <stdbool.h>
#include <stdint.h>

#define PSCI_SUCCESS 0
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON (-4)
#define PSCI_INVALID_ADDRESS (-9)
#define PSCI_AFFINITY_OFF 1

/* functions for psci_any() */
#define PSCI_SYSTEM_SUSPEND_64 0xc400000eu
#define PSCI_SYSTEM_RESET2_64 0xc4000012u

/** psci_set_conduit() - what the device tree says; SMC until then */
void psci_set_conduit(bool hvc);

/** psci_version() - major << 16 | minor, negative when there is no PSCI */
int32_t psci_version(void);

/**
 * psci_cpu_on() - start a CPU
 * @mpidr: affinity of the CPU, as in its device tree node
 * @entry: address where it starts, MMU off
 * @context: its x0
 * Returns a PSCI code.
 */
int32_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context);

/** psci_affinity_info() - 0 on, 1 off, 2 pending, or a negative PSCI code */
int32_t psci_affinity_info(uint64_t mpidr);

/** psci_any() - a function by number, which may not be one */
int32_t psci_any(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3);

/** psci_cpu_off() - stop this CPU; returns only when refused */
int32_t psci_cpu_off(void);

void __attribute__((noreturn)) psci_system_off(void);
void __attribute__((noreturn)) psci_system_reset(void);

#endif
