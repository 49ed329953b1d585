/*
 * Arm CCA Realms: which pages of guest RAM the guest shared, internals
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_ARM_CCA_SHARED_INTERNAL_H
#define HW_ARM_CCA_SHARED_INTERNAL_H

#include "qemu/atomic.h"
#include "qemu/thread.h"
#include "hw/arm/rme-shared.h"

/*
 * Bit 0 of @map and @count[0] belong to @gpa rounded down to 2 MiB, so that
 * naturally aligned chunks of guest addresses are whole words of the bitmap.
 * Bits outside the range are never set, thus a chunk that is only partly in
 * the range never counts as full.
 */
typedef struct RmeSharedRange {
    uint64_t gpa;
    uint64_t size;
    const void *block;
    uint64_t offset;
    unsigned long *map;
    uint16_t *count;
} RmeSharedRange;

/* More ranges than this are put together, with what is between them */
#define RME_SHARED_STALE_MAX 32

typedef struct RmeSharedStale {
    uint64_t start;
    uint64_t end;
} RmeSharedStale;

struct RmeSharedState {
    QemuMutex lock;
    bool locked;
    bool sealed;
    /* sorted by address; constant once @nr_visible is not 0 */
    GArray *ranges;
    const RmeSharedRange *visible;
    unsigned nr_visible;
    uint64_t pages;
    RmeSharedRevoke *revoke;
    void *revoke_opaque;

    RmeSharedDrop *drop;
    QemuMutex stale_lock;       /* inside @lock and the BQL, for a moment */
    RmeSharedStale stale[RME_SHARED_STALE_MAX];
    unsigned nr_stale;
};

/* A Realm has one or two ranges, a linear search is the fastest one */
static inline const RmeSharedRange *range_find(const RmeSharedState *s,
                                               uint64_t gpa)
{
    unsigned n = qatomic_load_acquire(&s->nr_visible);

    for (unsigned i = 0; i < n; i++) {
        const RmeSharedRange *r = &s->visible[i];

        if (gpa - r->gpa < r->size) {
            return r;
        }
    }
    return NULL;
}

static inline uint64_t range_base(const RmeSharedRange *r)
{
    return QEMU_ALIGN_DOWN(r->gpa, RME_SHARED_CHUNK_SIZE);
}

#endif
