/*
 * Device attributes of a vCPU: the PMU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "sim-backend.h"
#include "sim-user.h"

/* 0 if a vCPU of this host has the attribute */
static int has_pmu_attr(SimVcpu *vcpu, uint64_t attr)
{
    bool v7 = sim_config()->personality == SIM_V7;

    if (!(vcpu->features & (1u << KVM_ARM_VCPU_PMU_V3))) {
        return -ENXIO;
    }
    switch (attr) {
    case KVM_ARM_VCPU_PMU_V3_IRQ:
    case KVM_ARM_VCPU_PMU_V3_INIT:
    case KVM_ARM_VCPU_PMU_V3_FILTER:
    case KVM_ARM_VCPU_PMU_V3_SET_PMU:
        return 0;
    case SIM_PMU_SET_NR_COUNTERS:
        return v7 ? -ENXIO : 0;
    default:
        return -ENXIO;
    }
}

static int set_nr_counters(SimVm *vm, uint64_t user)
{
    const SimConfig *c = sim_config();
    uint32_t n;

    if (sim_copy_from_user(&n, (void *)(uintptr_t)user, sizeof(n))) {
        return -EFAULT;
    }
    if (n > MIN(c->host_pmu_counters, c->rmm_pmu_counters)) {
        return -EINVAL;
    }
    if (vm->realm.state != SIM_REALM_NONE) {
        return -EBUSY;
    }
    if (c->ignores != SIM_IGNORES_COUNTERS) {
        vm->nr_pmu_counters = n;
    }
    return 0;
}

static int set_pmu_attr(SimVcpu *vcpu, const struct kvm_device_attr *attr)
{
    SimVm *vm = vcpu->vm;

    if (!(vcpu->features & (1u << KVM_ARM_VCPU_PMU_V3))) {
        return -ENODEV;
    }
    if (vcpu->pmu_inited) {
        return -EBUSY;
    }
    if (has_pmu_attr(vcpu, attr->attr)) {
        return -ENXIO;
    }
    switch (attr->attr) {
    case KVM_ARM_VCPU_PMU_V3_IRQ:
        if (!vm->has_vgic) {
            return -EINVAL;
        }
        vcpu->pmu_irq_set = true;
        return 0;
    case KVM_ARM_VCPU_PMU_V3_INIT:
        if (!vm->vgic_inited) {
            return -ENODEV;
        }
        if (!vcpu->pmu_irq_set) {
            return -ENXIO;
        }
        vcpu->pmu_inited = true;
        return 0;
    case SIM_PMU_SET_NR_COUNTERS:
        return set_nr_counters(vm, attr->addr);
    default:
        return 0;
    }
}

long sim_vcpu_attr(SimVcpu *vcpu, unsigned long req, void *user)
{
    struct kvm_device_attr attr;
    int ret;

    if (sim_copy_from_user(&attr, user, sizeof(attr))) {
        return -EFAULT;
    }
    if (attr.group != KVM_ARM_VCPU_PMU_V3_CTRL ||
        req == KVM_GET_DEVICE_ATTR) {
        return sim_backend()->vcpu_ioctl(vcpu, req, user);
    }
    ret = has_pmu_attr(vcpu, attr.attr);
    if (req == KVM_SET_DEVICE_ATTR) {
        ret = set_pmu_attr(vcpu, &attr);
    }
    /* the counter limit is the Realm's business; a real PMU gets the rest */
    if (!ret && attr.attr != SIM_PMU_SET_NR_COUNTERS) {
        ret = sim_backend()->vcpu_ioctl(vcpu, req, user);
    }
    return ret;
}
