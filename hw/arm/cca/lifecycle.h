/*
 * The life of an Arm CCA Realm under KVM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_ARM_CCA_LIFECYCLE_H
#define HW_ARM_CCA_LIFECYCLE_H

#include "hw/arm/rme-guest.h"

/**
 * rme_kvm_init: ConfidentialGuestSupportClass::kvm_init of a Realm
 * @cgs: a Realm whose VM exists, in RME_STATE_PROBED
 * @errp: set on failure
 *
 * The Realm is launched when the VM runs for the first time, or before by the
 * main loop (background.h), and again after each reset that follows. A launch
 * that fails ends QEMU: there is no way back from half a Realm.
 *
 * Returns: 0 or -errno
 */
int rme_kvm_init(ConfidentialGuestSupport *cgs, Error **errp);

/**
 * rme_kvm_reset: ConfidentialGuestSupportClass::kvm_reset of a Realm
 * @cgs: a Realm whose machine has a new VM and was reset, in RME_STATE_PROBED
 * @errp: set on failure
 *
 * The new Realm is launched here if the machine runs, else when it does.
 *
 * Returns: 0 or -1
 */
int rme_kvm_reset(ConfidentialGuestSupport *cgs, Error **errp);

/**
 * rme_launch_begin: make the plan
 * @guest: in RME_STATE_PROBED, its machine is complete
 * @errp: set on failure
 *
 * From here on a reset needs a new VM.
 *
 * Returns: true on success
 */
bool rme_launch_begin(RmeGuest *guest, Error **errp);

/**
 * rme_launch_go_on: carry out a part of the plan
 * @guest: after rme_launch_begin()
 * @max: how many bytes to populate at most
 * @wait: for hashes that are not computed yet; else it returns when it could do
 *     no more without them
 * @errp: set on failure
 *
 * Returns: true on success; the launch is over when the state is
 * RME_STATE_ACTIVE
 */
bool rme_launch_go_on(RmeGuest *guest, uint64_t max, bool wait, Error **errp);

/**
 * rme_launch_failed: end QEMU
 * @guest: the Realm
 * @err: why
 */
G_NORETURN void rme_launch_failed(RmeGuest *guest, Error *err);

#endif
