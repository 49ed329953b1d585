/*
 * A set of addresses, kept as sorted, disjoint, half-open ranges
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sim-ranges.h"

static guint count(const SimRanges *r)
{
    return r->a ? r->a->len : 0;
}

static SimRange *at(const SimRanges *r, guint i)
{
    return &g_array_index(r->a, SimRange, i);
}

/* Index of the first range that ends after @addr */
static guint first_after(const SimRanges *r, uint64_t addr)
{
    guint lo = 0, hi = count(r);

    while (lo < hi) {
        guint mid = (lo + hi) / 2;

        if (at(r, mid)->end > addr) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    return lo;
}

void sim_ranges_clear(SimRanges *r)
{
    if (r->a) {
        g_array_free(r->a, TRUE);
        r->a = NULL;
    }
}

void sim_ranges_add(SimRanges *r, uint64_t start, uint64_t end)
{
    SimRange n = { start, end };
    guint i;

    if (start >= end) {
        return;
    }
    if (!r->a) {
        r->a = g_array_new(FALSE, FALSE, sizeof(SimRange));
    }
    i = first_after(r, start);
    /* a range that ends exactly at @start is joined, too */
    if (i > 0 && at(r, i - 1)->end == start) {
        i--;
    }
    while (i < count(r) && at(r, i)->start <= end) {
        n.start = MIN(n.start, at(r, i)->start);
        n.end = MAX(n.end, at(r, i)->end);
        g_array_remove_index(r->a, i);
    }
    g_array_insert_val(r->a, i, n);
}

void sim_ranges_remove(SimRanges *r, uint64_t start, uint64_t end)
{
    guint i = start < end ? first_after(r, start) : count(r);

    while (i < count(r) && at(r, i)->start < end) {
        SimRange old = *at(r, i);

        g_array_remove_index(r->a, i);
        if (old.start < start) {
            SimRange left = { old.start, start };

            g_array_insert_val(r->a, i, left);
            i++;
        }
        if (old.end > end) {
            SimRange right = { end, old.end };

            g_array_insert_val(r->a, i, right);
            i++;
        }
    }
}

bool sim_ranges_any(const SimRanges *r, uint64_t start, uint64_t end)
{
    guint i = first_after(r, start);

    return start < end && i < count(r) && at(r, i)->start < end;
}

bool sim_ranges_all(const SimRanges *r, uint64_t start, uint64_t end)
{
    guint i = first_after(r, start);

    return start >= end ||
        (i < count(r) && at(r, i)->start <= start && at(r, i)->end >= end);
}

uint64_t sim_ranges_total(const SimRanges *r)
{
    uint64_t sum = 0;

    for (guint i = 0; i < count(r); i++) {
        sum += at(r, i)->end - at(r, i)->start;
    }
    return sum;
}

uint64_t sim_ranges_piece(const SimRanges *r, uint64_t start, uint64_t end,
                          bool *inside)
{
    guint i = first_after(r, start);

    if (i >= count(r)) {
        *inside = false;
        return end;
    }
    *inside = at(r, i)->start <= start;
    return MIN(end, *inside ? at(r, i)->end : at(r, i)->start);
}
