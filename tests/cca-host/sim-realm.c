/*
 * The Realm's life: the actions of the multiplexed capability
 *
 * Order of checks and errno: version 10 of the series (arch/arm64/kvm/rme.c);
 * where version 7 was seen to answer otherwise, the v7 personality does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "sim-backend.h"
#include "sim-names.h"
#include "sim-populate.h"
#include "sim-user.h"

const char *sim_realm_state_name(SimRealmState state)
{
    static const char *const names[] = { "NONE", "NEW", "ACTIVE", "OFF",
                                         "DEAD" };

    return names[state];
}

void sim_realm_measurement(SimVm *vm, uint8_t out[64])
{
    memcpy(out, vm->realm.rim.value, 64);
}

void sim_realm_step(SimVm *vm, const char *name, long ret)
{
    SimRealm *realm = &vm->realm;

    if (realm->failed) {
        sim_complain(vm, "%s is called although %s failed before", name,
                     realm->failed);
        realm->failed = NULL;
    }
    /* What was interrupted is to be tried again */
    if (ret < 0 && ret != -EINTR && ret != -EAGAIN) {
        realm->failed = name;
    }
}

static int set_hash(SimRealm *realm, uint32_t algo)
{
    const SimConfig *c = sim_config();

    if (!(algo == SIM_HASH_SHA256 && c->rmm_sha256) &&
        !(algo == SIM_HASH_SHA512 && c->rmm_sha512)) {
        return -EINVAL;
    }
    realm->hash_algo = algo;
    return 0;
}

static int apply_config(SimVm *vm, struct sim_abi_config *cfg)
{
    SimRealm *realm = &vm->realm;

    if (realm->state != SIM_REALM_NONE) {
        return -EBUSY;
    }
    switch (cfg->cfg) {
    case SIM_CFG_RPV:
        memcpy(realm->rpv, cfg->rpv, sizeof(realm->rpv));
        return 0;
    case SIM_CFG_HASH:
        return set_hash(realm, cfg->hash_algo);
    case SIM_CFG_MEC:
        if (sim_config()->mec == SIM_MEC_NO_ITEMS) {
            return -EINVAL;
        }
        if (sim_config()->mec == SIM_MEC_ABSENT && !cfg->shared_mec &&
            sim_config()->mec_refuses) {
            return -EOPNOTSUPP;
        }
        realm->mec_policy = cfg->shared_mec ? SIM_MEC_SHARED
                                            : SIM_MEC_PRIVATE;
        return 0;
    default:
        return -EINVAL;
    }
}

/* What one VM of the host answered holds for all of them */
static bool mec_queried;

/* A VMM that goes on after such an item failed breaks a promise */
static bool must_succeed(const struct sim_abi_config *cfg)
{
    return cfg->cfg == SIM_CFG_RPV || cfg->cfg == SIM_CFG_HASH ||
        (cfg->cfg == SIM_CFG_MEC && !cfg->shared_mec);
}

static int do_config(SimVm *vm, uint64_t user, struct sim_abi_config *cfg)
{
    static const char *const names[] = { "CONFIG_RPV", "CONFIG_HASH",
                                         "CONFIG_MEC", "MEC_QUERY" };
    int ret = cfg->cfg < G_N_ELEMENTS(names) ? sim_fail(names[cfg->cfg]) : 0;

    if (ret) {
        return ret;
    }
    if (cfg->cfg == SIM_CFG_MEC_QUERY &&
        sim_config()->mec != SIM_MEC_NO_ITEMS) {
        mec_queried = true;
        sim_mec_query(&cfg->mec_query.supported, &cfg->mec_query.count);
        return sim_copy_to_user((void *)(uintptr_t)user, cfg, sizeof(*cfg));
    }
    if (cfg->cfg == SIM_CFG_MEC && !mec_queried) {
        sim_complain(vm, "the MEC policy is set before MEC_QUERY was "
                     "answered; other kernels use that item number for "
                     "other things");
    }
    return apply_config(vm, cfg);
}

static long config_realm(SimVm *vm, uint64_t user)
{
    static const char *const items[] = { "RPV", "HASH", "MEC", "MEC_QUERY" };
    struct sim_abi_config cfg;
    int ret;

    if (sim_copy_from_user(&cfg, (void *)(uintptr_t)user, sizeof(cfg))) {
        /* what a probe provokes on purpose */
        sim_report_call(vm, "REALM_CONFIG", -EFAULT, "\"item\": null");
        return -EFAULT;
    }
    ret = do_config(vm, user, &cfg);
    sim_report_call(vm, "REALM_CONFIG", ret,
                    "\"item\": \"%s\", \"value\": %u",
                    cfg.cfg < G_N_ELEMENTS(items) ? items[cfg.cfg] : "?",
                    cfg.cfg == SIM_CFG_RPV ? 0 : cfg.hash_algo);
    if (cfg.cfg == SIM_CFG_HASH && !ret) {
        vm->realm.failed = NULL;    /* a second choice of the algorithm */
    }
    if (must_succeed(&cfg)) {
        sim_realm_step(vm, "REALM_CONFIG", ret);
    }
    return ret;
}

/* SVE must be settled and equal on all vCPUs */
static int check_vcpus(SimVm *vm, unsigned *vq)
{
    *vq = 0;
    for (guint i = 0; i < vm->vcpus->len; i++) {
        SimVcpu *vcpu = g_ptr_array_index(vm->vcpus, i);
        unsigned n;

        if (!vcpu->initialised) {
            continue;
        }
        n = sim_sve_vq(vcpu);
        if (n && !vcpu->sve_finalised) {
            return -EINVAL;
        }
        if (i && n != *vq) {
            return -EINVAL;
        }
        *vq = n;
    }
    return 0;
}

int sim_realm_create(SimVm *vm)
{
    const SimConfig *c = sim_config();
    SimRealm *realm = &vm->realm;
    SimRimParams p = { 0 };
    unsigned vq;
    int ret;

    ret = check_vcpus(vm, &vq);
    if (ret) {
        return ret;
    }
    /* without a vCPU the breakpoint count is 0, which the RMM refuses */
    if (!vm->inited || vm->ipa_bits > c->rmm_ipa_limit) {
        return -ENXIO;
    }
    ret = sim_generation()->choices ? sim_mec_allocate(vm) : 0;
    if (ret) {
        return ret;
    }
    if (!sim_generation()->choices) {
        realm->hash_algo = c->kernel_hash;
    }
    p.lpa2 = c->lpa2 && sim_generation()->lpa2_flag;
    p.s2sz = vm->ipa_bits;
    p.sve = vq > 0;
    p.sve_vl = vq ? vq - 1 : 0;
    p.num_bps = (vm->dfr0 >> 12) & 15;
    p.num_wps = (vm->dfr0 >> 20) & 15;
    p.pmu = vm->features & (1u << KVM_ARM_VCPU_PMU_V3);
    p.pmu_num_ctrs = p.pmu ? vm->nr_pmu_counters : 0;
    p.hash_algo = realm->hash_algo;
    if (p.pmu && (!p.pmu_num_ctrs || p.pmu_num_ctrs > c->rmm_pmu_counters)) {
        sim_mec_release(vm);
        return -ENXIO;
    }
    sim_rim_create(&realm->rim, &p);
    realm->state = SIM_REALM_NEW;
    return 0;
}

static long init_ripas(SimVm *vm, uint64_t user)
{
    bool v7 = sim_config()->personality == SIM_V7;
    SimRealm *realm = &vm->realm;
    struct sim_abi_ripas arg;
    uint64_t end;
    int ret;

    if (sim_copy_from_user(&arg, (void *)(uintptr_t)user, sizeof(arg))) {
        return -EFAULT;
    }
    end = arg.base + arg.size;
    if (realm->state != SIM_REALM_NEW) {
        ret = v7 ? -EINVAL : -EPERM;
    } else if (end < arg.base) {
        ret = -EINVAL;
    } else if (((arg.base | arg.size) & SIM_PAGE_MASK) ||
               end > sim_shared_bit(vm)) {
        sim_complain(vm, "the kernel warns: RIPAS range 0x%" PRIx64 "+0x%"
                     PRIx64 " is unaligned or not in the private half",
                     arg.base, arg.size);
        ret = -ENXIO;
    } else if (sim_ranges_any(&realm->populated, arg.base, end)) {
        sim_complain(vm, "RIPAS is initialised over populated pages%s",
                     v7 ? ", the kernel warns" : "");
        ret = v7 ? -ENXIO : -EINVAL;
    } else {
        if (sim_ranges_total(&realm->populated)) {
            sim_complain(vm, "RIPAS is initialised after a POPULATE: the "
                         "measurement depends on that order");
        }
        ret = sim_config()->measure ?
              sim_rim_ripas(&realm->rim, arg.base, end, false) : 0;
        if (!ret) {
            sim_ranges_add(&realm->ripas, arg.base, end);
        }
    }
    sim_report_call(vm, "REALM_INIT_RIPAS", ret, "\"base\": %" PRIu64
                    ", \"size\": %" PRIu64, arg.base, arg.size);
    return ret;
}

void sim_realm_judge_activation(SimVm *vm)
{
    SimRealm *realm = &vm->realm;

    for (guint i = 0; i < vm->vcpus->len; i++) {
        SimVcpu *vcpu = g_ptr_array_index(vm->vcpus, i);

        if (!vcpu->rec_finalised) {
            sim_complain(vm, "vCPU %u is not finalised at ACTIVATE and can "
                         "never run", vcpu->id);
        }
    }
    if (realm->rec_count &&
        !sim_ranges_any(&realm->populated, realm->boot_pc,
                        realm->boot_pc + 1)) {
        sim_complain(vm, "the boot pc 0x%" PRIx64 " is not in a populated "
                     "page", realm->boot_pc);
    }
    for (guint i = 0; realm->populated.a && i < realm->populated.a->len;
         i++) {
        SimRange *r = &g_array_index(realm->populated.a, SimRange, i);

        if (!sim_ranges_all(&vm->priv, r->start, r->end)) {
            sim_complain(vm, "populated memory in 0x%" PRIx64 "-0x%" PRIx64
                         " has no PRIVATE attribute at ACTIVATE", r->start,
                         r->end);
        }
    }
}

static int activate(SimVm *vm)
{
    SimRealm *realm = &vm->realm;
    int ret;

    if (realm->state == SIM_REALM_ACTIVE) {
        sim_complain(vm, "ACTIVATE is called a second time");
    }
    if (realm->state != SIM_REALM_NEW) {
        return -EINVAL;
    }
    sim_realm_judge_activation(vm);
    ret = sim_backend()->activate(vm);
    if (ret < 0) {
        return ret;
    }
    realm->state = SIM_REALM_ACTIVE;
    return 0;
}

long sim_realm_enable_cap(SimVm *vm, const struct kvm_enable_cap *cap)
{
    uint64_t action = cap->args[0];
    const char *name = sim_action_name(action);
    long ret;

    if (cap->flags || !vm->is_realm || !name) {
        sim_report_call(vm, "REALM_UNKNOWN", -EINVAL, "\"action\": %" PRIu64,
                        action);
        return -EINVAL;
    }
    ret = sim_fail(name);
    if (ret) {
        ret = ret == SIM_FAIL_NOTHING ? 0 : ret;
        sim_report_call(vm, name, ret, "\"injected\": true");
        if (action != SIM_REALM_CONFIG) {
            sim_realm_step(vm, name, ret);
        }
        return ret;
    }
    switch (action) {
    case SIM_REALM_CONFIG:
        return config_realm(vm, cap->args[1]);
    case SIM_REALM_INIT_RIPAS:
        ret = init_ripas(vm, cap->args[1]);
        break;
    case SIM_REALM_POPULATE:
        ret = sim_realm_populate(vm, cap->args[1]);
        break;
    case SIM_REALM_CREATE:
        ret = vm->realm.state != SIM_REALM_NONE ? -EEXIST
                                                : sim_realm_create(vm);
        sim_report_call(vm, name, ret, "%s", "");
        break;
    case SIM_REALM_ACTIVATE:
        ret = activate(vm);
        sim_report_call(vm, name, ret, "%s", "");
        break;
    }
    sim_realm_step(vm, name, ret);
    return ret;
}

void sim_realm_teardown(SimVm *vm)
{
    SimRealm *realm = &vm->realm;

    sim_mec_release(vm);
    sim_rim_destroy(&realm->rim);
    sim_ranges_clear(&realm->ripas);
    sim_ranges_clear(&realm->populated);
    sim_ranges_clear(&realm->destroyed);
    sim_ranges_clear(&realm->wants_shared);
    sim_ranges_clear(&realm->alias_touched);
    sim_ranges_clear(&realm->asked_ram);
}
