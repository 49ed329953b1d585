/*
 * Run mode: descriptors, and what goes to the real KVM
 *
 * See sim-run.h for what is modelled.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim-run.h"

/* RSI function identifiers, Arm DEN0137: SMC64, standard service 0x190 on */
#define RSI_BASE    0xC4000190
#define RSI_COUNT   0x20

static int system_fd = -1;      /* a descriptor of /dev/kvm of our own */

long run_ioctl(int fd, unsigned long req, void *arg)
{
    int ret = sim_real_ioctl(fd, req, arg);

    return ret < 0 ? -errno : ret;
}

static int run_open_system(SimSystem *sys, int flags)
{
    int fd = sim_real_open("/dev/kvm", flags, 0);

    if (fd < 0) {
        return -errno;
    }
    if (system_fd < 0) {
        system_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
    return fd;
}

static long run_system_ioctl(SimSystem *sys, unsigned long req, void *arg)
{
    return run_ioctl(sys->obj.fd, req, arg);
}

static int run_check_extension(SimSystem *sys, SimVm *vm, long cap)
{
    if (vm && vm->is_realm && cap == KVM_CAP_NR_MEMSLOTS) {
        return RUN_ALIAS_SLOT;
    }
    return run_ioctl(vm ? vm->obj.fd : sys->obj.fd, KVM_CHECK_EXTENSION,
                     (void *)cap);
}

/* Calls of the RSI range come to user space instead of being refused */
static int forward_rsi(int fd)
{
    struct kvm_smccc_filter filter = {
        .base = RSI_BASE,
        .nr_functions = RSI_COUNT,
        .action = KVM_SMCCC_FILTER_FWD_TO_USER,
    };
    struct kvm_device_attr attr = {
        .group = KVM_ARM_VM_SMCCC_CTRL,
        .attr = KVM_ARM_VM_SMCCC_FILTER,
        .addr = (uintptr_t)&filter,
    };

    return run_ioctl(fd, KVM_SET_DEVICE_ATTR, &attr);
}

static int run_create_vm(SimSystem *sys, SimVm *vm)
{
    RunVm *rv;
    int ret, fd = run_ioctl(sys->obj.fd, KVM_CREATE_VM,
                            (void *)(uintptr_t)vm->ipa_bits);

    if (fd < 0) {
        return fd;
    }
    if (vm->is_realm) {
        ret = forward_rsi(fd);
        if (ret < 0) {
            sim_real_close(fd);
            return ret;
        }
    }
    rv = g_new0(RunVm, 1);
    pthread_mutex_init(&rv->map_lock, NULL);
    rv->slots = g_ptr_array_new();
    rv->vcpus = g_ptr_array_new();
    rv->uffd = -1;
    vm->backend = rv;
    return fd;
}

static void run_destroy_vm(SimVm *vm)
{
    RunVm *rv = vm->backend;

    if (!rv) {
        return;
    }
    run_watch_stop(vm);
    run_free_slots(vm);
    g_ptr_array_free(rv->slots, TRUE);
    g_ptr_array_free(rv->vcpus, TRUE);
    pthread_mutex_destroy(&rv->map_lock);
    g_free(rv);
    vm->backend = NULL;
}

/* In-kernel users of guest addresses see what the guest sees */
static long route_msi(SimVm *vm, const struct kvm_irq_routing *routing)
{
    size_t size = sizeof(*routing) +
                  routing->nr * sizeof(routing->entries[0]);
    g_autofree struct kvm_irq_routing *copy = g_memdup2(routing, size);

    for (unsigned i = 0; i < copy->nr; i++) {
        if (copy->entries[i].type == KVM_IRQ_ROUTING_MSI) {
            copy->entries[i].u.msi.address_hi |= sim_shared_bit(vm) >> 32;
        }
    }
    return run_ioctl(vm->obj.fd, KVM_SET_GSI_ROUTING, copy);
}

static long run_vm_ioctl(SimVm *vm, unsigned long req, void *arg)
{
    int fd = vm->obj.fd;

    if (!vm->is_realm) {
        return run_ioctl(fd, req, arg);
    }
    switch (req) {
    case KVM_IOEVENTFD: {
        struct kvm_ioeventfd event = *(struct kvm_ioeventfd *)arg;

        event.addr |= sim_shared_bit(vm);
        return run_ioctl(fd, req, &event);
    }
    case KVM_SIGNAL_MSI: {
        struct kvm_msi msi = *(struct kvm_msi *)arg;

        msi.address_hi |= sim_shared_bit(vm) >> 32;
        return run_ioctl(fd, req, &msi);
    }
    case KVM_SET_GSI_ROUTING:
        return route_msi(vm, arg);
    case KVM_REGISTER_COALESCED_MMIO:
    case KVM_UNREGISTER_COALESCED_MMIO:
        /* The ring would show addresses with the shared bit: exit instead */
        return 0;
    default:
        return run_ioctl(fd, req, arg);
    }
}

static int run_create_vcpu(SimVcpu *vcpu)
{
    RunVm *rv = vcpu->vm->backend;
    int size, fd = run_ioctl(vcpu->vm->obj.fd, KVM_CREATE_VCPU,
                             (void *)(uintptr_t)vcpu->id);

    if (fd < 0) {
        return fd;
    }
    size = run_ioctl(system_fd, KVM_GET_VCPU_MMAP_SIZE, NULL);
    vcpu->run = sim_real_mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
                              fd, 0);
    if (vcpu->run == MAP_FAILED) {
        int err = -errno;

        vcpu->run = NULL;
        sim_real_close(fd);
        return err;
    }
    vcpu->backend = g_new0(RunVcpu, 1);
    pthread_mutex_lock(&rv->map_lock);
    g_ptr_array_add(rv->vcpus, vcpu);
    pthread_mutex_unlock(&rv->map_lock);
    return fd;
}

static void run_destroy_vcpu(SimVcpu *vcpu)
{
    RunVm *rv = vcpu->vm->backend;
    RunVcpu *b = vcpu->backend;

    if (rv) {
        pthread_mutex_lock(&rv->map_lock);
        g_ptr_array_remove(rv->vcpus, vcpu);
        pthread_mutex_unlock(&rv->map_lock);
    }
    if (vcpu->run) {
        run_forget_vcpu(vcpu);
        munmap(vcpu->run, run_ioctl(system_fd, KVM_GET_VCPU_MMAP_SIZE, NULL));
        vcpu->run = NULL;
    }
    if (b) {
        g_clear_pointer(&b->token, g_byte_array_unref);
    }
    g_free(b);
    vcpu->backend = NULL;
}

static int run_vcpu_init(SimVcpu *vcpu, const struct kvm_vcpu_init *init)
{
    struct kvm_vcpu_init real = *init;

    if (vcpu->vm->is_realm) {
        /* Only vCPU 0 becomes a runnable REC, whatever the VMM asks for */
        if (vcpu->id) {
            real.features[0] |= 1U << KVM_ARM_VCPU_POWER_OFF;
        } else {
            real.features[0] &= ~(1U << KVM_ARM_VCPU_POWER_OFF);
        }
    }
    return run_ioctl(vcpu->obj.fd, KVM_ARM_VCPU_INIT, &real);
}

static int run_vcpu_finalize_rec(SimVcpu *vcpu)
{
    struct kvm_one_reg pc = {
        .id = SIM_REG_PC,
        .addr = (uintptr_t)&vcpu->pc,
    };

    for (unsigned i = 0; i < 8; i++) {
        run_set_x(vcpu, i, vcpu->x[i]);
    }
    return run_ioctl(vcpu->obj.fd, KVM_SET_ONE_REG, &pc);
}

static int run_get_reg(SimVcpu *vcpu, const struct kvm_one_reg *reg)
{
    return run_ioctl(vcpu->obj.fd, KVM_GET_ONE_REG, (void *)reg);
}

static int run_set_reg(SimVcpu *vcpu, const struct kvm_one_reg *reg)
{
    return run_ioctl(vcpu->obj.fd, KVM_SET_ONE_REG, (void *)reg);
}

static int run_get_reg_list(SimVcpu *vcpu, struct kvm_reg_list *list)
{
    return run_ioctl(vcpu->obj.fd, KVM_GET_REG_LIST, list);
}

static int run_set_x_after_exit(SimVcpu *vcpu, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        run_set_x(vcpu, i, vcpu->x[i]);
    }
    return 0;
}

static long run_vcpu_ioctl(SimVcpu *vcpu, unsigned long req, void *arg)
{
    if (vcpu->vm->is_realm && req == KVM_SET_VCPU_EVENTS) {
        return run_abort(vcpu, arg);
    }
    return run_ioctl(vcpu->obj.fd, req, arg);
}

static int run_create_device(SimDevice *dev, struct kvm_create_device *arg)
{
    int ret = run_ioctl(dev->vm->obj.fd, KVM_CREATE_DEVICE, arg);

    if (ret < 0 || arg->flags & KVM_CREATE_DEVICE_TEST) {
        return ret;             /* a test makes no descriptor */
    }
    return arg->fd;
}

/*
 * KVM writes pending and ITS tables where the guest sees them: into pages
 * that the guest shared.  No vCPU runs then, KVM sees to that.
 */
static long save_tables(SimDevice *dev, struct kvm_device_attr *attr)
{
    long ret;

    run_let_its_write(dev->vm, true);
    ret = run_ioctl(dev->obj.fd, KVM_SET_DEVICE_ATTR, attr);
    run_let_its_write(dev->vm, false);
    return ret;
}

/* The GIC and the ITS stand at the shared alias of their addresses */
static long run_device_ioctl(SimDevice *dev, unsigned long req, void *arg)
{
    struct kvm_device_attr *attr = arg, moved;
    uint64_t addr;

    if (dev->vm->is_realm && req == KVM_SET_DEVICE_ATTR &&
        attr->group == KVM_DEV_ARM_VGIC_GRP_CTRL &&
        (attr->attr == KVM_DEV_ARM_ITS_SAVE_TABLES ||
         attr->attr == KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES)) {
        return save_tables(dev, attr);
    }
    if (!dev->vm->is_realm || req != KVM_SET_DEVICE_ATTR ||
        attr->group != KVM_DEV_ARM_VGIC_GRP_ADDR) {
        return run_ioctl(dev->obj.fd, req, arg);
    }
    addr = *(uint64_t *)(uintptr_t)attr->addr | sim_shared_bit(dev->vm);
    moved = *attr;
    moved.addr = (uintptr_t)&addr;
    return run_ioctl(dev->obj.fd, req, &moved);
}

const SimBackendOps sim_run_ops = {
    .name = "run",
    .open_system = run_open_system,
    .system_ioctl = run_system_ioctl,
    .check_extension = run_check_extension,
    .create_vm = run_create_vm,
    .destroy_vm = run_destroy_vm,
    .vm_ioctl = run_vm_ioctl,
    .create_vcpu = run_create_vcpu,
    .destroy_vcpu = run_destroy_vcpu,
    .vcpu_init = run_vcpu_init,
    .vcpu_finalize_rec = run_vcpu_finalize_rec,
    .get_reg = run_get_reg,
    .set_reg = run_set_reg,
    .get_reg_list = run_get_reg_list,
    .set_x_after_exit = run_set_x_after_exit,
    .vcpu_ioctl = run_vcpu_ioctl,
    .run = run_vcpu,
    .create_device = run_create_device,
    .device_ioctl = run_device_ioctl,
    .set_memslot = run_set_memslot,
    .create_gmem = run_create_gmem,
    .destroy_gmem = run_destroy_gmem,
    .punch_gmem = run_punch_gmem,
    .populate_page = run_populate_page,
    .convert = run_convert,
    .shared_discarded = run_shared_discarded,
    .activate = run_activate,
};
