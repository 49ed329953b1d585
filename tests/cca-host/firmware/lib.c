/*
 * The little that is needed of a C library.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lib.h"

void *memcpy(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    /* eight at a time where both allow it: TCG pays for each instruction */
    if ((((uintptr_t)t | (uintptr_t)f) & 7) == 0) {
        for (; n >= 8; n -= 8, t += 8, f += 8) {
            *(uint64_t *)t = *(const uint64_t *)f;
        }
    }
    while (n--) {
        *t++ = *f++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (t <= f || t >= f + n) {
        return memcpy(to, from, n);
    }
    while (n--) {
        t[n] = f[n];
    }
    return to;
}

void *memset(void *to, int c, size_t n)
{
    uint8_t *t = to;

    if (((uintptr_t)t & 7) == 0) {
        uint64_t word = 0x0101010101010101ull * (uint8_t)c;

        for (; n >= 8; n -= 8, t += 8) {
            *(uint64_t *)t = word;
        }
    }
    while (n--) {
        *t++ = c;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (; n; n--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n]) {
        n++;
    }
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}

uint32_t crc32(const void *data, size_t n)
{
    static uint32_t table[256];
    const uint8_t *p = data;
    uint32_t crc = ~0u;

    if (!table[1]) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;

            for (int bit = 0; bit < 8; bit++) {
                c = (c >> 1) ^ (c & 1 ? 0xedb88320u : 0);
            }
            table[i] = c;
        }
    }
    while (n--) {
        crc = (crc >> 8) ^ table[(crc ^ *p++) & 0xff];
    }
    return ~crc;
}

static uint8_t pattern_byte(size_t i, uint32_t seed)
{
    return (uint8_t)(((i + seed) * 2654435761u) >> 24) ^ (uint8_t)seed;
}

void fill_pattern(void *to, size_t n, uint32_t seed)
{
    uint8_t *t = to;

    for (size_t i = 0; i < n; i++) {
        t[i] = pattern_byte(i, seed);
    }
}

bool is_pattern(const void *from, size_t n, uint32_t seed)
{
    const uint8_t *f = from;

    for (size_t i = 0; i < n; i++) {
        if (f[i] != pattern_byte(i, seed)) {
            return false;
        }
    }
    return true;
}

bool is_zero(const void *from, size_t n)
{
    const uint8_t *f = from;

    for (size_t i = 0; i < n; i++) {
        if (f[i]) {
            return false;
        }
    }
    return true;
}

uint32_t get_be32(const void *p)
{
    const uint8_t *b = p;

    return (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

uint64_t get_be64(const void *p)
{
    return (uint64_t)get_be32(p) << 32 | get_be32((const uint8_t *)p + 4);
}
