/*
 * A set of addresses, kept as sorted, disjoint, half-open ranges
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_RANGES_H
#define CCA_HOST_SIM_RANGES_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

typedef struct SimRange {
    uint64_t start;
    uint64_t end;           /* exclusive */
} SimRange;

typedef struct SimRanges {
    GArray *a;              /* of SimRange, sorted; NULL while empty */
} SimRanges;

void sim_ranges_clear(SimRanges *r);
void sim_ranges_add(SimRanges *r, uint64_t start, uint64_t end);
void sim_ranges_remove(SimRanges *r, uint64_t start, uint64_t end);

/* Is any byte of [@start, @end) in the set? */
bool sim_ranges_any(const SimRanges *r, uint64_t start, uint64_t end);

/* Are all bytes of [@start, @end) in the set? */
bool sim_ranges_all(const SimRanges *r, uint64_t start, uint64_t end);

uint64_t sim_ranges_total(const SimRanges *r);

/*
 * The longest piece of [@start, @end) beginning at @start that is wholly
 * inside or wholly outside of the set; *@inside says which.  Returns its end.
 */
uint64_t sim_ranges_piece(const SimRanges *r, uint64_t start, uint64_t end,
                          bool *inside);

#endif
