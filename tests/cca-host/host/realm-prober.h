/*
 * The code of realm-prober's Realm, linked into the VMM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_REALM_PROBER_H
#define CCA_HOST_REALM_PROBER_H

extern const char realm_start[], realm_end[];

#endif
