/*
 * What a host kernel can do for Arm CCA Realms
 *
 * The Realm ABI changed shape several times. One generation is one table of
 * operations, found once by probing; order, retries and the plan are in
 * kvm-rme-launch.c, once for all generations.
 *
 *   A   host series v8 .. v11, NVIDIA 6.17 and 6.18: everything goes through
 *       KVM_ENABLE_CAP, the Realm is created and activated explicitly
 *   B   host series v12 and later, NVIDIA 7.0: KVM_ARM_RMI_POPULATE; created
 *       and activated by the first populate and the first KVM_RUN
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TARGET_ARM_KVM_RME_ABI_H
#define TARGET_ARM_KVM_RME_ABI_H

#include "system/kvm.h"
#include "hw/arm/rme-plan.h"
#include "qapi/qapi-types-qom.h"
#include "kvm-rme-memory.h"

typedef struct RmeAbi RmeAbi;

/**
 * RmeAbiOps: the steps of one generation
 * @generation: which one, for what is measured and for queries
 * @memory: who is told which memory is private
 * @write_before_sharing: the host has to write to a page before the guest may
 *     read it as shared memory
 * @contents_are_shared: populate takes the contents of a page from the shared
 *     mapping at the same guest address, and of no other place
 * @vcpu_features: bits of KVM_ARM_VCPU_INIT's features[0] that every vCPU of a
 *     Realm needs, also the scratch vCPU that reads the host's features
 *
 * A slot that is NULL is a step that the generation does not have: it is
 * skipped where the plan says so, and a property that needs it cannot be
 * honoured. All return 0 or a negative errno with @errp set; the message names
 * the ioctl, the step and its operands.
 */
typedef struct RmeAbiOps {
    RmeKernelAbi generation;
    const RmeMemoryOps *memory;
    bool write_before_sharing;
    bool contents_are_shared;
    uint32_t vcpu_features;

    /* Before create */
    int (*set_rpv)(const RmeAbi *abi, const uint8_t *rpv, Error **errp);
    int (*set_hash)(const RmeAbi *abi, RmeHashAlgo algo, Error **errp);
    /* Only where RmeAbi::mec_items: without MEC it succeeds and does nothing */
    int (*set_mec)(const RmeAbi *abi, bool shared, Error **errp);

    /* Takes the vCPUs' debug, PMU and SVE configuration as it is now */
    int (*create)(const RmeAbi *abi, Error **errp);

    /* After create, before the first populate */
    int (*init_ripas)(const RmeAbi *abi, uint64_t base, uint64_t size,
                      Error **errp);
    /*
     * The range is below the shared bit, in one memslot with private memory,
     * and KVM takes it to be private. @source has its contents, and is aligned
     * to a granule; it is NULL with @contents_are_shared. Advances @base and
     * @size by what was done; on return of 0 with @size left the caller goes
     * on, if there was progress. Without a @create the first one creates.
     */
    int (*populate)(const RmeAbi *abi, uint64_t *base, uint64_t *size,
                    const void *source, bool measure, Error **errp);
    /* x0-x7 and pc are taken from the vCPU's registers; in MPIDR order */
    int (*create_rec)(const RmeAbi *abi, CPUState *cpu, Error **errp);
    int (*activate)(const RmeAbi *abi, Error **errp);
} RmeAbiOps;

/**
 * RmeAbi: a host, as probed
 * @ops: steps of its generation
 * @lpa2: KVM uses 52-bit addresses
 * @cap: capability number, 0 if the generation needs none
 * @cap_origin: where @cap was found, for reports (static string)
 * @vm_type: bits of KVM_CREATE_VM's type besides the IPA size
 * @ipa_max: largest IPA size that KVM_CREATE_VM takes, up to the one that was
 *     probed for.  A kernel may find out later only that it is too much.
 * @mec_items: the kernel answers MEC_QUERY, so it knows the MEC item too
 * @mec_errno: of a MEC_QUERY that failed, 0 if the kernel does not know it
 * @mec_supported: the RMM has more than one MECID
 * @mec_count: number of MECIDs (MAX_MECID + 1) if @mec_items
 */
struct RmeAbi {
    const RmeAbiOps *ops;
    bool lpa2;
    unsigned cap;
    const char *cap_origin;
    unsigned vm_type;
    unsigned ipa_max;
    bool mec_items;
    int mec_errno;
    bool mec_supported;
    uint32_t mec_count;
};

/**
 * RmeAbiLimits: what a Realm can have on a host, as tried on throw-away VMs
 * @hash: indexed by RmeHashAlgo: 1 if the RMM offers it, 0 if not
 * @ipa_bits: largest IPA size, the shared bit included
 * @breakpoints: of a vCPU
 * @watchpoints: of a vCPU
 * @pmu_counters: event counters of a vCPU; 0 without a PMU
 * @sve_vq: largest vector length in units of 128 bits; 0 without SVE
 *
 * RME_LIMIT_UNKNOWN where the trial failed for another reason, such as no
 * memory: that says nothing about the limit.
 */
#define RME_LIMIT_UNKNOWN (-1)

typedef struct RmeAbiLimits {
    int hash[RME_HASH_SHA512 + 1];
    int ipa_bits;
    int breakpoints;
    int watchpoints;
    int pmu_counters;
    int sve_vq;
} RmeAbiLimits;

/**
 * kvm_rme_abi_probe_host: find out whether and how a host runs Realms
 * @kvm_fd: /dev/kvm
 * @ipa_bits: IPA size to begin with; smaller ones are tried if it is refused
 * @verbose: warn of a module parameter that is wrong
 * @abi: filled in on success
 * @errp: set on failure: pages that are not of 4 KiB; no Realms in the kernel;
 *     no RMM under it; an interface that nobody knows; no private memory
 *
 * Works on a throw-away Realm VM only. Trusts neither a fixed capability
 * number nor the kernel's version.
 *
 * Returns: true on success
 */
bool kvm_rme_abi_probe_host(int kvm_fd, unsigned ipa_bits, bool verbose,
                            RmeAbi *abi, Error **errp);

/**
 * kvm_rme_abi_find_limits: find out what a Realm can have
 * @kvm_fd: /dev/kvm
 * @abi: what kvm_rme_abi_probe_host() found, from the largest IPA size
 * @limits: filled in
 *
 * Creates Realms on throw-away VMs of its own, none of which outlives it.
 */
void kvm_rme_abi_find_limits(int kvm_fd, const RmeAbi *abi,
                             RmeAbiLimits *limits);

/**
 * kvm_rme_abi_find_ipa_bits: the largest IPA size that the RMM takes
 * @kvm_fd: /dev/kvm
 * @abi: what kvm_rme_abi_probe_host() found; larger ones are not tried
 *
 * Returns: the bits, the shared one included, or RME_LIMIT_UNKNOWN
 */
int kvm_rme_abi_find_ipa_bits(int kvm_fd, const RmeAbi *abi);

/* A signal may interrupt a call; one that never gets through is an error */
#define RME_RETRIES 1000

/**
 * rme_abi_ioctl: ioctl() on a throw-away VM and what belongs to it
 * @fd: a file descriptor
 * @request: the ioctl
 * @arg: its argument
 *
 * Tries again after EINTR and EAGAIN, at most RME_RETRIES times.
 *
 * Returns: what ioctl() does, or a negative errno
 */
int rme_abi_ioctl(int fd, unsigned long request, uintptr_t arg);

/**
 * rme_abi_create_vm: create a throw-away VM
 * @kvm_fd: /dev/kvm
 * @type: of KVM_CREATE_VM
 *
 * Returns: its file descriptor, or a negative errno
 */
int rme_abi_create_vm(int kvm_fd, unsigned type);

/**
 * rme_abi_cap_probe: is this generation A, and with which capability number?
 * @vm_fd: a throw-away Realm VM
 * @verbose: warn of a module parameter that is wrong
 * @abi: @abi->cap and what belongs to it are filled in on success
 * @errp: set if it is not
 *
 * Returns: true if it is
 */
bool rme_abi_cap_probe(int vm_fd, bool verbose, RmeAbi *abi, Error **errp);

/**
 * rme_abi_populate_request: is this generation B?
 * @vm_fd: a throw-away Realm VM
 *
 * Returns: its encoding of KVM_ARM_RMI_POPULATE, 0 if it is another generation
 */
unsigned long rme_abi_populate_request(int vm_fd);

/**
 * rme_abi_populate_probe: which row of the table of generation B?
 * @vm_fd: a throw-away Realm VM
 * @request: of rme_abi_populate_request()
 * @abi: @abi->ops is set on success, @abi->vm_type is looked at
 * @errp: set if no row fits
 *
 * Returns: true on success
 */
bool rme_abi_populate_probe(int vm_fd, unsigned long request, RmeAbi *abi,
                            Error **errp);

/**
 * rme_abi_populate_is_known: does KVM know KVM_ARM_RMI_POPULATE?
 * @vm_fd: a throw-away VM that is no Realm
 */
bool rme_abi_populate_is_known(int vm_fd);

#endif
