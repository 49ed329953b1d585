/*
 * Contract mode: every descriptor is a file in memory, and no vCPU runs
 *
 * A memfd can be mapped, polled and closed without help.  KVM_RUN delivers
 * the scripted exits and otherwise waits for a signal, as a halted vCPU does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim-contract.h"
#include "sim-own.h"
#include "sim-user.h"

#define VCPU_MMAP_SIZE 8192

/* A GICD_TYPER with 1024 interrupt lines, MBIS off and LPIs */
#define GICD_TYPER 0x4
#define GICD_TYPER_VALUE 0x037a001f

static int new_file(const char *name, uint64_t size)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd < 0) {
        return -errno;
    }
    if (size && ftruncate(fd, size)) {
        int err = errno;

        sim_real_close(fd);
        return -err;
    }
    return fd;
}

static int open_system(SimSystem *sys, int flags)
{
    return new_file("kvm", 0);
}

static long system_ioctl(SimSystem *sys, unsigned long req, void *arg)
{
    switch (req) {
    case KVM_GET_API_VERSION:
        return KVM_API_VERSION;
    case KVM_GET_VCPU_MMAP_SIZE:
        return VCPU_MMAP_SIZE;
    default:
        return -EINVAL;
    }
}

static int create_vm(SimSystem *sys, SimVm *vm)
{
    ContractVm *c;
    int fd = new_file("kvm-vm", 0);

    if (fd < 0) {
        return fd;
    }
    c = g_new0(ContractVm, 1);
    c->off_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    vm->backend = c;
    return fd;
}

static void destroy_vm(SimVm *vm)
{
    ContractVm *c = vm->backend;

    if (c) {
        sim_guard_forget(vm);
        sim_contract_irq_free(vm);
        sim_real_close(c->off_event);
        g_free(c);
    }
}

/* Nothing else can be enabled here */
static long enable_cap(const struct kvm_enable_cap *cap)
{
    return cap->cap == KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 && !cap->flags &&
           !(cap->args[0] & ~DIRTY_LOG_MANUAL_CAPS) ? 0 : -EINVAL;
}

static long vm_ioctl(SimVm *vm, unsigned long req, void *arg)
{
    struct kvm_vcpu_init init = { .target = KVM_ARM_TARGET_GENERIC_V8 };

    switch (req) {
    case KVM_ARM_PREFERRED_TARGET:
        return sim_copy_to_user(arg, &init, sizeof(init));
    case KVM_HAS_DEVICE_ATTR:
        return -ENXIO;
    case KVM_SIGNAL_MSI:
    case KVM_IRQFD:
    case KVM_SET_GSI_ROUTING:
        return sim_contract_irq_ioctl(vm, req, arg);
    case KVM_IRQ_LINE:
    case KVM_IOEVENTFD:
    case KVM_GET_DIRTY_LOG:
    case KVM_CLEAR_DIRTY_LOG:
    case KVM_ARM_SET_DEVICE_ADDR:
        return 0;
    case KVM_ENABLE_CAP:
        return enable_cap(arg);
    default:
        return -EINVAL;
    }
}

static int create_vcpu(SimVcpu *vcpu)
{
    int fd = new_file("kvm-vcpu", VCPU_MMAP_SIZE);
    void *run;

    if (fd < 0) {
        return fd;
    }
    run = sim_real_mmap(NULL, VCPU_MMAP_SIZE, PROT_READ | PROT_WRITE,
                        MAP_SHARED, fd, 0);
    if (run == MAP_FAILED) {
        sim_real_close(fd);
        return -ENOMEM;
    }
    vcpu->run = run;
    return fd;
}

static void destroy_vcpu(SimVcpu *vcpu)
{
    munmap(vcpu->run, VCPU_MMAP_SIZE);
    sim_contract_free_regs(vcpu);
}

static int vcpu_init(SimVcpu *vcpu, const struct kvm_vcpu_init *init)
{
    if (init->target != KVM_ARM_TARGET_GENERIC_V8) {
        return -EINVAL;
    }
    sim_contract_init_regs(vcpu);
    return 0;
}

static int vcpu_finalize_rec(SimVcpu *vcpu)
{
    return 0;
}

static int set_x_after_exit(SimVcpu *vcpu, unsigned n)
{
    return 0;
}

static long set_signal_mask(SimVcpu *vcpu, const struct kvm_signal_mask *user)
{
    struct kvm_signal_mask head;

    if (sim_copy_from_user(&head, user, sizeof(head)) ||
        head.len != sizeof(vcpu->signal_mask) ||
        sim_copy_from_user(&vcpu->signal_mask, user->sigset, head.len)) {
        return -EINVAL;
    }
    vcpu->has_signal_mask = true;
    return 0;
}

/* As the VMM said and, in generation B, until it is woken after a power-off */
static bool is_stopped(const SimVcpu *vcpu)
{
    return sim_generation()->implicit && vcpu->vm->is_realm &&
           (vcpu->powered_off || (vcpu->vm->realm.state == SIM_REALM_OFF &&
                                  !vcpu->off_woken));
}

static long vcpu_ioctl(SimVcpu *vcpu, unsigned long req, void *arg)
{
    struct kvm_mp_state mp = {
        .mp_state = is_stopped(vcpu) ? KVM_MP_STATE_STOPPED
                                     : KVM_MP_STATE_RUNNABLE,
    };
    struct kvm_vcpu_events ev = { 0 };

    switch (req) {
    case KVM_GET_MP_STATE:
        return sim_copy_to_user(arg, &mp, sizeof(mp));
    case KVM_GET_VCPU_EVENTS:
        return sim_copy_to_user(arg, &ev, sizeof(ev));
    case KVM_SET_SIGNAL_MASK:
        return set_signal_mask(vcpu, arg);
    case KVM_SET_MP_STATE:
    case KVM_SET_VCPU_EVENTS:
    case KVM_SET_GUEST_DEBUG:
    case KVM_HAS_DEVICE_ATTR:
    case KVM_SET_DEVICE_ATTR:
    case KVM_ARM_VCPU_FINALIZE:
        return 0;
    default:
        return -EINVAL;
    }
}

int sim_contract_wait(SimVcpu *vcpu)
{
    ContractVm *c = vcpu->vm->backend;
    struct pollfd off = { .fd = c->off_event, .events = POLLIN };
    struct kvm_run *run = vcpu->run;
    sigset_t all, old, mask;
    int ret;

    /* no signal may slip in between the look at the flag and the wait */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    mask = old;
    if (vcpu->has_signal_mask) {
        memcpy(&mask, &vcpu->signal_mask, sizeof(vcpu->signal_mask));
    }
    do {
        /* one that does not leave waits for a signal only */
        ret = run->immediate_exit ? -1 :
              ppoll(&off, sim_off_leaves(vcpu), NULL, &mask);
    } while (ret > 0 && !sim_off_leaves(vcpu));
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (ret > 0) {
        sim_off_delay(vcpu);
        sim_off_exit(vcpu);
        return 0;
    }
    run->exit_reason = KVM_EXIT_INTR;
    return -EINTR;
}

/* The others may be out of KVM_RUN before the one that did it is */
static void power_off(SimVcpu *vcpu)
{
    ContractVm *c = vcpu->vm->backend;
    uint64_t one = 1;

    if (write(c->off_event, &one, sizeof(one)) != sizeof(one)) {
        sim_config_die("eventfd: %s", g_strerror(errno));
    }
    sim_off_delay(vcpu);
}

static int run(SimVcpu *vcpu)
{
    int ret = 1;

    sim_contract_irq_poll(vcpu->vm);
    if (vcpu->id == 0 && sim_realm_is_active(vcpu->vm)) {
        sim_exit_result(vcpu);
        if (vcpu->mmio_completed) {
            usleep(sim_config()->completion_ms * 1000);
        }
        if (!vcpu->run->immediate_exit) {
            ret = sim_exit_deliver(vcpu);
        }
    }
    if (ret == 1) {
        if (!vcpu->run->immediate_exit) {
            sim_own_wait();
        }
        return sim_contract_wait(vcpu);
    }
    /* a guest that crashed may go on */
    if (ret == 0 && vcpu->run->exit_reason == KVM_EXIT_SYSTEM_EVENT &&
        vcpu->run->system_event.type != KVM_SYSTEM_EVENT_CRASH) {
        power_off(vcpu);
    }
    return ret;
}

static int create_device(SimDevice *dev, struct kvm_create_device *arg)
{
    if (arg->type != KVM_DEV_TYPE_ARM_VGIC_V3 &&
        arg->type != KVM_DEV_TYPE_ARM_VGIC_ITS) {
        return -ENODEV;
    }
    return arg->flags & KVM_CREATE_DEVICE_TEST ? 0 : new_file("kvm-dev", 0);
}

/* All registers read 0, but the distributor says how many lines it has */
static int get_device_attr(SimDevice *dev, const struct kvm_device_attr *attr)
{
    bool wide = attr->group == KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS ||
                attr->group == KVM_DEV_ARM_VGIC_GRP_ITS_REGS;
    uint64_t value = 0;

    if (attr->group == KVM_DEV_ARM_VGIC_GRP_DIST_REGS &&
        (uint32_t)attr->attr == GICD_TYPER) {
        value = GICD_TYPER_VALUE;
    }
    return sim_copy_to_user((void *)(uintptr_t)attr->addr, &value,
                            wide ? 8 : 4);
}

/* arch/arm64/kvm/vgic/vgic-kvm-device.c: vgic_check_iorange() */
static int check_vgic_base(const SimVm *vm, uint64_t base)
{
    if (base & 0xffff) {
        return -EINVAL;
    }
    return base >> vm->ipa_bits ? -E2BIG : 0;
}

static long set_device_attr(SimDevice *dev, const struct kvm_device_attr *attr)
{
    uint64_t base;
    int ret;

    if (attr->group != KVM_DEV_ARM_VGIC_GRP_ADDR) {
        return 0;
    }
    if (sim_copy_from_user(&base, (void *)(uintptr_t)attr->addr,
                           sizeof(base))) {
        return -EFAULT;
    }
    if (attr->attr == KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION) {
        /* bits 51 to 16; beside them are a count, flags and an index */
        base &= 0xfffffffff0000;
    }
    ret = check_vgic_base(dev->vm, base);
    if (!ret && dev->type == KVM_DEV_TYPE_ARM_VGIC_ITS) {
        sim_contract_set_its(dev->vm, base);
    }
    return ret;
}

static long device_ioctl(SimDevice *dev, unsigned long req, void *arg)
{
    struct kvm_device_attr attr;

    if (sim_copy_from_user(&attr, arg, sizeof(attr))) {
        return -EFAULT;
    }
    switch (req) {
    case KVM_GET_DEVICE_ATTR:
        return get_device_attr(dev, &attr);
    case KVM_SET_DEVICE_ATTR:
        return set_device_attr(dev, &attr);
    case KVM_HAS_DEVICE_ATTR:
        return 0;
    default:
        return -EINVAL;
    }
}

static int set_memslot(SimVm *vm, SimSlot *slot, SimSlotChange change)
{
    sim_guard_slot(vm, slot, change);
    return 0;
}

static int create_gmem(SimGmem *gmem)
{
    return new_file("kvm-gmem", gmem->size);
}

static void destroy_gmem(SimGmem *gmem)
{
}

static int punch_gmem(SimGmem *gmem, uint64_t off, uint64_t len)
{
    return sim_real_fallocate(gmem->obj.fd,
                              FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                              off, len) ? -errno : 0;
}

/* The copy through the file answers a bad source with EFAULT by itself */
static int populate_page(SimVm *vm, SimSlot *slot, uint64_t gpa,
                         const void *source, uint8_t page[SIM_PAGE_SIZE])
{
    off_t off = slot->gmem_offset + (gpa - slot->gpa);
    int fd = slot->gmem->obj.fd;

    if (pwrite(fd, source, SIM_PAGE_SIZE, off) != SIM_PAGE_SIZE ||
        pread(fd, page, SIM_PAGE_SIZE, off) != SIM_PAGE_SIZE) {
        return -EFAULT;
    }
    return 0;
}

static int convert(SimVm *vm, uint64_t gpa, uint64_t size, bool private)
{
    if (sim_realm_is_active(vm)) {
        sim_guard_convert(vm, gpa, size, private);
    }
    return 0;
}

static int activate(SimVm *vm)
{
    sim_guard_arm(vm);
    return 0;
}

const SimBackendOps sim_contract_ops = {
    .name = "contract",
    .open_system = open_system,
    .system_ioctl = system_ioctl,
    .check_extension = sim_contract_check_extension,
    .create_vm = create_vm,
    .destroy_vm = destroy_vm,
    .vm_ioctl = vm_ioctl,
    .create_vcpu = create_vcpu,
    .destroy_vcpu = destroy_vcpu,
    .vcpu_init = vcpu_init,
    .vcpu_finalize_rec = vcpu_finalize_rec,
    .get_reg = sim_contract_get_reg,
    .set_reg = sim_contract_set_reg,
    .get_reg_list = sim_contract_get_reg_list,
    .set_x_after_exit = set_x_after_exit,
    .vcpu_ioctl = vcpu_ioctl,
    .run = run,
    .create_device = create_device,
    .device_ioctl = device_ioctl,
    .set_memslot = set_memslot,
    .create_gmem = create_gmem,
    .destroy_gmem = destroy_gmem,
    .punch_gmem = punch_gmem,
    .populate_page = populate_page,
    .convert = convert,
    .activate = activate,
};
