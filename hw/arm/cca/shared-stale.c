/*
 * Arm CCA Realms: shared copies that a device made again
 *
 * A device that has pages mapped may use the mapping after the guest took them
 * back.  Nothing of the Realm is behind it, but host memory is, a second time.
 * So the pages that are not shared are dropped when the mapping goes.  Only
 * under the conversion lock can it be told which these are; whoever gives
 * back a mapping may hold the BQL and cannot wait for that.  So ranges are
 * noted, and dropped by whoever has the lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "shared-internal.h"

void rme_shared_set_drop(RmeSharedState *s, RmeSharedDrop *drop)
{
    s->drop = drop;
}

static void drop_range(RmeSharedState *s, const RmeSharedStale *stale)
{
    for (unsigned i = 0; i < s->nr_visible; i++) {
        const RmeSharedRange *r = &s->visible[i];
        uint64_t gpa = MAX(stale->start, r->gpa);
        uint64_t end = MIN(stale->end, r->gpa + r->size), size;

        while (gpa < end &&
               (size = rme_shared_next_run(s, &gpa, end, false))) {
            s->drop(r->block, r->offset + (gpa - r->gpa), size);
            gpa += size;
        }
    }
}

static unsigned take_stale(RmeSharedState *s, RmeSharedStale *stale)
{
    unsigned n;

    QEMU_LOCK_GUARD(&s->stale_lock);
    n = s->nr_stale;
    memcpy(stale, s->stale, n * sizeof(stale[0]));
    qatomic_set(&s->nr_stale, 0);
    return n;
}

static void drop_all(RmeSharedState *s)
{
    RmeSharedStale stale[RME_SHARED_STALE_MAX];
    unsigned n = take_stale(s, stale);

    for (unsigned i = 0; i < n; i++) {
        drop_range(s, &stale[i]);
    }
}

void rme_shared_unlock(RmeSharedState *s)
{
    do {
        if (qatomic_read(&s->nr_stale)) {
            drop_all(s);
        }
        s->locked = false;
        qemu_mutex_unlock(&s->lock);
        /* What was noted while this thread had the lock; pairs with note() */
        smp_mb();
        if (!qatomic_read(&s->nr_stale)) {
            return;
        }
    } while (rme_shared_trylock(s));
}

static void note(RmeSharedState *s, uint64_t start, uint64_t end)
{
    RmeSharedStale *last = &s->stale[RME_SHARED_STALE_MAX - 1];

    WITH_QEMU_LOCK_GUARD(&s->stale_lock) {
        if (s->nr_stale < RME_SHARED_STALE_MAX) {
            s->stale[s->nr_stale] = (RmeSharedStale) { start, end };
            qatomic_set(&s->nr_stale, s->nr_stale + 1);
        } else {
            last->start = MIN(last->start, start);
            last->end = MAX(last->end, end);
        }
    }
    /* Noted first, then tried; pairs with rme_shared_unlock() */
    smp_mb();
    if (rme_shared_trylock(s)) {
        rme_shared_unlock(s);
    }
}

void rme_shared_unmapped(RmeSharedState *s, const void *block, uint64_t offset,
                         uint64_t size)
{
    unsigned n = qatomic_load_acquire(&s->nr_visible);

    for (unsigned i = 0; s->drop && i < n; i++) {
        const RmeSharedRange *r = &s->visible[i];
        uint64_t from = MAX(offset, r->offset);
        uint64_t to = MIN(offset + size, r->offset + r->size);
        uint64_t gpa = r->gpa + (from - r->offset);

        if (r->block == block && from < to &&
            !rme_shared_test(s, gpa, to - from)) {
            note(s, QEMU_ALIGN_DOWN(gpa, RME_SHARED_PAGE_SIZE),
                 QEMU_ALIGN_UP(gpa + (to - from), RME_SHARED_PAGE_SIZE));
        }
    }
}
