/*
 * What the firmware says: lines on the PL011, one for each check, and the
 * count of them at the end.  Every line starts with "fw: ".
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_REPORT_H
#define FW_REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** uart_enable() - from here on lines appear at the PL011 at @base */
void uart_enable(uint64_t base);

/** uart_enabled() - whether anybody can read what is printed */
bool uart_enabled(void);

/**
 * print() - plain output
 *
 * Knows %s, %c, %d, %u, %x with l, a field width and zero padding, and %%.
 */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** print_hex() - "fw: NAME HEX" */
void print_hex(const char *name, const uint8_t *data, size_t n);

/** note() - "fw: ...": a fact, no verdict */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** skip() - "fw: skip - ...": something that was not checked, and why */
void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * check() - "fw: ok - ..." or "fw: FAIL - ...", counted
 * Returns @good.
 */
bool check(bool good, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** report_end() - "fw: N passed, N failed" */
void report_end(void);

#endif
