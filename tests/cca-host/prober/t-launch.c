/*
 * INIT_RIPAS, POPULATE and ACTIVATE
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <sys/mman.h>

#include "probe.h"

#define TWO_MIB 0x200000ULL

static void ripas_state(void)
{
    Vm *vm = realm_new();

    ERR(realm_ripas(vm, RAM_BASE, RAM_SIZE), probe_v7 ? EINVAL : EPERM);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    OK(realm_ripas(vm, RAM_BASE, RAM_SIZE));
    vm_free(vm);
    vm = realm_active(1);
    ERR(realm_ripas(vm, RAM_BASE, RAM_SIZE), probe_v7 ? EINVAL : EPERM);
    vm_free(vm);
}

static void ripas_wrap(void)
{
    Vm *vm = realm_created();

    ERR(realm_ripas(vm, RAM_BASE, -RAM_BASE - 4096 + 8192), EINVAL);
    vm_free(vm);
}

static void ripas_alignment(void)
{
    Vm *vm = realm_created();

    ERR(realm_ripas(vm, RAM_BASE + 1, RAM_SIZE), ENXIO);
    COMPLAINT("the kernel warns");
    ERR(realm_ripas(vm, RAM_BASE, RAM_SIZE + 1), ENXIO);
    vm_free(vm);
}

static void ripas_shared_half(void)
{
    Vm *vm = realm_created();

    ERR(realm_ripas(vm, 1ULL << 40, RAM_SIZE), ENXIO);
    ERR(realm_ripas(vm, (1ULL << 40) - 4096, 8192), ENXIO);
    OK(realm_ripas(vm, (1ULL << 40) - 4096, 4096));
    vm_free(vm);
}

static void ripas_no_slot(void)
{
    Vm *vm = realm_created();

    OK(realm_ripas(vm, 0x80000000, 0x40000000));
    vm_free(vm);
}

static void ripas_populated(void)
{
    Vm *vm = realm_created();

    OK(realm_populate(vm, RAM_BASE, 4096, SIM_POPULATE_MEASURE));
    ERR(realm_ripas(vm, RAM_BASE, RAM_SIZE), probe_v7 ? ENXIO : EINVAL);
    COMPLAINT("over populated pages");
    OK(realm_ripas(vm, RAM_BASE + SLOT_SIZE, SLOT_SIZE));
    CHECK(report_has("after a POPULATE"));
    vm_free(vm);
}

const ProbeCase ripas_cases[] = {
    { "INIT_RIPAS works in state NEW only", ripas_state },
    { "INIT_RIPAS that wraps is EINVAL", ripas_wrap },
    { "INIT_RIPAS that is unaligned is ENXIO and a kernel warning",
      ripas_alignment },
    { "INIT_RIPAS in the shared half is ENXIO", ripas_shared_half },
    { "INIT_RIPAS needs no memslot", ripas_no_slot },
    { "INIT_RIPAS over populated pages is refused", ripas_populated },
    { NULL, NULL }
};

static void populate_state(void)
{
    Vm *vm = realm_new();

    ERR(realm_populate(vm, RAM_BASE, 4096, 0), probe_v7 ? EINVAL : EPERM);
    vm_free(vm);
    vm = realm_active(1);
    ERR(realm_populate(vm, RAM_BASE + 8192, 4096, 0),
        probe_v7 ? EINVAL : EPERM);
    vm_free(vm);
}

static void populate_arguments(void)
{
    Vm *vm = realm_created();

    ERR(realm_populate(vm, RAM_BASE + 1, 4096, 0), EINVAL);
    ERR(realm_populate(vm, RAM_BASE, 4097, 0), EINVAL);
    ERR(realm_populate(vm, RAM_BASE, 4096, 2), EINVAL);
    ERR(realm_populate(vm, RAM_BASE, -RAM_BASE - 4096 + 8192, 0), EINVAL);
    vm_free(vm);
}

static void populate_slots(void)
{
    Vm *vm = realm_created();

    ERR(realm_populate(vm, 0, 4096, 0), EFAULT);
    OK(memslot(vm, 2, 0, 0, SLOT_SIZE, vm->ram, -1, 0));
    ERR(realm_populate(vm, 0, 4096, 0), probe_v7 ? EINVAL : EPERM);
    vm_free(vm);
}

static void populate_steps(void)
{
    Vm *vm = realm_created();

    /* a step of 2 MiB would cross from slot 0 into slot 1 */
    ERR(realm_populate(vm, RAM_BASE + TWO_MIB + 4096, TWO_MIB, 0), EINVAL);
    vm_free(vm);
    vm = realm_created();
    /* here the border of the slots is a border of steps */
    OK(realm_populate(vm, RAM_BASE + TWO_MIB, 2 * TWO_MIB, 0));
    vm_free(vm);
}

static void populate_twice(void)
{
    Vm *vm = realm_created();

    OK(realm_populate(vm, RAM_BASE, 4096, 0));
    ERR(realm_populate(vm, RAM_BASE, 4096, 0), ENXIO);
    vm_free(vm);
}

static void populate_bad_source(void)
{
    Vm *vm = realm_created();

    munmap(vm->ram, 4096);
    ERR(realm_populate(vm, RAM_BASE, 4096, SIM_POPULATE_MEASURE), EFAULT);
    vm_free(vm);
}

static void populate_partial(void)
{
    Vm *vm = realm_created();

    OK(realm_populate(vm, RAM_BASE + 8192, 4096, 0));
    ERR(realm_populate(vm, RAM_BASE, 4 * 4096, 0), ENXIO);
    CHECK(report_has("\"populated-bytes\": 12288"));
    vm_free(vm);
}

/* V1 of test-rim.c, with the calls that lead to it */
static void rim_of_calls(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 33);

    vm_add_ram(vm);
    vm_add_vcpus(vm, 1, REALM_FEATURES);
    memset(vm->ram, 0xa5, 8192);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    CHECK(report_has("53de626e00bd6e56fdab0d092b7963081274c9b3d1cbbe5bbfe87ce9"
                     "f2f294e8"));
    OK(realm_ripas(vm, RAM_BASE, SLOT_SIZE));
    OK(realm_populate(vm, RAM_BASE, 4096, SIM_POPULATE_MEASURE));
    OK(realm_populate(vm, RAM_BASE + 4096, 4096, 0));
    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    OK(set_reg64(vm, 0, SIM_REG_X(0), 0x48000000));
    OK(finalize(vm, 0, SIM_VCPU_REC));
    CHECK(report_has("2f9a9ab44b1bcb90a513bd16d7e9b86fa957da0b06ca5fd79a75c583"
                     "6027eb41"));
    vm_free(vm);
}

const ProbeCase populate_cases[] = {
    { "POPULATE works in state NEW only", populate_state },
    { "POPULATE: alignment, wrap and flags are EINVAL", populate_arguments },
    { "POPULATE needs a memslot with a guest_memfd", populate_slots },
    { "POPULATE must not cross slots within a 2 MiB step", populate_steps },
    { "a page populated twice is ENXIO", populate_twice },
    { "a source that is not mapped is EFAULT", populate_bad_source },
    { "a failure midway leaves the earlier pages", populate_partial },
    { "the calls of a launch give the measurement of vector V1",
      rim_of_calls },
    { NULL, NULL }
};

static void activate_state(void)
{
    Vm *vm = realm_new();

    ERR(realm_action(vm, SIM_REALM_ACTIVATE, NULL), EINVAL);
    vm_free(vm);
    vm = realm_active(1);
    CHECK(complaints() == 0 || !last_complaint_has("boot pc"));
    ERR(realm_action(vm, SIM_REALM_ACTIVATE, NULL), EINVAL);
    COMPLAINT("a second time");
    vm_free(vm);
}

static void activate_judged(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    vm_add_ram(vm);
    vm_add_vcpus(vm, 2, REALM_FEATURES);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    OK(finalize(vm, 0, SIM_VCPU_REC));
    OK(realm_action(vm, SIM_REALM_ACTIVATE, NULL));
    CHECK(report_has("vCPU 1 is not finalised at ACTIVATE"));
    COMPLAINT("not in a populated page");
    vm_free(vm);
}

static void activate_shared_populated(void)
{
    Vm *vm = realm_created();

    OK(realm_populate(vm, RAM_BASE, 4096, 0));
    OK(realm_populate(vm, RAM_BASE + 8192, 4096, 0));
    OK(set_attributes(vm, RAM_BASE + 4096, 4096, false));
    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    OK(finalize(vm, 0, SIM_VCPU_REC));
    OK(realm_action(vm, SIM_REALM_ACTIVATE, NULL));
    CHECK(!last_complaint_has("no PRIVATE attribute"));
    vm_free(vm);
}

const ProbeCase activate_cases[] = {
    { "populated pages next to a shared one are no complaint",
      activate_shared_populated },
    { "ACTIVATE works in state NEW only, once", activate_state },
    { "an unfinished Realm at ACTIVATE is a complaint", activate_judged },
    { NULL, NULL }
};
