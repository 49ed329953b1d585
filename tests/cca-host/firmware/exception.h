/*
 * The end of the firmware, wanted or not.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_EXCEPTION_H
#define FW_EXCEPTION_H

#include <stdint.h>

/**
 * exception_report() - print an exception nobody expected, and power off
 * @vector: number of the vector, 0 to 15
 * @lr: x30 at that time
 * @sp: stack pointer at that time
 *
 * Called by start.S on the emergency stack.
 */
void __attribute__((noreturn))
exception_report(uint64_t vector, uint64_t lr, uint64_t sp);

/** fatal() - a check without which nothing else makes sense has failed */
void __attribute__((noreturn)) fatal(const char *why);

#endif
