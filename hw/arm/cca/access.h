/*
 * Arm CCA Realms: what the host may look at
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_ARM_CCA_ACCESS_H
#define HW_ARM_CCA_ACCESS_H

#include "system/confidential-guest-support.h"

/*
 * The host cannot see the private memory of a Realm, and nothing would stop it
 * from trying: the mapping of the RAM block can be read, has zeros, and a read
 * allocates a page that the guest never sees.  So monitor commands ask here
 * before they touch guest memory.  Before the launch all of RAM is private.
 */

/**
 * rme_check_host_access: may the host look into the Realm?
 * @cgs: the Realm
 * @what: what it wants to do, for the message, if that needs registers or all
 *     of memory; or NULL
 * @gpa: start of the range to be read, without the shared bit
 * @size: its size in bytes, any; what is beyond 2^64 is left out
 * @errp: set if @what is, or if one of the pages is RAM that is not shared
 *
 * ConfidentialGuestSupportClass::check_host_access of the Realm.  The answer
 * holds until the end of the RCU read-side critical section: the shared copy
 * of a page is dropped only after that.
 *
 * Returns: true if it may; what is not RAM is not for the Realm to decide
 */
bool rme_check_host_access(ConfidentialGuestSupport *cgs, const char *what,
                           hwaddr gpa, uint64_t size, Error **errp);

#endif /* HW_ARM_CCA_ACCESS_H */
