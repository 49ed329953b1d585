/*
 * Cases of generation B: what they expect of each version, and how it is driven
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_PROBER_B_H
#define CCA_HOST_PROBER_B_H

#include "probe.h"

/* Written a second time on purpose: not the tables of the simulator */
typedef struct BKernel {
    const char *abi;
    unsigned cap;
    uint64_t type;
    unsigned long populate;
    int ordinary;               /* errno of POPULATE on an ordinary VM */
    int attributes;             /* 1 on the VM, 2 on the guest_memfd, 0 none */
    int no_source, no_vgic, vgic_not_ready, dead_run, dead_populate, hole;
    bool bytes, any_source, shared_counts, empty_works, bring_up, pmcr;
} BKernel;

/* Of the running group */
extern const BKernel *b;

#define PAGE SIM_PAGE_SIZE
#define MEASURE SIM_POPULATE_MEASURE
#define OFF (1u << KVM_ARM_VCPU_POWER_OFF)

/* A page-aligned buffer that is no guest memory, filled with 0xa5 */
void *b_source(void);
/* KVM_ARM_RMI_POPULATE; bytes that are done, or -errno */
long b_populate_from(Vm *vm, uint64_t base, uint64_t size, uint32_t flags,
                     const void *source);
long b_populate(Vm *vm, uint64_t base, uint64_t size, uint32_t flags);
/* Sets the state of RAM as this generation wants it told, if it does */
long b_set(Vm *vm, uint64_t gpa, uint64_t size, bool private);
long b_set_fd(int gmem, uint64_t offset, uint64_t size, uint64_t attributes,
              uint64_t flags);
/* A Realm VM of @ipa bits with RAM, all of it private, and no vCPU */
Vm *b_memory(unsigned ipa);
/* ... of 41 bits with initialised vCPUs, @features besides PSCI_0_2 */
Vm *b_vcpus(unsigned vcpus, uint32_t features);
/* ... the GIC, a populated page at RAM_BASE, and pc there */
Vm *b_ready(unsigned vcpus);
/* ... and activated by a KVM_RUN with immediate_exit */
Vm *b_active(unsigned vcpus);
long b_run_immediately(Vm *vm, unsigned n);
/* The RIM of the last VM is @hex */
bool b_rim_is(const char *hex);

extern const ProbeCase b_probe_cases[], b_no_rmm_cases[], b_pmu_cap_cases[],
    b_unrelated_cases[], kernel_6_18_cases[], kernel_7_4_cases[];
extern const ProbeCase b_populate_cases[], b_populate_most_cases[];
extern const ProbeCase b_run_cases[], b_fail_cases[], b_off_cases[],
    b_abort_cases[];
extern const ProbeCase b_vcpu_cases[], b_regs_cases[], b_sve_cases[],
    b_pmu_cases[];
extern const ProbeCase b_memory_cases[], b_exit_cases[], b_ignored_cases[],
    b_hole_cases[],
    b_untold_cases[], b_read_cases[], b_alias_cases[];
extern const ProbeCase b_rim_cases[], b_rim_lpa2_cases[], b_rim_sve_cases[],
    b_rim_sha512_cases[];

#endif
