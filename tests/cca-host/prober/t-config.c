/*
 * CONFIG and CREATE, MEC, injected faults
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"


static void rpv(void)
{
    struct sim_abi_config cfg = { .cfg = SIM_CFG_RPV };
    Vm *vm = realm_new();

    memset(cfg.rpv, 0x5a, sizeof(cfg.rpv));
    OK(realm_action(vm, SIM_REALM_CONFIG, &cfg));
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    CHECK(report_has("\"rpv\": \"5a5a5a5a"));
    vm_free(vm);
}

static void hash(void)
{
    Vm *vm = realm_new();

    OK(realm_config(vm, SIM_CFG_HASH, SIM_HASH_SHA512));
    OK(realm_config(vm, SIM_CFG_HASH, SIM_HASH_SHA256));
    ERR(realm_config(vm, SIM_CFG_HASH, 2), EINVAL);
    ERR(realm_config(vm, 77, 0), EINVAL);
    vm_free(vm);
}

/* The measurement of a Realm with RAM_SIZE of RIPAS RAM */
static char *rim_with(uint8_t rpv_byte, unsigned ipa_bits, bool pmu)
{
    struct sim_abi_config cfg = { .cfg = SIM_CFG_RPV };
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, ipa_bits);
    char *rim;

    vm_add_vcpus(vm, 1, REALM_FEATURES | (pmu ? PMU : 0));
    memset(cfg.rpv, rpv_byte, sizeof(cfg.rpv));
    OK(realm_action(vm, SIM_REALM_CONFIG, &cfg));
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    OK(realm_ripas(vm, RAM_BASE, RAM_SIZE));
    rim = report_last_rim();
    vm_free(vm);
    return rim;
}

static void what_is_measured(void)
{
    g_autofree char *rim = rim_with(0, 41, false);
    g_autofree char *other_rpv = rim_with(9, 41, false);
    g_autofree char *other_ipa = rim_with(0, 40, false);
    g_autofree char *with_pmu = rim_with(0, 41, true);

    CHECK(rim && strlen(rim) == 64);
    CHECK(!g_strcmp0(rim, other_rpv));
    CHECK(g_strcmp0(rim, other_ipa));
    CHECK(g_strcmp0(rim, with_pmu));
}

static void unknown_action(void)
{
    Vm *vm = realm_new();

    ERR(realm_action(vm, SIM_REALM_ACTIONS, NULL), EINVAL);
    vm_free(vm);
}

static void bad_pointers(void)
{
    Vm *vm = realm_created();

    ERR(realm_action(vm, SIM_REALM_CONFIG, NULL), EFAULT);
    ERR(realm_action(vm, SIM_REALM_INIT_RIPAS, NULL), EFAULT);
    ERR(realm_action(vm, SIM_REALM_POPULATE, (void *)16), EFAULT);
    vm_free(vm);
}

static void config_after_create(void)
{
    Vm *vm = realm_created();

    ERR(realm_config(vm, SIM_CFG_HASH, SIM_HASH_SHA256), EBUSY);
    ERR(realm_config(vm, SIM_CFG_RPV, 0), EBUSY);
    vm_free(vm);
}

static void create_twice(void)
{
    Vm *vm = realm_created();

    ERR(realm_action(vm, SIM_REALM_CREATE, NULL), EEXIST);
    vm_free(vm);
}

static void create_too_early(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    ERR(realm_action(vm, SIM_REALM_CREATE, NULL), ENXIO);
    vm->vcpu[0] = OK(xioctl(vm->fd, KVM_CREATE_VCPU, 0));
    ERR(realm_action(vm, SIM_REALM_CREATE, NULL), ENXIO);
    vm_free(vm);
}

static void create_after_failure(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    ERR(realm_action(vm, SIM_REALM_CREATE, NULL), ENXIO);
    vm_add_vcpus(vm, 1, REALM_FEATURES);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    COMPLAINT("REALM_CREATE is called although REALM_CREATE failed");
    vm_free(vm);
}

static void several_vms(void)
{
    Vm *a = realm_created();
    Vm *b = realm_created();
    Vm *plain = vm_new(0, 40);

    OK(realm_ripas(a, RAM_BASE, RAM_SIZE));
    OK(realm_ripas(b, RAM_BASE, RAM_SIZE));
    ERR(realm_action(plain, SIM_REALM_CREATE, NULL), EINVAL);
    report_snapshot();
    vm_free(a);
    OK(realm_populate(b, RAM_BASE, SIM_PAGE_SIZE, 0));
    vm_free(b);
    vm_free(plain);
}

const ProbeCase config_cases[] = {
    { "the personalization value is taken", rpv },
    { "hash algorithms: SHA-256, SHA-512, nothing else", hash },
    { "IPA size and PMU are measured, the personalization value is not",
      what_is_measured },
    { "an unknown action is EINVAL", unknown_action },
    { "a bad pointer is EFAULT", bad_pointers },
    { "CONFIG after CREATE is EBUSY", config_after_create },
    { "a second CREATE is EEXIST", create_twice },
    { "CREATE before a vCPU is initialised is ENXIO", create_too_early },
    { "going on after a failed step is a complaint", create_after_failure },
    { "several VMs live side by side", several_vms },
    { NULL, NULL }
};

static void sha512_missing(void)
{
    Vm *vm = realm_new();

    OK(realm_config(vm, SIM_CFG_HASH, SIM_HASH_SHA256));
    ERR(realm_config(vm, SIM_CFG_HASH, SIM_HASH_SHA512), EINVAL);
    vm_free(vm);
}

const ProbeCase sha256_only_cases[] = {
    { "a hash that the RMM does not offer is EINVAL", sha512_missing },
    { NULL, NULL }
};

static long mec_query(Vm *vm, uint32_t *supported, uint32_t *count)
{
    struct sim_abi_config cfg = { .cfg = SIM_CFG_MEC_QUERY };
    long ret = realm_action(vm, SIM_REALM_CONFIG, &cfg);

    *supported = cfg.mec_query.supported;
    *count = cfg.mec_query.count;
    return ret;
}

static void no_items(void)
{
    uint32_t supported, count;
    Vm *vm = realm_new();

    ERR(mec_query(vm, &supported, &count), EINVAL);
    ERR(realm_config(vm, SIM_CFG_MEC, 1), EINVAL);
    COMPLAINT("before MEC_QUERY");
    vm_free(vm);
}

const ProbeCase mec_no_items_cases[] = {
    { "a kernel without the MEC items answers EINVAL", no_items },
    { NULL, NULL }
};

static void silent(void)
{
    uint32_t supported = 1, count = 1;
    Vm *vm = realm_new();

    OK(mec_query(vm, &supported, &count));
    CHECK(supported == 0 && count == 0);
    OK(realm_config(vm, SIM_CFG_MEC, 0));
    OK(realm_config(vm, SIM_CFG_MEC, 1));
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    CHECK(complaints() == 0);
    vm_free(vm);
}

const ProbeCase mec_absent_cases[] = {
    { "without MEC both policies are accepted silently", silent },
    { NULL, NULL }
};

static void refuses(void)
{
    uint32_t supported, count;
    Vm *vm = realm_new();

    OK(mec_query(vm, &supported, &count));
    ERR(realm_config(vm, SIM_CFG_MEC, 0), EOPNOTSUPP);
    OK(realm_config(vm, SIM_CFG_MEC, 1));
    vm_free(vm);
}

const ProbeCase mec_refuses_cases[] = {
    { "a kernel may refuse `private` without MEC", refuses },
    { NULL, NULL }
};

/* CREATE with a policy: 0 private, 1 shared, -1 none */
static long create_with(Vm *vm, int policy)
{
    uint32_t supported, count;

    if (policy >= 0) {
        OK(mec_query(vm, &supported, &count));
        CHECK(supported == 1 && count == 3);
        OK(realm_config(vm, SIM_CFG_MEC, policy));
    }
    return realm_action(vm, SIM_REALM_CREATE, NULL);
}

static void pool(void)
{
    Vm *shared1 = realm_new();
    Vm *shared2 = realm_new();
    Vm *private1 = realm_new();
    Vm *private2 = realm_new();
    Vm *private3 = realm_new();

    OK(create_with(shared1, -1));
    OK(create_with(shared2, 1));
    OK(create_with(private1, 0));
    OK(create_with(private2, 0));
    ERR(create_with(private3, 0), ENOMEM);
    vm_free(private1);
    OK(realm_action(private3, SIM_REALM_CREATE, NULL));
    vm_free(shared1);
    vm_free(shared2);
    private1 = realm_new();
    OK(create_with(private1, 0));
    vm_free(private1);
    vm_free(private2);
    vm_free(private3);
}

static void query_any_time(void)
{
    uint32_t supported, count;
    Vm *vm = realm_created();

    OK(mec_query(vm, &supported, &count));
    ERR(realm_config(vm, SIM_CFG_MEC, 1), EBUSY);
    vm_free(vm);
}

const ProbeCase mec_present_cases[] = {
    { "private MECIDs run out, and come back", pool },
    { "MEC_QUERY works after CREATE, MEC does not", query_any_time },
    { NULL, NULL }
};

static void exhausted(void)
{
    Vm *vm = realm_new();

    OK(realm_config(vm, SIM_CFG_MEC_QUERY, 0));
    OK(realm_config(vm, SIM_CFG_MEC, 0));
    ERR(realm_action(vm, SIM_REALM_CREATE, NULL), ENOMEM);
    vm_free(vm);
}

const ProbeCase mec_exhausted_cases[] = {
    { "a pool that others use up is ENOMEM at CREATE", exhausted },
    { NULL, NULL }
};

static void injected(void)
{
    Vm *vm = realm_new();

    ERR(realm_action(vm, SIM_REALM_CREATE, NULL), ENXIO);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    OK(realm_ripas(vm, RAM_BASE, SLOT_SIZE));
    ERR(realm_ripas(vm, RAM_BASE + SLOT_SIZE, SLOT_SIZE), EIO);
    OK(realm_ripas(vm, RAM_BASE + SLOT_SIZE, SLOT_SIZE));
    ERR(finalize(vm, 0, SIM_VCPU_REC), EINVAL);
    ERR(finalize(vm, 0, SIM_VCPU_REC), EINVAL);
    CHECK(report_has("\"injected\": true"));
    vm_free(vm);
}

static void injected_item(void)
{
    uint32_t supported, count;
    Vm *vm = realm_new();

    ERR(realm_config(vm, SIM_CFG_HASH, SIM_HASH_SHA256), ENOMEM);
    OK(realm_config(vm, SIM_CFG_RPV, 0));
    COMPLAINT("REALM_CONFIG is called although REALM_CONFIG failed");
    ERR(mec_query(vm, &supported, &count), EINVAL);
    vm_free(vm);
}

const ProbeCase fail_cases[] = {
    { "a CONFIG item fails by its own name", injected_item },
    { "the nth call, or every one, fails with any errno", injected },
    { NULL, NULL }
};
