/*
 * Generation B: what a VMM finds out before it makes a Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <unistd.h>

#include "b.h"

#define OTHER_POPULATE (0x4020aed7 + 0xc020aed7 - b->populate)

static void closes(long fd)
{
    if (OK(fd) >= 0) {
        close(fd);
    }
}

static void types(void)
{
    static const uint64_t all[] = {
        1 << 8, 2 << 8, 3 << 8, 1 << 12, 1 << 29, 1 << 30, 1u << 31,
        1 << 30 | 1u << 31, 1 << 30 | 1 << 8,
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (all[i] == b->type) {
            closes(create_vm(all[i] | 41));
        } else {
            ERR(create_vm(all[i] | 41), EINVAL);
        }
    }
    closes(create_vm(41));
}

static void ipa_sizes(void)
{
    closes(create_vm(b->type | 32));
    closes(create_vm(b->type | 48));
    ERR(create_vm(b->type | 31), EINVAL);
    ERR(create_vm(b->type | 49), EINVAL);
    closes(create_vm(b->type));
    CHECK(report_has("\"realm\": true, \"ipa-bits\": 40"));
}

static void populate_null(void)
{
    Vm *realm = vm_new(b->type, 41), *plain = vm_new(0, 41);

    ERR(xioctl(realm->fd, b->populate, NULL), EFAULT);
    ERR(xioctl(plain->fd, b->populate, NULL), b->ordinary);
    ERR(xioctl(realm->fd, OTHER_POPULATE, NULL), EINVAL);
    ERR(xioctl(plain->fd, OTHER_POPULATE, NULL), EINVAL);
    vm_free(realm);
    vm_free(plain);
}

static void no_enable_cap(void)
{
    struct kvm_enable_cap cap = { .cap = b->cap };
    struct kvm_enable_cap log = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 };
    Vm *realm = vm_new(b->type, 41), *plain = vm_new(0, 41);

    ERR(xioctl(realm->fd, KVM_ENABLE_CAP, &cap), EINVAL);
    ERR(xioctl(plain->fd, KVM_ENABLE_CAP, &cap), EINVAL);
    ERR(xioctl(realm->fd, KVM_ENABLE_CAP, NULL), EFAULT);
    OK(xioctl(realm->fd, KVM_ENABLE_CAP, &log));
    vm_free(realm);
    vm_free(plain);
}

static void numbers(void)
{
    Vm *realm = vm_new(b->type, 41);

    for (unsigned cap = 245; cap < 256; cap++) {
        bool attributes = b->attributes != 1 && cap == 250;

        CHECK(check_extension(realm->kvm, cap) == (cap == b->cap));
        CHECK(check_extension(realm->fd, cap) ==
              (attributes ? 8 : cap == b->cap));
    }
    CHECK(check_extension(realm->kvm, 244) == 3);
    vm_free(realm);
}

/* What a VM has and the descriptor of a Realm does not say (seen: probe) */
static void short_list(void)
{
    static const long hidden[] = {
        KVM_CAP_MP_STATE, KVM_CAP_VCPU_EVENTS, KVM_CAP_IMMEDIATE_EXIT,
        KVM_CAP_IOEVENTFD, KVM_CAP_IRQFD_RESAMPLE,
        KVM_CAP_ARM_IRQ_LINE_LAYOUT_2, KVM_CAP_VCPU_ATTRIBUTES,
        KVM_CAP_READONLY_MEM, KVM_CAP_SET_GUEST_DEBUG,
        KVM_CAP_GUEST_DEBUG_HW_BPS, KVM_CAP_GUEST_DEBUG_HW_WPS,
        KVM_CAP_STEAL_TIME, KVM_CAP_COUNTER_OFFSET,
        KVM_CAP_ARM_INJECT_SERROR_ESR, KVM_CAP_ARM_INJECT_EXT_DABT,
    };
    static const long shown[] = {
        KVM_CAP_IRQCHIP, KVM_CAP_IRQFD, KVM_CAP_IRQ_ROUTING,
        KVM_CAP_SIGNAL_MSI, KVM_CAP_ARM_PSCI, KVM_CAP_ARM_PSCI_0_2,
        KVM_CAP_NR_VCPUS, KVM_CAP_MAX_VCPUS, KVM_CAP_MAX_VCPU_ID,
        KVM_CAP_NR_MEMSLOTS, KVM_CAP_USER_MEMORY, KVM_CAP_USER_MEMORY2,
        KVM_CAP_ARM_VM_IPA_SIZE, KVM_CAP_DEVICE_CTRL,
        KVM_CAP_IOEVENTFD_ANY_LENGTH,
    };
    Vm *realm = vm_new(b->type, 41), *plain = vm_new(0, 41);
    bool v12 = b->bytes, v16 = b->attributes == 2;

    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        CHECK(check_extension(realm->fd, hidden[i]) == 0);
        CHECK(check_extension(plain->fd, hidden[i]) > 0);
        CHECK(check_extension(plain->kvm, hidden[i]) > 0);
    }
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        CHECK(check_extension(realm->fd, shown[i]) ==
              check_extension(plain->fd, shown[i]));
        CHECK(check_extension(realm->fd, shown[i]) > 0);
    }
    CHECK(check_extension(realm->fd, KVM_CAP_SYNC_MMU) == !v12);
    CHECK(check_extension(realm->fd, KVM_CAP_ONE_REG) == v16);
    CHECK(check_extension(realm->fd, KVM_CAP_ARM_PMU_V3) == v12);
    vm_free(realm);
    vm_free(plain);
}

static void private_memory(void)
{
    Vm *realm = vm_new(b->type, 41), *plain = vm_new(0, 41);
    long of_vm = b->attributes == 1 ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0;

    CHECK(check_extension(realm->fd, KVM_CAP_GUEST_MEMFD) == 1);
    CHECK(check_extension(plain->fd, KVM_CAP_GUEST_MEMFD) == 1);
    CHECK(check_extension(realm->fd, 244) == 3);
    CHECK(check_extension(realm->kvm, KVM_CAP_MEMORY_ATTRIBUTES) == of_vm);
    CHECK(check_extension(realm->fd, KVM_CAP_MEMORY_ATTRIBUTES) == of_vm);
    CHECK(check_extension(plain->fd, KVM_CAP_MEMORY_ATTRIBUTES) == 0);
    CHECK(check_extension(plain->fd, 250) == 0);
    vm_free(realm);
    vm_free(plain);
}

static void parameter(void)
{
    bool nvidia = b->cap == 248;

    CHECK(!access("/sys/module/kvm/parameters/kvm_cap_arm_rmi", R_OK) ==
          nvidia);
    CHECK(access("/sys/module/kvm/parameters/kvm_cap_arm_rme", R_OK) < 0);
}

const ProbeCase b_probe_cases[] = {
    { "a Realm has one VM type, and every other one is EINVAL", types },
    { "IPA sizes from 32 bits to the limit of the RMM are taken", ipa_sizes },
    { "POPULATE with NULL tells the version, and a Realm", populate_null },
    { "the Realm capability cannot be enabled", no_enable_cap },
    { "the Realm capability has its number, and 250 says who has attributes",
      numbers },
    { "the descriptor of a Realm answers a short list", short_list },
    { "guest_memfd is there for all, attributes for Realms", private_memory },
    { "only NVIDIA's kernel has a parameter", parameter },
    { NULL, NULL }
};

static void no_rmm(void)
{
    Vm *plain = vm_new(0, 41);

    ERR(create_vm(b->type | 41), EINVAL);
    CHECK(check_extension(plain->kvm, b->cap) == 0);
    CHECK(check_extension(plain->fd, b->cap) == 0);
    ERR(xioctl(plain->fd, b->populate, NULL), b->ordinary);
    ERR(xioctl(plain->fd, OTHER_POPULATE, NULL), EINVAL);
    CHECK(check_extension(plain->kvm, KVM_CAP_MEMORY_ATTRIBUTES) ==
          (b->attributes == 1 ? 8 : 0));
    CHECK(check_extension(plain->kvm, 244) == 3);
    vm_free(plain);
}

const ProbeCase b_no_rmm_cases[] = {
    { "without an RMM POPULATE still tells the kernel", no_rmm },
    { NULL, NULL }
};

static void pmu_cap(void)
{
    Vm *realm = vm_new(b->type, 41);

    CHECK(check_extension(realm->fd, KVM_CAP_ARM_PMU_V3) ==
          (b->cap == 247 || b->cap == 248));
    CHECK(check_extension(realm->kvm, KVM_CAP_ARM_PMU_V3) == 1);
    vm_free(realm);
}

const ProbeCase b_pmu_cap_cases[] = {
    { "a PMU of the RMM is offered up to version 13", pmu_cap },
    { NULL, NULL }
};

static void unrelated(void)
{
    struct kvm_enable_cap cap = { .cap = 300 };
    Vm *realm = vm_new(b->type, 41), *plain = vm_new(0, 41);

    CHECK(check_extension(realm->fd, 300) == 0);
    CHECK(check_extension(plain->fd, 300) == 1);
    if (b->type == 1 << 8) {
        OK(xioctl(realm->fd, KVM_ENABLE_CAP, &cap));
    } else {
        ERR(xioctl(realm->fd, KVM_ENABLE_CAP, &cap), EINVAL);
    }
    OK(xioctl(plain->fd, KVM_ENABLE_CAP, &cap));
    vm_free(realm);
    vm_free(plain);
}

const ProbeCase b_unrelated_cases[] = {
    { "what is not in the list cannot be enabled from version 14 on",
      unrelated },
    { NULL, NULL }
};

/* guest_memfd for ordinary VMs, and nothing of Realms */
static Vm *no_realms(void)
{
    Vm *vm = vm_new(0, 41);

    ERR(create_vm(1 << 8 | 41), EINVAL);
    ERR(create_vm(1 << 30 | 41), EINVAL);
    ERR(xioctl(vm->fd, 0x4020aed7, NULL), EINVAL);
    ERR(xioctl(vm->fd, 0xc020aed7, NULL), EINVAL);
    ERR(set_attributes(vm, RAM_BASE, PAGE, true), EINVAL);
    CHECK(check_extension(vm->kvm, KVM_CAP_GUEST_MEMFD) == 1);
    CHECK(check_extension(vm->kvm, KVM_CAP_MEMORY_ATTRIBUTES) == 0);
    CHECK(check_extension(vm->kvm, 243) == 1);
    CHECK(check_extension(vm->kvm, 244) == 3);
    vm->gmem = OK(create_gmem(vm, RAM_SIZE, 3));
    return vm;
}

static void kernel_6_18(void)
{
    Vm *vm = no_realms();

    CHECK(check_extension(vm->kvm, 251) == 0);
    vm_free(vm);
}

static void kernel_7_4(void)
{
    Vm *vm = no_realms();

    CHECK(check_extension(vm->kvm, 245) == 1);
    CHECK(check_extension(vm->kvm, 251) == 1);
    vm_free(vm);
}

const ProbeCase kernel_6_18_cases[] = {
    { "guest_memfd without Realms, as in Linux 6.18", kernel_6_18 },
    { NULL, NULL }
};
const ProbeCase kernel_7_4_cases[] = {
    { "an RMM driver without Realms, as in Linux 7.4", kernel_7_4 },
    { NULL, NULL }
};
