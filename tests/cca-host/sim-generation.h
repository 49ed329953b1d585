/*
 * What the generations of the Realm user ABI do differently
 *
 * Everything that a generation decides is a member here, and everything that
 * asks looks at the member and not at the generation.  Sources, where a rule of
 * one of the tables has them: `seen` is the notes on a real v14 kernel with an
 * RMM of version 2.0, others are the posted series "arm64: Support for Arm CCA
 * in KVM" by version; "v16" is the last one with a whole user ABI.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_GENERATION_H
#define CCA_HOST_SIM_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

typedef enum SimAbi {
    SIM_ABI_NONE,           /* no Realms, no guest_memfd: before 6.18 */
    SIM_ABI_A,              /* versions 8 to 11: multiplexed capability */
    SIM_ABI_B1,             /* version 12 */
    SIM_ABI_B2,             /* version 13, NVIDIA 7.0 */
    SIM_ABI_B3,             /* version 14 */
    SIM_ABI_B4,             /* version 15 */
    SIM_ABI_B5,             /* version 16 and the trees after it */
    SIM_ABI_6_18,           /* guest_memfd for ordinary VMs, no Realms */
    SIM_ABI_7_4,            /* the same with an RMM driver */
    SIM_ABIS
} SimAbi;

/* Who keeps the private/shared state of memory */
typedef enum SimOwner {
    SIM_OWNER_NONE,
    SIM_OWNER_VM,           /* KVM_SET_MEMORY_ATTRIBUTES of the VM */
    SIM_OWNER_RIPAS,        /* the guest; the VMM only frees what is stale */
    SIM_OWNER_GMEM,         /* KVM_SET_MEMORY_ATTRIBUTES2 of the guest_memfd */
} SimOwner;

/* Bit 9 of KVM_ARM_VCPU_INIT, and KVM_ARM_VCPU_FINALIZE of it */
typedef enum SimRecFeature {
    SIM_REC_UNKNOWN,        /* ENOENT */
    SIM_REC_IGNORED,        /* taken from every VM, without any effect */
    SIM_REC_NEEDED,
} SimRecFeature;

/* KVM_ARM_RMI_POPULATE */
typedef struct SimPopulateRules {
    unsigned long request;  /* 0: there is no such ioctl */
    int ordinary;           /* errno of an ordinary VM */
    int no_source;          /* errno of a source of 0 */
    bool source_first;      /* that is checked first, not page by page */
    bool source_aligned;    /* the source has to be page aligned */
    bool range_checked;     /* wrap and shared half are EINVAL at once */
    bool empty_creates;     /* size 0 creates the Realm, else it is EINVAL */
    bool returns_bytes;     /* and does not write the structure back */
    bool rmm_error_counts;  /* an error of the RMM is "one page done" */
} SimPopulateRules;

typedef struct SimGeneration {
    const char *name;       /* value of the setting `abi` */
    const char *version;    /* of the series, for the report */

    /* discovery */
    uint64_t vm_type;       /* 0: no Realms */
    int no_rmm;             /* errno of CREATE_VM without a usable RMM */
    unsigned cap;           /* default number of the Realm capability */
    bool sysfs_rme;         /* default parameters */
    bool sysfs_rmi;
    const long *realm_caps; /* of the architecture, of a Realm; up to -1 */
    const long *more_caps;  /* and these, or NULL */
    bool pmu_cap;           /* and PMU_V3, if the RMM has one */
    bool enable_listed;     /* ENABLE_CAP of anything else is EINVAL */
    const unsigned *other_caps; /* numbers that mean other things; up to 0 */

    /* private memory */
    SimOwner owner;
    unsigned gmem_flags;    /* that KVM_CREATE_GUEST_MEMFD takes */
    bool gmem_everywhere;   /* ordinary VMs have guest_memfd, too */
    int gmem_twice;         /* errno of a range that is bound twice */
    bool plain_readonly;    /* a slot without guest_memfd may be READONLY */
    bool shared_alias_fault; /* a use of the shared alias asks the attribute */
    bool private_alias_fault;
    bool unwritten_fault;   /* EFAULT when a shared page is read first */
    bool huge_spins;        /* shared memory must not be of huge pages */
    bool ripas_waits;       /* the exit comes again until all is converted */
    int hole;               /* errno of a use of RIPAS RAM without a slot */

    /* life */
    bool implicit;          /* POPULATE creates, the first KVM_RUN activates */
    SimRecFeature rec;
    bool psci_complete;     /* the ioctl tells an ordinary VM from a Realm */
    bool choices;           /* hash, RPV and MEC are the VMM's */
    SimPopulateRules populate;
    bool lists_all_core;    /* GET_REG_LIST has what cannot be set */
    bool pmcr;              /* PMCR_EL0 can be set */
    bool brps;              /* so can the number of breakpoints */
    bool el2_einval;        /* VCPU_INIT knows and refuses HAS_EL2 */
    int guest_debug;        /* errno of SET_GUEST_DEBUG, or 0 */
    int no_vgic;            /* errno of the first run without one */
    int vgic_not_ready;     /* errno of the first run if it is not set up */
    bool bring_up_again;    /* EAGAIN while a vCPU is being brought up */
    bool dead_is_eio;       /* a failed activation takes the whole VM */
    bool off_sleeps;        /* default of `off-exit` */

    /* measurement */
    bool ripas_measured;    /* of the slots, after all data (RMM 1.x) */
    bool lpa2_flag;         /* set where the host has LPA2 */
    unsigned rmm_pmu;       /* default of `rmm-pmu-counters` */
} SimGeneration;

/* The one that the settings ask for */
const SimGeneration *sim_generation(void);
const SimGeneration *sim_generation_of(SimAbi abi);

#endif
