/*
 * The little that is needed of a C library.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_LIB_H
#define FW_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

/** crc32() - CRC-32 of ISO-HDLC, the one of gzip */
uint32_t crc32(const void *data, size_t n);

/** fill_pattern() - write @n bytes that depend on @seed and on the place */
void fill_pattern(void *to, size_t n, uint32_t seed);

/** is_pattern() - whether fill_pattern() with the same @seed wrote this */
bool is_pattern(const void *from, size_t n, uint32_t seed);

/** is_zero() - whether all @n bytes are 0 */
bool is_zero(const void *from, size_t n);

/* big endian, at any alignment */
uint32_t get_be32(const void *p);
uint64_t get_be64(const void *p);

static inline uint16_t swap16(uint16_t v)
{
    return __builtin_bswap16(v);
}

static inline uint32_t swap32(uint32_t v)
{
    return __builtin_bswap32(v);
}

static inline uint64_t swap64(uint64_t v)
{
    return __builtin_bswap64(v);
}

#endif
