/*
 * Generations of the kernel's interface to Arm CCA Realms: what they measure
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a launch and a dry run have to know of a generation, one row each. How a
 * kernel is driven is in target/arm/kvm-rme-abi*.c; there is no KVM in here.
 *
 * Sources: the series "arm64: Support for Arm CCA in KVM", v10
 * (20250820145606.180644-1), v12 to v16; a v14 kernel on TF-RMM 0.9.0, whose
 * measurements are in tests/unit/test-rme-measure.c.
 */
#ifndef HW_ARM_RME_GENERATION_H
#define HW_ARM_RME_GENERATION_H

#include "hw/arm/rme-guest.h"

/**
 * RmeGeneration: what is measured, and what can be chosen
 * @name: for messages and queries
 * @rules: those of its RMM
 * @order: in which the RMM gets the steps of a launch
 * @has_hash: the algorithm is the user's choice; else it is fixed when the
 *     kernel is built, and SHA-256 in all public trees
 * @has_rpv: the personalization value can be set; else it is zero
 * @has_mec: kernels of this generation may have a choice of the MECID
 * @has_pmu: the vCPUs of a Realm may have a PMU
 * @sets_lpa2: the kernel sets the LPA2 flag of every Realm, whatever its width,
 *     where KVM itself uses 52-bit addresses.  The flag is measured.
 */
typedef struct RmeGeneration {
    const char *name;
    RmeMeasureRules rules;
    RmePlanOrder order;
    bool has_hash;
    bool has_rpv;
    bool has_mec;
    bool has_pmu;
    bool sets_lpa2;
} RmeGeneration;

/**
 * rme_generation: the row of a generation
 * @abi: any; RME_KERNEL_ABI_B is the newest one that is public
 */
const RmeGeneration *rme_generation(RmeKernelAbi abi);

/**
 * rme_generation_resolve: the generation itself
 * @abi: any
 *
 * Returns: @abi, or what RME_KERNEL_ABI_B stands for
 */
RmeKernelAbi rme_generation_resolve(RmeKernelAbi abi);

/**
 * rme_generation_check: can the user's wishes be fulfilled?
 * @guest: a Realm of a launch or of a dry run
 * @errp: set if not, in the same words for both
 *
 * An explicit wish for what a Realm has anyway is none.  A dry run may be told
 * the algorithm of a kernel that was built with another one.
 *
 * Returns: true if they can
 */
bool rme_generation_check(const RmeGuest *guest, Error **errp);

/**
 * rme_generation_hash: the algorithm that a Realm is measured with
 * @guest: a Realm that rme_generation_check() is content with
 *
 * Warns where a default is replaced.
 */
RmeHashAlgo rme_generation_hash(const RmeGuest *guest);

#endif /* HW_ARM_RME_GENERATION_H */
