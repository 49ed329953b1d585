/*
 * Recompute the measurements of launch plans with the simulator's model
 *
 *   replay-plans FILE LEAST
 *
 * FILE has plans as lines, which tests/unit/test-rme-measure.c of QEMU writes:
 * what the kernel is asked for, in order, and the RIMs that QEMU computed by
 * the rules of RMM 1.x ("rim") and of RMM 2.0 ("rim-2.0").  The latter are the
 * same, but do not measure which memory is RAM.  All have to agree, and there
 * have to be LEAST plans or more.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim-rim.h"

#define PAGE 4096

static uint64_t number(const char *word)
{
    return g_ascii_strtoull(word, NULL, 0);
}

static void create(SimRim *rim, char **word)
{
    unsigned flags = number(word[1]);
    SimRimParams p = {
        .lpa2 = flags & 1, .sve = flags & 2, .pmu = flags & 4,
        .s2sz = number(word[2]),
        .sve_vl = number(word[3]),
        .num_bps = number(word[4]),
        .num_wps = number(word[5]),
        .pmu_num_ctrs = number(word[6]),
        .hash_algo = number(word[7]),
    };

    sim_rim_create(rim, &p);
}

static void data(SimRim *rim, char **word)
{
    uint64_t ipa = number(word[1]);
    uint8_t page[PAGE];

    if (!strcmp(word[2], "-")) {
        sim_rim_data(rim, ipa, NULL);
        return;
    }
    g_assert(strlen(word[2]) == 2 * PAGE);
    for (unsigned i = 0; i < PAGE; i++) {
        page[i] = g_ascii_xdigit_value(word[2][2 * i]) << 4 |
                  g_ascii_xdigit_value(word[2][2 * i + 1]);
    }
    sim_rim_data(rim, ipa, page);
}

static void rec(SimRim *rim, char **word)
{
    uint64_t gprs[8];

    for (unsigned i = 0; i < 8; i++) {
        gprs[i] = number(word[2 + i]);
    }
    sim_rim_rec(rim, true, number(word[1]), gprs);
}

static bool same(const SimRim *rim, char **word)
{
    g_autofree char *hex = sim_rim_hex(rim);

    if (strcmp(hex, word[1])) {
        printf("%s: QEMU has %s, the simulator %s\n", word[0], word[1], hex);
        return false;
    }
    return true;
}

/* A line of a plan by the rules of @rmm; false if it is a RIM that differs */
static bool line(SimRim *rim, char **word, int rmm)
{
    if (!strcmp(word[0], "create")) {
        create(rim, word);
    } else if (!strcmp(word[0], "ripas")) {
        g_assert(rmm == 2 || sim_rim_ripas(rim, number(word[1]),
                                           number(word[2]), false) == 0);
    } else if (!strcmp(word[0], "data")) {
        data(rim, word);
    } else if (!strcmp(word[0], "rec")) {
        rec(rim, word);
    } else if (!strcmp(word[0], rmm == 2 ? "rim-2.0" : "rim")) {
        return same(rim, word);
    } else {
        g_assert(g_str_has_prefix(word[0], "rim"));
    }
    return true;
}

int main(int argc, char **argv)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    SimRim rim = { { 0 } }, rim2 = { { 0 } };
    int plans = 0, plans2 = 0, differ = 0, least;

    if (argc != 3 || !g_file_get_contents(argv[1], &text, NULL, NULL)) {
        fprintf(stderr, "usage: replay-plans FILE LEAST\n");
        return 2;
    }
    least = atoi(argv[2]);
    lines = g_strsplit(g_strchomp(text), "\n", -1);
    for (char **l = lines; *l; l++) {
        g_auto(GStrv) word = g_strsplit(*l, " ", -1);

        plans += g_str_has_prefix(*l, "rim ");
        plans2 += g_str_has_prefix(*l, "rim-2.0 ");
        differ += !line(&rim, word, 1) + !line(&rim2, word, 2);
    }
    sim_rim_destroy(&rim);
    sim_rim_destroy(&rim2);
    printf("%d and %d plans, %d differ\n", plans, plans2, differ);
    return differ || plans < least || plans2 < least;
}
