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

/* KVM_ARM_RMI_POPULATE of generation B; @user is a struct sim_abi_populate_b */
long sim_rmi_populate(SimVm *vm, unsigned long req, void *user);

/* One page from @source; adds its bytes to @digest, which may be NULL */
int sim_populate_page(SimVm *vm, SimSlot *slot, uint64_t gpa,
                      const void *source, bool measure, GChecksum *digest);

#endif
