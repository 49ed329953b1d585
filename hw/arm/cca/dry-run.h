/*
 * Dry run of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * With dry-run=on of the rme-guest object, QEMU makes the machine that the
 * command line describes, works out what a launch with KVM would give the RMM
 * and what the RMM would measure, prints that, and ends. It does so on any
 * machine: an accelerator of its own stands in for KVM, and what the guest's
 * initial memory does not depend on is neither opened nor made (system/vl.c).
 *
 * What only the host of the launch knows has to be on the command line.
 */
#ifndef HW_ARM_CCA_DRY_RUN_H
#define HW_ARM_CCA_DRY_RUN_H

#include "cpu-qom.h"
#include "hw/arm/rme-plan.h"

/* Type of the accelerator; the suffixes are those that QEMU looks for */
#define TYPE_RME_DRY_RUN_ACCEL TYPE_CONFIDENTIAL_GUEST_DRY_RUN
#define TYPE_RME_DRY_RUN_CPU   TYPE_RME_DRY_RUN_ACCEL "-" TYPE_ARM_CPU

/**
 * rme_dry_run_register_cpu: make "-cpu host" the CPU of a launch with KVM,
 * and "-cpu max" the same
 *
 * In a build without KVM there is no such CPU otherwise. Changes the whole
 * process, so only a dry run may call it.
 */
void rme_dry_run_register_cpu(void);

/**
 * rme_dry_run_get_params: what a kernel would give the RMM for this vCPU
 * @cpu: the boot vCPU, realized
 * @params: flags, sve_vl, num_bps, num_wps and pmu_num_ctrs are set
 */
void rme_dry_run_get_params(ARMCPU *cpu, RmePlanParams *params);

#endif
