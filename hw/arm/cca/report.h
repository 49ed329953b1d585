/*
 * What is in an Arm CCA Realm and how it is measured, for reports
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_CCA_REPORT_H
#define HW_ARM_CCA_REPORT_H

#include "hw/arm/rme-guest.h"
#include "hw/arm/cca/hashing.h"
#include "qapi/qapi-types-misc-arm.h"

/**
 * rme_report_start: begin to compute the measurement of a launch, if wanted
 * @guest: a Realm with a plan, whose images are not released yet
 * @errp: set on failure: the order of the plan is not known, and it is not for
 *     query-cca alone; what rme_report_finish() says
 *
 * By the rules of the kernel's generation.  Threads do it, beside what comes
 * next; they read the plan and the images until rme_report_finish() or
 * rme_report_cancel().  With the property measurement-inputs all is finished
 * here, so that a launch whose file cannot be written makes no Realm.
 *
 * Does nothing unless a property or a dry run needs it.  What an earlier launch
 * of @guest had is dropped.
 *
 * Returns: true on success
 */
bool rme_report_start(RmeGuest *guest, Error **errp);

/**
 * rme_report_is_ready: would rme_report_finish() return soon?
 * @guest: a Realm after rme_report_start()
 */
bool rme_report_is_ready(const RmeGuest *guest);

/**
 * rme_report_write_log: write the measurement log, if there is one
 * @guest: a Realm after rme_report_start()
 * @errp: set on failure: to hash, or the log is too short
 *
 * To be called before the RMM gets the log.  Waits for the digests that are in
 * it.  Does nothing the second time.
 *
 * Returns: true on success
 */
bool rme_report_write_log(RmeGuest *guest, Error **errp);

/**
 * rme_report_finish: wait until all is computed, and keep it
 * @guest: a Realm after rme_report_start(), its images are still there
 * @errp: set on failure: to hash, to write the measurement log or the file of
 *     the property measurement-inputs
 *
 * Sets rim and digests of @guest, which stay when the images are released, and
 * writes that file if the property is set.  The file is there completely or not
 * at all.
 *
 * Returns: true on success
 */
bool rme_report_finish(RmeGuest *guest, Error **errp);

/**
 * rme_report_cancel: give up what was started
 * @guest: a Realm, started or not
 */
void rme_report_cancel(RmeGuest *guest);

/**
 * rme_report_image: one of the images that a Realm starts with
 * @guest: a Realm with a plan
 * @i: its number in the plan, ascending by address
 *
 * It has no digest if none was wanted.
 *
 * Returns: the image, to be freed with qapi_free_CcaImage()
 */
CcaImage *rme_report_image(const RmeGuest *guest, guint i);

/**
 * rme_inputs_start: begin what the property measurement-inputs asks for
 * @guest: a Realm with a plan
 *
 * Returns: a writer in the array of the steps, to be freed with
 *          json_writer_free()
 */
JSONWriter *rme_inputs_start(const RmeGuest *guest);

/**
 * rme_inputs_add_step: one extension as an element of the steps
 * @json: of rme_inputs_start()
 * @extend: an extension of the measurement
 * @algo: the algorithm of the measurement
 */
void rme_inputs_add_step(JSONWriter *json, const RmeExtend *extend,
                         RmeHashAlgo algo);

/**
 * rme_inputs_write: write the file
 * @guest: a Realm with rim and digests
 * @json: of rme_inputs_start(), all steps are in it
 * @errp: set on failure
 *
 * Returns: true on success
 */
bool rme_inputs_write(const RmeGuest *guest, JSONWriter *json, Error **errp);

#endif /* HW_ARM_CCA_REPORT_H */
