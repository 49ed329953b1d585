/*
 * Memory that is short: large allocations and mappings that fail on request
 *
 * Only what is large, since its size is the user's choice: images, tables of
 * the guest's RAM, RAM itself.  A program of GLib does not survive that a few
 * bytes cannot be had.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stddef.h>

#include "sim.h"
#include "sim-config.h"
#include "sim-host.h"

#define LARGE (1 << 20)

/* The C library's own, under the names that it keeps for this purpose */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);

/* Reading the settings allocates, but nothing large */
bool sim_alloc_fails(const char *what, size_t size)
{
    int ret = size >= LARGE && sim_configured() ? sim_fail(what) : 0;

    if (ret) {
        errno = -ret;
    }
    return ret;
}

static bool fails(size_t size)
{
    return sim_alloc_fails("LARGE_ALLOC", size);
}

void *malloc(size_t size)
{
    return fails(size) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    size_t bytes;

    return !__builtin_mul_overflow(n, size, &bytes) && fails(bytes)
        ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    return fails(size) ? NULL : __libc_realloc(p, size);
}

int posix_memalign(void **p, size_t align, size_t size)
{
    void *mem = fails(size) ? NULL : __libc_memalign(align, size);

    if (!mem) {
        return errno;
    }
    *p = mem;
    return 0;
}
