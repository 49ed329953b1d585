/*
 * What a VMM finds out before it makes a Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

#define RME "/sys/module/kvm/parameters/kvm_cap_arm_rme"
#define RMI "/sys/module/kvm/parameters/kvm_cap_arm_rmi"

/* Length of the parameter's text in @buf, or -errno */
static long read_parameter(const char *path, char buf[64])
{
    int fd = open(path, O_RDONLY);
    long n;

    if (fd < 0) {
        return -errno;
    }
    n = read(fd, buf, 63);
    buf[n < 0 ? 0 : n] = '\0';
    close(fd);
    return n;
}

static void closes(long fd)
{
    if (OK(fd) >= 0) {
        close(fd);
    }
}

static void type_bits(void)
{
    closes(create_vm(SIM_VM_TYPE_REALM | 41));
    closes(create_vm(41));
    ERR(create_vm(2 << 8 | 41), EINVAL);
    ERR(create_vm(SIM_VM_TYPE_REALM | 1 << 12 | 41), EINVAL);
    ERR(create_vm(SIM_VM_TYPE_REALM_V14 | 41), EINVAL);
}

static void ipa_limits(void)
{
    closes(create_vm(SIM_VM_TYPE_REALM | 32));
    closes(create_vm(SIM_VM_TYPE_REALM | 48));
    ERR(create_vm(SIM_VM_TYPE_REALM | 31), EINVAL);
    if (probe_v7) {
        closes(create_vm(SIM_VM_TYPE_REALM | 49));
        closes(create_vm(SIM_VM_TYPE_REALM | 52));
    } else {
        ERR(create_vm(SIM_VM_TYPE_REALM | 49), EINVAL);
    }
    ERR(create_vm(SIM_VM_TYPE_REALM | 53), EINVAL);
}

static void default_ipa(void)
{
    closes(create_vm(SIM_VM_TYPE_REALM));
    CHECK(report_has("\"realm\": true, \"ipa-bits\": 40"));
}

static void too_wide_fails_at_create(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, probe_v7 ? 52 : 48);

    vm_add_vcpus(vm, 1, REALM_FEATURES);
    if (probe_v7) {
        ERR(realm_action(vm, SIM_REALM_CREATE, NULL), ENXIO);
    } else {
        OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    }
    vm_free(vm);
}

static void ipa_cap_is_kvms(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    CHECK(check_extension(vm->fd, KVM_CAP_ARM_VM_IPA_SIZE) ==
          (probe_v7 ? 52 : 48));
    vm_free(vm);
}

static void realm_cap(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    CHECK(check_extension(vm->kvm, 244) == 1);
    CHECK(check_extension(vm->fd, 244) == 1);
    CHECK(check_extension(vm->kvm, 245) == 0);
    vm_free(vm);
}

static void hidden_caps(void)
{
    static const long hidden[] = {
        KVM_CAP_SET_GUEST_DEBUG, KVM_CAP_GUEST_DEBUG_HW_BPS,
        KVM_CAP_GUEST_DEBUG_HW_WPS, KVM_CAP_READONLY_MEM,
        KVM_CAP_STEAL_TIME, KVM_CAP_COUNTER_OFFSET,
    };
    Vm *realm = vm_new(SIM_VM_TYPE_REALM, 41);
    Vm *plain = vm_new(0, 41);

    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        CHECK(check_extension(realm->fd, hidden[i]) == 0);
        CHECK(check_extension(realm->kvm, hidden[i]) > 0);
        CHECK(check_extension(plain->fd, hidden[i]) > 0);
    }
    CHECK(check_extension(realm->fd, KVM_CAP_VCPU_EVENTS) == 1);
    vm_free(realm);
    vm_free(plain);
}

static void private_memory_caps(void)
{
    Vm *realm = vm_new(SIM_VM_TYPE_REALM, 41);
    Vm *plain = vm_new(0, 41);

    CHECK(check_extension(realm->fd, KVM_CAP_GUEST_MEMFD) == 1);
    CHECK(check_extension(realm->fd, KVM_CAP_USER_MEMORY2) == 1);
    CHECK(check_extension(realm->fd, KVM_CAP_MEMORY_ATTRIBUTES) ==
          KVM_MEMORY_ATTRIBUTE_PRIVATE);
    CHECK(check_extension(plain->fd, KVM_CAP_MEMORY_ATTRIBUTES) == 0);
    vm_free(realm);
    vm_free(plain);
}

static void null_probe(void)
{
    struct kvm_enable_cap cap = { .cap = 244 };
    struct kvm_enable_cap flags = { .cap = 244, .flags = 1 };
    struct kvm_enable_cap other = { .cap = 243 };
    Vm *realm = vm_new(SIM_VM_TYPE_REALM, 41);
    Vm *plain = vm_new(0, 41);

    ERR(xioctl(realm->fd, KVM_ENABLE_CAP, &cap), EFAULT);
    ERR(xioctl(realm->fd, KVM_ENABLE_CAP, &flags), EINVAL);
    ERR(xioctl(realm->fd, KVM_ENABLE_CAP, &other), EINVAL);
    ERR(xioctl(plain->fd, KVM_ENABLE_CAP, &cap), EINVAL);
    ERR(xioctl(realm->fd, KVM_ENABLE_CAP, NULL), EFAULT);
    vm_free(realm);
    vm_free(plain);
}

static void no_populate_ioctl(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    ERR(xioctl(vm->fd, SIM_POPULATE_W, NULL), EINVAL);
    ERR(xioctl(vm->fd, SIM_POPULATE_RW, NULL), EINVAL);
    vm_free(vm);
}

static void rme_parameter(void)
{
    char buf[64];
    FILE *f;

    OK(read_parameter(RME, buf));
    CHECK(!strcmp(buf, "244\n"));
    ERR(read_parameter(RMI, buf), ENOENT);
    CHECK(access(RME, R_OK) == 0);
    CHECK(access(RME, W_OK) < 0 && errno == EACCES);
    CHECK(access(RMI, F_OK) < 0 && errno == ENOENT);
    f = fopen(RME, "r");
    CHECK(f && fgets(buf, sizeof(buf), f) && !strcmp(buf, "244\n"));
    if (f) {
        fclose(f);
    }
}

const ProbeCase discovery_cases[] = {
    { "only type 1 makes a Realm, other bits are EINVAL", type_bits },
    { "IPA sizes from 32 bits to the limit are taken", ipa_limits },
    { "IPA size 0 means 40 bits", default_ipa },
    { "v7 finds out at CREATE that the IPA size is too wide",
      too_wide_fails_at_create },
    { "KVM_CAP_ARM_VM_IPA_SIZE reports KVM's own limit", ipa_cap_is_kvms },
    { "the Realm capability reads 1 on both descriptors", realm_cap },
    { "a Realm's descriptor hides what a Realm cannot have", hidden_caps },
    { "private memory exists for Realms only", private_memory_caps },
    { "enabling the capability with a NULL argument is EFAULT", null_probe },
    { "generation A has no populate ioctl", no_populate_ioctl },
    { "kvm_cap_arm_rme holds the number", rme_parameter },
    { NULL, NULL }
};

static void no_rmm(void)
{
    Vm *vm = vm_new(0, 41);

    ERR(create_vm(SIM_VM_TYPE_REALM | 41), EPERM);
    CHECK(check_extension(vm->kvm, 244) == 0);
    vm_free(vm);
}

const ProbeCase no_rmm_cases[] = {
    { "without an RMM a Realm VM is EPERM and the capability 0", no_rmm },
    { NULL, NULL }
};

static void old_kernel(void)
{
    struct kvm_enable_cap cap = { .cap = 244 };
    Vm *vm = vm_new(0, 41);

    ERR(create_vm(SIM_VM_TYPE_REALM | 41), EINVAL);
    ERR(create_vm(SIM_VM_TYPE_REALM_V14 | 41), EINVAL);
    CHECK(check_extension(vm->kvm, 244) == 0);
    CHECK(check_extension(vm->kvm, KVM_CAP_GUEST_MEMFD) == 0);
    CHECK(check_extension(vm->kvm, KVM_CAP_MEMORY_ATTRIBUTES) == 0);
    ERR(xioctl(vm->fd, KVM_ENABLE_CAP, &cap), EINVAL);
    vm_free(vm);
}

const ProbeCase old_kernel_cases[] = {
    { "a kernel without Realms answers EINVAL and 0", old_kernel },
    { NULL, NULL }
};

static void whitelist(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    CHECK(check_extension(vm->fd, KVM_CAP_VCPU_EVENTS) == 0);
    CHECK(check_extension(vm->fd, KVM_CAP_ONE_REG) == 0);
    CHECK(check_extension(vm->fd, KVM_CAP_SYNC_MMU) == 0);
    CHECK(check_extension(vm->fd, KVM_CAP_IRQCHIP) == 1);
    CHECK(check_extension(vm->fd, KVM_CAP_ARM_PSCI_0_2) == 1);
    CHECK(check_extension(vm->fd, KVM_CAP_MAX_VCPUS) == 512);
    CHECK(check_extension(vm->fd, KVM_CAP_GUEST_MEMFD) == 1);
    CHECK(check_extension(vm->kvm, KVM_CAP_VCPU_EVENTS) == 1);
    vm_free(vm);
}

const ProbeCase whitelist_cases[] = {
    { "version 11 shows a Realm's descriptor few capabilities", whitelist },
    { NULL, NULL }
};

static void rmi_parameter(void)
{
    char buf[64];

    OK(read_parameter(RMI, buf));
    CHECK(!strcmp(buf, "300\n"));
    ERR(read_parameter(RME, buf), ENOENT);
}

static void number_300(void)
{
    struct kvm_enable_cap cap = { .cap = 300 };
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    CHECK(check_extension(vm->kvm, 300) == 1);
    CHECK(check_extension(vm->kvm, 244) == 0);
    ERR(xioctl(vm->fd, KVM_ENABLE_CAP, &cap), EFAULT);
    vm_free(vm);
}

const ProbeCase sysfs_rmi_cases[] = {
    { "kvm_cap_arm_rmi holds the number", rmi_parameter },
    { "the capability may have any number", number_300 },
    { NULL, NULL }
};

static void no_parameter(void)
{
    char buf[64];

    ERR(read_parameter(RMI, buf), ENOENT);
    ERR(read_parameter(RME, buf), ENOENT);
}

const ProbeCase sysfs_none_cases[] = {
    { "an upstream kernel has no parameter", no_parameter },
    { NULL, NULL }
};

static void unreadable(void)
{
    char buf[64];

    ERR(read_parameter(RME, buf), EACCES);
    CHECK(fopen(RME, "r") == NULL && errno == EACCES);
    ERR(read_parameter(RMI, buf), ENOENT);
}

const ProbeCase sysfs_eacces_cases[] = {
    { "an unreadable parameter is EACCES, not absent", unreadable },
    { NULL, NULL }
};

static void garbage(void)
{
    char buf[64];

    OK(read_parameter(RME, buf));
    CHECK(!strcmp(buf, "rme!\n\x01"));
}

const ProbeCase sysfs_garbage_cases[] = {
    { "a parameter may hold anything", garbage },
    { NULL, NULL }
};

static void unrelated(void)
{
    struct kvm_enable_cap cap = { .cap = 244 };
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    CHECK(check_extension(vm->fd, 244) == 1);
    OK(xioctl(vm->fd, KVM_ENABLE_CAP, &cap));
    cap.cap = 245;
    ERR(xioctl(vm->fd, KVM_ENABLE_CAP, &cap), EFAULT);
    vm_free(vm);
}

const ProbeCase unrelated_cases[] = {
    { "an unrelated capability has the expected number", unrelated },
    { NULL, NULL }
};
