/*
 * Registers: what a Realm's vCPU takes and lists
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "sim-backend.h"
#include "sim-user.h"

#define DFR0_BRPS_SHIFT         12
#define DFR0_WRPS_SHIFT         20
#define DFR0_CTX_CMPS_SHIFT     28
#define PMCR_N_SHIFT            11
#define PMCR_N_MASK             (31ULL << PMCR_N_SHIFT)

static unsigned field(uint64_t v, unsigned shift)
{
    return (v >> shift) & 15;
}

static uint64_t with_field(uint64_t v, unsigned shift, uint64_t n)
{
    return (v & ~(15ULL << shift)) | n << shift;
}

unsigned sim_sve_vq(const SimVcpu *vcpu)
{
    if (!(vcpu->features & (1u << KVM_ARM_VCPU_SVE))) {
        return 0;
    }
    for (unsigned vq = 16; vq > 0; vq--) {
        if (vcpu->sve_vls[0] & (1ULL << (vq - 1))) {
            return vq;
        }
    }
    return 0;
}

/* The first vCPU brings the VM's ID registers into being */
static void reset_vm_regs(SimVcpu *vcpu)
{
    const SimConfig *c = sim_config();
    SimVm *vm = vcpu->vm;
    uint64_t dfr0 = 0;
    struct kvm_one_reg reg = { SIM_REG_DFR0, (uintptr_t)&dfr0 };
    unsigned bps = MIN(c->host_bps, c->rmm_bps);

    if (sim_backend()->get_reg(vcpu, &reg) < 0) {
        dfr0 = 0;
    }
    dfr0 = with_field(dfr0, DFR0_BRPS_SHIFT, bps);
    dfr0 = with_field(dfr0, DFR0_WRPS_SHIFT, MIN(c->host_wps, c->rmm_wps));
    vm->dfr0 = with_field(dfr0, DFR0_CTX_CMPS_SHIFT,
                          MIN(field(dfr0, DFR0_CTX_CMPS_SHIFT), bps));
    vm->nr_pmu_counters = MIN(c->host_pmu_counters, c->rmm_pmu_counters);
}

void sim_regs_reset(SimVcpu *vcpu)
{
    if (!vcpu->vm->inited) {
        reset_vm_regs(vcpu);
    }
    memset(vcpu->sve_vls, 0, sizeof(vcpu->sve_vls));
    if (vcpu->features & (1u << KVM_ARM_VCPU_SVE)) {
        vcpu->sve_vls[0] = (1ULL << sim_sve_limit(vcpu->vm)) - 1;
    }
}

static bool has_sve(const SimVcpu *vcpu)
{
    return vcpu->features & (1u << KVM_ARM_VCPU_SVE);
}

static bool has_pmu(const SimVcpu *vcpu)
{
    return vcpu->features & (1u << KVM_ARM_VCPU_PMU_V3);
}

/* The n of x0..x30, 31 for pc, or -1 */
static int core_index(uint64_t id)
{
    if (id == SIM_REG_PC) {
        return 31;
    }
    for (int n = 0; n < 31; n++) {
        if (id == SIM_REG_X(n)) {
            return n;
        }
    }
    return -1;
}

static int set_dfr0(SimVcpu *vcpu, uint64_t v)
{
    const SimConfig *c = sim_config();
    SimVm *vm = vcpu->vm;
    unsigned bps = field(v, DFR0_BRPS_SHIFT);
    unsigned wps = field(v, DFR0_WRPS_SHIFT);
    uint64_t settable = 15ULL << DFR0_BRPS_SHIFT | 15ULL << DFR0_WRPS_SHIFT |
                        15ULL << DFR0_CTX_CMPS_SHIFT;

    if (vm->realm.state != SIM_REALM_NONE) {
        return v == vm->dfr0 ? 0 : -EBUSY;
    }
    if (c->personality == SIM_V7 || !sim_generation()->brps) {
        settable = 15ULL << DFR0_WRPS_SHIFT;
    }
    if (((v ^ vm->dfr0) & ~settable) || bps == 0 || wps == 0 ||
        bps > MIN(c->host_bps, c->rmm_bps) ||
        wps > MIN(c->host_wps, c->rmm_wps) ||
        field(v, DFR0_CTX_CMPS_SHIFT) > bps) {
        return -EINVAL;
    }
    if (c->ignores != SIM_IGNORES_DFR0) {
        vm->dfr0 = v;
    }
    return 0;
}

static int set_pmcr(SimVcpu *vcpu, uint64_t v)
{
    const SimConfig *c = sim_config();
    unsigned n = (v & PMCR_N_MASK) >> PMCR_N_SHIFT;
    SimVm *vm = vcpu->vm;

    if (!has_pmu(vcpu)) {
        return -ENOENT;
    }
    /* too late or too many: the kernel ignores it without a word */
    if (vm->realm.state == SIM_REALM_NONE &&
        c->ignores != SIM_IGNORES_COUNTERS &&
        n <= MIN(c->host_pmu_counters, c->rmm_pmu_counters)) {
        vm->nr_pmu_counters = n;
    } else if (n != vm->nr_pmu_counters) {
        sim_complain(vm, "PMCR_EL0.N = %u is silently ignored", n);
    }
    return 0;
}

static int set_sve_vls(SimVcpu *vcpu, const uint64_t vls[8])
{
    unsigned limit = sim_sve_limit(vcpu->vm);
    uint64_t set = vls[0];
    unsigned max = 0;

    if (!has_sve(vcpu)) {
        return -ENOENT;
    }
    if (vcpu->sve_finalised) {
        return -EPERM;
    }
    for (unsigned vq = 1; vq <= 16; vq++) {
        if (set & (1ULL << (vq - 1))) {
            max = vq;
        }
    }
    /* every length below the highest one is there on this host */
    if (!max || max > limit || set >> 16 ||
        set != (1ULL << max) - 1) {
        return -EINVAL;
    }
    if (sim_config()->ignores != SIM_IGNORES_SVE) {
        memcpy(vcpu->sve_vls, vls, sizeof(vcpu->sve_vls));
    }
    return 0;
}

static int set_core(SimVcpu *vcpu, int n, uint64_t v)
{
    SimVm *vm = vcpu->vm;
    uint64_t *reg = n == 31 ? &vcpu->pc : &vcpu->x[n];
    bool changes = *reg != v;

    *reg = v;
    if (!vcpu->rec_finalised) {
        if (changes && n >= 8 && n != 31) {
            sim_complain(vm, "x%d of vCPU %u is written: a Realm takes only "
                         "x0 to x7 and pc", n, vcpu->id);
        }
        return 0;
    }
    if (n < 31 && (vcpu->x_writable & (1u << n))) {
        return sim_backend()->set_x_after_exit(vcpu, n);
    }
    if (changes) {
        sim_complain(vm, "a core register of vCPU %u is written although "
                     "its REC is complete", vcpu->id);
    }
    return 0;
}

static size_t reg_size(uint64_t id)
{
    return 1u << ((id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT);
}

static int set_realm_reg(SimVcpu *vcpu, const struct kvm_one_reg *reg)
{
    const void *user = (const void *)(uintptr_t)reg->addr;
    int n = core_index(reg->id);
    uint64_t v[8];

    if (n < 0 && reg->id != SIM_REG_DFR0 &&
        (reg->id != SIM_REG_PMCR || !sim_generation()->pmcr) &&
        reg->id != KVM_REG_ARM64_SVE_VLS) {
        sim_complain(vcpu->vm, "register 0x%" PRIx64 " is written, which a "
                     "Realm does not have for the VMM", (uint64_t)reg->id);
        return -EINVAL;
    }
    if (sim_copy_from_user(v, user, reg_size(reg->id))) {
        return -EFAULT;
    }
    if (n >= 0) {
        return set_core(vcpu, n, v[0]);
    } else if (reg->id == SIM_REG_DFR0) {
        return set_dfr0(vcpu, v[0]);
    } else if (reg->id == SIM_REG_PMCR) {
        return set_pmcr(vcpu, v[0]);
    }
    return set_sve_vls(vcpu, v);
}

int sim_set_one_reg(SimVcpu *vcpu, const struct kvm_one_reg *reg)
{
    if (!vcpu->initialised) {
        return -ENOEXEC;
    }
    if (reg->id == KVM_REG_ARM64_SVE_VLS && !sim_config()->run_mode) {
        return set_realm_reg(vcpu, reg);
    }
    return vcpu->vm->is_realm ? set_realm_reg(vcpu, reg)
                              : sim_backend()->set_reg(vcpu, reg);
}

static int get_pmcr(SimVcpu *vcpu, uint64_t *v)
{
    struct kvm_one_reg reg = { SIM_REG_PMCR, (uintptr_t)v };

    if (!has_pmu(vcpu)) {
        return -ENOENT;
    }
    *v = 0;
    if (sim_backend()->get_reg(vcpu, &reg) < 0) {
        *v = 0;
    }
    *v = (*v & ~PMCR_N_MASK) |
         (uint64_t)vcpu->vm->nr_pmu_counters << PMCR_N_SHIFT;
    return 0;
}

int sim_get_one_reg(SimVcpu *vcpu, const struct kvm_one_reg *reg)
{
    void *user = (void *)(uintptr_t)reg->addr;
    int n = core_index(reg->id);
    uint64_t v;
    int ret;

    if (!vcpu->initialised) {
        return -ENOEXEC;
    }
    if (reg->id == KVM_REG_ARM64_SVE_VLS && has_sve(vcpu) &&
        (vcpu->vm->is_realm || !sim_config()->run_mode)) {
        return sim_copy_to_user(user, vcpu->sve_vls, sizeof(vcpu->sve_vls));
    }
    if (!vcpu->vm->is_realm) {
        return sim_backend()->get_reg(vcpu, reg);
    }
    if (n >= 0) {
        v = n == 31 ? vcpu->pc : vcpu->x[n];
    } else if (reg->id == SIM_REG_DFR0) {
        v = vcpu->vm->dfr0;
    } else if (reg->id == SIM_REG_PMCR) {
        ret = get_pmcr(vcpu, &v);
        if (ret) {
            return ret;
        }
    } else {
        return sim_backend()->get_reg(vcpu, reg);
    }
    return sim_copy_to_user(user, &v, sizeof(v));
}
