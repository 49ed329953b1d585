/*
 * The life of an Arm CCA Realm under KVM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_ARM_CCA_LIFECYCLE_H
#define HW_ARM_CCA_LIFECYCLE_H

#include "system/confidential-guest-support.h"

/**
 * rme_kvm_init: ConfidentialGuestSupportClass::kvm_init of a Realm
 * @cgs: a Realm whose VM exists, in RME_STATE_PROBED
 * @errp: set on failure
 *
 * The Realm is launched when the VM runs for the first time, and again after
 * each reset that follows. A launch that fails ends QEMU: there is no way back
 * from half a Realm.
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

#endif
