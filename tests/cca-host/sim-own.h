/*
 * What the library itself costs the process that it is loaded into
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_OWN_H
#define CCA_HOST_SIM_OWN_H

#include <stdint.h>

/*
 * The file of the setting `own-costs`: it is mapped, so a reader has it while
 * the process runs. Native byte order.
 */
typedef struct SimOwnCosts {
    uint64_t cpu_ns;        /* CPU time of all threads in here */
    int64_t heap_bytes;     /* allocated in here and not freed, net */
    uint64_t calls;         /* of the kernel that it stood in for */
    uint64_t waits;         /* how often a vCPU had nothing to do */
} SimOwnCosts;

/*
 * The first argument of a prctl() that no kernel knows: from SIM_OWN_ENTER to
 * SIM_OWN_LEAVE a thread works for the library. For those who count the
 * process's instructions or system calls from outside.
 */
#define SIM_OWN_PRCTL 0x43434153
enum { SIM_OWN_LEAVE, SIM_OWN_ENTER };

/* Around what the library does, for that many calls of KVM; they nest */
void sim_own_begin(unsigned calls);
void sim_own_end(void);

/*
 * A vCPU is about to wait: note what this thread's call has cost so far, and
 * the mappings of the process in a file beside the other, with ".maps"
 */
void sim_own_wait(void);

#endif
