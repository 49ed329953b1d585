/*
 * guest_memfd: binding to memslots, punching, loss of private content
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_GMEM_H
#define CCA_HOST_SIM_GMEM_H

#include "sim.h"

/* Sets slot->gmem from descriptor @fd; 0 or -errno */
int sim_gmem_bind(SimVm *vm, SimSlot *slot, int fd, uint64_t offset);
void sim_gmem_unbind(SimSlot *slot);

/*
 * sim-gmem-state.c: where the state of memory is the guest_memfd's, it comes
 * to be at the addresses of a new slot, and goes with it.
 */
void sim_gmem_show_state(SimVm *vm, SimSlot *slot);
void sim_gmem_hide_state(SimVm *vm, SimSlot *slot);

/*
 * The private copy of [@gpa, @gpa + @size) is gone because @why: forgets
 * populated pages and complains about those that the guest still wants.
 */
void sim_private_lost(SimVm *vm, uint64_t gpa, uint64_t size,
                      const char *why);

#endif
