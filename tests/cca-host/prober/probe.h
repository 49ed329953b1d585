/*
 * A small program that asks the simulated KVM what a VMM would ask
 *
 * Tests are grouped by the settings of the host that they run on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_PROBER_PROBE_H
#define CCA_HOST_PROBER_PROBE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim-abi.h"

typedef struct ProbeCase {
    const char *name;           /* a sentence */
    void (*fn)(void);
} ProbeCase;

typedef struct ProbeGroup {
    const char *name;
    const char *conf;           /* settings besides `report` */
    const ProbeCase *cases;     /* ends with a NULL name */
} ProbeGroup;

/* Does the running group have personality v7? */
extern bool probe_v7;

/* b.c: which version of generation B do these settings ask for? */
void probe_begin_group(const char *conf);

/* Marks the running case as failed and says why */
void probe_fail(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Runs what the arguments of main() ask for; @groups ends with a NULL name */
int probe_main(int argc, char **argv, const ProbeGroup *groups);

#define CHECK(cond)                                                     \
    do {                                                                \
        if (!(cond)) {                                                  \
            probe_fail(__FILE__, __LINE__, "%s is false", #cond);       \
        }                                                               \
    } while (0)

/* @call must be >= 0; evaluates to its value */
#define OK(call) probe_ok(__FILE__, __LINE__, #call, (call))
/* @call must be -@err (helpers return -errno) */
#define ERR(call, err) probe_err(__FILE__, __LINE__, #call, (call), (err))

long probe_ok(const char *file, int line, const char *what, long ret);
void probe_err(const char *file, int line, const char *what, long ret,
               int err);

/* ioctl() that returns -errno instead of -1 */
long xioctl(int fd, unsigned long req, const void *arg);

/* The report as text, read anew; do not free */
const char *report_text(void);
bool report_has(const char *text);
/* Keeps the report as it is now next to the final one, to be checked as JSON */
void report_snapshot(void);
/* The hex measurement of the last VM in the report that has one, or NULL */
char *report_last_rim(void);
unsigned complaints(void);
/* The last complaint that was added contains @text */
#define COMPLAINT(text) CHECK(complaints() > 0 && last_complaint_has(text))
bool last_complaint_has(const char *text);

#define RAM_BASE 0x40000000ULL
#define RAM_SIZE 0x800000ULL    /* two slots of 4 MiB */
#define SLOT_SIZE 0x400000ULL

/* A VM under test; fields are -1 or NULL until made */
typedef struct Vm {
    int kvm;
    int fd;
    int vcpu[4];
    struct kvm_run *run[4];
    int gic;
    int gmem;
    uint8_t *ram;
    unsigned ipa_bits;
} Vm;

/* KVM_CREATE_VM with plain @type; returns the descriptor or -errno */
long create_vm(uint64_t type);

Vm *vm_new(uint64_t type_bits, unsigned ipa_bits);
void vm_free(Vm *vm);
/* RAM_SIZE of guest_memfd RAM at RAM_BASE in two slots, made private */
void vm_add_ram(Vm *vm);
/* vm_add_ram() without attributes */
void vm_add_slots(Vm *vm);
void vm_add_vcpus(Vm *vm, unsigned n, uint32_t features);
void vm_add_gic(Vm *vm);

#define REC (1u << SIM_VCPU_REC)
#define PSCI (1u << KVM_ARM_VCPU_PSCI_0_2)
#define PMU (1u << KVM_ARM_VCPU_PMU_V3)
#define SVE (1u << KVM_ARM_VCPU_SVE)
#define REALM_FEATURES (REC | PSCI)

/* A Realm VM of 41 bits with RAM and one initialised vCPU */
Vm *realm_new(void);
/* ... and CREATE done */
Vm *realm_created(void);
/* ... and a page populated, the RECs made, GIC there, ACTIVATE done */
Vm *realm_active(unsigned vcpus);
/* The same with attributes for the first @private bytes of RAM only */
Vm *realm_active_with(unsigned vcpus, uint64_t private);

long vcpu_init(Vm *vm, unsigned n, uint32_t features);
long realm_action(Vm *vm, uint64_t action, const void *arg);
long realm_config(Vm *vm, uint32_t item, uint32_t value);
long realm_ripas(Vm *vm, uint64_t base, uint64_t size);
long realm_populate(Vm *vm, uint64_t base, uint64_t size, uint32_t flags);
long finalize(Vm *vm, unsigned n, int feature);
long set_reg(Vm *vm, unsigned n, uint64_t id, const void *value);
long set_reg64(Vm *vm, unsigned n, uint64_t id, uint64_t value);
long get_reg(Vm *vm, unsigned n, uint64_t id, void *value);
uint64_t get_reg64(Vm *vm, unsigned n, uint64_t id);
long set_attributes(Vm *vm, uint64_t gpa, uint64_t size, bool private);
long memslot(Vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa,
             uint64_t size, void *hva, int gmem, uint64_t gmem_offset);
long create_gmem(Vm *vm, uint64_t size, uint64_t flags);
long check_extension(int fd, long cap);
long vcpu_run(Vm *vm, unsigned n);
/* KVM_RUN with a signal after @ms milliseconds */
long vcpu_run_for(Vm *vm, unsigned n, unsigned ms);
/* vCPU 0 is run and leaves with this memory fault */
void expect_fault(Vm *vm, uint64_t gpa, uint64_t size, bool private);
long pmu_attr(Vm *vm, unsigned n, uint64_t attr, const void *value);

/* One table per file */
extern const ProbeCase discovery_cases[], no_rmm_cases[], old_kernel_cases[],
    whitelist_cases[],
    sysfs_rmi_cases[], sysfs_none_cases[], sysfs_eacces_cases[],
    sysfs_garbage_cases[], unrelated_cases[];
extern const ProbeCase config_cases[], mec_no_items_cases[],
    mec_absent_cases[], mec_refuses_cases[], mec_present_cases[],
    mec_exhausted_cases[], fail_cases[], sha256_only_cases[];
extern const ProbeCase ripas_cases[], populate_cases[], slot_cases[],
    readonly_mem_cases[], attribute_cases[], large_page_cases[], gmem_cases[];
extern const ProbeCase vcpu_cases[], regs_cases[], sve_cases[], pmu_cases[],
    run_cases[], activate_cases[], plain_cases[];
extern const ProbeCase abort_cases[], exit_cases[], ignored_cases[],
    off_cases[], off_before_cases[], off_after_cases[], off_unknown_cases[],
    off_reset_cases[], off_any_cases[], odd_exit_cases[], round_cases[],
    kicked_cases[], guard_cases[], guard_abort_cases[];
extern const ProbeCase strict_config_cases[], strict_launch_cases[],
    strict_regs_cases[], strict_exit_cases[], strict_memory_cases[],
    no_sve_cases[], strict_mec_cases[];
extern const ProbeCase vhost_cases[];
extern const ProbeCase untold_cases[], untold_ignored_cases[],
    untold_back_cases[];
extern const ProbeCase irq_cases[], msi_exit_cases[];
extern const ProbeCase ignores_dfr0_cases[], ignores_counters_cases[],
    ignores_sve_cases[];

#endif
