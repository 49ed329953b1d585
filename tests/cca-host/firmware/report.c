/*
 * Lines on the PL011 and the count of checks.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "report.h"

/* PL011 registers (Arm DDI 0183) */
#define UARTDR 0x00
#define UARTFR 0x18
#define UARTFR_TXFE (1u << 7)
#define UARTLCR_H 0x2c
#define UARTLCR_H_FIFO_8BIT 0x70u
#define UARTCR 0x30
#define UARTCR_UARTEN (1u << 0)
#define UARTCR_TXE (1u << 8)
#define FIFO_DEPTH 16

static uint64_t uart;
static unsigned passed, failed;

void uart_enable(uint64_t base)
{
    uart = base;
    mmio_write32(uart + UARTLCR_H, UARTLCR_H_FIFO_8BIT);
    mmio_write32(uart + UARTCR, UARTCR_UARTEN | UARTCR_TXE);
}

bool uart_enabled(void)
{
    return uart != 0;
}

/* Every access is an exit to the host: look once for a whole FIFO. */
static void put(char c)
{
    static unsigned room;

    if (!uart) {
        return;
    }
    if (c == '\n') {
        put('\r');
    }
    while (!room) {
        room = mmio_read32(uart + UARTFR) & UARTFR_TXFE ? FIFO_DEPTH : 0;
    }
    room--;
    mmio_write32(uart + UARTDR, (uint8_t)c);
}

static void put_number(uint64_t value, unsigned base, bool negative,
                       unsigned width, bool zeros)
{
    char digits[24];
    unsigned n = 0;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (negative) {
        put('-');
    }
    for (unsigned i = n; i < width; i++) {
        put(zeros ? '0' : ' ');
    }
    while (n) {
        put(digits[--n]);
    }
}

static void vprint(const char *f, va_list args)
{
    for (; *f; f++) {
        unsigned width = 0, longs = 0;
        bool zeros = false;

        if (*f != '%') {
            put(*f);
            continue;
        }
        f++;
        if (*f == '0') {
            zeros = true;
            f++;
        }
        for (; *f >= '0' && *f <= '9'; f++) {
            width = width * 10 + *f - '0';
        }
        for (; *f == 'l' || *f == 'z'; f++) {
            longs++;
        }
        if (*f == 's') {
            const char *s = va_arg(args, const char *);

            while (*s) {
                put(*s++);
            }
        } else if (*f == 'c') {
            put(va_arg(args, int));
        } else if (*f == 'd') {
            int64_t v = longs ? va_arg(args, long) : va_arg(args, int);

            put_number(v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0, width,
                       zeros);
        } else if (*f == 'u' || *f == 'x') {
            uint64_t v = longs ? va_arg(args, unsigned long)
                               : va_arg(args, unsigned);

            put_number(v, *f == 'x' ? 16 : 10, false, width, zeros);
        } else {
            put(*f);
        }
    }
}

void print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprint(format, args);
    va_end(args);
}

void print_hex(const char *name, const uint8_t *data, size_t n)
{
    print("fw: %s ", name);
    for (size_t i = 0; i < n; i++) {
        print("%02x", data[i]);
    }
    print("\n");
}

static void line(const char *prefix, const char *format, va_list args)
{
    print("fw: %s", prefix);
    vprint(format, args);
    print("\n");
}

void note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    line("", format, args);
    va_end(args);
}

void skip(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    line("skip - ", format, args);
    va_end(args);
}

bool check(bool good, const char *format, ...)
{
    va_list args;

    if (good) {
        passed++;
    } else {
        failed++;
    }
    va_start(args, format);
    line(good ? "ok - " : "FAIL - ", format, args);
    va_end(args);
    return good;
}

void report_end(void)
{
    print("fw: %u passed, %u failed\n", passed, failed);
}
