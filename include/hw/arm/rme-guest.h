/*
 * QOM object "rme-guest": the configuration and the state of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * There is no KVM in here: the object, its properties and their checks exist
 * in every build that has the virt machine.
 */
#ifndef HW_ARM_RME_GUEST_H
#define HW_ARM_RME_GUEST_H

#include "qapi/qapi-types-qom.h"
#include "qemu/notify.h"
#include "qom/object.h"
#include "system/confidential-guest-support.h"
#include "hw/arm/rme-plan.h"

#define TYPE_RME_GUEST "rme-guest"
OBJECT_DECLARE_SIMPLE_TYPE(RmeGuest, RME_GUEST)

/**
 * RmeGuestConfig: the properties as the user gave them
 * @rpv: personalization value, all zero by default
 * @algorithm: measurement algorithm, sha512 by default
 * @mec_policy: memory encryption policy, from mec-policy or shared-mec
 * @ipa_bits: width of the IPA space with the shared bit, 0 = automatic
 * @measurement_log: put a log of the measurement into the guest's memory
 * @measurement_inputs: file for the inputs of the measurement, or NULL
 * @measurement_report: compute the measurement for query-cca
 * @dry_run: nothing is launched, see hw/arm/cca/dry-run.c
 * @kernel_abi: generation of the host's kernel; of a dry run only
 * @lpa2: the host's KVM uses 52-bit addresses; of a dry run only
 * @reboot: what a reset does to a running Realm
 * @has_rpv: the user set @rpv
 * @has_algorithm: the user set @algorithm
 * @has_mec_policy: the user set the property mec-policy
 * @has_shared_mec: the user set the property shared-mec (never both)
 * @has_ipa_bits: the user set @ipa_bits
 * @has_kernel_abi: the user set @kernel_abi
 * @has_lpa2: the user set @lpa2
 *
 * A host that cannot honour a value refuses the launch only if the user set it.
 */
typedef struct RmeGuestConfig {
    uint8_t rpv[RME_RPV_SIZE];
    RmeGuestMeasurementAlgorithm algorithm;
    RmeMecPolicy mec_policy;
    uint32_t ipa_bits;
    bool measurement_log;
    char *measurement_inputs;
    bool measurement_report;
    bool dry_run;
    RmeKernelAbi kernel_abi;
    bool lpa2;
    RmeReboot reboot;
    bool has_rpv;
    bool has_algorithm;
    bool has_mec_policy;
    bool has_shared_mec;
    bool has_ipa_bits;
    bool has_kernel_abi;
    bool has_lpa2;
} RmeGuestConfig;

/**
 * RmeExternalAbort: what a guest gets that uses an address without a device
 * @RME_EXTERNAL_ABORT_UNKNOWN: none did so far
 * @RME_EXTERNAL_ABORT_INJECTED: a synchronous external abort
 * @RME_EXTERNAL_ABORT_IGNORED: zero, the kernel takes no abort
 */
typedef enum RmeExternalAbort {
    RME_EXTERNAL_ABORT_UNKNOWN,
    RME_EXTERNAL_ABORT_INJECTED,
    RME_EXTERNAL_ABORT_IGNORED,
} RmeExternalAbort;

/**
 * RmeGuestHost: what was found on the host, for reports
 * @capability: number of the kernel's Realm capability
 * @capability_origin: where that was found; NULL before the host was probed,
 *     and where the generation needs no number
 * @mec_known: the kernel answers whether there is MEC
 * @mec_supported: the RMM has more than one MECID
 * @external_abort: learnt from the first such access; atomic, since a vCPU
 *     writes it
 */
typedef struct RmeGuestHost {
    unsigned capability;
    const char *capability_origin;
    bool mec_known;
    bool mec_supported;
    RmeExternalAbort external_abort;
} RmeGuestHost;

/**
 * RmeProgress: how far a launch has come that has begun
 * @step: the next step of the plan
 * @done: bytes of it that are done
 * @populated: bytes that are populated in all
 * @total: bytes that are to be
 * @told: when the monitors were told last, in ms
 */
typedef struct RmeProgress {
    unsigned step;
    uint64_t done;
    uint64_t populated;
    uint64_t total;
    int64_t told;
} RmeProgress;

struct RmeBackground;
struct RmeDma;
struct RmeReport;
struct RmeSharedState;
struct KvmRme;

/**
 * RmeGuest: the Realm of a machine; reached from MachineState::cgs
 * @config: properties, final once @state has left RME_STATE_NEW
 * @state: read it directly, change it with rme_guest_set_state() only
 * @ipa_bits: width of the IPA space that is used, with the shared bit; 0 until
 *     the machine has worked it out
 * @advise_width: what to change so that the machine fits @limit of those bits,
 *     to be freed; set by the machine together with @ipa_bits
 * @kernel_abi: generation of the host's kernel, once the host was probed or a
 *     dry run has begun
 * @host: where it runs
 * @mec_policy: the policy that is used, the wish or what replaced it
 * @plan: what the Realm is made of, or NULL; owned by the object
 * @launching: the launch has begun and is not over
 * @progress: of the launch, once it has begun
 * @background: a launch that is done by the main loop, or NULL; owned by the
 *     object
 * @log_addr: guest address of the measurement log, which the device tree has
 *     too; 0 if there is none
 * @log: the log, which the plan refers to until the Realm has it, or NULL;
 *     owned by the object
 * @rim: its initial measurement in hex, or NULL if it is not known
 * @launches: how many Realms were launched, of which the last one may run
 * @last_rim: what @rim was of the last Realm that had one, or NULL
 * @digests: of each image of @plan, in its order, what rme_measure_blob()
 *     makes; or NULL if nobody wanted them
 * @report: what @rim and @digests are computed with, or NULL; owned by the
 *     object
 * @dma: what bus masters may reach, or NULL; a child of the object
 * @shared: which pages the guest shared, or NULL; one reference
 * @kvm: the Realm under KVM, or NULL; owned by the object
 */
struct RmeGuest {
    ConfidentialGuestSupport parent_obj;

    RmeGuestConfig config;
    RmeState state;
    unsigned ipa_bits;
    char *(*advise_width)(const struct RmeGuest *guest, unsigned limit);
    RmeKernelAbi kernel_abi;
    RmeGuestHost host;
    RmeMecPolicy mec_policy;
    RmePlan *plan;
    bool launching;
    RmeProgress progress;
    struct RmeBackground *background;
    uint64_t log_addr;
    uint8_t *log;
    char *rim;
    unsigned launches;
    char *last_rim;
    GPtrArray *digests;
    struct RmeReport *report;
    struct RmeDma *dma;
    struct RmeSharedState *shared;
    struct KvmRme *kvm;

    Notifier machine_done;
};

/**
 * rme_guest_from_machine: the Realm of a machine
 * @ms: a machine; may be NULL
 *
 * Returns: the object, or NULL if the machine is not to run a Realm
 */
RmeGuest *rme_guest_from_machine(const MachineState *ms);

/**
 * rme_guest_id: the id that the user gave the object, for messages
 * @guest: an object below /objects
 */
const char *rme_guest_id(const RmeGuest *guest);

/**
 * rme_guest_set_state: note how far the launch has come
 * @guest: the Realm
 * @state: a later state (some may be left out, where a kernel has no such
 *     step), or RME_STATE_FAILED
 *
 * Anything else is a programming error.
 */
void rme_guest_set_state(RmeGuest *guest, RmeState state);

/**
 * rme_guest_restart: forget the Realm that is being reset
 * @guest: launched or half launched, and then in RME_STATE_PROBED again
 *
 * The host, the properties and which memory there is stay as they are.
 */
void rme_guest_restart(RmeGuest *guest);

/**
 * rme_guest_hash_algo: the measurement algorithm in the RMM's encoding
 * @guest: the Realm
 */
RmeHashAlgo rme_guest_hash_algo(const RmeGuest *guest);

/**
 * rme_guest_check_machine: can this machine run a Realm at all?
 * @guest: the Realm
 * @ms: the machine that it is attached to
 * @errp: set if not, with the way out
 *
 * Checks the type of the machine only.  An accelerator calls it before it
 * makes a Realm VM.
 *
 * Returns: true if it can
 */
bool rme_guest_check_machine(const RmeGuest *guest, const MachineState *ms,
                             Error **errp);

/**
 * rme_guest_check_accel: has the accelerator made a Realm VM, or is none made?
 * @guest: the Realm
 * @errp: set if not, with the way out
 *
 * A machine calls it before it makes anything that only a Realm VM can have.
 *
 * Returns: true if it has
 */
bool rme_guest_check_accel(const RmeGuest *guest, Error **errp);

#endif /* HW_ARM_RME_GUEST_H */
