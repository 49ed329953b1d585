/*
 * Building VMs and Realms for the cases
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "probe.h"

long xioctl(int fd, unsigned long req, const void *arg)
{
    long ret = ioctl(fd, req, arg);

    return ret < 0 ? -errno : ret;
}

static int open_kvm(void)
{
    return open("/dev/kvm", O_RDWR | O_CLOEXEC);
}

long create_vm(uint64_t type)
{
    int kvm = open_kvm();
    long ret = xioctl(kvm, KVM_CREATE_VM, (void *)type);

    close(kvm);
    return ret;
}

long check_extension(int fd, long cap)
{
    return xioctl(fd, KVM_CHECK_EXTENSION, (void *)cap);
}

Vm *vm_new(uint64_t type_bits, unsigned ipa_bits)
{
    Vm *vm = calloc(1, sizeof(*vm));

    vm->kvm = open_kvm();
    vm->ipa_bits = ipa_bits;
    vm->gic = vm->gmem = -1;
    memset(vm->vcpu, -1, sizeof(vm->vcpu));
    vm->fd = OK(xioctl(vm->kvm, KVM_CREATE_VM,
                       (void *)(type_bits | ipa_bits)));
    return vm;
}

void vm_free(Vm *vm)
{
    for (unsigned n = 0; n < 4; n++) {
        if (vm->run[n]) {
            munmap(vm->run[n], 8192);
        }
        if (vm->vcpu[n] >= 0) {
            close(vm->vcpu[n]);
        }
    }
    if (vm->gic >= 0) {
        close(vm->gic);
    }
    if (vm->ram) {
        memslot(vm, 0, 0, RAM_BASE, 0, NULL, -1, 0);
        memslot(vm, 1, 0, RAM_BASE, 0, NULL, -1, 0);
    }
    close(vm->fd);
    if (vm->gmem >= 0) {
        close(vm->gmem);
    }
    if (vm->ram) {
        munmap(vm->ram, RAM_SIZE);
    }
    close(vm->kvm);
    free(vm);
}

long create_gmem(Vm *vm, uint64_t size, uint64_t flags)
{
    struct kvm_create_guest_memfd arg = { .size = size, .flags = flags };

    return xioctl(vm->fd, KVM_CREATE_GUEST_MEMFD, &arg);
}

long memslot(Vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa,
             uint64_t size, void *hva, int gmem, uint64_t gmem_offset)
{
    struct kvm_userspace_memory_region2 r = {
        .slot = slot, .flags = flags, .guest_phys_addr = gpa,
        .memory_size = size, .userspace_addr = (uintptr_t)hva,
        .guest_memfd = gmem, .guest_memfd_offset = gmem_offset,
    };

    return xioctl(vm->fd, KVM_SET_USER_MEMORY_REGION2, &r);
}

long set_attributes(Vm *vm, uint64_t gpa, uint64_t size, bool private)
{
    struct kvm_memory_attributes a = {
        .address = gpa, .size = size,
        .attributes = private ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0,
    };

    return xioctl(vm->fd, KVM_SET_MEMORY_ATTRIBUTES, &a);
}

void vm_add_slots(Vm *vm)
{
    vm->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(vm->ram != MAP_FAILED);
    vm->gmem = OK(create_gmem(vm, RAM_SIZE, 0));
    OK(memslot(vm, 0, KVM_MEM_GUEST_MEMFD, RAM_BASE, SLOT_SIZE, vm->ram,
               vm->gmem, 0));
    OK(memslot(vm, 1, KVM_MEM_GUEST_MEMFD, RAM_BASE + SLOT_SIZE, SLOT_SIZE,
               vm->ram + SLOT_SIZE, vm->gmem, SLOT_SIZE));
}

void vm_add_ram(Vm *vm)
{
    vm_add_slots(vm);
    OK(set_attributes(vm, RAM_BASE, RAM_SIZE, true));
}

long vcpu_init(Vm *vm, unsigned n, uint32_t features)
{
    struct kvm_vcpu_init init = { 0 };
    long ret = xioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init);

    if (ret < 0) {
        return ret;
    }
    init.features[0] = features;
    return xioctl(vm->vcpu[n], KVM_ARM_VCPU_INIT, &init);
}

static void make_vcpu(Vm *vm, unsigned n)
{
    vm->vcpu[n] = OK(xioctl(vm->fd, KVM_CREATE_VCPU, (void *)(uintptr_t)n));
    vm->run[n] = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED,
                      vm->vcpu[n], 0);
    CHECK(vm->run[n] != MAP_FAILED);
}

void vm_add_vcpus(Vm *vm, unsigned count, uint32_t features)
{
    for (unsigned n = 0; n < count; n++) {
        uint32_t off = n ? 1u << KVM_ARM_VCPU_POWER_OFF : 0;

        make_vcpu(vm, n);
        OK(vcpu_init(vm, n, features | off));
    }
}

void vm_add_gic(Vm *vm)
{
    struct kvm_create_device d = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
    struct kvm_device_attr init = {
        .group = KVM_DEV_ARM_VGIC_GRP_CTRL,
        .attr = KVM_DEV_ARM_VGIC_CTRL_INIT,
    };

    OK(xioctl(vm->fd, KVM_CREATE_DEVICE, &d));
    vm->gic = d.fd;
    OK(xioctl(vm->gic, KVM_SET_DEVICE_ATTR, &init));
}

Vm *realm_new(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    vm_add_ram(vm);
    vm_add_vcpus(vm, 1, REALM_FEATURES);
    return vm;
}

static unsigned realm_cap(void)
{
    /* where the settings of a group move the number, sysfs tells it */
    FILE *f = fopen("/sys/module/kvm/parameters/kvm_cap_arm_rme", "r");
    unsigned cap = 244;

    if (f) {
        if (fscanf(f, "%u", &cap) != 1) {
            cap = 244;
        }
        fclose(f);
    }
    return cap;
}

long realm_action(Vm *vm, uint64_t action, const void *arg)
{
    struct kvm_enable_cap cap = {
        .cap = realm_cap(), .args = { action, (uintptr_t)arg },
    };

    return xioctl(vm->fd, KVM_ENABLE_CAP, &cap);
}

long realm_config(Vm *vm, uint32_t item, uint32_t value)
{
    struct sim_abi_config cfg = { .cfg = item };

    cfg.hash_algo = value;
    return realm_action(vm, SIM_REALM_CONFIG, &cfg);
}

long realm_ripas(Vm *vm, uint64_t base, uint64_t size)
{
    struct sim_abi_ripas arg = { .base = base, .size = size };

    return realm_action(vm, SIM_REALM_INIT_RIPAS, &arg);
}

long realm_populate(Vm *vm, uint64_t base, uint64_t size, uint32_t flags)
{
    struct sim_abi_populate arg = { .base = base, .size = size,
                                    .flags = flags };

    return realm_action(vm, SIM_REALM_POPULATE, &arg);
}

long finalize(Vm *vm, unsigned n, int feature)
{
    return xioctl(vm->vcpu[n], KVM_ARM_VCPU_FINALIZE, &feature);
}

Vm *realm_created(void)
{
    Vm *vm = realm_new();

    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    return vm;
}

Vm *realm_active(unsigned vcpus)
{
    return realm_active_with(vcpus, RAM_SIZE);
}

Vm *realm_active_with(unsigned vcpus, uint64_t private)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    vm_add_slots(vm);
    OK(set_attributes(vm, RAM_BASE, private, true));
    vm_add_vcpus(vm, vcpus, REALM_FEATURES);
    vm_add_gic(vm);
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    OK(realm_ripas(vm, RAM_BASE, RAM_SIZE));
    OK(realm_populate(vm, RAM_BASE, SIM_PAGE_SIZE, SIM_POPULATE_MEASURE));
    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    for (unsigned n = 0; n < vcpus; n++) {
        OK(finalize(vm, n, SIM_VCPU_REC));
    }
    OK(realm_action(vm, SIM_REALM_ACTIVATE, NULL));
    return vm;
}

long set_reg(Vm *vm, unsigned n, uint64_t id, const void *value)
{
    struct kvm_one_reg reg = { id, (uintptr_t)value };

    return xioctl(vm->vcpu[n], KVM_SET_ONE_REG, &reg);
}

long set_reg64(Vm *vm, unsigned n, uint64_t id, uint64_t value)
{
    return set_reg(vm, n, id, &value);
}

long get_reg(Vm *vm, unsigned n, uint64_t id, void *value)
{
    struct kvm_one_reg reg = { id, (uintptr_t)value };

    return xioctl(vm->vcpu[n], KVM_GET_ONE_REG, &reg);
}

uint64_t get_reg64(Vm *vm, unsigned n, uint64_t id)
{
    uint64_t v = 0;

    OK(get_reg(vm, n, id, &v));
    return v;
}

long pmu_attr(Vm *vm, unsigned n, uint64_t attr, const void *value)
{
    struct kvm_device_attr a = {
        .group = KVM_ARM_VCPU_PMU_V3_CTRL, .attr = attr,
        .addr = (uintptr_t)value,
    };

    return xioctl(vm->vcpu[n], KVM_SET_DEVICE_ATTR, &a);
}

long vcpu_run(Vm *vm, unsigned n)
{
    return xioctl(vm->vcpu[n], KVM_RUN, NULL);
}

static void nothing(int sig)
{
}

long vcpu_run_for(Vm *vm, unsigned n, unsigned ms)
{
    struct sigaction sa = { .sa_handler = nothing };
    /* again and again: the first signal may come before the wait */
    struct itimerval on = { { 0, ms * 1000 }, { 0, ms * 1000 } };
    struct itimerval off = { { 0, 0 }, { 0, 0 } };
    long ret;

    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &on, NULL);
    ret = vcpu_run(vm, n);
    setitimer(ITIMER_REAL, &off, NULL);
    return ret;
}

void expect_fault(Vm *vm, uint64_t gpa, uint64_t size, bool private)
{
    struct kvm_run *run = vm->run[0];

    ERR(vcpu_run(vm, 0), EFAULT);
    CHECK(run->exit_reason == KVM_EXIT_MEMORY_FAULT);
    CHECK(run->memory_fault.flags ==
          (private ? KVM_MEMORY_EXIT_FLAG_PRIVATE : 0));
    CHECK(run->memory_fault.gpa == gpa && run->memory_fault.size == size);
}
