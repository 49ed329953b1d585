/*
 * Kernel user ABI for Arm CCA Realms: numbers and structures
 *
 * The Realm ABI is in no mainline kernel's headers yet and its numbers move
 * between postings, so QEMU carries its own copy under its own names instead
 * of relying on whatever <linux/kvm.h> it was built with. Only the files
 * kvm-rme-abi*.c use these names: everybody else calls RmeAbiOps.
 *
 * Source: Arm CCA host series ("arm64: Support for Arm CCA in KVM") v10,
 * Message-ID 20250820145606.180644-1, arch/arm64/include/uapi/asm/kvm.h;
 * items marked NVIDIA from the same file of NVIDIA/NV-Kernels (linux-nvidia
 * 6.17 and 6.18), where v11 gives everything new names and the same values.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TARGET_ARM_KVM_RME_UAPI_H
#define TARGET_ARM_KVM_RME_UAPI_H

/* KVM_CREATE_VM: type of the VM, above the IPA size in bits [7:0] */
#define RME_VM_TYPE_REALM           (1U << 8)   /* v5 .. v13: bits [11:8] */
#define RME_VM_TYPE_REALM_V14       (1U << 30)  /* v14 and later */

/* KVM_ARM_VCPU_INIT: features[0] bit of a vCPU that is a REC (v8 .. v11) */
#define RME_VCPU_REC                9

/*
 * KVM_ENABLE_CAP on the VM: args[0] is one of these actions, args[1] points
 * to its argument. flags must be 0.
 */
#define RME_CAP_CONFIG_REALM        0   /* struct rme_config */
#define RME_CAP_CREATE_REALM        1   /* no argument */
#define RME_CAP_INIT_RIPAS_REALM    2   /* struct rme_init_ripas */
#define RME_CAP_POPULATE_REALM      3   /* struct rme_populate */
#define RME_CAP_ACTIVATE_REALM      4   /* no argument */

/* struct rme_config, cfg */
#define RME_CONFIG_RPV              0
#define RME_CONFIG_HASH_ALGO        1
#define RME_CONFIG_MEC              2   /* NVIDIA; never before MEC_QUERY */
#define RME_CONFIG_MEC_QUERY        3   /* NVIDIA; output */

#define RME_CONFIG_RPV_SIZE         64

struct rme_config {
    uint32_t cfg;
    union {
        uint8_t rpv[RME_CONFIG_RPV_SIZE];
        uint32_t hash_algo;             /* RmiHashAlgorithm, Arm DEN0137 */
        uint32_t shared_mec;            /* 0 private, else shared */
        struct {
            uint32_t supported;         /* out: 0 or 1 */
            uint32_t count;             /* out: MAX_MECID + 1 */
        } mec_query;
        uint8_t reserved[256];
    };
};
QEMU_BUILD_BUG_ON(sizeof(struct rme_config) != 260);
QEMU_BUILD_BUG_ON(offsetof(struct rme_config, rpv) != 4);
QEMU_BUILD_BUG_ON(offsetof(struct rme_config, mec_query.count) != 8);

struct rme_init_ripas {
    uint64_t base;
    uint64_t size;
    uint64_t reserved[2];
};
QEMU_BUILD_BUG_ON(sizeof(struct rme_init_ripas) != 32);

#define RME_POPULATE_MEASURE        (1U << 0)

struct rme_populate {
    uint64_t base;
    uint64_t size;
    uint32_t flags;
    uint32_t reserved[3];
};
QEMU_BUILD_BUG_ON(sizeof(struct rme_populate) != 32);
QEMU_BUILD_BUG_ON(offsetof(struct rme_populate, flags) != 16);

/*
 * Generation B: the same file of host series v12 (2025-12-17), v13
 * (2026-03-18), v14 (2026-05-13), v15 (20260715142841.80544-1) and v16
 * (2026-08-03).
 *
 * KVM_ARM_RMI_POPULATE on the VM, flags as above. v12 returns the bytes that
 * are done; later ones return 0 and move base, size and source_uaddr on.
 */
struct rmi_populate {
    uint64_t base;
    uint64_t size;
    uint64_t source_uaddr;
    uint32_t flags;
    uint32_t reserved;
};
QEMU_BUILD_BUG_ON(sizeof(struct rmi_populate) != 32);
QEMU_BUILD_BUG_ON(offsetof(struct rmi_populate, flags) != 24);

#define RMI_POPULATE_V12    _IOW(KVMIO, 0xd7, struct rmi_populate)
#define RMI_POPULATE_V13    _IOWR(KVMIO, 0xd7, struct rmi_populate)
QEMU_BUILD_BUG_ON(RMI_POPULATE_V12 != 0x4020AED7U);
QEMU_BUILD_BUG_ON(RMI_POPULATE_V13 != 0xC020AED7U);

/*
 * include/uapi/linux/kvm.h of v15 and v16, which have it from the series
 * "guest_memfd: In-place conversion support" v8: asked of a Realm's VM, and
 * done on a guest_memfd.
 */
#define RME_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES   250

struct rme_memory_attributes2 {
    uint64_t offset;
    uint64_t size;
    uint64_t attributes;                /* KVM_MEMORY_ATTRIBUTE_PRIVATE */
    uint64_t flags;
    uint64_t error_offset;              /* out */
    uint64_t reserved[11];
};
QEMU_BUILD_BUG_ON(sizeof(struct rme_memory_attributes2) != 128);

#define RME_SET_MEMORY_ATTRIBUTES2  _IOWR(KVMIO, 0xd2, \
                                          struct rme_memory_attributes2)
QEMU_BUILD_BUG_ON(RME_SET_MEMORY_ATTRIBUTES2 != 0xC080AED2U);

/* KVM_ARM_VCPU_PMU_V3_CTRL: number of event counters, v10 (u32) */
#define RME_PMU_V3_SET_NR_COUNTERS  4

#endif
