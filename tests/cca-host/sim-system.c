/*
 * /dev/kvm: KVM_CREATE_VM and what else is asked there
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "sim-backend.h"
#include "sim-names.h"

const SimBackendOps *sim_backend(void)
{
#ifdef SIM_RUN_MODE
    if (sim_config()->run_mode) {
        return &sim_run_ops;
    }
#endif
    if (sim_config()->run_mode) {
        sim_config_die("this library was built without the run mode");
    }
    return &sim_contract_ops;
}

int sim_open_kvm(int flags)
{
    SimSystem *sys;
    int fd = sim_fail("OPEN_KVM");

    if (!fd) {
        sys = g_new0(SimSystem, 1);
        fd = sim_backend()->open_system(sys, flags);
        if (fd >= 0) {
            sim_fd_install(&sys->obj, SIM_SYSTEM, fd);
        } else {
            g_free(sys);
        }
    }
    sim_report_call(NULL, "OPEN_KVM", fd, "%s", "");
    return fd;
}

/* A kernel of generation B wants the hash that it was built with */
bool sim_rmm_usable(void)
{
    const SimConfig *c = sim_config();

    return c->rmm && (sim_generation()->choices ||
                      (c->kernel_hash == SIM_HASH_SHA256 ? c->rmm_sha256
                                                         : c->rmm_sha512));
}

/* 1 = Realm, 0 = ordinary, or -errno */
static int vm_type(uint64_t type)
{
    const SimGeneration *g = sim_generation();
    uint64_t rest = type & ~SIM_VM_TYPE_IPA_MASK;

    if (rest == 0) {
        return 0;
    }
    if (rest != g->vm_type) {
        return -EINVAL;
    }
    return sim_rmm_usable() ? 1 : -g->no_rmm;
}

static bool ipa_fits(unsigned bits, bool realm)
{
    const SimConfig *c = sim_config();
    /* version 7 found out at REALM_CREATE only */
    bool ask_rmm = realm && c->personality != SIM_V7;
    unsigned limit = ask_rmm ? c->rmm_ipa_limit : c->ipa_limit;

    return bits >= 32 && bits <= limit;
}

static int open_vms;

unsigned sim_open_vms(void)
{
    return g_atomic_int_get(&open_vms);
}

static SimVm *vm_new(bool realm, unsigned ipa_bits)
{
    static int serial;
    SimVm *vm = g_new0(SimVm, 1);

    g_atomic_int_inc(&open_vms);
    vm->serial = g_atomic_int_add(&serial, 1) + 1;
    pthread_mutex_init(&vm->lock, NULL);
    vm->is_realm = realm;
    vm->ipa_bits = ipa_bits;
    vm->vcpus = g_ptr_array_new();
    vm->slots = g_ptr_array_new_with_free_func(g_free);
    vm->realm.mecid = -1;
    vm->realm.resident_at_run = -1;
    sim_lifetime_begin(vm);
    return vm;
}

static long create_vm(SimSystem *sys, uint64_t type)
{
    int realm = vm_type(type);
    unsigned ipa_bits = type & SIM_VM_TYPE_IPA_MASK ?: 40;
    SimVm *vm = NULL;
    int ret = realm;

    if (ret >= 0 && !ipa_fits(ipa_bits, realm)) {
        ret = -EINVAL;
    }
    if (ret >= 0) {
        vm = vm_new(realm, ipa_bits);
        ret = sim_backend()->create_vm(sys, vm);
        if (ret >= 0) {
            sim_fd_install(&vm->obj, SIM_VM, ret);
        } else {
            vm->obj.kind = SIM_VM;
            vm->obj.refs = 1;
            sim_object_put(&vm->obj);
            vm = NULL;
        }
    }
    sim_report_call(vm, "CREATE_VM", ret < 0 ? ret : 0,
                    "\"type\": %" PRIu64 ", \"realm\": %s, \"ipa-bits\": %u",
                    type, realm == 1 ? "true" : "false", ipa_bits);
    return ret;
}

void sim_vm_destroy(SimVm *vm)
{
    sim_lifetime_end(vm);
    sim_realm_teardown(vm);
    sim_backend()->destroy_vm(vm);
    g_ptr_array_unref(vm->slots);
    g_ptr_array_unref(vm->vcpus);
    sim_ranges_clear(&vm->priv);
    sim_ranges_clear(&vm->told);
    g_atomic_int_add(&open_vms, -1);
    pthread_mutex_destroy(&vm->lock);
}

long sim_system_ioctl(SimSystem *sys, unsigned long req, void *arg)
{
    const char *name = sim_ioctl_name(SIM_SYSTEM, req);
    int ret = name ? sim_fail(name) : 0;

    if (name && req != KVM_CREATE_VM) {
        sim_report_count(name);
    }
    if (ret) {
        sim_report_call(NULL, name, ret, "\"injected\": true");
        return ret;
    }
    switch (req) {
    case KVM_CREATE_VM:
        return create_vm(sys, (uintptr_t)arg);
    case KVM_CHECK_EXTENSION:
        ret = sim_check_extension(sys, NULL, (uintptr_t)arg);
        sim_trace("CHECK_EXTENSION %lu = %d", (unsigned long)(uintptr_t)arg,
                  ret);
        return ret;
    default:
        return sim_backend()->system_ioctl(sys, req, arg);
    }
}
