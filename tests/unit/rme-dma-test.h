/*
 * What the tests of hw/arm/cca/dma.c have in common
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_UNIT_RME_DMA_TEST_H
#define TESTS_UNIT_RME_DMA_TEST_H

#include "rme-dma-fixture.h"

#define PAGE    RME_SHARED_PAGE_SIZE
#define CHUNK   RME_SHARED_CHUNK_SIZE
#define RAM     FIXTURE_RAM
#define SHARED  FIXTURE_SHARED_BIT
#define SIZE    (4 * CHUNK)
#define ATTRS   MEMTXATTRS_UNSPECIFIED

typedef struct Fixture {
    RmeSharedState *s;
    RmeDma *dma;
    AddressSpace *as;
    MemoryRegion *ram;
    uint8_t *host;
} Fixture;

/* setup, teardown: of each test, 8 MiB of private RAM behind an RmeDma */
static inline void setup(Fixture *f, gconstpointer unused)
{
    f->s = rme_shared_new();
    f->ram = fixture_add_ram(f->s, RAM, SIZE);
    f->host = memory_region_get_ram_ptr(f->ram);
    f->dma = fixture_new_dma(f->s);
    f->as = rme_dma_address_space(f->dma);
    rme_shared_seal(f->s);
}

static inline void teardown(Fixture *f, gconstpointer unused)
{
    fixture_remove_ram(f->ram);
    rme_shared_unref(f->s);
}

static inline void to_shared(Fixture *f, hwaddr gpa, hwaddr size)
{
    fixture_convert(f->s, gpa, size, false);
}

static inline void to_private(Fixture *f, hwaddr gpa, hwaddr size)
{
    fixture_convert(f->s, gpa, size, true);
}

/* Number of host pages that the RAM uses */
static inline unsigned resident(Fixture *f)
{
    g_autofree unsigned char *vec = g_malloc(SIZE / PAGE);
    unsigned n = 0;

    g_assert_cmpint(mincore(f->host, SIZE, vec), ==, 0);
    for (unsigned i = 0; i < SIZE / PAGE; i++) {
        n += vec[i] & 1;
    }
    return n;
}

#endif /* TESTS_UNIT_RME_DMA_TEST_H */
