/*
 * The initial measurement (RIM) of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the RMM will report as the Realm Initial Measurement, computed from a
 * launch plan.  The RIM is a chain: a hash of the Realm's parameters, then for
 * each measured operation the hash of a 256-byte descriptor that holds the
 * value before.
 *
 * Source of rules and layouts: Arm DEN0137 1.0-rel0, sections A7.1 and B4.3
 * (REALM_CREATE, RTT_INIT_RIPAS, DATA_CREATE, REC_CREATE); for RMM 2.0 the
 * sources of TF-RMM v0.9.0 (lib/measurement, app/attestation).
 *
 * Knows neither KVM nor the machine; it depends on crypto/hash.h, glib and
 * qapi/error.h only.
 */
#ifndef HW_ARM_CCA_MEASURE_H
#define HW_ARM_CCA_MEASURE_H

#include "hw/arm/rme-plan.h"

/* Size of the longest measurement; a shorter one is followed by zeros */
#define RME_MEASURE_SIZE_MAX 64

/**
 * RmeExtendOp: what a value of the RIM comes from
 * @RME_EXTEND_CREATE: the parameters of the Realm: the first value
 * @RME_EXTEND_RIPAS: one block of the RMM's tables is RAM at entry
 * @RME_EXTEND_DATA: one granule got its contents
 * @RME_EXTEND_REC: the boot REC
 */
typedef enum RmeExtendOp {
    RME_EXTEND_CREATE,
    RME_EXTEND_RIPAS,
    RME_EXTEND_DATA,
    RME_EXTEND_REC,
} RmeExtendOp;

/**
 * RmeExtend: one extension of the RIM, with its operands
 * @op: which one
 * @base: first guest address of RIPAS, address of DATA
 * @top: RIPAS only, the address behind the block
 * @measured: DATA only, whether the contents are measured; if not, the
 *     address still is
 * @content: DATA with @measured only, hash of the granule
 * @params: CREATE only
 * @rec: REC only
 * @rim: the value after this extension, RME_MEASURE_SIZE_MAX bytes
 */
typedef struct RmeExtend {
    RmeExtendOp op;
    uint64_t base;
    uint64_t top;
    bool measured;
    const uint8_t *content;
    const RmePlanParams *params;
    const RmePlanRec *rec;
    const uint8_t *rim;
} RmeExtend;

/**
 * RmeExtendFn: called after each extension, in the thread that makes it
 * @extend: valid during the call
 * @opaque: from the caller
 */
typedef void RmeExtendFn(const RmeExtend *extend, void *opaque);

/**
 * RmeMeasure: a measurement that is being made
 * @rules: set by rme_measure_create()
 * @algo: set by rme_measure_create()
 * @ipa_bits: set by rme_measure_create()
 * @fn: called after each extension, may be NULL
 * @opaque: for @fn
 * @rim: the value so far
 */
typedef struct RmeMeasure {
    RmeMeasureRules rules;
    RmeHashAlgo algo;
    unsigned ipa_bits;
    RmeExtendFn *fn;
    void *opaque;
    uint8_t rim[RME_MEASURE_SIZE_MAX];
} RmeMeasure;

/**
 * rme_measure_size: bytes of a measurement
 * @algo: its algorithm
 *
 * Returns: 32, 48 or 64
 */
size_t rme_measure_size(RmeHashAlgo algo);

/**
 * rme_measure_create: the first value, from the Realm's parameters
 * @m: a measurement; @fn and @opaque are set, the rest is not read
 * @rules: the rules for this and all that follows
 * @params: the personalization value in it is not measured
 * @errp: set on failure: this build of QEMU has not the algorithm
 *
 * Returns: true on success
 */
bool rme_measure_create(RmeMeasure *m, RmeMeasureRules rules,
                        const RmePlanParams *params, Error **errp);

/**
 * rme_measure_ripas: a range is RAM at entry
 * @m: a measurement after rme_measure_create()
 * @base: guest address, granule aligned
 * @size: in bytes, granule aligned
 * @errp: set on failure to hash
 *
 * The RMM measures each entry of its tables that the range sets, and the
 * kernel makes the largest entries that fit.  Right if no other operation made
 * tables inside of a block before; a plan has all RIPAS first, and ranges that
 * do not touch.  Nothing happens by the rules of RMM 2.0.
 *
 * Returns: true on success
 */
bool rme_measure_ripas(RmeMeasure *m, uint64_t base, uint64_t size,
                       Error **errp);

/**
 * rme_measure_contents: hash what granules get, for rme_measure_data()
 * @step: a populate step of a plan, before rme_plan_release_data()
 * @base: guest address of the first granule, in @step
 * @n: how many, all in @step
 * @algo: the algorithm of the measurement
 * @contents: set to their hashes, RME_MEASURE_SIZE_MAX bytes for each
 * @errp: set on failure to hash
 *
 * Copies none of them.  Only reads @step, so threads can share it.
 *
 * Returns: true on success
 */
bool rme_measure_contents(const RmePlanStep *step, uint64_t base, unsigned n,
                          RmeHashAlgo algo, uint8_t *contents, Error **errp);

/**
 * rme_measure_data: a granule gets its contents
 * @m: a measurement after rme_measure_create()
 * @ipa: guest address of the granule
 * @content: the hash of its bytes, RME_MEASURE_SIZE_MAX bytes; NULL if they are
 *     not measured
 * @errp: set on failure to hash
 *
 * Returns: true on success
 */
bool rme_measure_data(RmeMeasure *m, uint64_t ipa, const uint8_t *content,
                      Error **errp);

/**
 * rme_measure_rec: a REC is made
 * @m: a measurement after rme_measure_create()
 * @rec: only one with RME_PLAN_REC_RUNNABLE is measured
 * @errp: set on failure to hash
 *
 * Returns: true on success
 */
bool rme_measure_rec(RmeMeasure *m, const RmePlanRec *rec, Error **errp);

/**
 * rme_measure_blob: digest of an image, for reports
 * @blob: of a plan, before rme_plan_release_data()
 * @algo: the algorithm
 * @digest: the result, the rest is set to zero
 * @stop: once that is not 0, which another thread may set, it returns soon,
 *     true and without a result; NULL if it never will be
 * @errp: set on failure to hash
 *
 * It covers all bytes that the image has in guest memory: those of the file,
 * then zeros up to its memory size.  The RIM does not depend on it, and it
 * costs as much as the pages of the image in the RIM.
 *
 * Returns: true on success
 */
bool rme_measure_blob(const RmePlanBlob *blob, RmeHashAlgo algo,
                      uint8_t digest[RME_MEASURE_SIZE_MAX], const gint *stop,
                      Error **errp);

/**
 * rme_measure_hex: a measurement or digest as text
 * @value: at least rme_measure_size() bytes
 * @algo: its algorithm
 *
 * Returns: lower-case hex, to be freed with g_free()
 */
char *rme_measure_hex(const uint8_t *value, RmeHashAlgo algo);

#endif /* HW_ARM_CCA_MEASURE_H */
