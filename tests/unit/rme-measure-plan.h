/*
 * For tests: the measurement of a plan, by one thread and by several
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_RME_MEASURE_PLAN_H
#define TESTS_UNIT_RME_MEASURE_PLAN_H

#include "qapi/error.h"
#include "hw/arm/cca/hashing.h"

static inline void measure_with(const RmePlan *plan, RmeMeasureRules rules,
                                unsigned threads, RmeMeasure *m)
{
    g_autoptr(RmeHashing) h = rme_hashing_start(plan, rules, threads, m->fn,
                                                m->opaque, NULL);

    m->algo = rme_plan_params(plan)->hash_algo;
    g_assert_true(rme_hashing_wait(h, m->rim, &error_abort));
}

/* @m: its fn and opaque are used, for one thread; its algo and rim are set */
static inline void measure_plan(const RmePlan *plan, RmeMeasureRules rules,
                                RmeMeasure *m)
{
    RmeMeasure other = { };

    measure_with(plan, rules, RME_HASHING_THREADS_MAX, &other);
    measure_with(plan, rules, 1, m);
    g_assert_cmpmem(m->rim, sizeof(m->rim), other.rim, sizeof(other.rim));
}

#endif
