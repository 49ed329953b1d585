/*
 * The launch plan of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a Realm is made of, as plain values in the order in which they are
 * given to the RMM: the measured parameters, the ranges that are RAM at
 * entry, the pages with initial contents, the boot REC, activation.
 * Everybody who needs to know walks this list (the one who executes it, the
 * one who computes the measurement from it, reports), so they cannot
 * disagree.
 *
 * The plan knows neither KVM nor the machine; it depends on glib and
 * qapi/error.h only.
 */
#ifndef HW_ARM_RME_PLAN_H
#define HW_ARM_RME_PLAN_H

/* The RMM protects, measures and shares memory in granules of this size */
#define RME_GRANULE_SIZE 4096

/* Smallest and largest IPA space of a Realm, the shared bit included */
#define RME_IPA_BITS_MIN 33
#define RME_IPA_BITS_MAX 52

/* Size of the Realm personalization value (Arm DEN0137, RmiRealmParams) */
#define RME_RPV_SIZE 64

/**
 * RmeHashAlgo: RmiHashAlgorithm of Arm DEN0137, the values are the ABI's
 */
typedef enum RmeHashAlgo {
    RME_HASH_SHA256 = 0,
    RME_HASH_SHA512 = 1,
    RME_HASH_SHA384 = 2,        /* RMM 2.0 and later */
} RmeHashAlgo;

/* RmePlanParams.flags: RmiRealmFlags of Arm DEN0137 */
#define RME_PLAN_FLAG_LPA2 (1ULL << 0)
#define RME_PLAN_FLAG_SVE (1ULL << 1)
#define RME_PLAN_FLAG_PMU (1ULL << 2)

/**
 * RmePlanParams: what REALM_CREATE is told, in the encodings of RmiRealmParams
 * @flags: RME_PLAN_FLAG_*
 * @ipa_bits: width of the IPA space, the shared bit included
 * @sve_vl: SVE vector length in units of 128 bits, minus 1; 0 without SVE
 * @num_bps: number of breakpoints, minus 1
 * @num_wps: number of watchpoints, minus 1
 * @pmu_num_ctrs: number of PMU event counters (not minus 1); 0 without PMU
 * @hash_algo: algorithm of all measurements of the Realm
 * @rpv: personalization value; reported by attestation, not measured
 */
typedef struct RmePlanParams {
    uint64_t flags;
    uint8_t ipa_bits;
    uint8_t sve_vl;
    uint8_t num_bps;
    uint8_t num_wps;
    uint8_t pmu_num_ctrs;
    RmeHashAlgo hash_algo;
    uint8_t rpv[RME_RPV_SIZE];
} RmePlanParams;

/* RmePlanRec.flags: RmiRecCreateFlags of Arm DEN0137 */
#define RME_PLAN_REC_RUNNABLE (1ULL << 0)

/**
 * RmePlanRec: the boot REC, the only vCPU that is measured
 * @flags: RME_PLAN_REC_*
 * @pc: entry point
 * @gprs: x0 to x7 at entry
 */
typedef struct RmePlanRec {
    uint64_t flags;
    uint64_t pc;
    uint64_t gprs[8];
} RmePlanRec;

/**
 * RmeMeasureRules: what extends the RIM
 * @RME_MEASURE_RMM_1: RMM 1.0 and 1.1, kernel generation A
 * @RME_MEASURE_RMM_2: RMM 2.0, kernel generation B: RIPAS is not measured
 */
typedef enum RmeMeasureRules {
    RME_MEASURE_RMM_1,
    RME_MEASURE_RMM_2,
} RmeMeasureRules;

/**
 * RmePlanRipas: where the RIPAS steps of a plan are
 * @RME_PLAN_RIPAS_FIRST: before all contents, what is main memory
 * @RME_PLAN_RIPAS_LAST: after all else, each slot as a whole without the pages
 *     that were populated: the kernel of the host does it, and steps over them
 * @RME_PLAN_RIPAS_NONE: nowhere: nobody measures it, and the kernel does it
 */
typedef enum RmePlanRipas {
    RME_PLAN_RIPAS_FIRST,
    RME_PLAN_RIPAS_LAST,
    RME_PLAN_RIPAS_NONE,
} RmePlanRipas;

/**
 * RmePlanOrder: in which order the steps are given to the RMM
 * @ripas: where RIPAS is
 * @rec_last: the boot REC is behind all contents, also behind what is not
 *     measured; else the latter is behind the REC
 *
 * All zero is the order of a VMM that decides it itself (kernel generation A).
 */
typedef struct RmePlanOrder {
    RmePlanRipas ripas;
    bool rec_last;
} RmePlanOrder;

/**
 * RmePlanOp: kind of a step
 * @RME_PLAN_CREATE: create the Realm from rme_plan_params(), once, first
 * @RME_PLAN_RIPAS: the range is RAM at entry; ascending, none touches the next
 * @RME_PLAN_POPULATE: give the range its initial contents; ascending, those
 *     that are measured before the others
 * @RME_PLAN_REC: create the boot REC from rme_plan_rec(), once
 * @RME_PLAN_ACTIVATE: the measurement ends, the Realm can run; once, last
 */
typedef enum RmePlanOp {
    RME_PLAN_CREATE,
    RME_PLAN_RIPAS,
    RME_PLAN_POPULATE,
    RME_PLAN_REC,
    RME_PLAN_ACTIVATE,
} RmePlanOp;

/**
 * RmePlanPiece: bytes inside a populate step
 * @name: name of the blob they come from
 * @addr: guest address of the first byte
 * @data: the bytes; NULL after rme_plan_release_data()
 * @size: number of bytes, never 0
 *
 * All bytes of a step that belong to no piece are zero.
 */
typedef struct RmePlanPiece {
    const char *name;
    uint64_t addr;
    const uint8_t *data;
    uint64_t size;
} RmePlanPiece;

/**
 * RmePlanStep: one step of a plan
 * @op: what to do
 * @base: first guest address; RIPAS and POPULATE only, granule aligned
 * @size: size of the range in bytes; RIPAS and POPULATE only, granule aligned
 * @measured: POPULATE only, whether the contents are measured
 * @pieces: POPULATE only (else NULL), array of RmePlanPiece, ascending
 *
 * A populate step never crosses from one RAM slot to the next, even where
 * they are adjacent, because KVM takes a range of one memslot only.
 */
typedef struct RmePlanStep {
    RmePlanOp op;
    uint64_t base;
    uint64_t size;
    bool measured;
    GArray *pieces;
} RmePlanStep;

/**
 * RmePlanBlob: one image as it was added, for reports and logs
 * @name: for humans, from the caller
 * @addr: guest address of the first byte
 * @data: contents; NULL after rme_plan_release_data() and if @datasize is 0
 * @datasize: bytes at @data
 * @memsize: bytes in guest memory; those after @datasize are zero
 * @measured: whether the contents are measured
 */
typedef struct RmePlanBlob {
    char *name;
    uint64_t addr;
    const uint8_t *data;
    uint64_t datasize;
    uint64_t memsize;
    bool measured;
} RmePlanBlob;

typedef struct RmePlan RmePlan;

/**
 * rme_plan_new: an empty plan, to be filled and then finished
 */
RmePlan *rme_plan_new(void);

/**
 * rme_plan_free: free a plan in any state; @plan may be NULL
 */
void rme_plan_free(RmePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RmePlan, rme_plan_free)

/**
 * rme_plan_add_ram: tell the plan about one memslot with private memory
 * @plan: a plan that is not finished
 * @name: for messages
 * @base: guest address, granule aligned
 * @size: in bytes, granule aligned, not 0
 * @ripas_ram: the whole range is RAM at entry (main memory); if false only
 *     those pages are that a blob populates (firmware window)
 * @errp: set on failure: misaligned, wrapping, or overlaps another slot
 *
 * Slots may come in any order.
 *
 * Returns: true on success
 */
bool rme_plan_add_ram(RmePlan *plan, const char *name, uint64_t base,
                      uint64_t size, bool ripas_ram, Error **errp);

/**
 * rme_plan_add_blob: tell the plan about initial contents of guest memory
 * @plan: a plan that is not finished
 * @name: for messages and reports
 * @addr: guest address, any alignment
 * @data: the contents; may be NULL if @datasize is 0.  Not copied: it must
 *     stay as it is until rme_plan_release_data() or rme_plan_free().
 * @datasize: bytes at @data
 * @memsize: bytes that the blob takes in guest memory, at least @datasize.
 *     The rest is zero and populated like the data: it takes no host memory
 *     in the plan, but the guest and the measurement see the zeros.
 * @measured: whether the contents are measured
 * @errp: set on failure: wrapping range, @memsize below @datasize
 *
 * Blobs may come in any order and may share a granule, but not a byte.  One
 * with @memsize 0 is ignored.  Where it lies is checked by rme_plan_finish().
 *
 * Returns: true on success
 */
bool rme_plan_add_blob(RmePlan *plan, const char *name, uint64_t addr,
                       const void *data, uint64_t datasize, uint64_t memsize,
                       bool measured, Error **errp);

/**
 * rme_plan_set_order: choose the order of the steps
 * @plan: a plan that is not finished
 * @order: copied
 */
void rme_plan_set_order(RmePlan *plan, const RmePlanOrder *order);

/**
 * rme_plan_finish: check everything, make the steps and freeze the plan
 * @plan: a plan that is not finished
 * @params: copied
 * @rec: copied
 * @errp: set on failure: IPA width out of range or too small for the RAM, blobs
 *     that overlap or are not in RAM, a granule with measured and unmeasured
 *     blobs
 *
 * After a failure the plan has no steps and can only be freed.
 *
 * Returns: true on success
 */
bool rme_plan_finish(RmePlan *plan, const RmePlanParams *params,
                     const RmePlanRec *rec, Error **errp);

/**
 * rme_plan_n_steps: number of steps of a finished plan
 */
guint rme_plan_n_steps(const RmePlan *plan);

/**
 * rme_plan_step: step @i of a finished plan, @i below rme_plan_n_steps()
 */
const RmePlanStep *rme_plan_step(const RmePlan *plan, guint i);

/**
 * rme_plan_params: what rme_plan_finish() was given
 */
const RmePlanParams *rme_plan_params(const RmePlan *plan);

/**
 * rme_plan_rec: what rme_plan_finish() was given
 */
const RmePlanRec *rme_plan_rec(const RmePlan *plan);

/**
 * rme_plan_n_blobs: number of blobs of a finished plan
 */
guint rme_plan_n_blobs(const RmePlan *plan);

/**
 * rme_plan_order_is_known: is the order of the steps that of the host?
 * @plan: a finished plan
 *
 * With RME_PLAN_RIPAS_LAST the kernel takes several slots in the order of a
 * hash of their numbers, which nobody can know who does not have its memory
 * before him.
 */
bool rme_plan_order_is_known(const RmePlan *plan);

/**
 * rme_plan_blob: blob @i of a finished plan, ascending by address
 */
const RmePlanBlob *rme_plan_blob(const RmePlan *plan, guint i);

/**
 * rme_plan_release_data: forget the contents of all blobs
 * @plan: a finished plan
 *
 * To be called once nobody needs them any more; then the caller of
 * rme_plan_add_blob() can free them.  Addresses, sizes and names stay.
 */
void rme_plan_release_data(RmePlan *plan);

#endif /* HW_ARM_RME_PLAN_H */
