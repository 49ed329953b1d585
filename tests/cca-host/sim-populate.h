/*
 * POPULATE: contents of the Realm's memory before it runs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_POPULATE_H
#define CCA_HOST_SIM_POPULATE_H

#include "sim.h"

/* @user is the address of a struct sim_abi_populate */
long sim_realm_populate(SimVm *vm, uint64_t user);

#endif
