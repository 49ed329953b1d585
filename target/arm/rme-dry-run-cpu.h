/*
 * "-cpu host" of a dry run of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TARGET_ARM_RME_DRY_RUN_CPU_H
#define TARGET_ARM_RME_DRY_RUN_CPU_H

#include "cpu-qom.h"
#include "hw/arm/rme-plan.h"
#include "system/dry-run.h"

/* QEMU looks for the CPU types of an accelerator by this suffix */
#define TYPE_RME_DRY_RUN_CPU TYPE_DRY_RUN_ACCEL "-" TYPE_ARM_CPU

/**
 * rme_dry_run_register_cpu: let there be a "-cpu host"
 *
 * A build without KVM has none otherwise, and a user would see it in lists: so
 * only a dry run may call it.
 */
void rme_dry_run_register_cpu(void);

/**
 * rme_dry_run_cpu_init: what "-cpu host" and "-cpu max" are in a dry run
 * @obj: the CPU; it becomes that of a launch with KVM
 */
void rme_dry_run_cpu_init(Object *obj);

/**
 * rme_dry_run_get_params: what a kernel would give the RMM for this vCPU
 * @cpu: the boot vCPU, realized
 * @params: flags, sve_vl, num_bps, num_wps and pmu_num_ctrs are set
 */
void rme_dry_run_get_params(ARMCPU *cpu, RmePlanParams *params);

#endif
