/*
 * Random conversions of shared pages, compared with one flag for each page
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/arm/rme-shared.h"
#include "fuzz.h"

#define PAGE RME_SHARED_PAGE_SIZE
#define PAGES 2048
#define SPAN (PAGES * PAGE)

static bool ram[PAGES], shared[PAGES];
/* What the revocation saw: pages that were shared until then */
static uint64_t revoked_start, revoked_end;

static void on_revoke(void *opaque, uint64_t gpa, uint64_t size)
{
    g_assert(size && !((gpa | size) % PAGE));
    revoked_start = MIN(revoked_start, gpa);
    revoked_end = MAX(revoked_end, gpa + size);
}

static void add_range(RmeSharedState *s, FuzzInput *in)
{
    uint64_t gpa = fuzz_value(in, 2) % PAGES * PAGE;
    uint64_t size = fuzz_value(in, 2) % 1100 * PAGE;
    Error *err = NULL;
    bool overlap = false;

    if (fuzz_value(in, 1) == 0xff) {
        gpa = fuzz_value(in, 8);
        size = fuzz_value(in, 8);
        /* Not in the model, and bitmaps of any size are for another test */
        if (!((gpa | size) % PAGE)) {
            return;
        }
    }
    if (gpa + size > SPAN) {
        size = gpa < SPAN ? SPAN - gpa : size;
    }
    for (uint64_t p = gpa / PAGE; p < PAGES && p < (gpa + size) / PAGE; p++) {
        overlap |= ram[p];
    }
    if (!rme_shared_add_range(s, gpa, size, s, gpa, &err)) {
        g_assert(overlap || !size || (gpa | size) % PAGE);
        fuzz_refused(err);
        return;
    }
    g_assert(!overlap && size);
    memset(ram + gpa / PAGE, true, size / PAGE);
}

static uint64_t range_of(FuzzInput *in, uint64_t *size)
{
    uint64_t gpa = fuzz_value(in, 3) % (SPAN + PAGE);

    *size = fuzz_value(in, 3);
    switch (fuzz_value(in, 1)) {
    case 0xff:
        *size = fuzz_value(in, 8);
        break;
    case 0xfe:
        gpa = fuzz_value(in, 8);
        break;
    }
    return gpa;
}

/* Is @page, as a whole or in part, in the range? Without overflow */
static bool touches(uint64_t page, uint64_t gpa, uint64_t size, bool whole)
{
    uint64_t start = page * PAGE, last;

    if (!size) {
        return false;
    }
    last = size - 1 > UINT64_MAX - gpa ? UINT64_MAX : gpa + size - 1;
    return whole ? gpa <= start && last >= start + PAGE - 1 :
                   gpa < start + PAGE && last >= start;
}

static void convert(RmeSharedState *s, uint64_t gpa, uint64_t size, bool to)
{
    uint64_t expected = 0, first = UINT64_MAX, last = 0, n;

    for (uint64_t p = 0; p < PAGES; p++) {
        if (ram[p] && shared[p] != to && touches(p, gpa, size, to)) {
            shared[p] = to;
            expected++;
            first = MIN(first, p);
            last = p;
        }
    }
    revoked_start = UINT64_MAX;
    revoked_end = 0;
    rme_shared_lock(s);
    n = to ? rme_shared_finish_shared(s, gpa, size)
           : rme_shared_begin_private(s, gpa, size);
    rme_shared_unlock(s);
    g_assert(n == expected);
    if (!to && n) {
        g_assert(revoked_start <= first * PAGE);
        g_assert(revoked_end >= (last + 1) * PAGE);
    } else {
        g_assert(!revoked_end);
    }
}

static void test(RmeSharedState *s, uint64_t gpa, uint64_t size)
{
    bool all = true;

    if (size && (gpa >= SPAN || size > SPAN - gpa)) {
        all = false;
    } else {
        for (uint64_t p = 0; p < PAGES; p++) {
            all &= shared[p] || !touches(p, gpa, size, false);
        }
    }
    g_assert(rme_shared_test(s, gpa, size) == all);
    g_assert(rme_shared_test_block(s, s, gpa, size) == all);
    g_assert(rme_shared_is_ram(s, gpa) == (gpa < SPAN && ram[gpa / PAGE]));
}

static void granule(RmeSharedState *s, uint64_t gpa)
{
    uint64_t size = rme_shared_granule(s, gpa), start;

    g_assert(!!size == (gpa < SPAN && shared[gpa / PAGE]));
    if (size) {
        g_assert(size == 4 * KiB || size == 64 * KiB || size == 2 * MiB);
        start = gpa & -size;
        for (uint64_t at = start; at < start + size; at += PAGE) {
            g_assert(at < SPAN && shared[at / PAGE]);
        }
    }
}

static void step(RmeSharedState *s, FuzzInput *in)
{
    uint8_t what = fuzz_value(in, 1) % 4;
    uint64_t size, gpa = range_of(in, &size), pages = 0;

    switch (what) {
    case 0:
    case 1:
        convert(s, gpa, size, what);
        break;
    case 2:
        test(s, gpa, size);
        break;
    case 3:
        granule(s, gpa);
        break;
    }
    for (int p = 0; p < PAGES; p++) {
        pages += shared[p];
    }
    g_assert(rme_shared_pages(s) == pages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = { data, size };
    RmeSharedState *s = rme_shared_new();
    int ranges = fuzz_value(&in, 1) % 6;

    memset(ram, 0, sizeof(ram));
    memset(shared, 0, sizeof(shared));
    rme_shared_set_revoke(s, on_revoke, NULL);
    for (int i = 0; i < ranges; i++) {
        add_range(s, &in);
    }
    g_assert(!rme_shared_pages(s));
    rme_shared_seal(s);
    for (int i = 0; i < 64 && in.left; i++) {
        step(s, &in);
    }
    rme_shared_set_revoke(s, NULL, NULL);
    rme_shared_unref(s);
    return 0;
}
