/*
 * What is in an Arm CCA Realm and how it is measured, for reports
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_RME_REPORT_H
#define HW_ARM_RME_REPORT_H

#include "hw/arm/rme-guest.h"
#include "hw/arm/rme-measure.h"

/**
 * rme_report_make: compute the measurement of a launch and keep it
 * @guest: a Realm with a plan, whose images are not released yet
 * @rules: those of the host's RMM
 * @digests: hash each image as a whole, too; always done for a file
 * @errp: set on failure: to hash, or to write the file of the property
 *     measurement-inputs
 *
 * Sets rim and digests of @guest, which stay when the images are released, and
 * writes that file if the property is set.  The file is there completely or
 * not at all.
 *
 * Returns: true on success
 */
bool rme_report_make(RmeGuest *guest, RmeMeasureRules rules, bool digests,
                     Error **errp);

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
 * @rules: those it was measured by
 * @steps: what rme_inputs_add_step() made
 * @errp: set on failure
 *
 * Returns: true on success
 */
bool rme_inputs_write(const RmeGuest *guest, RmeMeasureRules rules,
                      const GString *steps, Error **errp);

#endif /* HW_ARM_RME_REPORT_H */
