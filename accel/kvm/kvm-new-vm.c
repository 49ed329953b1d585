/*
 * A new VM for a guest whose old one cannot be reset
 *
 * The state of a confidential guest is out of QEMU's reach: a reset cannot
 * bring its vCPUs and its memory back to where they began. A new VM can. All
 * that KVM was told of the old one is told of the new one again, by the code
 * that did it the first time, and the machine's reset does the rest.
 *
 * The old VM is given back as a whole before the new one is asked for. The
 * kernel ends it when its last descriptor is closed, and a guest never holds
 * two sets of memory, or two of something that the host has few of.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/mman.h>

#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/queue.h"
#include "system/ramblock.h"
#include "exec/ramlist.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "system/confidential-guest-support.h"
#include "system/kvm.h"
#include "system/kvm_int.h"
#include "kvm-cpus.h"
#include "trace.h"

typedef struct KVMVmListener {
    KVMVmChangeFunc *fn;
    void *opaque;
    QTAILQ_ENTRY(KVMVmListener) next;
} KVMVmListener;

static QTAILQ_HEAD(, KVMVmListener) listeners =
    QTAILQ_HEAD_INITIALIZER(listeners);

void kvm_on_vm_change(KVMVmChangeFunc *fn, void *opaque)
{
    KVMVmListener *l = g_new0(KVMVmListener, 1);

    l->fn = fn;
    l->opaque = opaque;
    QTAILQ_INSERT_TAIL(&listeners, l, next);
}

static bool notify(KVMVmChange change, Error **errp)
{
    KVMVmListener *l;

    QTAILQ_FOREACH(l, &listeners, next) {
        if (!l->fn(l->opaque, change, errp)) {
            return false;
        }
    }
    return true;
}

/* What is done to each vCPU, in its own thread */
typedef struct VcpuWork {
    bool (*fn)(CPUState *cpu, Error **errp);
    Error **errp;
    bool ok;
} VcpuWork;

static void do_vcpu_work(CPUState *cpu, run_on_cpu_data data)
{
    VcpuWork *work = data.host_ptr;

    work->ok = work->fn(cpu, work->errp);
}

static bool for_each_vcpu(bool (*fn)(CPUState *cpu, Error **errp), Error **errp)
{
    VcpuWork work = { .fn = fn, .errp = errp };
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        run_on_cpu(cpu, do_vcpu_work, RUN_ON_CPU_HOST_PTR(&work));
        if (!work.ok) {
            return false;
        }
    }
    return true;
}

static bool close_vcpu(CPUState *cpu, Error **errp)
{
    int size = kvm_ioctl(kvm_state, KVM_GET_VCPU_MMAP_SIZE, 0);
    struct kvm_run *run = cpu->kvm_run;

    /* A signal of this thread may be late, see kvm_cpu_kick() */
    qatomic_set(&cpu->kvm_run, NULL);
    barrier();
    /* A mapping keeps the vCPU, and so the VM, as a descriptor does */
    if (size < 0 || munmap(run, size)) {
        error_setg_errno(errp, size < 0 ? -size : errno,
                         "cannot unmap the state of vCPU %d", cpu->cpu_index);
        return false;
    }
    if (cpu->kvm_vcpu_stats_fd >= 0) {
        close(cpu->kvm_vcpu_stats_fd);
        cpu->kvm_vcpu_stats_fd = -1;
    }
    close(cpu->kvm_fd);
    cpu->kvm_fd = -1;
    return true;
}

static bool init_vcpu(CPUState *cpu, Error **errp)
{
    return kvm_init_vcpu(cpu, errp) >= 0;
}

static void close_guest_memfds(void)
{
    RAMBlock *rb;

    RCU_READ_LOCK_GUARD();
    RAMBLOCK_FOREACH(rb) {
        if (rb->guest_memfd >= 0) {
            close(rb->guest_memfd);
            rb->guest_memfd = -1;
        }
    }
}

static bool close_vm(KVMState *s, Error **errp)
{
    if (!notify(KVM_VM_CLOSING, errp) || !for_each_vcpu(close_vcpu, errp)) {
        return false;
    }
    kvm_close_parked_vcpus(s);
    s->coalesced_mmio_ring = NULL;
    close(s->vmfd);
    s->vmfd = -1;
    close_guest_memfds();
    /* Of the slots and the ioeventfds there is only our own record left */
    kvm_stop_listening(s);
    return true;
}

static bool create_guest_memfds(Error **errp)
{
    RAMBlock *rb;

    RCU_READ_LOCK_GUARD();
    RAMBLOCK_FOREACH(rb) {
        if (!(rb->flags & RAM_GUEST_MEMFD)) {
            continue;
        }
        rb->guest_memfd = kvm_create_guest_memfd(rb->max_length, 0, errp);
        if (rb->guest_memfd < 0) {
            error_prepend(errp, "memory '%s': ", rb->idstr);
            return false;
        }
        if (rb->attributes) {
            /* All of it is private now, which cannot fail */
            ram_block_attributes_state_change(rb->attributes, 0,
                                              memory_region_size(rb->mr), true);
        }
    }
    return true;
}

/* In the order in which a machine does it: vCPUs, memory, irqchip, the rest */
static bool create_vm(KVMState *s, Error **errp)
{
    int fd;

    do {
        fd = kvm_ioctl(s, KVM_CREATE_VM, s->vm_type);
    } while (fd == -EINTR);
    if (fd < 0) {
        error_setg_errno(errp, -fd, "the kernel makes no VM: KVM_CREATE_VM");
        return false;
    }
    s->vmfd = fd;
    s->guest_state_protected = false;

    if (!create_guest_memfds(errp) || !for_each_vcpu(init_vcpu, errp)) {
        return false;
    }
    kvm_start_listening(s);
    return notify(KVM_VM_CREATED, errp) &&
           kvm_irqchip_restore(s, errp) &&
           notify(KVM_VM_READY, errp);
}

bool kvm_is_reset_by_new_vm(void)
{
    ConfidentialGuestSupport *cgs = current_machine->cgs;

    return kvm_state->guest_state_protected && cgs && cgs->reset_by_new_vm;
}

bool kvm_begin_reset(Error **errp)
{
    ERRP_GUARD();
    KVMState *s = kvm_state;

    if (!kvm_is_reset_by_new_vm()) {
        return true;
    }
    trace_kvm_new_vm();
    if (!close_vm(s, errp) || !create_vm(s, errp)) {
        error_prepend(errp, "cannot reset the guest by a new VM: ");
        return false;
    }
    s->is_new_vm = true;
    return true;
}

bool kvm_end_reset(Error **errp)
{
    KVMState *s = kvm_state;

    if (!s->is_new_vm) {
        return true;
    }
    s->is_new_vm = false;
    return confidential_guest_kvm_reset(current_machine->cgs, errp) >= 0;
}
