/*
 * Generations of the kernel's interface to Arm CCA Realms: what they measure
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/arm/rme-generation.h"

/* The newest series that was posted with all of its interface */
#define NEWEST_PUBLIC RME_KERNEL_ABI_B5

/* RMM 2.0 does not measure RIPAS; the first KVM_RUN makes the RECs */
#define ORDER_RMM_2 { .ripas = RME_PLAN_RIPAS_NONE, .rec_last = true }

static const RmeGeneration generations[RME_KERNEL_ABI__MAX] = {
    [RME_KERNEL_ABI_A] = {
        .name = "A (host series v8 to v11)",
        .rules = RME_MEASURE_RMM_1,
        .order = { .ripas = RME_PLAN_RIPAS_FIRST },
        .has_hash = true,
        .has_rpv = true,
        .has_mec = true,
        .has_pmu = true,
    },
    [RME_KERNEL_ABI_B1] = {
        .name = "B1 (host series v12)",
        .rules = RME_MEASURE_RMM_1,
        .order = { .ripas = RME_PLAN_RIPAS_LAST, .rec_last = true },
        .has_pmu = true,
        .sets_lpa2 = true,
    },
    [RME_KERNEL_ABI_B2] = {
        .name = "B2 (host series v13)",
        .rules = RME_MEASURE_RMM_2,
        .order = ORDER_RMM_2,
        .has_pmu = true,
        .sets_lpa2 = true,
    },
    [RME_KERNEL_ABI_B3] = {
        .name = "B3 (host series v14)",
        .rules = RME_MEASURE_RMM_2,
        .order = ORDER_RMM_2,
        .sets_lpa2 = true,
    },
    [RME_KERNEL_ABI_B4] = {
        .name = "B4 (host series v15)",
        .rules = RME_MEASURE_RMM_2,
        .order = ORDER_RMM_2,
        .sets_lpa2 = true,
    },
    [RME_KERNEL_ABI_B5] = {
        .name = "B5 (host series v16)",
        .rules = RME_MEASURE_RMM_2,
        .order = ORDER_RMM_2,
        .has_pmu = true,
    },
};

RmeKernelAbi rme_generation_resolve(RmeKernelAbi abi)
{
    return generations[abi].name ? abi : NEWEST_PUBLIC;
}

const RmeGeneration *rme_generation(RmeKernelAbi abi)
{
    return &generations[rme_generation_resolve(abi)];
}
