/*
 * Settings of the simulated host
 *
 * They come from one file of `key = value` lines that the environment
 * variable CCA_SIM_CONF names, or in a QEMU without it from
 * /etc/cca-sim.conf; `#` starts a comment line.  README.md lists the keys.
 * An unknown key, a bad value or an unreadable file ends the process with
 * exit status SIM_CONFIG_EXIT and a message.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_CONFIG_H
#define CCA_HOST_SIM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "sim-generation.h"

#define SIM_CONFIG_EXIT 97

typedef enum SimPersonality {
    SIM_V10,                /* series version 10, linux-nvidia-6.17 */
    SIM_V7,                 /* series version 7 as it was observed */
} SimPersonality;

typedef enum SimMecHost {
    SIM_MEC_NO_ITEMS,       /* kernel has no CONFIG items 2 and 3 */
    SIM_MEC_ABSENT,         /* kernel has them, the RMM has no MEC */
    SIM_MEC_PRESENT,
} SimMecHost;

/* How a vCPU leaves once the Realm is off */
typedef enum SimOffExit {
    SIM_OFF_SHUTDOWN,       /* version 10 */
    SIM_OFF_UNKNOWN,        /* version 8 */
    SIM_OFF_RESET,          /* no version: a system event, and another one */
    SIM_OFF_ANY,            /* no version: all of these and more, in turn */
    SIM_OFF_OBSERVED,       /* version 7: some as version 8, others sleep */
    SIM_OFF_SLEEP,          /* version 14: all, until they are made runnable */
} SimOffExit;

/* What a VMM writes and the kernel does not take, without an error */
typedef enum SimIgnored {
    SIM_IGNORES_NOTHING,
    SIM_IGNORES_DFR0,
    SIM_IGNORES_COUNTERS,
    SIM_IGNORES_SVE,
} SimIgnored;

/* One `fail` line */
typedef struct SimFailRule {
    char *name;
    unsigned nth;           /* 0 = every call, else the nth (from 1) */
    int err;                /* positive errno, 0 = succeed and do nothing */
} SimFailRule;

typedef struct SimConfig {
    bool run_mode;
    SimPersonality personality;
    SimAbi abi;
    bool rmm;
    unsigned cap;           /* number of the Realm capability */
    bool readonly_mem;      /* a Realm VM says it has KVM_CAP_READONLY_MEM */
    bool whitelist_caps;    /* v11: most VM-fd capabilities read 0 */
    GArray *unrelated_caps; /* unsigned: numbers that mean something else */

    bool sysfs_rmi;
    bool sysfs_rme;
    char *sysfs_text;       /* what the parameter file holds */
    int sysfs_errno;        /* 0, or what opening it fails with */

    unsigned host_page_size;
    bool attribute_waste;   /* pages that do not change are no complaint */
    unsigned populate_cost; /* ns that a populated page takes */
    unsigned attribute_cost; /* ns that a page of an attribute call takes */
    bool guest_memfd;       /* CONFIG_KVM_PRIVATE_MEM, guest_memfd at all */
    bool hugetlbfs;         /* all files are on hugetlbfs, says statfs() */
    unsigned ipa_limit;     /* KVM's limit for ordinary VMs */
    unsigned rmm_ipa_limit;
    unsigned max_vcpus;     /* contract mode */
    unsigned host_bps;      /* ID register values: count - 1 */
    unsigned host_wps;
    unsigned rmm_bps;
    unsigned rmm_wps;
    unsigned host_pmu_counters; /* 0 = no PMU */
    unsigned rmm_pmu_counters;
    unsigned host_sve_vq;   /* in 128-bit units, 0 = no SVE */
    unsigned rmm_sve_vq;
    bool rmm_sha256;
    bool rmm_sha512;
    unsigned kernel_hash;   /* SIM_HASH_*: where it is not the VMM's choice */
    bool lpa2;              /* KVM and the RMM have 52 bits of addresses */
    unsigned populate_most; /* pages of one POPULATE of generation B; 0 = all */
    SimMecHost mec;
    bool mec_refuses;       /* `private` without MEC: EOPNOTSUPP */
    unsigned mec_count;
    unsigned mec_in_use;    /* ids held by Realms of other processes */

    char *report;           /* path, or NULL */
    char *trace;            /* path of a text trace, or NULL */
    bool list_calls;        /* of an active Realm, in the report */
    bool measure;           /* hash what the Realm is made of */
    char *own_costs;        /* path, or NULL: see sim-own.h */
    bool abort_on_host_access;
    SimOffExit off_exit;
    unsigned off_seed;      /* who leaves, and when */
    unsigned completion_ms; /* what a KVM_RUN takes that only completes MMIO */
    SimIgnored ignores;
    GPtrArray *fails;       /* SimFailRule * */
    GPtrArray *exits;       /* char *, the text of each `exit` line */
    unsigned exit_rounds;   /* how often they are delivered */
    GHashTable *run_settings; /* "run.*" keys, for the run mode */
} SimConfig;

const SimConfig *sim_config(void);

/* Was a settings file named?  Without one the library does nothing. */
bool sim_configured(void);

/* A `run.KEY` setting, or NULL */
const char *sim_config_run(const char *key);

/* The number of an errno name such as "ENXIO"; 0 if unknown */
int sim_errno_by_name(const char *name);
/* The name of an errno, or a number as text */
const char *sim_errno_name(int err);

G_NORETURN void sim_config_die(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

#endif
