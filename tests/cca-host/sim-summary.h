/*
 * The state of one VM as a JSON object, for the report
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_SUMMARY_H
#define CCA_HOST_SIM_SUMMARY_H

#include "sim.h"

/* The caller holds the VM's lock and frees the text */
char *sim_vm_summary(SimVm *vm);

#endif
