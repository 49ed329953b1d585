/*
 * vCPU descriptors: INIT, FINALIZE, events, and the rules around KVM_RUN
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "sim-backend.h"
#include "sim-names.h"
#include "sim-user.h"

#define FEATURE(n) (1u << (n))

static uint32_t known_features(void)
{
    const SimGeneration *g = sim_generation();
    uint32_t f = FEATURE(KVM_ARM_VCPU_POWER_OFF) |
        FEATURE(KVM_ARM_VCPU_EL1_32BIT) | FEATURE(KVM_ARM_VCPU_PSCI_0_2) |
        FEATURE(KVM_ARM_VCPU_PMU_V3) | FEATURE(KVM_ARM_VCPU_SVE) |
        FEATURE(KVM_ARM_VCPU_PTRAUTH_ADDRESS) |
        FEATURE(KVM_ARM_VCPU_PTRAUTH_GENERIC) | FEATURE(7) | FEATURE(8);

    return g->rec == SIM_REC_UNKNOWN ? f : f | FEATURE(SIM_VCPU_REC);
}

/* Of a Realm of generation B (seen: vCPUs and registers) */
static int check_realm_features(SimVm *vm, uint32_t f)
{
    uint32_t both = FEATURE(KVM_ARM_VCPU_PTRAUTH_ADDRESS) |
                    FEATURE(KVM_ARM_VCPU_PTRAUTH_GENERIC);

    if ((f & (FEATURE(KVM_ARM_VCPU_EL1_32BIT) | FEATURE(SIM_VCPU_HAS_EL2) |
              FEATURE(SIM_VCPU_HAS_EL2_E2H0))) ||
        ((f & both) && (f & both) != both)) {
        return -EINVAL;
    }
    if ((f & FEATURE(KVM_ARM_VCPU_PMU_V3)) &&
        sim_check_extension(NULL, vm, KVM_CAP_ARM_PMU_V3) <= 0) {
        sim_complain(vm, "a vCPU has a PMU, which the Realm's descriptor does "
                     "not offer; the Realm cannot be created");
    }
    return 0;
}

/* Generation B does not ask the list that the Realm's descriptor has */
static bool has_pmu(SimVm *vm)
{
    return vm->is_realm && sim_generation()->realm_caps
        ? sim_config()->host_pmu_counters > 0
        : sim_check_extension(NULL, vm, KVM_CAP_ARM_PMU_V3) > 0;
}

static int check_features(SimVm *vm, const struct kvm_vcpu_init *init)
{
    const SimGeneration *g = sim_generation();
    uint32_t f = init->features[0];

    for (unsigned i = 1; i < G_N_ELEMENTS(init->features); i++) {
        if (init->features[i]) {
            return -ENOENT;
        }
    }
    if (f & ~known_features()) {
        return -ENOENT;
    }
    if ((f & FEATURE(SIM_VCPU_REC)) && !vm->is_realm &&
        g->rec == SIM_REC_NEEDED) {
        return -EINVAL;
    }
    if (vm->is_realm && g->el2_einval && check_realm_features(vm, f)) {
        return -EINVAL;
    }
    if ((f & FEATURE(KVM_ARM_VCPU_EL1_32BIT)) &&
        ((f & FEATURE(SIM_VCPU_REC)) ||
         sim_check_extension(NULL, vm, KVM_CAP_ARM_EL1_32BIT) <= 0)) {
        return -EINVAL;
    }
    if (((f & FEATURE(KVM_ARM_VCPU_SVE)) &&
         sim_check_extension(NULL, vm, KVM_CAP_ARM_SVE) <= 0) ||
        ((f & FEATURE(KVM_ARM_VCPU_PMU_V3)) && !has_pmu(vm))) {
        return -EINVAL;
    }
    /* all vCPUs of a VM have the same features */
    if (vm->inited && (f & ~FEATURE(KVM_ARM_VCPU_POWER_OFF)) != vm->features) {
        return -EINVAL;
    }
    return 0;
}

static int vcpu_init(SimVcpu *vcpu, const void *user)
{
    SimVm *vm = vcpu->vm;
    struct kvm_vcpu_init init;
    int ret;

    if (sim_copy_from_user(&init, user, sizeof(init))) {
        return -EFAULT;
    }
    ret = check_features(vm, &init);
    if (!ret && sim_implicit_is_active(vm)) {
        /* taken, and without any effect (seen) */
        sim_report_call(vm, "VCPU_INIT", 0, "\"vcpu\": %u, \"features\": %u",
                        vcpu->id, init.features[0]);
        return 0;
    }
    if (!ret) {
        struct kvm_vcpu_init plain = init;

        plain.features[0] &= ~FEATURE(SIM_VCPU_REC);
        ret = sim_backend()->vcpu_init(vcpu, &plain);
    }
    if (!ret) {
        vcpu->features = init.features[0];
        vcpu->powered_off = init.features[0] & FEATURE(KVM_ARM_VCPU_POWER_OFF);
        /* after FINALIZE it "succeeds" and resets nothing */
        if (!vcpu->initialised || !vcpu->sve_finalised) {
            sim_regs_reset(vcpu);
        }
        sim_implicit_vcpu_reset(vcpu);
        vcpu->initialised = true;
        vm->inited = true;
        vm->features = init.features[0] & ~FEATURE(KVM_ARM_VCPU_POWER_OFF);
    }
    sim_report_call(vm, "VCPU_INIT", ret, "\"vcpu\": %u, \"features\": %u",
                    vcpu->id, init.features[0]);
    return ret;
}

/* The REC exists from here on, and is measured if it is the one that boots */
int sim_rec_create(SimVcpu *vcpu)
{
    SimRealm *realm = &vcpu->vm->realm;
    bool boot = vcpu->id == 0;
    int ret = sim_backend()->vcpu_finalize_rec(vcpu);

    if (ret < 0) {
        return ret;
    }
    sim_rim_rec(&realm->rim, boot, vcpu->pc, vcpu->x);
    if (boot) {
        realm->boot_pc = vcpu->pc;
    }
    realm->rec_count++;
    vcpu->rec_finalised = true;
    return 0;
}

static int finalize_rec(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;
    SimRealm *realm = &vm->realm;

    if (!vm->is_realm || !(vcpu->features & FEATURE(SIM_VCPU_REC))) {
        return -EINVAL;
    }
    if (realm->state != SIM_REALM_NEW) {
        return -ENOENT;
    }
    if (!(vcpu->features & FEATURE(KVM_ARM_VCPU_PSCI_0_2))) {
        return -EINVAL;
    }
    if (vcpu->rec_finalised) {
        return -EBUSY;
    }
    /* KVM's MPIDR of vCPU n encodes n; the RMM wants them in order */
    if (vcpu->id != realm->rec_count) {
        return -ENXIO;
    }
    return sim_rec_create(vcpu);
}

static int finalize_sve(SimVcpu *vcpu)
{
    if (!(vcpu->features & FEATURE(KVM_ARM_VCPU_SVE))) {
        return -EINVAL;
    }
    if (vcpu->sve_finalised) {
        return -EPERM;
    }
    vcpu->sve_finalised = true;
    return 0;
}

static long finalize(SimVcpu *vcpu, int *user)
{
    SimVm *vm = vcpu->vm;
    const char *name;
    int feature;
    long ret;

    if (!vcpu->initialised) {
        return -ENOEXEC;
    }
    if (sim_copy_from_user(&feature, user, sizeof(feature))) {
        return -EFAULT;
    }
    if (feature == SIM_VCPU_REC &&
        sim_generation()->rec == SIM_REC_NEEDED) {
        name = "VCPU_FINALIZE_REC";
        ret = sim_fail(name) ?: finalize_rec(vcpu);
        sim_report_call(vm, name, ret, "\"vcpu\": %u, \"pc\": %" PRIu64
                        ", \"x0\": %" PRIu64, vcpu->id, vcpu->pc, vcpu->x[0]);
        sim_realm_step(vm, name, ret);
        return ret;
    }
    name = "VCPU_FINALIZE_SVE";
    ret = feature == KVM_ARM_VCPU_SVE ? sim_fail(name) ?: finalize_sve(vcpu)
                                      : -EINVAL;
    sim_report_call(vm, name, ret, "\"vcpu\": %u, \"feature\": %d", vcpu->id,
                    feature);
    if (!ret && !vm->is_realm) {
        ret = sim_backend()->vcpu_ioctl(vcpu, KVM_ARM_VCPU_FINALIZE, user);
    }
    return ret;
}

static long set_events(SimVcpu *vcpu, void *user)
{
    struct kvm_vcpu_events ev;
    long ret;

    if (!vcpu->vm->is_realm) {
        return sim_backend()->vcpu_ioctl(vcpu, KVM_SET_VCPU_EVENTS, user);
    }
    if (sim_copy_from_user(&ev, user, sizeof(ev))) {
        return -EFAULT;
    }
    if (ev.exception.ext_dabt_pending && !vcpu->ran) {
        sim_complain(vcpu->vm, "an abort is asked for before vCPU %u ran, "
                     "which crashes some kernels", vcpu->id);
    }
    if (sim_config()->personality == SIM_V7 ||
        ev.exception.serror_pending || ev.exception.serror_has_esr ||
        (ev.exception.ext_dabt_pending && !vcpu->mmio_completed)) {
        return -EINVAL;
    }
    if (!ev.exception.ext_dabt_pending) {
        return 0;
    }
    vcpu->mmio_completed = false;
    ret = sim_backend()->vcpu_ioctl(vcpu, KVM_SET_VCPU_EVENTS, user);
    sim_report_call(vcpu->vm, "INJECT_ABORT", ret, "\"vcpu\": %u", vcpu->id);
    return ret;
}

static long set_mp_state(SimVcpu *vcpu, void *user)
{
    struct kvm_mp_state mp;

    if (sim_copy_from_user(&mp, user, sizeof(mp))) {
        return -EFAULT;
    }
    vcpu->powered_off = mp.mp_state == KVM_MP_STATE_STOPPED;
    vcpu->off_woken = vcpu->vm->realm.state == SIM_REALM_OFF &&
                      mp.mp_state == KVM_MP_STATE_RUNNABLE;
    return sim_backend()->vcpu_ioctl(vcpu, KVM_SET_MP_STATE, user);
}

static long one_reg(SimVcpu *vcpu, unsigned long req, void *user)
{
    struct kvm_one_reg reg;
    long ret;

    if (sim_copy_from_user(&reg, user, sizeof(reg))) {
        return -EFAULT;
    }
    ret = req == KVM_SET_ONE_REG ? sim_set_one_reg(vcpu, &reg)
                                 : sim_get_one_reg(vcpu, &reg);
    sim_trace("vm %u vcpu %u %s 0x%" PRIx64 " = %ld", vcpu->vm->serial,
              vcpu->id, req == KVM_SET_ONE_REG ? "SET_ONE_REG"
                                               : "GET_ONE_REG",
              (uint64_t)reg.id, ret);
    return ret;
}

/* Only of use if the VMM took PSCI out of the kernel */
static long psci_complete(SimVcpu *vcpu, void *user)
{
    struct sim_abi_psci_complete arg;

    if (!sim_generation()->psci_complete) {
        return -EINVAL;
    }
    if (!vcpu->vm->is_realm) {
        return -ENXIO;
    }
    return sim_copy_from_user(&arg, user, sizeof(arg)) ? -EFAULT : -EINVAL;
}

static long handle(SimVcpu *vcpu, unsigned long req, void *arg)
{
    switch (req) {
    case KVM_ARM_VCPU_INIT:
        return vcpu_init(vcpu, arg);
    case KVM_ARM_VCPU_FINALIZE:
        return finalize(vcpu, arg);
    case KVM_GET_ONE_REG:
    case KVM_SET_ONE_REG:
        return one_reg(vcpu, req, arg);
    case KVM_GET_REG_LIST:
        return sim_get_reg_list(vcpu, arg);
    case KVM_SET_VCPU_EVENTS:
        return set_events(vcpu, arg);
    case KVM_SET_MP_STATE:
        return set_mp_state(vcpu, arg);
    case KVM_HAS_DEVICE_ATTR:
    case KVM_SET_DEVICE_ATTR:
    case KVM_GET_DEVICE_ATTR:
        return sim_vcpu_attr(vcpu, req, arg);
    case KVM_SET_GUEST_DEBUG:
        return vcpu->vm->is_realm ? -sim_generation()->guest_debug
            : sim_backend()->vcpu_ioctl(vcpu, req, arg);
    case SIM_PSCI_COMPLETE:
        return psci_complete(vcpu, arg);
    default:
        return sim_backend()->vcpu_ioctl(vcpu, req, arg);
    }
}

long sim_vcpu_ioctl(SimVcpu *vcpu, unsigned long req, void *arg)
{
    const char *name = sim_ioctl_name(SIM_VCPU, req);
    SimVm *vm = vcpu->vm;
    long ret;

    if (req == KVM_RUN) {
        return sim_vcpu_run(vcpu);
    }
    ret = name ? sim_fail(name) : 0;
    sim_report_count(name ?: "VCPU_OTHER");
    pthread_mutex_lock(&vm->lock);
    if (ret) {
        sim_report_call(vm, name, ret, "\"vcpu\": %u, \"injected\": true",
                        vcpu->id);
    } else if (vm->dead) {
        ret = -EIO;
    } else {
        ret = handle(vcpu, req, arg);
    }
    pthread_mutex_unlock(&vm->lock);
    sim_trace("vm %u vcpu %u %s = %ld", vm->serial, vcpu->id,
              name ?: "VCPU_OTHER", ret);
    return ret;
}
