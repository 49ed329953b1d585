/*
 * From the state of a machine to the launch plan of its Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_ARM_CCA_LAUNCH_H
#define HW_ARM_CCA_LAUNCH_H

#include "hw/arm/rme-guest.h"

/**
 * rme_launch_prepare: tell QEMU what it does otherwise for a Realm
 * @guest: the Realm; the accelerator that calls it can run it, or a dry run
 *
 * To be called before devices, their backends and memory are made.
 */
void rme_launch_prepare(RmeGuest *guest);

/**
 * rme_launch_plan: turn the machine into a plan
 * @params: what the Realm is created with
 * @errp: set on failure: an image that is not in the Realm's RAM or overlaps
 *     another one, RAM that does not fit the IPA space, ...
 *
 * To be called once the machine is complete and reset, before the first vCPU
 * runs. Reads, and changes nothing: RAM with private memory from the memory
 * map, images from the ROM list, entry point from the registers of vCPU 0. The
 * plan refers to the images, see rme_plan_release_data().
 *
 * Returns: a finished plan, or NULL
 */
RmePlan *rme_launch_plan(const RmePlanParams *params, Error **errp);

#endif
