/*
 * Unit tests of hw/arm/cca/shared.c: which pages the guest of a Realm shared
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/bitops.h"
#include "qemu/thread.h"
#include "qapi/error.h"
#include "hw/arm/rme-shared.h"

#define PAGE    RME_SHARED_PAGE_SIZE
#define FIELD   (64 * KiB)
#define CHUNK   RME_SHARED_CHUNK_SIZE

/*
 * The map of most tests: two ranges with odd ends, one behind the other, a
 * hole, and a third range that does not start at a multiple of 2 MiB either.
 */
typedef struct TestRange {
    uint64_t gpa;
    uint64_t size;
    char block;
    uint64_t offset;
} TestRange;

static const TestRange layout[] = {
    { 0, 3 * PAGE, 'f', 0 },
    { 1 * GiB + 5 * PAGE, 3 * CHUNK + 7 * PAGE, 'r', 0 },
    { 1 * GiB + 3 * CHUNK + 12 * PAGE, CHUNK, 'r', 3 * CHUNK + 7 * PAGE },
    { 2 * GiB - 20 * PAGE, 2 * CHUNK + 40 * PAGE, 'm', 16 * PAGE },
};

static const void *block_name(char block)
{
    static const char names[128];

    return &names[(int)block];
}

static RmeSharedState *new_unsealed(void)
{
    RmeSharedState *s = rme_shared_new();

    /* In reverse: the order of the calls must not matter */
    for (int i = ARRAY_SIZE(layout) - 1; i >= 0; i--) {
        const TestRange *r = &layout[i];

        g_assert_true(rme_shared_add_range(s, r->gpa, r->size,
                                           block_name(r->block), r->offset,
                                           &error_abort));
    }
    return s;
}

static RmeSharedState *new_sealed(void)
{
    RmeSharedState *s = new_unsealed();

    rme_shared_seal(s);
    return s;
}

static uint64_t to_shared(RmeSharedState *s, uint64_t gpa, uint64_t size)
{
    uint64_t n;

    rme_shared_lock(s);
    n = rme_shared_finish_shared(s, gpa, size);
    rme_shared_unlock(s);
    return n;
}

static uint64_t to_private(RmeSharedState *s, uint64_t gpa, uint64_t size)
{
    uint64_t n;

    rme_shared_lock(s);
    n = rme_shared_begin_private(s, gpa, size);
    rme_shared_unlock(s);
    return n;
}

static uint64_t all_pages(void)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(layout); i++) {
        n += layout[i].size / PAGE;
    }
    return n;
}

static void test_private_at_first(void)
{
    RmeSharedState *s = new_sealed();

    for (unsigned i = 0; i < ARRAY_SIZE(layout); i++) {
        const TestRange *r = &layout[i];

        for (uint64_t a = r->gpa; a < r->gpa + r->size; a += PAGE) {
            g_assert_cmpuint(rme_shared_granule(s, a), ==, 0);
            g_assert_true(rme_shared_is_ram(s, a));
        }
        g_assert_true(rme_shared_is_ram(s, r->gpa + r->size - 1));
    }
    g_assert_false(rme_shared_is_ram(s, 3 * PAGE));
    g_assert_false(rme_shared_is_ram(s, 1 * GiB + 5 * PAGE - 1));
    g_assert_false(rme_shared_is_ram(s, 2 * GiB + 2 * CHUNK + 20 * PAGE));
    g_assert_false(rme_shared_is_ram(s, UINT64_MAX));
    g_assert_cmpuint(rme_shared_pages(s), ==, 0);
    rme_shared_unref(s);
}

static void test_nothing_before_seal(void)
{
    RmeSharedState *s = new_unsealed();

    g_assert_cmpuint(to_shared(s, 0, 4 * GiB), ==, 0);
    g_assert_false(rme_shared_is_ram(s, 0));
    g_assert_cmpuint(rme_shared_granule(s, 0), ==, 0);

    rme_shared_seal(s);
    rme_shared_seal(s);
    g_assert_cmpuint(rme_shared_granule(s, 0), ==, 0);
    g_assert_cmpuint(to_shared(s, 0, 4 * GiB), ==, all_pages());
    rme_shared_unref(s);
}

static void refuse(RmeSharedState *s, uint64_t gpa, uint64_t size,
                   uint64_t offset, const char *message)
{
    Error *err = NULL;

    g_assert_false(rme_shared_add_range(s, gpa, size, NULL, offset, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), message));
    error_free(err);
}

static void test_add_range_errors(void)
{
    RmeSharedState *s = new_unsealed();
    const char *pages = "is not made of 4 KiB pages";

    refuse(s, 4 * GiB, 0, 0, pages);
    refuse(s, 4 * GiB, PAGE - 1, 0, pages);
    refuse(s, 4 * GiB + 1, PAGE, 0, pages);
    refuse(s, 4 * GiB, PAGE, 1, pages);
    refuse(s, BIT_ULL(63), PAGE, 0, pages);
    refuse(s, BIT_ULL(63) - PAGE, 2 * PAGE, 0, pages);
    refuse(s, PAGE, -(uint64_t)PAGE, 0, pages);
    refuse(s, 2 * PAGE, PAGE, 0, "overlaps guest RAM at 0x0");
    refuse(s, 0, 8 * GiB, 0, "overlaps");
    refuse(s, 1 * GiB, 6 * PAGE, 0, "overlaps guest RAM at 0x40005000");
#ifndef QEMU_SANITIZE_ADDRESS   /* which takes the attempt for an error */
    /* 128 TiB of bits: more than any process has addresses for */
    refuse(s, BIT_ULL(50), BIT_ULL(62), 0,
           "no memory for the state of its 1125899906842624 pages");
#endif
    /* The gap between the first two ranges is usable to its last page */
    g_assert_true(rme_shared_add_range(s, 3 * PAGE, 1 * GiB + 2 * PAGE, NULL,
                                       0, &error_abort));
    rme_shared_seal(s);
    refuse(s, 4 * GiB, PAGE, 0, "is added too late");
    rme_shared_unref(s);
}

static void test_one_page(void)
{
    RmeSharedState *s = new_sealed();
    uint64_t gpa = 1 * GiB + 100 * PAGE;

    g_assert_cmpuint(to_shared(s, gpa, PAGE), ==, 1);
    g_assert_cmpuint(rme_shared_pages(s), ==, 1);
    g_assert_cmpuint(rme_shared_granule(s, gpa - 1), ==, 0);
    g_assert_cmpuint(rme_shared_granule(s, gpa), ==, PAGE);
    g_assert_cmpuint(rme_shared_granule(s, gpa + PAGE - 1), ==, PAGE);
    g_assert_cmpuint(rme_shared_granule(s, gpa + PAGE), ==, 0);

    g_assert_true(rme_shared_test(s, gpa, PAGE));
    g_assert_true(rme_shared_test(s, gpa + 1, PAGE - 1));
    g_assert_true(rme_shared_test(s, gpa, 0));
    g_assert_true(rme_shared_test(s, 0, 0));
    g_assert_false(rme_shared_test(s, gpa - 1, 1));
    g_assert_false(rme_shared_test(s, gpa - 1, 2));
    g_assert_false(rme_shared_test(s, gpa, PAGE + 1));
    g_assert_false(rme_shared_test(s, gpa, UINT64_MAX));
    g_assert_false(rme_shared_test(s, UINT64_MAX, 2));

    /* Again is harmless, and so is the other direction, twice */
    g_assert_cmpuint(to_shared(s, gpa, PAGE), ==, 0);
    g_assert_cmpuint(rme_shared_pages(s), ==, 1);
    g_assert_cmpuint(to_private(s, gpa, PAGE), ==, 1);
    g_assert_cmpuint(to_private(s, gpa, PAGE), ==, 0);
    g_assert_cmpuint(rme_shared_pages(s), ==, 0);
    g_assert_false(rme_shared_test(s, gpa, 1));
    rme_shared_unref(s);
}

static void test_unaligned(void)
{
    RmeSharedState *s = new_sealed();
    uint64_t gpa = 1 * GiB + 100 * PAGE;

    /* To shared: whole pages only */
    g_assert_cmpuint(to_shared(s, gpa + 1, 2 * PAGE - 2), ==, 0);
    g_assert_cmpuint(to_shared(s, gpa + 1, 3 * PAGE - 2), ==, 1);
    g_assert_true(rme_shared_test(s, gpa + PAGE, PAGE));
    /* To private: every page that is touched */
    g_assert_cmpuint(to_shared(s, gpa, 4 * PAGE), ==, 3);
    g_assert_cmpuint(to_private(s, gpa + PAGE - 1, 2), ==, 2);
    g_assert_true(rme_shared_test(s, gpa + 2 * PAGE, 2 * PAGE));
    g_assert_cmpuint(rme_shared_pages(s), ==, 2);
    g_assert_cmpuint(to_private(s, gpa, 0), ==, 0);
    rme_shared_unref(s);
}

static void test_granules(void)
{
    RmeSharedState *s = new_sealed();
    uint64_t chunk = 1 * GiB + CHUNK;

    g_assert_cmpuint(to_shared(s, chunk, FIELD - PAGE), ==, 15);
    g_assert_cmpuint(rme_shared_granule(s, chunk), ==, PAGE);
    to_shared(s, chunk + FIELD - PAGE, PAGE);
    g_assert_cmpuint(rme_shared_granule(s, chunk), ==, FIELD);
    g_assert_cmpuint(rme_shared_granule(s, chunk + FIELD - 1), ==, FIELD);
    g_assert_cmpuint(rme_shared_granule(s, chunk + FIELD), ==, 0);

    to_shared(s, chunk + FIELD, CHUNK - FIELD - PAGE);
    g_assert_cmpuint(rme_shared_granule(s, chunk + FIELD), ==, FIELD);
    g_assert_cmpuint(rme_shared_granule(s, chunk + CHUNK - 2 * PAGE), ==,
                     PAGE);
    to_shared(s, chunk + CHUNK - PAGE, PAGE);
    g_assert_cmpuint(rme_shared_granule(s, chunk), ==, CHUNK);
    g_assert_cmpuint(rme_shared_granule(s, chunk + CHUNK - 1), ==, CHUNK);

    to_private(s, chunk + 20 * PAGE, PAGE);
    g_assert_cmpuint(rme_shared_granule(s, chunk), ==, FIELD);
    g_assert_cmpuint(rme_shared_granule(s, chunk + 16 * PAGE), ==, PAGE);
    g_assert_cmpuint(rme_shared_granule(s, chunk + 20 * PAGE), ==, 0);

    /* A chunk that the range covers in part only is never a whole one */
    to_shared(s, 1 * GiB, CHUNK);
    g_assert_cmpuint(rme_shared_granule(s, 1 * GiB + CHUNK - 1), ==, FIELD);
    g_assert_cmpuint(rme_shared_granule(s, 1 * GiB + 5 * PAGE), ==, PAGE);
    rme_shared_unref(s);
}

static void test_holes_and_limits(void)
{
    RmeSharedState *s = new_sealed();

    g_assert_cmpuint(to_shared(s, 3 * PAGE, 1 * GiB + 2 * PAGE), ==, 0);
    g_assert_cmpuint(to_private(s, 3 * PAGE, 1 * GiB), ==, 0);
    g_assert_cmpuint(to_shared(s, UINT64_MAX - PAGE, UINT64_MAX), ==, 0);

    /* From one range over a hole into the next one */
    g_assert_cmpuint(to_shared(s, 2 * PAGE, 1 * GiB + 4 * PAGE), ==, 2);
    g_assert_true(rme_shared_test(s, 1 * GiB + 5 * PAGE, PAGE));
    g_assert_false(rme_shared_test(s, 2 * PAGE, 2 * PAGE));

    /* Neighbouring ranges behave like one */
    to_shared(s, 1 * GiB + 3 * CHUNK, 2 * FIELD);
    g_assert_true(rme_shared_test(s, 1 * GiB + 3 * CHUNK, 2 * FIELD));

    g_assert_cmpuint(to_shared(s, 0, UINT64_MAX) + 2 + 32, ==, all_pages());
    g_assert_cmpuint(to_shared(s, 0, UINT64_MAX), ==, 0);
    g_assert_cmpuint(to_private(s, PAGE, UINT64_MAX), ==, all_pages() - 1);
    g_assert_cmpuint(rme_shared_pages(s), ==, 1);
    g_assert_cmpuint(to_private(s, 0, UINT64_MAX), ==, 1);
    rme_shared_unref(s);
}

static void test_by_block(void)
{
    RmeSharedState *s = new_sealed();
    const void *r = block_name('r'), *m = block_name('m');

    g_assert_false(rme_shared_test_block(s, r, 0, 1));
    g_assert_true(rme_shared_test_block(s, r, 0, 0));
    to_shared(s, 1 * GiB, 512 * MiB);
    /* The block is mapped in two pieces */
    g_assert_true(rme_shared_test_block(s, r, 0, 4 * CHUNK + 7 * PAGE));
    g_assert_false(rme_shared_test_block(s, r, 0, 4 * CHUNK + 7 * PAGE + 1));
    g_assert_false(rme_shared_test_block(s, m, 16 * PAGE, 1));
    to_private(s, 1 * GiB + 3 * CHUNK + 12 * PAGE, PAGE);
    g_assert_false(rme_shared_test_block(s, r, 0, 4 * CHUNK));
    g_assert_true(rme_shared_test_block(s, r, 0, 3 * CHUNK + 7 * PAGE));

    to_shared(s, 2 * GiB - 20 * PAGE, PAGE);
    g_assert_true(rme_shared_test_block(s, m, 16 * PAGE, PAGE));
    g_assert_false(rme_shared_test_block(s, m, 16 * PAGE - 1, PAGE));
    g_assert_false(rme_shared_test_block(s, NULL, 0, 1));
    rme_shared_unref(s);
}

typedef struct Revoked {
    RmeSharedState *s;
    unsigned calls;
    uint64_t gpa;
    uint64_t size;
} Revoked;

static void count_revoke(void *opaque, uint64_t gpa, uint64_t size)
{
    Revoked *r = opaque;

    r->calls++;
    r->gpa = gpa;
    r->size = size;
    g_assert_cmpuint(rme_shared_pages(r->s), ==, 1);
    g_assert_cmpuint(rme_shared_granule(r->s, gpa), ==, 0);
}

static void test_revoke(void)
{
    Revoked r = { .s = new_sealed() };

    rme_shared_set_revoke(r.s, count_revoke, &r);
    to_private(r.s, 0, UINT64_MAX);
    to_shared(r.s, 1 * GiB + CHUNK, CHUNK);
    to_shared(r.s, PAGE, PAGE);
    to_private(r.s, 1 * GiB, CHUNK);
    g_assert_cmpuint(r.calls, ==, 0);

    /* One call for the whole range, after its bits are clear */
    to_private(r.s, 1 * GiB - 1, 512 * MiB);
    g_assert_cmpuint(r.calls, ==, 1);
    g_assert_cmpuint(r.gpa, ==, 1 * GiB - PAGE);
    g_assert_cmpuint(r.size, ==, 512 * MiB + PAGE);
    to_private(r.s, 1 * GiB, CHUNK);
    g_assert_cmpuint(r.calls, ==, 1);

    rme_shared_set_revoke(r.s, NULL, NULL);
    to_private(r.s, 0, 1 * GiB);
    g_assert_cmpuint(r.calls, ==, 1);
    rme_shared_unref(r.s);
}

/*
 * The naive model: one byte per page of the first 2 GiB and a bit, RAM_BIT
 * where there is RAM, 1 if it is shared.
 */
#define MODEL_PAGES     ((2 * GiB + 4 * CHUNK) / PAGE)
#define RAM_BIT         2
#define SHARED          3

static uint64_t model_set(uint8_t *model, uint64_t page, uint64_t n, bool on)
{
    uint64_t changed = 0;

    for (uint64_t i = page; i < MIN(page + n, MODEL_PAGES); i++) {
        uint8_t want = on ? SHARED : RAM_BIT;

        if ((model[i] & RAM_BIT) && model[i] != want) {
            model[i] = want;
            changed++;
        }
    }
    return changed;
}

static bool model_full(const uint8_t *model, uint64_t page, uint64_t n)
{
    page = QEMU_ALIGN_DOWN(page, n);
    for (uint64_t i = page; i < page + n; i++) {
        if (model[i] != SHARED) {
            return false;
        }
    }
    return true;
}

static uint64_t model_granule(const uint8_t *model, uint64_t page)
{
    static const uint64_t sizes[] = { CHUNK, FIELD, PAGE };

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        if (model_full(model, page, sizes[i] / PAGE)) {
            return sizes[i];
        }
    }
    return 0;
}

/*
 * A granule of the model may reach over the border of two neighbouring ranges,
 * the real one never does: it may be smaller, but not for that reason 0.
 */
static void check_granule(const RmeSharedState *s, const uint8_t *model,
                          uint64_t page)
{
    uint64_t border = (1 * GiB + 3 * CHUNK + 12 * PAGE) / PAGE;
    uint64_t want = model_granule(model, page);
    uint64_t got = rme_shared_granule(s, page * PAGE);

    if (want > PAGE && page / (want / PAGE) == border / (want / PAGE)) {
        g_assert_cmpuint(got, >=, PAGE);
        g_assert_cmpuint(got, <=, want);
    } else {
        g_assert_cmpuint(got, ==, want);
    }
}

/* The place of a shared address in its block, and that a granule ends there */
static void check_lookup(const RmeSharedState *s, uint64_t gpa)
{
    uint64_t granule = rme_shared_granule(s, gpa), offset = 1;
    const void *block = s;
    uint64_t left = rme_shared_lookup(s, gpa, &block, &offset);
    const TestRange *r = layout;

    if (!granule) {
        g_assert_cmpuint(left, ==, 0);
        g_assert_true(block == s && offset == 1);
        return;
    }
    while (gpa - r->gpa >= r->size) {
        r++;
    }
    g_assert_cmpuint(left, ==, granule - gpa % granule);
    g_assert_cmpuint(left, <=, r->gpa + r->size - gpa);
    g_assert_true(block == block_name(r->block));
    g_assert_cmpuint(offset, ==, r->offset + gpa - r->gpa);
}

/* A page in or near a range, often next to a border of some kind */
static uint64_t random_page(GRand *rng)
{
    const TestRange *r = &layout[g_rand_int_range(rng, 0,
                                                  ARRAY_SIZE(layout))];
    uint64_t pages = r->size / PAGE + 8;
    uint64_t page = r->gpa / PAGE + g_rand_int_range(rng, 0, pages);

    switch (g_rand_int_range(rng, 0, 4)) {
    case 0:
        page = QEMU_ALIGN_DOWN(page, CHUNK / PAGE);
        break;
    case 1:
        page = QEMU_ALIGN_DOWN(page, FIELD / PAGE);
        break;
    default:
        break;
    }
    return page > 4 ? page - g_rand_int_range(rng, 0, 4) : page;
}

static void test_random(void)
{
    g_autofree uint8_t *model = g_new0(uint8_t, MODEL_PAGES);
    static const uint64_t sizes[] = { 1, 2, 16, 17, 64, 512, 513, 1700 };
    RmeSharedState *s = new_sealed();
    GRand *rng = g_rand_new_with_seed(42);
    uint64_t total = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(layout); i++) {
        memset(model + layout[i].gpa / PAGE, RAM_BIT, layout[i].size / PAGE);
    }
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t page = random_page(rng);
        uint64_t n = sizes[g_rand_int_range(rng, 0, ARRAY_SIZE(sizes))];
        bool on = g_rand_boolean(rng);
        uint64_t changed = model_set(model, page, n, on);

        g_assert_cmpuint((on ? to_shared : to_private)(s, page * PAGE,
                                                       n * PAGE),
                         ==, changed);
        total += on ? changed : -changed;
        g_assert_cmpuint(rme_shared_pages(s), ==, total);
        for (unsigned j = 0; j < 8; j++) {
            check_granule(s, model, random_page(rng));
            check_lookup(s, random_page(rng) * PAGE + j * 509);
        }
        page = random_page(rng);
        n = g_rand_int_range(rng, 1, 40);
        changed = 0;
        for (uint64_t p = page; p < page + n; p++) {
            changed += model[p] == SHARED;
        }
        g_assert_true(rme_shared_test(s, page * PAGE + 5, n * PAGE - 9) ==
                      (changed == n));
    }
    for (uint64_t page = 0; page < MODEL_PAGES; page++) {
        check_granule(s, model, page);
    }
    g_rand_free(rng);
    rme_shared_unref(s);
}

/* The runs of a range are what the model has, one after the other */
static void check_runs(RmeSharedState *s, const uint8_t *model,
                       const TestRange *r, uint64_t from, uint64_t to,
                       bool shared)
{
    uint64_t page = from, gpa = from * PAGE, size;

    rme_shared_lock(s);
    while ((size = rme_shared_next_run(s, &gpa, to * PAGE, shared))) {
        for (; page < gpa / PAGE; page++) {
            g_assert_true((model[page] == SHARED) != shared);
        }
        for (; page < (gpa + size) / PAGE; page++) {
            g_assert_true((model[page] == SHARED) == shared);
        }
        gpa += size;
    }
    for (; page < MIN(to, (r->gpa + r->size) / PAGE); page++) {
        g_assert_true((model[page] == SHARED) != shared);
    }
    rme_shared_unlock(s);
}

static void test_runs(void)
{
    g_autofree uint8_t *model = g_new0(uint8_t, MODEL_PAGES);
    RmeSharedState *s = new_sealed();
    GRand *rng = g_rand_new_with_seed(43);

    for (unsigned i = 0; i < ARRAY_SIZE(layout); i++) {
        memset(model + layout[i].gpa / PAGE, RAM_BIT, layout[i].size / PAGE);
    }
    for (unsigned i = 0; i < 2000; i++) {
        const TestRange *r = &layout[i % ARRAY_SIZE(layout)];
        uint64_t page = random_page(rng), n = g_rand_int_range(rng, 1, 1200);
        uint64_t pages = r->size / PAGE;
        uint64_t from = r->gpa / PAGE + g_rand_int_range(rng, 0, pages);
        bool on = g_rand_boolean(rng);

        model_set(model, page, n, on);
        (on ? to_shared : to_private)(s, page * PAGE, n * PAGE);
        check_runs(s, model, r, r->gpa / PAGE, r->gpa / PAGE + pages, i & 1);
        check_runs(s, model, r, from, from + g_rand_int_range(rng, 1, 2000),
                   i & 1);
    }
    g_rand_free(rng);
    rme_shared_unref(s);
}

/* What was dropped: up to 8 ranges of a test */
static struct {
    const void *block;
    uint64_t offset, size;
} dropped[8];
static unsigned n_dropped;

static void drop(const void *block, uint64_t offset, uint64_t size)
{
    unsigned i = qatomic_fetch_inc(&n_dropped);

    if (i < ARRAY_SIZE(dropped)) {
        dropped[i].block = block;
        dropped[i].offset = offset;
        dropped[i].size = size;
    }
}

static void expect_drop(unsigned i, char block, uint64_t offset, uint64_t size)
{
    g_assert_cmpuint(n_dropped, >, i);
    g_assert_true(dropped[i].block == block_name(block));
    g_assert_cmpuint(dropped[i].offset, ==, offset);
    g_assert_cmpuint(dropped[i].size, ==, size);
}

static void test_unmapped(void)
{
    const uint64_t gpa = layout[3].gpa, off = layout[3].offset;
    const void *block = block_name('m');
    RmeSharedState *s = new_sealed();

    /* Nobody wants to know, or all is shared, or it is no RAM */
    rme_shared_unmapped(s, block, off, 10 * PAGE);
    rme_shared_set_drop(s, drop);
    n_dropped = 0;
    to_shared(s, gpa, 20 * PAGE);
    rme_shared_unmapped(s, block, off, 20 * PAGE);
    rme_shared_unmapped(s, block, 0, 16 * PAGE);
    rme_shared_unmapped(s, s, off, PAGE);
    g_assert_cmpuint(n_dropped, ==, 0);

    /* What turned private of it, in whole pages */
    to_private(s, gpa + 3 * PAGE, 2 * PAGE);
    to_private(s, gpa + 7 * PAGE, PAGE);
    rme_shared_unmapped(s, block, off + 100, 7 * PAGE);
    g_assert_cmpuint(n_dropped, ==, 2);
    expect_drop(0, 'm', off + 3 * PAGE, 2 * PAGE);
    expect_drop(1, 'm', off + 7 * PAGE, PAGE);

    /* During a conversion, at its end, and if it is not shared again by then */
    n_dropped = 0;
    rme_shared_lock(s);
    rme_shared_begin_private(s, gpa, 2 * PAGE);
    rme_shared_unmapped(s, block, off, 2 * PAGE);
    rme_shared_unmapped(s, block, off + 3 * PAGE, PAGE);
    g_assert_cmpuint(n_dropped, ==, 0);
    rme_shared_finish_shared(s, gpa + PAGE, PAGE);
    rme_shared_unlock(s);
    g_assert_cmpuint(n_dropped, ==, 2);
    expect_drop(0, 'm', off, PAGE);
    expect_drop(1, 'm', off + 3 * PAGE, PAGE);

    /* More than there is room for: all of them, and none that is shared */
    n_dropped = 0;
    rme_shared_lock(s);
    rme_shared_finish_shared(s, gpa, CHUNK);
    for (int i = 0; i < 400; i++) {
        rme_shared_begin_private(s, gpa + i * PAGE, PAGE);
        rme_shared_unmapped(s, block, off + i * PAGE, PAGE);
    }
    rme_shared_unlock(s);
    g_assert_cmpuint(n_dropped, ==, 32);
    g_assert_cmpuint(dropped[0].offset, ==, off);
    n_dropped = 0;
    to_private(s, gpa, 0);
    g_assert_cmpuint(n_dropped, ==, 0);
    rme_shared_unref(s);
}

/* Devices that unmap next to conversions: nothing noted is left behind */
typedef struct Unmapper {
    RmeSharedState *s;
    bool stop;
} Unmapper;

static void *unmapper(void *opaque)
{
    Unmapper *t = opaque;

    while (!qatomic_read(&t->stop)) {
        rme_shared_unmapped(t->s, block_name('m'), layout[3].offset, PAGE);
    }
    return NULL;
}

static void test_unmapped_threads(void)
{
    Unmapper t = { .s = new_sealed() };
    QemuThread threads[2];

    rme_shared_set_drop(t.s, drop);
    for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
        qemu_thread_create(&threads[i], "unmapper", unmapper, &t,
                           QEMU_THREAD_JOINABLE);
    }
    for (int i = 0; i < 20000; i++) {
        to_private(t.s, layout[3].gpa, PAGE);
        to_shared(t.s, layout[3].gpa + CHUNK, PAGE);
    }
    qatomic_set(&t.stop, true);
    for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
        qemu_thread_join(&threads[i]);
    }
    n_dropped = 0;
    to_private(t.s, layout[3].gpa, PAGE);
    g_assert_cmpuint(n_dropped, ==, 0);
    rme_shared_unref(t.s);
}

/* Readers next to a writer: what does not change never seems to change */
typedef struct Stress {
    RmeSharedState *s;
    bool stop;
    uint64_t reads;
} Stress;

#define STABLE_SHARED   (1 * GiB + CHUNK + 33 * PAGE)
#define STABLE_PRIVATE  (1 * GiB + 2 * CHUNK + 34 * PAGE)

static void *reader(void *opaque)
{
    Stress *t = opaque;

    while (!qatomic_read(&t->stop)) {
        g_assert_cmpuint(rme_shared_granule(t->s, STABLE_SHARED), >=, PAGE);
        g_assert_cmpuint(rme_shared_granule(t->s, STABLE_PRIVATE), ==, 0);
        g_assert_cmpuint(rme_shared_granule(t->s, STABLE_PRIVATE - PAGE), <=,
                         PAGE);
        qatomic_inc(&t->reads);
    }
    return NULL;
}

static void test_threads(void)
{
    Stress t = { .s = new_sealed() };
    QemuThread threads[2];
    uint64_t n = 0;

    to_shared(t.s, STABLE_SHARED, PAGE);
    for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
        qemu_thread_create(&threads[i], "reader", reader, &t,
                           QEMU_THREAD_JOINABLE);
    }
    while (n < 20000 || qatomic_read(&t.reads) < 1000) {
        uint64_t low = 1 * GiB + CHUNK + (n % 33) * PAGE;

        to_shared(t.s, low, STABLE_PRIVATE - low);
        to_private(t.s, low, STABLE_SHARED - low);
        to_private(t.s, STABLE_SHARED + PAGE, 2 * CHUNK - 100 * PAGE);
        n++;
    }
    qatomic_set(&t.stop, true);
    for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
        qemu_thread_join(&threads[i]);
    }
    rme_shared_unref(t.s);
}

static void test_reference(void)
{
    RmeSharedState *s = new_sealed();

    g_assert_true(rme_shared_ref(s) == s);
    rme_shared_unref(s);
    g_assert_cmpuint(to_shared(s, 0, PAGE), ==, 1);
    rme_shared_unref(s);
    rme_shared_unref(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rme-shared/private-at-first", test_private_at_first);
    g_test_add_func("/rme-shared/nothing-before-seal",
                    test_nothing_before_seal);
    g_test_add_func("/rme-shared/add-range-errors", test_add_range_errors);
    g_test_add_func("/rme-shared/one-page", test_one_page);
    g_test_add_func("/rme-shared/unaligned", test_unaligned);
    g_test_add_func("/rme-shared/granules", test_granules);
    g_test_add_func("/rme-shared/holes-and-limits", test_holes_and_limits);
    g_test_add_func("/rme-shared/by-block", test_by_block);
    g_test_add_func("/rme-shared/revoke", test_revoke);
    g_test_add_func("/rme-shared/random", test_random);
    g_test_add_func("/rme-shared/runs", test_runs);
    g_test_add_func("/rme-shared/unmapped", test_unmapped);
    g_test_add_func("/rme-shared/unmapped-threads", test_unmapped_threads);
    g_test_add_func("/rme-shared/threads", test_threads);
    g_test_add_func("/rme-shared/reference", test_reference);
    return g_test_run();
}
