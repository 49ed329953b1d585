/*
 * The other CPUs of the device tree, started and stopped by PSCI.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_SMP_H
#define FW_SMP_H

#include <stdbool.h>
#include <stdint.h>

#define SMP_MAX_CPUS 8
#define MPIDR_AFFINITY 0xff00ffffffull

/**
 * struct smp_cpu - another CPU
 * @sp, @entry, @arg: what start.S reads with the MMU off; must come first
 * @mpidr: from the device tree
 * @stack: its pages, once it was started
 * @run, @run_arg: what it does
 * @seen_mpidr: what it read from its register
 * @done: set when @run has returned
 */
struct smp_cpu {
    uint64_t sp;
    uint64_t entry;
    uint64_t arg;
    uint64_t mpidr;
    uint8_t *stack;
    void (*run)(void *arg);
    void *run_arg;
    uint64_t seen_mpidr;
    uint32_t done;
} __attribute__((aligned(64)));

/** smp_find() - number of CPUs besides this one, SMP_MAX_CPUS at most */
unsigned smp_find(void);

/** smp_cpu() - one of them, from 0 */
struct smp_cpu *smp_cpu(unsigned index);

/**
 * smp_start() - let a CPU that is off run a function, then stop
 * Returns whether PSCI took it.
 */
bool smp_start(struct smp_cpu *cpu, void (*run)(void *arg), void *arg);

/** smp_wait() - until the function has returned; false after a minute */
bool smp_wait(struct smp_cpu *cpu);

/** smp_is_off() - wait until PSCI says so; false after a minute */
bool smp_is_off(struct smp_cpu *cpu);

#endif
