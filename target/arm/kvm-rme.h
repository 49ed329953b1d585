/*
 * Arm CCA Realms under KVM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * kvm-rme.c        which VM to create
 * kvm-rme-vcpu.c   what a Realm's vCPUs have and what is written to them
 * kvm-rme-launch.c carries out the launch plan
 * kvm-rme-exit.c   exits of a running Realm
 * kvm-rme-mmio.c   of which: accesses to devices, and to nothing
 * kvm-rme-errno.c  what it means that KVM_RUN failed
 * kvm-rme-memory.c which memory KVM takes to be private
 * kvm-rme-memory-told.c how KVM is told
 * kvm-rme-abi*.c   what the host's kernel can do
 */

#ifndef TARGET_ARM_KVM_RME_H
#define TARGET_ARM_KVM_RME_H

#include "cpu-qom.h"

/*
 * Where no Realm can run under KVM, kvm-rme-stub.c says so.
 */

/**
 * kvm_rme_finalize_vcpu: are the CPU's properties possible for this machine?
 * @cpu: with the host's features and the user's properties
 * @errp: set if not
 *
 * To be called under KVM. Features that a Realm's vCPU cannot have are turned
 * off.
 */
bool kvm_rme_finalize_vcpu(ARMCPU *cpu, Error **errp);

/**
 * kvm_rme_state_hidden: are the vCPUs' registers out of QEMU's reach?
 *
 * To be called under KVM.
 */
bool kvm_rme_state_hidden(void);

#ifndef CONFIG_USER_ONLY

#include "cpu.h"
#include "hw/arm/rme-guest.h"
#include "kvm-rme-abi.h"

struct kvm_run;

/**
 * KvmRmeAgain: a vCPU that KVM_RUN does not let in (EAGAIN)
 * @since: when that began, in ns; 0 if it does not
 * @last: the last time
 */
typedef struct KvmRmeAgain {
    int64_t since;
    int64_t last;
} KvmRmeAgain;

#define KVM_RME_RUNS_MAX 256

/**
 * KvmRmeRuns: ranges of pages that a conversion changes
 * @n: how many there are
 * @run: what they are, ascending
 */
typedef struct KvmRmeRuns {
    unsigned n;
    struct {
        hwaddr gpa;
        uint64_t size;
    } run[KVM_RME_RUNS_MAX];
} KvmRmeRuns;

/**
 * KvmRme: a Realm under KVM
 * @abi: the host, as probed before the VM was created
 * @ended: a vCPU powered the Realm off or reset it; under the BQL
 * @gone: vCPUs that KVM does not run any more, a bit for each; under the BQL
 * @told: see kvm-rme-memory.c, a bit for each GiB of guest addresses; under
 *     rme_shared_lock() once the Realm is active
 * @runs: of the conversion at hand, under rme_shared_lock(); too large for the
 *     stack, which is zeroed for each call
 * @again: of each vCPU, for its own thread
 */
typedef struct KvmRme {
    RmeAbi abi;
    bool ended;
    unsigned long *gone;
    unsigned long *told;
    KvmRmeRuns runs;
    KvmRmeAgain *again;
} KvmRme;

/**
 * kvm_rme_guest: the Realm that this QEMU is to run, or NULL
 *
 * Can be asked at any time once the machine's options are applied.
 */
RmeGuest *kvm_rme_guest(void);

/**
 * kvm_rme_check_width: has the host enough address bits for @guest?
 * @guest: a Realm whose ipa_bits is decided
 * @limit: the largest IPA size of the host, the shared bit included
 * @errp: set if it has too few: what to change so that they are enough
 */
bool kvm_rme_check_width(const RmeGuest *guest, unsigned limit, Error **errp);

/**
 * kvm_rme_probe_host: probe the host for @guest
 * @guest: a Realm whose ipa_bits is decided, in RME_STATE_NEW
 * @s: the accelerator, with /dev/kvm open
 * @errp: set if the host cannot run it
 *
 * To be called before the VM is created; moves @guest to RME_STATE_PROBED.
 *
 * Returns: the type for KVM_CREATE_VM, or -1
 */
int kvm_rme_probe_host(RmeGuest *guest, KVMState *s, Error **errp);

/**
 * kvm_rme_scratch_type: type of a scratch VM that has the machine's features
 * @type: type of the scratch VM if the machine runs no Realm
 *
 * ID registers, vector lengths and counters of a Realm are limited by its RMM,
 * so the scratch vCPU that reads them must live in a Realm VM too.
 */
unsigned long kvm_rme_scratch_type(unsigned long type);

/**
 * kvm_rme_vcpu_features: what every vCPU of this machine is asked with
 * @features: what is asked of an ordinary guest's vCPU
 *
 * A Realm has no EL2. A kernel with nested virtualization refuses to give it
 * one, and the number of KVM_CAP_ARM_EL2 is that of Realms in some.
 *
 * Returns: bits of KVM_ARM_VCPU_INIT's features[0]; @features if there is no
 * Realm
 */
uint32_t kvm_rme_vcpu_features(uint32_t features);

/**
 * kvm_rme_add_vcpu_properties: let pmu=off be said where there is no PMU
 * @cpu: a vCPU of a Realm, with the host's features
 *
 * A dry run has to be told, and the launch has the same command line.
 */
void kvm_rme_add_vcpu_properties(ARMCPU *cpu);

/**
 * kvm_rme_init_vcpu: set the debug resources of a Realm's vCPU, and what the
 * DTB says of PSCI unless KVM says more
 * @cpu: after KVM_ARM_VCPU_INIT, before the Realm is created
 * @errp: set on failure
 */
bool kvm_rme_init_vcpu(ARMCPU *cpu, Error **errp);

/**
 * kvm_rme_init_pmu: set the number of event counters of a Realm's vCPU
 * @cpu: before KVM_ARM_VCPU_PMU_V3_INIT
 * @errp: set on failure
 */
bool kvm_rme_init_pmu(ARMCPU *cpu, Error **errp);

/**
 * kvm_rme_get_params: what the kernel will give the RMM for this vCPU
 * @cpu: the boot vCPU, completely configured
 * @params: flags, sve_vl, num_bps, num_wps and pmu_num_ctrs are set
 * @errp: set on failure
 */
bool kvm_rme_get_params(ARMCPU *cpu, RmePlanParams *params, Error **errp);

/**
 * kvm_rme_put_entry: set the only registers that a REC is created from, and
 * whether it waits for PSCI
 * @cpu: a vCPU that is not a REC yet
 * @rec: x0-x7 and pc; NULL for zero, as for a vCPU that starts by PSCI
 * @errp: set on failure
 */
bool kvm_rme_put_entry(ARMCPU *cpu, const RmePlanRec *rec, Error **errp);

/**
 * kvm_rme_put_not_supported: answer a hypercall that nobody serves
 * @cpu: a vCPU whose last exit was KVM_EXIT_HYPERCALL
 * @errp: set on failure
 */
bool kvm_rme_put_not_supported(ARMCPU *cpu, Error **errp);

/**
 * kvm_rme_configure: give the kernel what the user chose of a Realm
 * @guest: in RME_STATE_PROBED; its mec_policy is set
 * @params: set to what the Realm is going to be created with
 * @errp: set on failure
 *
 * To be called once the vCPUs are complete, before the plan is made.
 *
 * Returns: true on success
 */
bool kvm_rme_configure(RmeGuest *guest, RmePlanParams *params, Error **errp);

/**
 * kvm_rme_execute: carry out a step of the launch plan, or a part of it
 * @guest: a Realm with a plan, configured; its state is moved on
 * @step: the next step of the plan
 * @done: bytes of the step that are done; moved on. All of it is done when that
 *     is the size of the step
 * @max: how many bytes to populate at most, not 0; other steps are done at once
 * @errp: set on failure; half a Realm is left, which cannot be used
 *
 * Returns: true on success
 */
bool kvm_rme_execute(RmeGuest *guest, const RmePlanStep *step, uint64_t *done,
                     uint64_t max, Error **errp);

/**
 * kvm_rme_private_from_start: is guest_memfd private without a word to KVM?
 * @guest: in RME_STATE_PROBED
 */
bool kvm_rme_private_from_start(const RmeGuest *guest);

/**
 * kvm_rme_has_ended: did the guest power the Realm off or reset it?
 * @guest: an active Realm; to be called under the BQL
 */
bool kvm_rme_has_ended(const RmeGuest *guest);

/**
 * kvm_rme_restart: forget the Realm that is being reset
 * @guest: in RME_STATE_PROBED; all vCPUs are stopped
 */
void kvm_rme_restart(RmeGuest *guest);

/** kvm_rme_free: free @rme, which may be NULL */
void kvm_rme_free(KvmRme *rme);

/**
 * kvm_rme_new_pieces: make KvmRme::told
 * @abi: the host
 * @ipa_bits: width of the IPA space, with the shared bit
 */
unsigned long *kvm_rme_new_pieces(const RmeAbi *abi, unsigned ipa_bits);

/**
 * kvm_rme_drop_shared: give the host back what is behind the shared side
 * @rb: a RAM block; nothing happens if it has huge pages
 * @offset: of the part
 * @size: of the part
 *
 * Returns: 0, or -errno; nothing was reported
 */
int kvm_rme_drop_shared(RAMBlock *rb, uint64_t offset, uint64_t size);

/** kvm_rme_drop_shared_copy: the same for a part that @sec is */
int kvm_rme_drop_shared_copy(const MemoryRegionSection *sec);

/**
 * kvm_rme_make_pieces_private: before the Realm runs, have KVM take memory for
 * private, which a Realm's memory is not for KVM from the start
 * @guest: not active yet
 * @gpa: start of a range that is going to be populated
 * @size: its size
 *
 * Returns: 0, or -errno of KVM; nothing was reported
 */
int kvm_rme_make_pieces_private(RmeGuest *guest, hwaddr gpa, uint64_t size);

/**
 * kvm_rme_can_end: can KVM ever be content with what a memory fault asks for?
 * @guest: active
 * @gpa: the range, as for kvm_rme_convert()
 * @size: its size
 * @to_private: what to make of the RAM in it
 */
bool kvm_rme_can_end(RmeGuest *guest, hwaddr gpa, uint64_t size,
                     bool to_private);

/**
 * kvm_rme_convert: do what a memory fault asks for
 * @guest: active
 * @gpa: the range, of any pages, as the guest chose it
 * @size: its size
 * @to_private: what to make of the RAM in it
 *
 * For a vCPU's thread without the BQL, which a conversion of many GiB would
 * hold for long.
 *
 * Returns: 0, or -errno; nothing was reported
 */
int kvm_rme_convert(RmeGuest *guest, hwaddr gpa, uint64_t size,
                    bool to_private);

/**
 * kvm_rme_handle_exit: ConfidentialGuestSupportClass::kvm_handle_exit
 */
bool kvm_rme_handle_exit(ConfidentialGuestSupport *cgs, CPUState *cpu,
                         struct kvm_run *run, int run_ret, int *ret);

/**
 * kvm_rme_handle_mmio: let a device answer an access, or abort it
 * @guest: an active Realm
 * @cpu: whose exit it is
 * @run: its exit, KVM_EXIT_MMIO
 * @again: set to true if there is a new exit in @run, to be handled next
 *
 * Returns: as ConfidentialGuestSupportClass::kvm_handle_exit sets *ret
 */
int kvm_rme_handle_mmio(RmeGuest *guest, CPUState *cpu, struct kvm_run *run,
                        bool *again);

/**
 * kvm_rme_report_run: say what it means that KVM_RUN failed
 * @guest: an active Realm
 * @cpu: whose it was
 * @err: the errno
 */
void kvm_rme_report_run(const RmeGuest *guest, CPUState *cpu, int err);

/**
 * kvm_rme_run_again: KVM_RUN said EAGAIN; is it to be tried again?
 * @guest: an active Realm
 * @cpu: whose it was
 *
 * Waits a little. Returns: false if it has been said for so long that nothing
 * else can be expected
 */
bool kvm_rme_run_again(const RmeGuest *guest, CPUState *cpu);

/**
 * kvm_rme_run_went: KVM_RUN ended otherwise
 */
void kvm_rme_run_went(const RmeGuest *guest, CPUState *cpu);

#endif /* !CONFIG_USER_ONLY */

#endif
