/*
 * Names of the calls, as reports and `fail` settings use them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_NAMES_H
#define CCA_HOST_SIM_NAMES_H

#include "sim.h"

/* The name of @req on a descriptor of @kind, or NULL */
const char *sim_ioctl_name(SimKind kind, unsigned long req);

/* The name of an action of the Realm capability, or NULL */
const char *sim_action_name(uint64_t action);

#endif
