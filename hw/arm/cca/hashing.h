/*
 * The digests of a launch's contents, computed by several threads
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * To hash all images is most of what QEMU itself does for a launch, and nothing
 * else in it needs the result.  So it is done beside the rest: threads take the
 * contents in pieces, and whichever is done with one that comes next in the
 * measurement also extends that.  The values do not depend on the number of
 * threads.
 *
 * Depends on crypto/hash.h, glib and qapi/error.h only.
 */
#ifndef HW_ARM_CCA_HASHING_H
#define HW_ARM_CCA_HASHING_H

#include "hw/arm/cca/measure.h"

/* More threads than these are of no use: memory becomes the limit */
#define RME_HASHING_THREADS_MAX 8

/** RmeHashing: the measurement of a plan that is being computed */
typedef struct RmeHashing RmeHashing;

/**
 * rme_hashing_threads: how many threads are good on this machine
 *
 * Returns: as many as there are processors that this process may use, at most
 * RME_HASHING_THREADS_MAX
 */
unsigned rme_hashing_threads(void);

/**
 * rme_hashing_start: begin with the measurement of a plan
 * @plan: a finished plan; stays, with its data, until rme_hashing_free()
 * @rules: the rules of the RMM
 * @threads: how many, not 0.  Whoever waits is one of them: there is none but
 *     the caller with 1
 * @fn: called after each extension, in order and never by two threads at the
 *     same time, but by any of them; or NULL
 * @opaque: for @fn
 * @digests: for each blob of @plan RME_MEASURE_SIZE_MAX bytes, of which those
 *     for measured blobs are set to what rme_measure_blob() makes; or NULL if
 *     nobody wants them, since that hashes each image once more
 *
 * A thread that cannot be made is done without.
 *
 * Returns: to be freed with rme_hashing_free()
 */
RmeHashing *rme_hashing_start(const RmePlan *plan, RmeMeasureRules rules,
                              unsigned threads, RmeExtendFn *fn, void *opaque,
                              GPtrArray *digests);

/**
 * rme_hashing_wait_digests: work until the digests of measured blobs are there
 * @h: with @digests
 * @errp: set on failure to hash
 *
 * Returns: true on success
 */
bool rme_hashing_wait_digests(RmeHashing *h, Error **errp);

/**
 * rme_hashing_wait: work until all is there
 * @h: what was started
 * @rim: set to the RIM
 * @errp: set on failure to hash
 *
 * Returns: true on success
 */
bool rme_hashing_wait(RmeHashing *h, uint8_t rim[RME_MEASURE_SIZE_MAX],
                      Error **errp);

/**
 * rme_hashing_is_ready: would rme_hashing_wait() return at once?
 * @h: what was started
 *
 * True, too, if there is no thread that works on it, so that to wait is all that
 * can be done.
 */
bool rme_hashing_is_ready(RmeHashing *h);

/**
 * rme_hashing_free: stop, and let go of the plan
 * @h: finished or not, or NULL
 *
 * No thread works on it any more when this returns, which is soon.
 */
void rme_hashing_free(RmeHashing *h);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RmeHashing, rme_hashing_free)

#endif /* HW_ARM_CCA_HASHING_H */
