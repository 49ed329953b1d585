/*
 * Arm CCA Realms: which pages of guest RAM the guest shared
 *
 * This file knows neither KVM nor the machine nor the memory API, so that its
 * unit test can be linked with it alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/host-utils.h"
#include "qapi/error.h"
#include "shared-internal.h"

#define PAGES_PER_CHUNK     (RME_SHARED_CHUNK_SIZE / RME_SHARED_PAGE_SIZE)
#define WORDS_PER_CHUNK     (PAGES_PER_CHUNK / BITS_PER_LONG)
/* The middle granule: 64 KiB are a 16-bit field of a bitmap word */
#define PAGES_PER_FIELD     16
#define FIELD_SIZE          (PAGES_PER_FIELD * RME_SHARED_PAGE_SIZE)

static void range_clear(gpointer data)
{
    RmeSharedRange *r = data;

    g_free(r->map);
    g_free(r->count);
}

RmeSharedState *rme_shared_new(void)
{
    RmeSharedState *s = g_atomic_rc_box_new0(RmeSharedState);

    qemu_mutex_init(&s->lock);
    qemu_mutex_init(&s->stale_lock);
    s->ranges = g_array_new(false, true, sizeof(RmeSharedRange));
    g_array_set_clear_func(s->ranges, range_clear);
    return s;
}

RmeSharedState *rme_shared_ref(RmeSharedState *s)
{
    return g_atomic_rc_box_acquire(s);
}

static void rme_shared_destroy(gpointer data)
{
    RmeSharedState *s = data;

    g_array_unref(s->ranges);
    qemu_mutex_destroy(&s->stale_lock);
    qemu_mutex_destroy(&s->lock);
}

void rme_shared_unref(RmeSharedState *s)
{
    if (s) {
        g_atomic_rc_box_release_full(s, rme_shared_destroy);
    }
}

bool rme_shared_add_range(RmeSharedState *s, uint64_t gpa, uint64_t size,
                          const void *block, uint64_t offset, Error **errp)
{
    RmeSharedRange new = {
        .gpa = gpa, .size = size, .block = block, .offset = offset,
    };
    uint64_t chunks;
    unsigned i;

    if (s->sealed) {
        error_setg(errp, "guest RAM at 0x%" PRIx64 " is added too late: "
                   "the memory of a Realm is fixed when it starts", gpa);
        return false;
    }
    if (!size || !QEMU_IS_ALIGNED(gpa | size | offset, RME_SHARED_PAGE_SIZE) ||
        gpa > INT64_MAX || size > INT64_MAX - gpa) {
        error_setg(errp, "guest RAM at 0x%" PRIx64 " of size 0x%" PRIx64
                   " is not made of 4 KiB pages", gpa, size);
        return false;
    }
    for (i = 0; i < s->ranges->len; i++) {
        RmeSharedRange *r = &g_array_index(s->ranges, RmeSharedRange, i);

        if (gpa < r->gpa + r->size && r->gpa < gpa + size) {
            error_setg(errp, "guest RAM at 0x%" PRIx64 " of size 0x%" PRIx64
                       " overlaps guest RAM at 0x%" PRIx64, gpa, size, r->gpa);
            return false;
        }
        if (gpa < r->gpa) {
            break;
        }
    }

    chunks = DIV_ROUND_UP(gpa + size - range_base(&new),
                          RME_SHARED_CHUNK_SIZE);
    new.map = g_try_new0(unsigned long, chunks * WORDS_PER_CHUNK);
    new.count = g_try_new0(uint16_t, chunks);
    if (!new.map || !new.count) {
        range_clear(&new);
        error_setg(errp, "guest RAM at 0x%" PRIx64 " of size 0x%" PRIx64
                   ": no memory for the state of its %" PRIu64 " pages", gpa,
                   size, size / RME_SHARED_PAGE_SIZE);
        return false;
    }
    g_array_insert_val(s->ranges, i, new);
    return true;
}

void rme_shared_seal(RmeSharedState *s)
{
    if (s->sealed) {
        return;
    }
    s->sealed = true;
    s->visible = (const RmeSharedRange *)s->ranges->data;
    /* Pairs with range_find() */
    qatomic_store_release(&s->nr_visible, s->ranges->len);
}

void rme_shared_set_revoke(RmeSharedState *s, RmeSharedRevoke *revoke,
                           void *opaque)
{
    assert(!revoke || !s->revoke);
    s->revoke = revoke;
    s->revoke_opaque = opaque;
}

void rme_shared_lock(RmeSharedState *s)
{
    qemu_mutex_lock(&s->lock);
    s->locked = true;
}

bool rme_shared_trylock(RmeSharedState *s)
{
    if (qemu_mutex_trylock(&s->lock)) {
        return false;
    }
    s->locked = true;
    return true;
}

/* Bits @first to @last of one word, those that belong to word @word */
static unsigned long word_mask(unsigned word, unsigned first, unsigned last)
{
    unsigned lo = MAX(first, word * BITS_PER_LONG) % BITS_PER_LONG;
    unsigned hi = MIN(last, word * BITS_PER_LONG + BITS_PER_LONG - 1) %
                  BITS_PER_LONG;

    return (~0UL << lo) & (~0UL >> (BITS_PER_LONG - 1 - hi));
}

/*
 * Set pages @first to @last of one chunk; returns how many changed.
 *
 * There is one writer, so plain atomic stores do.  The counter is 0 while the
 * bits change: a reader that finds it full can be sure that the whole chunk
 * was shared at that moment.
 */
static unsigned chunk_set(const RmeSharedRange *r, uint64_t chunk,
                          unsigned first, unsigned last, bool shared)
{
    unsigned long *map = r->map + chunk * WORDS_PER_CHUNK;
    unsigned count = r->count[chunk];
    unsigned changed = 0;

    if (count == (shared ? PAGES_PER_CHUNK : 0)) {
        return 0;
    }
    qatomic_set(&r->count[chunk], 0);
    /* The counter goes first, pairs with rme_shared_granule() */
    smp_wmb();
    for (unsigned w = first / BITS_PER_LONG; w <= last / BITS_PER_LONG; w++) {
        unsigned long mask = word_mask(w, first, last);
        unsigned long flip = shared ? mask & ~map[w] : mask & map[w];

        qatomic_set(&map[w], map[w] ^ flip);
        changed += ctpopl(flip);
    }
    qatomic_store_release(&r->count[chunk],
                          shared ? count + changed : count - changed);
    return changed;
}

/* Set the pages of [@start, @end), which lies in the range */
static uint64_t range_set(const RmeSharedRange *r, uint64_t start,
                          uint64_t end, bool shared)
{
    uint64_t first = (start - range_base(r)) / RME_SHARED_PAGE_SIZE;
    uint64_t last = (end - range_base(r)) / RME_SHARED_PAGE_SIZE - 1;
    uint64_t changed = 0;

    for (uint64_t c = first / PAGES_PER_CHUNK;
         c <= last / PAGES_PER_CHUNK; c++) {
        uint64_t base = c * PAGES_PER_CHUNK;

        changed += chunk_set(r, c, MAX(first, base) - base,
                             MIN(last - base, PAGES_PER_CHUNK - 1), shared);
    }
    return changed;
}

/* Set the pages of [@start, @end), whatever ranges and holes are in there */
static uint64_t shared_set(RmeSharedState *s, uint64_t start, uint64_t end,
                           bool shared)
{
    uint64_t changed = 0;

    assert(s->locked);
    for (unsigned i = 0; i < s->nr_visible; i++) {
        const RmeSharedRange *r = &s->visible[i];
        uint64_t lo = MAX(start, r->gpa);
        uint64_t hi = MIN(end, r->gpa + r->size);

        if (lo < hi) {
            changed += range_set(r, lo, hi, shared);
        }
    }
    qatomic_set_u64(&s->pages, shared ? s->pages + changed
                                      : s->pages - changed);
    return changed;
}

/* The end of a range, limited to 2^63: there is no RAM above that */
static uint64_t clamp_end(uint64_t gpa, uint64_t size)
{
    return gpa >= INT64_MAX || size > INT64_MAX - gpa
           ? INT64_MAX & ~(RME_SHARED_PAGE_SIZE - 1) : gpa + size;
}

uint64_t rme_shared_begin_private(RmeSharedState *s, uint64_t gpa,
                                  uint64_t size)
{
    uint64_t start = QEMU_ALIGN_DOWN(gpa, RME_SHARED_PAGE_SIZE);
    uint64_t end = QEMU_ALIGN_UP(clamp_end(gpa, size), RME_SHARED_PAGE_SIZE);
    uint64_t changed;

    if (!size || start >= end) {
        return 0;
    }
    changed = shared_set(s, start, end, false);
    if (changed && s->revoke) {
        /* No reader that starts after the revocation may see the old bits */
        smp_mb();
        s->revoke(s->revoke_opaque, start, end - start);
    }
    return changed;
}

uint64_t rme_shared_finish_shared(RmeSharedState *s, uint64_t gpa,
                                  uint64_t size)
{
    uint64_t end = QEMU_ALIGN_DOWN(clamp_end(gpa, size), RME_SHARED_PAGE_SIZE);

    if (!size || gpa >= end) {
        return 0;
    }
    return shared_set(s, QEMU_ALIGN_UP(gpa, RME_SHARED_PAGE_SIZE), end, true);
}

/* The first of the pages [@page, @end) that is shared, or is not; or @end */
static uint64_t find_page(const RmeSharedRange *r, uint64_t page, uint64_t end,
                          bool shared)
{
    while (page < end) {
        uint64_t chunk = page / PAGES_PER_CHUNK;
        uint64_t limit = MIN(end, (chunk + 1) * PAGES_PER_CHUNK);

        if (r->count[chunk] == (shared ? PAGES_PER_CHUNK : 0)) {
            return page;
        }
        if (r->count[chunk] != (shared ? 0 : PAGES_PER_CHUNK)) {
            page = shared ? find_next_bit(r->map, limit, page)
                          : find_next_zero_bit(r->map, limit, page);
            if (page < limit) {
                return page;
            }
        }
        page = limit;
    }
    return end;
}

uint64_t rme_shared_next_run(const RmeSharedState *s, uint64_t *gpa,
                             uint64_t end, bool shared)
{
    const RmeSharedRange *r = range_find(s, *gpa);
    uint64_t base, first, last;

    assert(s->locked);
    if (!r || *gpa >= end) {
        return 0;
    }
    base = range_base(r);
    last = (MIN(end, r->gpa + r->size) - base) / RME_SHARED_PAGE_SIZE;
    first = find_page(r, (*gpa - base) / RME_SHARED_PAGE_SIZE, last, shared);
    last = find_page(r, first, last, !shared);
    *gpa = base + first * RME_SHARED_PAGE_SIZE;
    return (last - first) * RME_SHARED_PAGE_SIZE;
}

static uint64_t range_granule(const RmeSharedRange *r, uint64_t gpa)
{
    unsigned long word, field = MAKE_64BIT_MASK(0, PAGES_PER_FIELD);
    uint64_t page = (gpa - range_base(r)) / RME_SHARED_PAGE_SIZE;

    if (qatomic_load_acquire(&r->count[page / PAGES_PER_CHUNK]) ==
        PAGES_PER_CHUNK) {
        return RME_SHARED_CHUNK_SIZE;
    }
    word = qatomic_read(&r->map[BIT_WORD(page)]);
    if (!(word & BIT_MASK(page))) {
        return 0;
    }
    field <<= QEMU_ALIGN_DOWN(page % BITS_PER_LONG, PAGES_PER_FIELD);
    return (word & field) == field ? FIELD_SIZE : RME_SHARED_PAGE_SIZE;
}

uint64_t rme_shared_granule(const RmeSharedState *s, uint64_t gpa)
{
    const RmeSharedRange *r = range_find(s, gpa);

    return r ? range_granule(r, gpa) : 0;
}

uint64_t rme_shared_lookup(const RmeSharedState *s, uint64_t gpa,
                           const void **block, uint64_t *offset)
{
    const RmeSharedRange *r = range_find(s, gpa);
    uint64_t granule = r ? range_granule(r, gpa) : 0;

    if (!granule) {
        return 0;
    }
    *block = r->block;
    *offset = r->offset + (gpa - r->gpa);
    return granule - (gpa & (granule - 1));
}

bool rme_shared_test(const RmeSharedState *s, uint64_t gpa, uint64_t size)
{
    uint64_t last = gpa + size - 1;

    if (!size) {
        return true;
    }
    if (last < gpa) {
        return false;
    }
    for (;;) {
        uint64_t granule = rme_shared_granule(s, gpa);

        if (!granule) {
            return false;
        }
        gpa |= granule - 1;
        if (gpa >= last) {
            return true;
        }
        gpa++;
    }
}

bool rme_shared_test_block(const RmeSharedState *s, const void *block,
                           uint64_t offset, uint64_t size)
{
    unsigned n = qatomic_load_acquire(&s->nr_visible);

    if (!size) {
        return true;
    }
    for (unsigned i = 0; i < n; i++) {
        const RmeSharedRange *r = &s->visible[i];
        uint64_t skip = offset - r->offset;

        if (r->block == block && skip < r->size) {
            uint64_t here = MIN(size, r->size - skip);

            /* A block may be mapped in pieces: go on with the next one */
            return rme_shared_test(s, r->gpa + skip, here) &&
                   rme_shared_test_block(s, block, offset + here, size - here);
        }
    }
    return false;
}

bool rme_shared_is_ram(const RmeSharedState *s, uint64_t gpa)
{
    return range_find(s, gpa) != NULL;
}

uint64_t rme_shared_pages(const RmeSharedState *s)
{
    return qatomic_read_u64(&s->pages);
}
