/*
 * Properties of the vCPUs of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * There is no KVM in here: a dry run, which works without, has them too.
 */

#ifndef TARGET_ARM_RME_CPU_H
#define TARGET_ARM_RME_CPU_H

#include "cpu-qom.h"

/**
 * rme_cpu_add_properties: num-breakpoints, num-watchpoints and
 * num-pmu-counters
 * @cpu: its rme_num_* are -1 afterwards, and that until the user sets them
 */
void rme_cpu_add_properties(ARMCPU *cpu);

/**
 * rme_cpu_add_old_spellings: properties of other CPUs that say what to use
 * @cpu: a Realm's vCPU
 */
void rme_cpu_add_old_spellings(ARMCPU *cpu);

/**
 * rme_cpu_check_no_properties: for the vCPU of a machine that runs no Realm
 * @cpu: a vCPU with these properties
 * @errp: set if the user set one of them
 *
 * Returns: true if the user did not
 */
bool rme_cpu_check_no_properties(const ARMCPU *cpu, Error **errp);

/**
 * rme_cpu_check_pmu: do num-pmu-counters and pmu fit each other?
 * @cpu: a Realm's vCPU with the user's properties
 * @errp: set if there are counters and no PMU
 *
 * Returns: true if they do
 */
bool rme_cpu_check_pmu(const ARMCPU *cpu, Error **errp);

#endif
