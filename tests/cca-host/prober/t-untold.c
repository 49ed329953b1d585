/*
 * Memory of an active Realm that KVM was told nothing about
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "probe.h"

#define UNTOLD (RAM_BASE + SLOT_SIZE)

/* See the exits of the group "untold" in main.c */
static void first_use(void)
{
    Vm *vm = realm_active_with(1, SLOT_SIZE);
    char *ram = (char *)vm->ram + SLOT_SIZE;

    expect_fault(vm, UNTOLD, SLOT_SIZE, true);  /* a request may be left */
    expect_fault(vm, UNTOLD, 4096, true);       /* a use comes again */
    OK(set_attributes(vm, UNTOLD, 0x2000, true));
    expect_fault(vm, UNTOLD + 0x2000, 4096, true);
    OK(set_attributes(vm, UNTOLD + 0x2000, 0x1000, true));
    expect_fault(vm, UNTOLD + 0x4000, 0x1000, false);
    CHECK(complaints() == 0);
    CHECK(ram[0x3000] == 1);                    /* the guest wrote to it */
    CHECK(ram[0x4000] == 0);                    /* shared by its wish */
    CHECK(complaints() == 0);
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    ram[0x5000] = 1;
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    COMPLAINT("accessed private memory at guest address 0x");
    vm_free(vm);
}

static void never_set(void)
{
    Vm *vm = realm_active_with(1, SLOT_SIZE);

    expect_fault(vm, UNTOLD, 4096, true);
    CHECK(complaints() == 0);
    expect_fault(vm, UNTOLD, 4096, true);
    COMPLAINT("was not made private as its exit asked");
    vm_free(vm);
}

static void taken_back(void)
{
    Vm *vm = realm_active_with(1, SLOT_SIZE);

    OK(set_attributes(vm, UNTOLD, 4096, true));
    expect_fault(vm, UNTOLD + 0x1000, 4096, false);
    expect_fault(vm, UNTOLD + 0x1000, 4096, true);
    CHECK(complaints() == 0);
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    COMPLAINT("was not made private as its exit asked");
    vm_free(vm);
}

const ProbeCase untold_cases[] = {
    { "the first private use of memory without attribute is an exit, a shared "
      "one is none", first_use },
    { NULL, NULL }
};

const ProbeCase untold_ignored_cases[] = {
    { "a private use comes again until the attribute is set", never_set },
    { NULL, NULL }
};

const ProbeCase untold_back_cases[] = {
    { "what was shared has to be made private", taken_back },
    { NULL, NULL }
};
