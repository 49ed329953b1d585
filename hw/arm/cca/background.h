/*
 * The launch of an Arm CCA Realm beside the monitors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_ARM_CCA_BACKGROUND_H
#define HW_ARM_CCA_BACKGROUND_H

#include "hw/arm/rme-guest.h"

/**
 * rme_background_prepare: is the main loop to launch @guest?
 * @guest: a Realm whose VM exists
 *
 * If so, the machine is not started once it is complete, but by
 * rme_background_start().
 */
void rme_background_prepare(RmeGuest *guest);

/**
 * rme_background_start: begin when the main loop runs
 * @guest: a Realm whose machine is complete
 *
 * Nothing happens if rme_background_prepare() did nothing.
 */
void rme_background_start(RmeGuest *guest);

/** rme_background_free: no more of it; @guest may be without */
void rme_background_free(RmeGuest *guest);

#endif
