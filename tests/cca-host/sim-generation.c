/*
 * The generations of the Realm user ABI, one table each
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "sim.h"

/* Linux 6.18 and later: KVM_CAP_GUEST_MEMFD_FLAGS is 3 */
#define GMEM_FLAGS (SIM_GMEM_MMAP | SIM_GMEM_INIT_SHARED)

/*
 * What the VM descriptor of a Realm answers, of the architecture's part; what
 * the generic part answers (sim-caps.c) is there anyway.  seen: probe.
 */
static const long caps_of_all[] = {
    KVM_CAP_IRQCHIP, KVM_CAP_ARM_PSCI, KVM_CAP_ARM_PSCI_0_2,
    KVM_CAP_NR_VCPUS, KVM_CAP_MAX_VCPUS, KVM_CAP_MAX_VCPU_ID,
    KVM_CAP_MSI_DEVID, KVM_CAP_ARM_VM_IPA_SIZE, KVM_CAP_ARM_SVE,
    KVM_CAP_ARM_PTRAUTH_ADDRESS, KVM_CAP_ARM_PTRAUTH_GENERIC, -1
};
static const long more_v13[] = { KVM_CAP_SYNC_MMU, -1 };
static const long more_v16[] = { KVM_CAP_SYNC_MMU, KVM_CAP_ONE_REG, -1 };

/* Numbers that kernels without Realms use for other things */
static const unsigned caps_6_18[] = { 243, 0 };
static const unsigned caps_7_4[] = { 243, 245, 251, 0 };

static const SimGeneration generations[SIM_ABIS] = {
    [SIM_ABI_NONE] = {
        .name = "none", .version = "v10",
        .no_rmm = EINVAL, .cap = 244, .sysfs_rme = true,
        .guest_debug = EINVAL, .rmm_pmu = 6,
    },
    [SIM_ABI_A] = {
        .name = "A", .version = "v10",
        .vm_type = SIM_VM_TYPE_REALM, .no_rmm = EPERM,
        .cap = 244, .sysfs_rme = true,
        .owner = SIM_OWNER_VM, .gmem_twice = EEXIST,
        .shared_alias_fault = true, .private_alias_fault = true,
        .rec = SIM_REC_NEEDED, .choices = true, .pmcr = true,
        .brps = true,
        .guest_debug = EINVAL,
        .no_vgic = EOPNOTSUPP,
        .ripas_measured = true, .rmm_pmu = 6,
    },
    [SIM_ABI_B1] = {
        .name = "B1", .version = "v12",
        .vm_type = SIM_VM_TYPE_REALM, .no_rmm = EINVAL,
        .cap = 247, .realm_caps = caps_of_all, .pmu_cap = true,
        .owner = SIM_OWNER_VM, .gmem_flags = GMEM_FLAGS,
        .gmem_everywhere = true, .gmem_twice = EINVAL, .plain_readonly = true,
        .private_alias_fault = true, .hole = ENXIO,
        .implicit = true, .rec = SIM_REC_UNKNOWN, .psci_complete = true,
        .populate = {
            .request = SIM_POPULATE_W, .ordinary = EPERM,
            .no_source = EOPNOTSUPP, .returns_bytes = true,
        },
        .lists_all_core = true, .pmcr = true, .el2_einval = true,
        .no_vgic = EOPNOTSUPP, .vgic_not_ready = EBUSY, .off_sleeps = true,
        /* the last one on RMM 1.0, which has a PMU */
        .ripas_measured = true, .lpa2_flag = true, .rmm_pmu = 6,
    },
    [SIM_ABI_B2] = {
        .name = "B2", .version = "v13",
        .vm_type = SIM_VM_TYPE_REALM, .no_rmm = EINVAL,
        /* NVIDIA's 7.0 says the number; upstream has no parameter */
        .cap = 248, .sysfs_rmi = true,
        .realm_caps = caps_of_all, .more_caps = more_v13, .pmu_cap = true,
        .owner = SIM_OWNER_VM, .gmem_flags = GMEM_FLAGS,
        .gmem_everywhere = true, .gmem_twice = EINVAL, .plain_readonly = true,
        .private_alias_fault = true, .hole = ENXIO,
        .implicit = true, .rec = SIM_REC_IGNORED, .psci_complete = true,
        .populate = {
            .request = SIM_POPULATE_RW, .ordinary = ENXIO,
            .no_source = EOPNOTSUPP, .source_aligned = true,
            .rmm_error_counts = true,
        },
        .lists_all_core = true, .pmcr = true, .el2_einval = true,
        .no_vgic = EOPNOTSUPP, .vgic_not_ready = EBUSY, .off_sleeps = true,
        .lpa2_flag = true,
    },
    [SIM_ABI_B3] = {
        .name = "B3", .version = "v14",
        .vm_type = SIM_VM_TYPE_REALM_V14, .no_rmm = EINVAL,
        .cap = 249,
        .realm_caps = caps_of_all, .more_caps = more_v13,
        .enable_listed = true,
        .owner = SIM_OWNER_VM, .gmem_flags = GMEM_FLAGS,
        .gmem_everywhere = true, .gmem_twice = EINVAL, .plain_readonly = true,
        .private_alias_fault = true, .unwritten_fault = true,
        .huge_spins = true, .hole = EAGAIN,
        .implicit = true, .rec = SIM_REC_UNKNOWN,
        .populate = {
            .request = SIM_POPULATE_RW, .ordinary = ENXIO,
            .no_source = EOPNOTSUPP, .source_aligned = true,
            .rmm_error_counts = true,
        },
        .lists_all_core = true, .el2_einval = true,
        .no_vgic = EOPNOTSUPP, .vgic_not_ready = EBUSY,
        .bring_up_again = true, .off_sleeps = true,
        .lpa2_flag = true,
    },
    [SIM_ABI_B4] = {
        .name = "B4", .version = "v15",
        .vm_type = SIM_VM_TYPE_REALM_V14, .no_rmm = EINVAL,
        .cap = 251,
        .realm_caps = caps_of_all, .more_caps = more_v13,
        .enable_listed = true,
        .owner = SIM_OWNER_RIPAS, .gmem_flags = GMEM_FLAGS,
        .gmem_everywhere = true, .gmem_twice = EINVAL, .plain_readonly = true,
        .hole = EAGAIN,
        .implicit = true, .rec = SIM_REC_UNKNOWN,
        .populate = {
            .request = SIM_POPULATE_RW, .ordinary = ENXIO,
            .no_source = EOPNOTSUPP, .source_aligned = true,
            /* not looked at since v14: the worse is assumed */
            .rmm_error_counts = true,
        },
        .lists_all_core = true, .el2_einval = true,
        .no_vgic = EOPNOTSUPP, .vgic_not_ready = EBUSY,
        .bring_up_again = true, .off_sleeps = true,
        .lpa2_flag = true,
    },
    [SIM_ABI_B5] = {
        .name = "B5", .version = "v16",
        .vm_type = SIM_VM_TYPE_REALM_V14, .no_rmm = EINVAL,
        /* no number is known: 251 is another capability's in 7.3 */
        .cap = 252,
        .realm_caps = caps_of_all, .more_caps = more_v16,
        .enable_listed = true,
        .owner = SIM_OWNER_GMEM, .gmem_flags = GMEM_FLAGS,
        .gmem_everywhere = true, .gmem_twice = EINVAL, .plain_readonly = true,
        .private_alias_fault = true, .ripas_waits = true, .hole = EAGAIN,
        .implicit = true, .rec = SIM_REC_UNKNOWN,
        .populate = {
            .request = SIM_POPULATE_RW, .ordinary = ENXIO,
            .no_source = EINVAL, .source_first = true,
            .source_aligned = true, .range_checked = true,
            .empty_creates = true,
        },
        .lists_all_core = true, .pmcr = true, .el2_einval = true,
        .no_vgic = ENODEV, .vgic_not_ready = ENODEV,
        .bring_up_again = true, .dead_is_eio = true, .off_sleeps = true,
    },
    [SIM_ABI_6_18] = {
        .name = "6.18", .version = "v10",
        .no_rmm = EINVAL, .cap = 244, .other_caps = caps_6_18,
        .gmem_flags = GMEM_FLAGS, .gmem_everywhere = true,
        .gmem_twice = EINVAL, .guest_debug = EINVAL, .rmm_pmu = 6,
    },
    [SIM_ABI_7_4] = {
        .name = "7.4", .version = "v10",
        .no_rmm = EINVAL, .cap = 244, .other_caps = caps_7_4,
        .gmem_flags = GMEM_FLAGS, .gmem_everywhere = true,
        .gmem_twice = EINVAL, .guest_debug = EINVAL, .rmm_pmu = 6,
    },
};

const SimGeneration *sim_generation_of(SimAbi abi)
{
    return &generations[abi];
}

const SimGeneration *sim_generation(void)
{
    return &generations[sim_config()->abi];
}
