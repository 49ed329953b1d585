/*
 * What a Realm can have on a host
 *
 * KVM reports few of a Realm's limits, and none of the RMM's: they are found
 * by trial, on throw-away VMs. Only the errno that a limit leads to counts as
 * one; a host that is short of memory or of VMIDs says nothing about limits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include <linux/kvm.h>

#include "kvm-rme-abi.h"
#include "kvm-rme-uapi.h"
#include "internals.h"
#include "kvm_arm.h"
#include "trace.h"

#define REG_ID_AA64DFR0     ARM64_SYS_REG(3, 0, 0, 5, 0)
#define REG_PMCR            ARM64_SYS_REG(3, 3, 9, 12, 0)

/* A throw-away Realm VM with one vCPU; the members are -1 if not open */
typedef struct Trial {
    int vm;
    int vcpu;
} Trial;

static int trial_ioctl(int fd, unsigned long request, const void *arg)
{
    return MIN(rme_abi_ioctl(fd, request, (uintptr_t)arg), 0);
}

static bool trial_has_cap(const Trial *trial, unsigned long cap)
{
    return ioctl(trial->vm, KVM_CHECK_EXTENSION, cap) > 0;
}

static int trial_action(const Trial *trial, const RmeAbi *abi, uint64_t action,
                        const void *arg)
{
    struct kvm_enable_cap cap = {
        .cap = abi->cap,
        .args = { action, (uintptr_t)arg },
    };

    return trial_ioctl(trial->vm, KVM_ENABLE_CAP, &cap);
}

static int trial_get_reg(const Trial *trial, uint64_t id, uint64_t *value)
{
    struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

    return trial_ioctl(trial->vcpu, KVM_GET_ONE_REG, &reg);
}

static bool trial_open(Trial *trial, int kvm_fd, const RmeAbi *abi,
                       unsigned ipa_bits)
{
    trial->vcpu = -1;
    trial->vm = rme_abi_create_vm(kvm_fd, abi->vm_type | ipa_bits);
    return trial->vm >= 0;
}

static void trial_close(Trial *trial)
{
    if (trial->vcpu >= 0) {
        close(trial->vcpu);
    }
    if (trial->vm >= 0) {
        close(trial->vm);
    }
}

/* Without a vCPU a Realm has no breakpoints, and the RMM refuses it */
static bool trial_add_vcpu(Trial *trial, const RmeAbi *abi, uint32_t features)
{
    struct kvm_vcpu_init init = { };

    trial->vcpu = ioctl(trial->vm, KVM_CREATE_VCPU, 0UL);
    if (trial->vcpu < 0 ||
        trial_ioctl(trial->vm, KVM_ARM_PREFERRED_TARGET, &init) < 0) {
        return false;
    }
    init.features[0] = features | 1U << KVM_ARM_VCPU_PSCI_0_2 |
                       abi->ops->vcpu_features;
    return trial_ioctl(trial->vcpu, KVM_ARM_VCPU_INIT, &init) == 0;
}

static void find_hashes(int kvm_fd, const RmeAbi *abi, RmeAbiLimits *limits)
{
    Trial trial;

    if (!abi->ops->set_hash) {
        /* No choice; what the RMM offers is of no use */
        limits->hash[RME_HASH_SHA256] = 1;
        limits->hash[RME_HASH_SHA512] = 0;
        return;
    }
    if (trial_open(&trial, kvm_fd, abi, abi->ipa_max)) {
        for (int algo = 0; algo < ARRAY_SIZE(limits->hash); algo++) {
            struct rme_config cfg = {
                .cfg = RME_CONFIG_HASH_ALGO,
                .hash_algo = algo,
            };
            int ret = trial_action(&trial, abi, RME_CAP_CONFIG_REALM, &cfg);

            trace_kvm_rme_trial("hash algorithm", algo, ret);
            if (ret == 0 || ret == -EINVAL) {
                limits->hash[algo] = ret == 0;
            }
        }
    }
    trial_close(&trial);
}

static int try_create(int kvm_fd, const RmeAbi *abi, unsigned ipa_bits)
{
    Trial trial;
    int ret = -EAGAIN;

    if (trial_open(&trial, kvm_fd, abi, ipa_bits) &&
        trial_add_vcpu(&trial, abi, 0)) {
        ret = trial_action(&trial, abi, RME_CAP_CREATE_REALM, NULL);
    }
    trial_close(&trial);
    trace_kvm_rme_trial("IPA bits", ipa_bits, ret);
    return ret;
}

/* A kernel may take an IPA size for the VM that the RMM then refuses (ENXIO) */
int kvm_rme_abi_find_ipa_bits(int kvm_fd, const RmeAbi *abi)
{
    /* Where a Realm is not created by itself, KVM_CREATE_VM asks the RMM */
    if (!abi->ops->create) {
        return abi->ipa_max;
    }
    for (unsigned bits = abi->ipa_max; bits >= RME_IPA_BITS_MIN; bits--) {
        int ret = try_create(kvm_fd, abi, bits);

        if (ret != -ENXIO) {
            return ret == 0 ? bits : RME_LIMIT_UNKNOWN;
        }
    }
    return RME_LIMIT_UNKNOWN;
}

static void find_sve(const Trial *trial, RmeAbiLimits *limits)
{
    uint64_t vls[KVM_ARM64_SVE_VLS_WORDS] = { };

    if (trial_get_reg(trial, KVM_REG_ARM64_SVE_VLS, vls) == 0) {
        /* Bit n is a length of n + 1; QEMU has no longer ones */
        limits->sve_vq = 64 - clz64(vls[0] & MAKE_64BIT_MASK(0, ARM_MAX_VQ));
    }
}

/* KVM gives the vCPU of a Realm the most that RMM and host have */
static void find_vcpu_limits(int kvm_fd, const RmeAbi *abi,
                             RmeAbiLimits *limits)
{
    uint32_t features = 0;
    uint64_t value;
    bool sve, pmu;
    Trial trial;

    if (!trial_open(&trial, kvm_fd, abi, abi->ipa_max)) {
        goto out;
    }
    sve = trial_has_cap(&trial, KVM_CAP_ARM_SVE);
    pmu = trial_has_cap(&trial, KVM_CAP_ARM_PMU_V3);
    features = sve << KVM_ARM_VCPU_SVE | pmu << KVM_ARM_VCPU_PMU_V3;
    if (!trial_add_vcpu(&trial, abi, features)) {
        goto out;
    }

    if (trial_get_reg(&trial, REG_ID_AA64DFR0, &value) == 0) {
        limits->breakpoints = FIELD_EX64(value, ID_AA64DFR0, BRPS) + 1;
        limits->watchpoints = FIELD_EX64(value, ID_AA64DFR0, WRPS) + 1;
    }
    if (!pmu) {
        limits->pmu_counters = 0;
    } else if (trial_get_reg(&trial, REG_PMCR, &value) == 0) {
        limits->pmu_counters = (value & PMCRN_MASK) >> PMCRN_SHIFT;
    }
    if (!sve) {
        limits->sve_vq = 0;
    } else {
        find_sve(&trial, limits);
    }
out:
    trial_close(&trial);
    trace_kvm_rme_trial("vCPU features", features, limits->breakpoints);
}

void kvm_rme_abi_find_limits(int kvm_fd, const RmeAbi *abi,
                             RmeAbiLimits *limits)
{
    *limits = (RmeAbiLimits) {
        .hash = { RME_LIMIT_UNKNOWN, RME_LIMIT_UNKNOWN },
        .ipa_bits = RME_LIMIT_UNKNOWN,
        .breakpoints = RME_LIMIT_UNKNOWN,
        .watchpoints = RME_LIMIT_UNKNOWN,
        .pmu_counters = RME_LIMIT_UNKNOWN,
        .sve_vq = RME_LIMIT_UNKNOWN,
    };

    find_hashes(kvm_fd, abi, limits);
    limits->ipa_bits = kvm_rme_abi_find_ipa_bits(kvm_fd, abi);
    find_vcpu_limits(kvm_fd, abi, limits);
}
