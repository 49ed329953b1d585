/*
 * Rules of the kernel ABI that a launch by the book does not meet
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

#define TWO_MIB 0x200000ULL
#define V0 (KVM_REG_ARM64 | KVM_REG_SIZE_U128 | KVM_REG_ARM_CORE | \
            KVM_REG_ARM_CORE_REG(fp_regs.vregs[0]))
#define PFR0 ARM64_SYS_REG(3, 0, 0, 4, 0)

static void defaults(void)
{
    Vm *vm = realm_created();

    CHECK(report_has("\"hash\": \"sha256\""));
    CHECK(report_has("\"rpv\": \"0000000000000000"));
    vm_free(vm);
}

static void plain_vm_is_no_realm(void)
{
    struct sim_abi_config cfg = { .cfg = SIM_CFG_HASH };
    Vm *vm = vm_new(0, 41);

    ERR(realm_action(vm, SIM_REALM_CONFIG, &cfg), EINVAL);
    ERR(realm_action(vm, SIM_REALM_CREATE, NULL), EINVAL);
    ERR(realm_ripas(vm, RAM_BASE, RAM_SIZE), EINVAL);
    ERR(realm_populate(vm, RAM_BASE, 4096, 0), EINVAL);
    ERR(realm_action(vm, SIM_REALM_ACTIVATE, NULL), EINVAL);
    vm_free(vm);
}

/* The flags are looked at before the action and its argument */
static void action_flags(void)
{
    struct kvm_enable_cap cap = {
        .cap = 244, .flags = 1, .args = { SIM_REALM_CREATE },
    };
    Vm *vm = realm_new();

    ERR(xioctl(vm->fd, KVM_ENABLE_CAP, &cap), EINVAL);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    vm_free(vm);
}

const ProbeCase strict_config_cases[] = {
    { "without CONFIG it is SHA-256 and a value of zeros", defaults },
    { "no action works on an ordinary VM", plain_vm_is_no_realm },
    { "an action with flags is EINVAL and not done", action_flags },
    { NULL, NULL }
};

/* As the recommended order has it: what is not measured comes last */
static void populate_after_rec(void)
{
    Vm *vm = realm_created();

    OK(finalize(vm, 0, SIM_VCPU_REC));
    OK(realm_ripas(vm, RAM_BASE + SLOT_SIZE, SLOT_SIZE));
    OK(realm_populate(vm, RAM_BASE, 4096, 0));
    vm_free(vm);
}

static void populate_sets_ripas(void)
{
    Vm *vm = realm_created();

    OK(realm_populate(vm, RAM_BASE + 4096, 8192, SIM_POPULATE_MEASURE));
    CHECK(report_has("\"ripas\": [[1073745920, 1073754112]]"));
    vm_free(vm);
}

/* The base of the second step is in no slot: the first one is done */
static void populate_into_hole(void)
{
    Vm *vm = realm_created();

    ERR(realm_populate(vm, RAM_BASE + RAM_SIZE - TWO_MIB, 2 * TWO_MIB, 0),
        EFAULT);
    CHECK(report_has("\"populated-bytes\": 2097152"));
    vm_free(vm);
}

static void populate_no_attribute(void)
{
    Vm *vm = realm_new();

    OK(set_attributes(vm, RAM_BASE, RAM_SIZE, false));
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    OK(realm_populate(vm, RAM_BASE, 4096, 0));
    OK(finalize(vm, 0, SIM_VCPU_REC));
    OK(realm_action(vm, SIM_REALM_ACTIVATE, NULL));
    CHECK(report_has("has no PRIVATE attribute at ACTIVATE"));
    vm_free(vm);
}

const ProbeCase strict_launch_cases[] = {
    { "pages that are not measured may come after the RECs",
      populate_after_rec },
    { "POPULATE turns RIPAS to RAM", populate_sets_ripas },
    { "POPULATE whose second step has no memslot is EFAULT",
      populate_into_hole },
    { "POPULATE does not ask for the PRIVATE attribute",
      populate_no_attribute },
    { NULL, NULL }
};

static void other_registers(void)
{
    uint64_t wide[2] = { 1 };
    Vm *vm = realm_new();

    ERR(set_reg(vm, 0, V0, wide), EINVAL);
    ERR(set_reg64(vm, 0, PFR0, 0), EINVAL);
    ERR(set_reg64(vm, 0, SIM_REG_MPIDR, 0), EINVAL);
    ERR(set_reg64(vm, 0, KVM_REG_ARM_TIMER_CVAL, 0), EINVAL);
    ERR(set_reg64(vm, 0, SIM_REG_CORE(34), 0), EINVAL);      /* SP_EL1 */
    vm_free(vm);
}

/* In a Realm what is listed is what can be set */
static void write_back(void)
{
    struct kvm_reg_list *list = calloc(1, sizeof(*list) + 64 * 8);
    Vm *vm = realm_new();
    uint64_t value[8];

    list->n = 64;
    OK(xioctl(vm->vcpu[0], KVM_GET_REG_LIST, list));
    CHECK(list->n == 33);
    for (unsigned i = 0; i < list->n; i++) {
        OK(get_reg(vm, 0, list->reg[i], value));
        OK(set_reg(vm, 0, list->reg[i], value));
    }
    free(list);
    vm_free(vm);
}

/* x0 for a read, nothing for a write; pc never */
static void registers_after_exit(void)
{
    Vm *vm = realm_active(1);

    OK(vcpu_run(vm, 0));
    OK(set_reg64(vm, 0, SIM_REG_X(0), 5));
    CHECK(complaints() == 0);
    OK(set_reg64(vm, 0, SIM_REG_X(1), 5));
    COMPLAINT("although its REC is complete");
    vm_free(vm);
}

const ProbeCase strict_regs_cases[] = {
    { "FP, timer and other ID registers are EINVAL", other_registers },
    { "what the register list has can be written back", write_back },
    { NULL, NULL }
};

const ProbeCase strict_exit_cases[] = {
    { "after a read of a device x0 can be set and nothing else",
      registers_after_exit },
    { NULL, NULL }
};

static void old_request(void)
{
    struct kvm_userspace_memory_region r = {
        .slot = 5, .flags = KVM_MEM_GUEST_MEMFD, .memory_size = 4096,
        .guest_phys_addr = RAM_BASE + RAM_SIZE,
    };
    Vm *vm = realm_new();

    r.userspace_addr = (uintptr_t)vm->ram;
    ERR(xioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r), EINVAL);
    r.flags = 0;
    OK(xioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r));
    vm_free(vm);
}

/* A guest_memfd belongs to one VM, and only a Realm's can have one */
static void plain_vm_has_no_gmem(void)
{
    Vm *vm = vm_new(0, 41);

    ERR(memslot(vm, 0, KVM_MEM_GUEST_MEMFD, RAM_BASE, 4096, NULL, 0, 0),
        EINVAL);
    vm_free(vm);
}

/* Half of a range that is not whole changes nothing */
static void granularity(void)
{
    Vm *vm = realm_new();

    ERR(set_attributes(vm, RAM_BASE + 0x800, 4096, false), EINVAL);
    ERR(set_attributes(vm, RAM_BASE, 4096 + 0x800, false), EINVAL);
    OK(set_attributes(vm, RAM_BASE, 4096, false));
    OK(set_attributes(vm, RAM_BASE, 8192, true));
    CHECK(report_has("\"attribute-private-bytes\": 8388608"));
    vm_free(vm);
}

const ProbeCase strict_memory_cases[] = {
    { "the older request for slots takes no guest_memfd", old_request },
    { "an ordinary VM takes no slot with a guest_memfd", plain_vm_has_no_gmem },
    { "attributes are changed by pages of 4 KiB", granularity },
    { NULL, NULL }
};

static void no_sve(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    CHECK(check_extension(vm->kvm, KVM_CAP_ARM_SVE) == 1);
    CHECK(check_extension(vm->fd, KVM_CAP_ARM_SVE) == 0);
    vm->vcpu[0] = OK(xioctl(vm->fd, KVM_CREATE_VCPU, 0));
    ERR(vcpu_init(vm, 0, REALM_FEATURES | SVE), EINVAL);
    vm_free(vm);
}

const ProbeCase no_sve_cases[] = {
    { "an RMM without SVE hides it from a Realm", no_sve },
    { NULL, NULL }
};

/* Only the MEC query is answered in every state */
static void first_mecid(void)
{
    Vm *vm = realm_new();

    OK(realm_config(vm, SIM_CFG_MEC_QUERY, 0));
    OK(realm_config(vm, SIM_CFG_MEC, 0));
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    CHECK(report_has("\"mecid\": 0"));
    vm_free(vm);
}

/* One id for all that do not want one of their own; also without a policy */
static void shared_mecid(void)
{
    Vm *vm[8];

    for (unsigned i = 0; i < 8; i++) {
        vm[i] = realm_new();
        if (i & 1) {
            OK(realm_config(vm[i], SIM_CFG_MEC_QUERY, 0));
            OK(realm_config(vm[i], SIM_CFG_MEC, 1));
        }
        OK(realm_action(vm[i], SIM_REALM_CREATE, NULL));
    }
    for (unsigned i = 0; i < 8; i++) {
        vm_free(vm[i]);
    }
}

const ProbeCase strict_mec_cases[] = {
    { "a private MECID may be 0", first_mecid },
    { "any number of Realms share one MECID", shared_mecid },
    { NULL, NULL }
};
