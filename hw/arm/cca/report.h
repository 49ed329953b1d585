/*
 * What is in an Arm CCA Realm and how it is measured, for reports
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_CCA_REPORT_H
#define HW_ARM_CCA_REPORT_H

#include "hw/arm/rme-guest.h"
#include "hw/arm/cca/measure.h"
#include "qapi/qapi-types-misc-target.h"

/**
 * rme_report_make: compute the measurement of a launch and keep it, if wanted
 * @guest: a Realm with a plan, whose images are not released yet
 * @errp: set on failure: to hash, to write the measurement log or the file of
 *     the property measurement-inputs; or the order of the plan is not known,
 *     and it is not for query-cca alone
 *
 * By the rules of the kernel's generation.
 *
 * Does nothing unless a property or a dry run needs it.  Sets rim and digests
 * of @guest, which stay when the images are released, writes the log into its
 * place in the plan, and writes that file if the property is set.  The file is
 * there completely or not at all.
 *
 * Returns: true on success
 */
bool rme_report_make(RmeGuest *guest, Error **errp);

/**
 * rme_report_image: one of the images that a Realm starts with
 * @guest: a Realm for which rme_report_make() was successful
 * @i: its number in the plan, ascending by address
 *
 * It has no digest if none was wanted.
 *
 * Returns: the image, to be freed with qapi_free_CcaImage()
 */
CcaImage *rme_report_image(const RmeGuest *guest, guint i);

/**
 * rme_inputs_add_step: one extension as an element of "steps", with a comma
 * @json: is appended to
 * @extend: from rme_measure_plan()
 * @algo: the algorithm of the measurement
 */
void rme_inputs_add_step(GString *json, const RmeExtend *extend,
                         RmeHashAlgo algo);

/**
 * rme_inputs_write: write the file of the property measurement-inputs
 * @guest: a Realm with rim and digests
 * @steps: what rme_inputs_add_step() made
 * @errp: set on failure
 *
 * Returns: true on success
 */
bool rme_inputs_write(const RmeGuest *guest, const GString *steps,
                      Error **errp);

#endif /* HW_ARM_CCA_REPORT_H */
