/*
 * Recompute the measurements of launch plans with the simulator's model
 *
 *   replay-plans FILE LEAST
 *
 * FILE has plans as lines, which tests/unit/test-rme-measure.c of QEMU writes:
 * what the kernel is asked for, in order, and the RIM that QEMU computed.  All
 * have to agree, and there have to be LEAST plans or more.
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

/* One line of a plan; false if it is a RIM that differs */
static bool line(SimRim *rim, char **word)
{
    if (!strcmp(word[0], "create")) {
        create(rim, word);
    } else if (!strcmp(word[0], "ripas")) {
        g_assert(sim_rim_ripas(rim, number(word[1]),
                               number(word[2]), false) == 0);
    } else if (!strcmp(word[0], "data")) {
        data(rim, word);
    } else if (!strcmp(word[0], "rec")) {
        rec(rim, word);
    } else {
        g_autofree char *hex = sim_rim_hex(rim);

        g_assert(!strcmp(word[0], "rim"));
        if (strcmp(hex, word[1])) {
            printf("QEMU has %s, the simulator %s\n", word[1], hex);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    SimRim rim = { { 0 } };
    int plans = 0, differ = 0, least;

    if (argc != 3 || !g_file_get_contents(argv[1], &text, NULL, NULL)) {
        fprintf(stderr, "usage: replay-plans FILE LEAST\n");
        return 2;
    }
    least = atoi(argv[2]);
    lines = g_strsplit(g_strchomp(text), "\n", -1);
    for (char **l = lines; *l; l++) {
        g_auto(GStrv) word = g_strsplit(*l, " ", -1);

        plans += g_str_has_prefix(*l, "rim ");
        differ += !line(&rim, word);
    }
    sim_rim_destroy(&rim);
    printf("%d plans, %d differ\n", plans, differ);
    return differ || plans < least;
}
