/*
 * The VM descriptor: dispatch, capabilities to enable, vCPUs and devices
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "sim-backend.h"
#include "sim-names.h"
#include "sim-populate.h"
#include "sim-user.h"

#define MAX_VCPUS 512

static SimVcpu *vcpu_by_id(SimVm *vm, uint32_t id)
{
    for (guint i = 0; i < vm->vcpus->len; i++) {
        SimVcpu *vcpu = g_ptr_array_index(vm->vcpus, i);

        if (vcpu->id == id) {
            return vcpu;
        }
    }
    return NULL;
}

static long create_vcpu(SimVm *vm, uint64_t id)
{
    SimVcpu *vcpu;
    int fd;

    if (id >= MAX_VCPUS) {
        return -EINVAL;
    }
    sim_implicit_judge_new_vcpu(vm, id);
    if (vm->vgic_inited) {
        return -EBUSY;
    }
    if (vcpu_by_id(vm, id)) {
        return -EEXIST;
    }
    vcpu = g_new0(SimVcpu, 1);
    vcpu->vm = vm;
    vcpu->id = id;
    fd = sim_backend()->create_vcpu(vcpu);
    if (fd < 0) {
        g_free(vcpu);
        return fd;
    }
    sim_object_ref(&vm->obj);
    g_ptr_array_add(vm->vcpus, vcpu);
    vm->vcpu_count++;
    sim_fd_install(&vcpu->obj, SIM_VCPU, fd);
    return fd;
}

void sim_vcpu_destroy(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;

    pthread_mutex_lock(&vm->lock);
    g_ptr_array_remove(vm->vcpus, vcpu);
    pthread_mutex_unlock(&vm->lock);
    sim_backend()->destroy_vcpu(vcpu);
    sim_object_put(&vm->obj);
}

static long create_device(SimVm *vm, struct kvm_create_device *user)
{
    struct kvm_create_device arg;
    SimDevice *dev;
    int fd;

    if (sim_copy_from_user(&arg, user, sizeof(arg))) {
        return -EFAULT;
    }
    if (vm->is_realm && arg.type == KVM_DEV_TYPE_ARM_VGIC_V2) {
        return -ENODEV;
    }
    dev = g_new0(SimDevice, 1);
    dev->vm = vm;
    dev->type = arg.type;
    fd = sim_backend()->create_device(dev, &arg);
    sim_report_call(vm, "CREATE_DEVICE", MIN(fd, 0), "\"type\": %u, "
                    "\"flags\": %u", arg.type, arg.flags);
    if (fd < 0 || (arg.flags & KVM_CREATE_DEVICE_TEST)) {
        g_free(dev);
        return fd < 0 ? fd : 0;
    }
    vm->has_vgic |= arg.type == KVM_DEV_TYPE_ARM_VGIC_V3 ||
                    arg.type == KVM_DEV_TYPE_ARM_VGIC_V2;
    sim_object_ref(&vm->obj);
    sim_fd_install(&dev->obj, SIM_DEVICE, fd);
    user->fd = fd;
    return 0;
}

static bool enables_unrelated(uint32_t cap)
{
    GArray *a = sim_config()->unrelated_caps;

    for (guint i = 0; i < a->len; i++) {
        if (g_array_index(a, unsigned, i) == cap) {
            return true;
        }
    }
    return false;
}

static long enable_cap(SimVm *vm, const void *user)
{
    struct kvm_enable_cap cap;

    if (sim_copy_from_user(&cap, user, sizeof(cap))) {
        return -EFAULT;
    }
    if (sim_generation()->vm_type && !sim_generation()->implicit &&
        cap.cap == sim_config()->cap) {
        return sim_realm_enable_cap(vm, &cap);
    }
    sim_trace("ENABLE_CAP %u", cap.cap);
    sim_dirty_judge_cap(vm, &cap);
    if (vm->is_realm && sim_generation()->enable_listed &&
        cap.cap != KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 &&
        cap.cap != KVM_CAP_HALT_POLL) {
        return -EINVAL;
    }
    if (enables_unrelated(cap.cap)) {
        return cap.flags ? -EINVAL : 0;
    }
    return sim_backend()->vm_ioctl(vm, KVM_ENABLE_CAP, &cap);
}

static long set_attributes(SimVm *vm, const void *user)
{
    struct kvm_memory_attributes arg;

    if (!sim_generation()->vm_type ||
        sim_generation()->owner != SIM_OWNER_VM) {
        if (vm->is_realm) {
            sim_complain(vm, "KVM_SET_MEMORY_ATTRIBUTES of a VM whose "
                         "attributes are the guest_memfd's");
        }
        return -EINVAL;
    }
    if (sim_copy_from_user(&arg, user, sizeof(arg))) {
        return -EFAULT;
    }
    return sim_set_attributes(vm, &arg);
}

static long handle(SimVm *vm, unsigned long req, void *arg)
{
    long ret;

    switch (req) {
    case KVM_CHECK_EXTENSION:
        ret = sim_check_extension(NULL, vm, (uintptr_t)arg);
        sim_trace("CHECK_EXTENSION_VM %lu = %ld",
                  (unsigned long)(uintptr_t)arg, ret);
        return ret;
    case KVM_ENABLE_CAP:
        return enable_cap(vm, arg);
    case KVM_CREATE_VCPU:
        ret = create_vcpu(vm, (uintptr_t)arg);
        sim_report_call(vm, "CREATE_VCPU", MIN(ret, 0), "\"id\": %" PRIu64,
                        (uint64_t)(uintptr_t)arg);
        return ret;
    case KVM_CREATE_DEVICE:
        return create_device(vm, arg);
    case KVM_SET_USER_MEMORY_REGION:
    case KVM_SET_USER_MEMORY_REGION2:
        return sim_set_memslot(vm, req, arg);
    case KVM_GET_DIRTY_LOG:
    case KVM_CLEAR_DIRTY_LOG:
    case KVM_RESET_DIRTY_RINGS:
        return sim_dirty_ioctl(vm, req, arg);
    case KVM_CREATE_GUEST_MEMFD:
        return sim_create_gmem(vm, arg);
    case KVM_SET_MEMORY_ATTRIBUTES:
        return set_attributes(vm, arg);
    case SIM_POPULATE_W:
    case SIM_POPULATE_RW:
        return sim_rmi_populate(vm, req, arg);
    case SIM_SET_ATTRIBUTES2:
        if (vm->is_realm) {
            sim_complain(vm, "KVM_SET_MEMORY_ATTRIBUTES2 of the VM and not "
                         "of a guest_memfd");
        }
        return -EINVAL;
    case KVM_CREATE_IRQCHIP:
        /* this request makes a GICv2 */
        return vm->is_realm ? -ENODEV
                            : sim_backend()->vm_ioctl(vm, req, arg);
    case KVM_ARM_SET_COUNTER_OFFSET:
        return vm->is_realm ? -EINVAL
                            : sim_backend()->vm_ioctl(vm, req, arg);
    default:
        return sim_backend()->vm_ioctl(vm, req, arg);
    }
}

long sim_vm_ioctl(SimVm *vm, unsigned long req, void *arg)
{
    const char *name = sim_ioctl_name(SIM_VM, req);
    long ret = name ? sim_fail(name) : 0;

    sim_report_count(name ?: "VM_OTHER");
    pthread_mutex_lock(&vm->lock);
    if (ret) {
        sim_report_call(vm, name, ret, "\"injected\": true");
        if (req == KVM_SET_MEMORY_ATTRIBUTES && sim_realm_is_active(vm)) {
            vm->realm.failed = name;
        }
    } else if (vm->dead) {
        ret = -EIO;
    } else {
        ret = handle(vm, req, arg);
    }
    pthread_mutex_unlock(&vm->lock);
    sim_trace("vm %u %s = %ld", vm->serial, name ?: "VM_OTHER", ret);
    return ret;
}

static bool is_vgic_init(const SimDevice *dev,
                         const struct kvm_device_attr *attr)
{
    return dev->type == KVM_DEV_TYPE_ARM_VGIC_V3 &&
        attr->group == KVM_DEV_ARM_VGIC_GRP_CTRL &&
        attr->attr == KVM_DEV_ARM_VGIC_CTRL_INIT;
}

static void trace_device(const SimDevice *dev, const char *name,
                         const void *arg, long ret)
{
    struct kvm_device_attr attr;

    if (sim_copy_from_user(&attr, arg, sizeof(attr))) {
        attr = (struct kvm_device_attr) { 0 };
    }
    sim_trace("vm %u device %u %s %u 0x%" PRIx64 " = %ld", dev->vm->serial,
              dev->type, name, attr.group, (uint64_t)attr.attr, ret);
}

long sim_device_ioctl(SimDevice *dev, unsigned long req, void *arg)
{
    const char *name = sim_ioctl_name(SIM_DEVICE, req);
    SimVm *vm = dev->vm;
    long ret = name ? sim_fail(name) : 0;

    sim_report_count(name ?: "DEVICE_OTHER");
    if (ret) {
        return ret;
    }
    pthread_mutex_lock(&vm->lock);
    ret = vm->dead ? -EIO : sim_backend()->device_ioctl(dev, req, arg);
    if (!ret && req == KVM_SET_DEVICE_ATTR && is_vgic_init(dev, arg)) {
        vm->vgic_inited = true;
    }
    pthread_mutex_unlock(&vm->lock);
    trace_device(dev, name ?: "DEVICE_OTHER", arg, ret);
    return ret;
}
