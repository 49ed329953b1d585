/*
 * Numbers and layouts of the Realm user ABI that the simulator speaks
 *
 * These are written down a second time on purpose: the simulator must not
 * share a definition with the code that it judges.  Sources: the KVM series
 * "arm64: Support for Arm CCA in KVM" version 10 (August 2025) and the
 * linux-nvidia-6.17 kernel for the MEC items; versions 12 to 16 of the series
 * for generation B.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_ABI_H
#define CCA_HOST_SIM_ABI_H

#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>

#define SIM_PAGE_SIZE 4096ULL
#define SIM_PAGE_MASK (SIM_PAGE_SIZE - 1)

/* KVM_CREATE_VM: bits [7:0] IPA size, bits [11:8] type */
#define SIM_VM_TYPE_IPA_MASK    0xffULL
#define SIM_VM_TYPE_REALM       (1ULL << 8)
/* versions 14 and 15 of the series moved the type */
#define SIM_VM_TYPE_REALM_V14   (1ULL << 30)

/* vCPU feature bits; SIM_VCPU_REC was 8 before version 8 of the series */
#define SIM_VCPU_REC            9
#define SIM_VCPU_HAS_EL2        7
#define SIM_VCPU_HAS_EL2_E2H0   8

/* KVM_ENABLE_CAP: args[0] of the Realm capability */
enum {
    SIM_REALM_CONFIG = 0,
    SIM_REALM_CREATE = 1,
    SIM_REALM_INIT_RIPAS = 2,
    SIM_REALM_POPULATE = 3,
    SIM_REALM_ACTIVATE = 4,
    SIM_REALM_ACTIONS
};

/* items of SIM_REALM_CONFIG; 2 and 3 exist in NVIDIA kernels only */
enum {
    SIM_CFG_RPV = 0,
    SIM_CFG_HASH = 1,
    SIM_CFG_MEC = 2,
    SIM_CFG_MEC_QUERY = 3,
};

enum { SIM_HASH_SHA256 = 0, SIM_HASH_SHA512 = 1 };

struct sim_abi_config {
    uint32_t cfg;
    union {
        uint8_t rpv[64];
        uint32_t hash_algo;
        uint32_t shared_mec;
        struct {
            uint32_t supported;
            uint32_t count;
        } mec_query;
        uint8_t reserved[256];
    };
};

struct sim_abi_ripas {
    uint64_t base;
    uint64_t size;
    uint64_t reserved[2];
};

#define SIM_POPULATE_MEASURE    (1U << 0)
/* the kernel works in steps of at most this many bytes, counted from base */
#define SIM_POPULATE_STEP       0x200000ULL

struct sim_abi_populate {
    uint64_t base;
    uint64_t size;
    uint32_t flags;
    uint32_t reserved[3];
};

/* vCPU fd, versions 8 to 13 of the series */
struct sim_abi_psci_complete {
    uint64_t target_mpidr;
    uint32_t psci_status;
    uint32_t padding[3];
};
#define SIM_PSCI_COMPLETE       _IOW(KVMIO, 0xd6, struct sim_abi_psci_complete)

/* generation B: populate is an ioctl of its own */
struct sim_abi_populate_b {
    uint64_t base;
    uint64_t size;
    uint64_t source_uaddr;
    uint32_t flags;
    uint32_t reserved;
};
#define SIM_POPULATE_W          _IOW(KVMIO, 0xd7, struct sim_abi_populate_b)
#define SIM_POPULATE_RW         _IOWR(KVMIO, 0xd7, struct sim_abi_populate_b)

/* KVM_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES of version 15 */
#define SIM_CAP_GMEM_ATTRIBUTES 250

/* Linux 6.18: flags of KVM_CREATE_GUEST_MEMFD, and who has them */
#define SIM_CAP_GMEM_FLAGS      244
#define SIM_GMEM_MMAP           (1U << 0)
#define SIM_GMEM_INIT_SHARED    (1U << 1)

/* guest_memfd fd, versions 15 and later */
struct sim_abi_attributes2 {
    uint64_t offset;
    uint64_t size;
    uint64_t attributes;
    uint64_t flags;
    uint64_t error_offset;
    uint64_t reserved[11];
};
#define SIM_SET_ATTRIBUTES2     _IOWR(KVMIO, 0xd2, struct sim_abi_attributes2)

/* KVM_ARM_VCPU_PMU_V3_CTRL attribute of Linux 6.16 and later */
#define SIM_PMU_SET_NR_COUNTERS 4

#define SIM_REG_DFR0    ARM64_SYS_REG(3, 0, 0, 5, 0)
#define SIM_REG_PMCR    ARM64_SYS_REG(3, 3, 9, 12, 0)
#define SIM_REG_MPIDR   ARM64_SYS_REG(3, 0, 0, 0, 5)
#define SIM_REG_CORE(n) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | \
                         KVM_REG_ARM_CORE | ((n) * 2ULL))
#define SIM_REG_X(n)    SIM_REG_CORE(n)
#define SIM_REG_PC      SIM_REG_CORE(32)
#define SIM_REG_CORE128(off) (KVM_REG_ARM64 | KVM_REG_SIZE_U128 | \
                              KVM_REG_ARM_CORE | (off))
#define SIM_REG_CORE32(off) (KVM_REG_ARM64 | KVM_REG_SIZE_U32 | \
                             KVM_REG_ARM_CORE | (off))

_Static_assert(sizeof(struct sim_abi_config) == 260, "arm_rme_config");
_Static_assert(offsetof(struct sim_abi_config, rpv) == 4, "arm_rme_config");
_Static_assert(sizeof(struct sim_abi_ripas) == 32, "init ripas");
_Static_assert(sizeof(struct sim_abi_populate) == 32, "populate");
_Static_assert(sizeof(struct sim_abi_populate_b) == 32, "populate (B)");
_Static_assert(sizeof(struct sim_abi_psci_complete) == 24, "psci");
_Static_assert(SIM_PSCI_COMPLETE == 0x4018AED6, "psci number");
_Static_assert(SIM_POPULATE_W == 0x4020AED7, "populate number (v12)");
_Static_assert(SIM_POPULATE_RW == 0xC020AED7, "populate number (v13)");
_Static_assert(sizeof(struct sim_abi_attributes2) == 128, "attributes2");
_Static_assert(SIM_SET_ATTRIBUTES2 == 0xC080AED2, "attributes2 number");
_Static_assert(KVM_ENABLE_CAP == 0x4068AEA3, "KVM_ENABLE_CAP");
_Static_assert(KVM_SET_MEMORY_ATTRIBUTES == 0x4020AED2, "attributes");
_Static_assert(KVM_SET_USER_MEMORY_REGION2 == 0x40A0AE49, "memslot");
_Static_assert(KVM_CREATE_GUEST_MEMFD == 0xC040AED4, "guest_memfd");

#endif
