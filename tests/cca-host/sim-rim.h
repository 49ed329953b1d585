/*
 * The Realm initial measurement, computed as an RMM of version 1.0 does
 *
 * Source: Arm DEN0137 1.0-rel0 (REALM_CREATE, RTT_INIT_RIPAS, DATA_CREATE,
 * REC_CREATE) and the loops of KVM around these commands.  The model keeps
 * the set of translation tables because RIPAS is measured per table entry.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_RIM_H
#define CCA_HOST_SIM_RIM_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#define SIM_RIM_SIZE 64

/* The measured fields of RmiRealmParams */
typedef struct SimRimParams {
    bool lpa2;
    bool sve;
    bool pmu;
    uint32_t s2sz;          /* IPA bits, shared bit included */
    uint32_t sve_vl;        /* 128-bit units minus one */
    uint32_t num_bps;       /* count minus one */
    uint32_t num_wps;
    uint32_t pmu_num_ctrs;  /* count */
    uint8_t hash_algo;      /* 0 SHA-256, 1 SHA-512 */
} SimRimParams;

typedef struct SimRim {
    uint8_t value[SIM_RIM_SIZE];
    SimRimParams params;
    GHashTable *tables;     /* level and base of each table below the root */
    GHashTable *pages;      /* populated pages */
} SimRim;

void sim_rim_create(SimRim *rim, const SimRimParams *params);

/* Bytes of the measurement: 32 or 64 */
unsigned sim_rim_length(const SimRim *rim);

/*
 * KVM's INIT_RIPAS loop over [@base, @top).  Returns 0, or -EINVAL when it
 * meets a populated page (pages before it stay measured).  With @skip_pages
 * it steps over them instead.
 */
int sim_rim_ripas(SimRim *rim, uint64_t base, uint64_t top, bool skip_pages);

/* One 4 KiB page; @page is NULL if the content is not measured */
void sim_rim_data(SimRim *rim, uint64_t ipa, const uint8_t *page);

/* A REC; only a runnable one is measured */
void sim_rim_rec(SimRim *rim, bool runnable, uint64_t pc,
                 const uint64_t gprs[8]);

/* Is the page at @ipa populated? */
bool sim_rim_has_page(const SimRim *rim, uint64_t ipa);

void sim_rim_destroy(SimRim *rim);

/* Lower-case hex of the measurement; the caller frees it */
char *sim_rim_hex(const SimRim *rim);

#endif
