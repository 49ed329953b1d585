/*
 * Run mode: entering a vCPU, and the exits of a Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sim-run.h"

/* Nobody else uses it: takes the other vCPUs out of KVM_RUN at power-off */
#define KICK_SIGNAL (SIGRTMAX - 3)

/* An abort handler that aborts again will not stop by itself */
#define MAX_ABORTS 1000

static __thread struct kvm_run *current_run;

uint64_t run_get_x(SimVcpu *vcpu, unsigned n)
{
    uint64_t value = 0;
    struct kvm_one_reg reg = {
        .id = SIM_REG_X(n),
        .addr = (uintptr_t)&value,
    };

    run_ioctl(vcpu->obj.fd, KVM_GET_ONE_REG, &reg);
    return value;
}

void run_set_x(SimVcpu *vcpu, unsigned n, uint64_t value)
{
    struct kvm_one_reg reg = {
        .id = SIM_REG_X(n),
        .addr = (uintptr_t)&value,
    };

    run_ioctl(vcpu->obj.fd, KVM_SET_ONE_REG, &reg);
}

static uint64_t get_pc(SimVcpu *vcpu)
{
    uint64_t value = 0;
    struct kvm_one_reg reg = { .id = SIM_REG_PC, .addr = (uintptr_t)&value };

    run_ioctl(vcpu->obj.fd, KVM_GET_ONE_REG, &reg);
    return value;
}

int run_exit_memory_fault(SimVcpu *vcpu, uint64_t gpa, uint64_t size,
                          bool private)
{
    struct kvm_run *run = vcpu->run;

    run->exit_reason = KVM_EXIT_MEMORY_FAULT;
    memset(&run->memory_fault, 0, sizeof(run->memory_fault));
    run->memory_fault.gpa = gpa;
    run->memory_fault.size = size;
    run->memory_fault.flags = private ? KVM_MEMORY_EXIT_FLAG_PRIVATE : 0;
    return -EFAULT;
}

/* Runs on the vCPU's thread: also covers a kick just before the entry */
static void kicked(int sig)
{
    if (current_run) {
        current_run->immediate_exit = 1;
    }
}

static void accept_kicks(SimVcpu *vcpu)
{
    RunVcpu *b = vcpu->backend;
    struct sigaction action = { .sa_handler = kicked };
    sigset_t set;

    if (!b->accepts_kicks) {
        sigaction(KICK_SIGNAL, &action, NULL);
        sigemptyset(&set);
        sigaddset(&set, KICK_SIGNAL);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        current_run = vcpu->run;
        b->thread = pthread_self();
        b->accepts_kicks = true;
    }
}

void run_forget_vcpu(SimVcpu *vcpu)
{
    if (current_run == vcpu->run) {
        current_run = NULL;
    }
}

static int enter(SimVcpu *vcpu)
{
    RunVcpu *b = vcpu->backend;
    int ret;

    __atomic_store_n(&b->tid, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    ret = run_ioctl(vcpu->obj.fd, KVM_RUN, NULL);
    __atomic_store_n(&b->tid, 0, __ATOMIC_SEQ_CST);
    return ret;
}

/*
 * The Realm is off for every vCPU.  Some come out of KVM_RUN; the others sleep
 * there, which is what KVM does anyway.
 */
static void power_off(SimVcpu *vcpu)
{
    RunVm *rv = vcpu->vm->backend;

    vcpu->off_left = true;
    __atomic_store_n(&rv->off, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_lock(&rv->map_lock);
    for (unsigned i = 0; i < rv->vcpus->len; i++) {
        SimVcpu *other = g_ptr_array_index(rv->vcpus, i);
        RunVcpu *b = other->backend;

        if (other != vcpu && sim_off_leaves(other) &&
            __atomic_load_n(&b->tid, __ATOMIC_SEQ_CST)) {
            pthread_kill(b->thread, KICK_SIGNAL);
        }
    }
    pthread_mutex_unlock(&rv->map_lock);
    sim_off_delay(vcpu);
}

/* Is this vCPU to come out because of that? */
static bool off(SimVcpu *vcpu)
{
    RunVm *rv = vcpu->vm->backend;

    return __atomic_load_n(&rv->off, __ATOMIC_SEQ_CST) && sim_off_leaves(vcpu);
}

/* As an RMM answers an access to RIPAS EMPTY: the host sees nothing of it */
static int external_abort(SimVcpu *vcpu, const char *what)
{
    struct kvm_vcpu_events events = { .exception.ext_dabt_pending = 1 };
    RunVcpu *b = vcpu->backend;

    sim_report_count("external abort");
    sim_trace("vcpu %u: external abort (%s) at pc 0x%" PRIx64, vcpu->id, what,
              get_pc(vcpu));
    if (++b->aborts > MAX_ABORTS) {
        sim_complain(vcpu->vm, "vCPU %u: %u external aborts in a row",
                     vcpu->id, MAX_ABORTS);
        return -EFAULT;
    }
    return run_ioctl(vcpu->obj.fd, KVM_SET_VCPU_EVENTS, &events);
}

/* Takes what the watcher stored, if it stopped this vCPU */
static bool take_fault(SimVcpu *vcpu, RunFault *fault)
{
    RunVm *rv = vcpu->vm->backend;
    RunVcpu *b = vcpu->backend;

    pthread_mutex_lock(&rv->map_lock);
    *fault = b->fault;
    b->fault.pending = false;
    if (fault->pending) {
        mprotect(fault->addr, SIM_PAGE_SIZE, PROT_READ | PROT_WRITE);
    }
    pthread_mutex_unlock(&rv->map_lock);
    return fault->pending;
}

/* Was the content lost because the guest used the page's shared address? */
static bool own_doing(SimVcpu *vcpu, uint64_t gpa)
{
    bool touched;

    pthread_mutex_lock(&vcpu->vm->lock);
    touched = sim_ranges_any(&vcpu->vm->realm.alias_touched, gpa, gpa + 1);
    pthread_mutex_unlock(&vcpu->vm->lock);
    return touched;
}

static int destroyed_page(SimVcpu *vcpu, uint64_t gpa)
{
    if (own_doing(vcpu, gpa)) {
        sim_trace("vcpu %u: the guest destroyed and used 0x%" PRIx64, vcpu->id,
                  gpa);
        sim_report_count("use of what the guest destroyed");
    } else {
        sim_complain(vcpu->vm, "the guest used 0x%" PRIx64 ", whose content"
                     " the VMM destroyed", gpa);
    }
    return -ENXIO;
}

static void note_alias(SimVcpu *vcpu, uint64_t gpa)
{
    pthread_mutex_lock(&vcpu->vm->lock);
    sim_ranges_add(&vcpu->vm->realm.alias_touched, gpa, gpa + SIM_PAGE_SIZE);
    pthread_mutex_unlock(&vcpu->vm->lock);
}

/* KVM could not map what the guest touched.  Returns 1 to go on. */
static int memory_fault(SimVcpu *vcpu)
{
    RunFault fault;
    int ret;

    if (!take_fault(vcpu, &fault)) {
        ret = external_abort(vcpu, "RIPAS EMPTY");
        return ret < 0 ? ret : 1;
    }
    if (fault.destroyed) {
        return destroyed_page(vcpu, fault.gpa);
    }
    if (fault.unwritten) {
        vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
        return -EFAULT;
    }
    if (fault.private_alias && !sim_generation()->private_alias_fault) {
        return 1;               /* another vCPU is about to give it up */
    }
    if (!fault.private_alias) {
        note_alias(vcpu, fault.gpa);
    }
    sim_trace("vcpu %u: %s alias of 0x%" PRIx64 " touched, pc 0x%" PRIx64,
              vcpu->id, fault.private_alias ? "private" : "shared", fault.gpa,
              get_pc(vcpu));
    sim_report_count("memory-fault exit (alias)");
    vcpu->fault_touch = true;
    return run_exit_memory_fault(vcpu, fault.gpa, SIM_PAGE_SIZE,
                                 fault.private_alias);
}

/* Where that is EAGAIN it comes again, until there is a slot */
static int use_of_hole(SimVcpu *vcpu, uint64_t gpa)
{
    RunVcpu *b = vcpu->backend;

    b->in_hole = sim_generation()->hole == EAGAIN;
    b->hole = gpa;
    return b->in_hole ? -EAGAIN : -ENXIO;
}

static bool still_in_hole(SimVcpu *vcpu)
{
    RunVcpu *b = vcpu->backend;

    if (b->in_hole) {
        pthread_mutex_lock(&vcpu->vm->lock);
        b->in_hole = !sim_slot_at(vcpu->vm, b->hole);
        pthread_mutex_unlock(&vcpu->vm->lock);
    }
    return b->in_hole;
}

/*
 * The guest used a private address that has no guest_memfd.  RIPAS EMPTY is
 * between the guest and its RMM.  RIPAS RAM there is the guest's own request,
 * and KVM has no page to give: EINVAL where there is a slot (the BAR of a
 * device), ENXIO where there is none.
 */
static int no_private_memory(SimVcpu *vcpu, uint64_t gpa)
{
    SimVm *vm = vcpu->vm;
    bool ram, slot;
    int ret;

    pthread_mutex_lock(&vm->lock);
    ram = sim_ranges_any(&vm->realm.ripas, gpa, gpa + 1);
    slot = sim_slot_at(vm, gpa);
    pthread_mutex_unlock(&vm->lock);
    if (ram) {
        sim_trace("vcpu %u: private 0x%" PRIx64 " has %s", vcpu->id, gpa,
                  slot ? "a slot without a guest_memfd" : "no slot");
        sim_report_count("use of a private address without memory");
        return slot ? -EINVAL : use_of_hole(vcpu, gpa);
    }
    ret = external_abort(vcpu, "no memory");
    return ret < 0 ? ret : 1;
}

/* Returns 1 to go on, or what KVM_RUN returns */
static int handle_exit(SimVcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    uint64_t shared = sim_shared_bit(vcpu->vm);
    int ret = 0;

    switch (run->exit_reason) {
    case KVM_EXIT_HYPERCALL:
        return run_rsi(vcpu, &ret) ? ret : 1;
    case KVM_EXIT_MMIO:
        if (!(run->mmio.phys_addr & shared)) {
            return no_private_memory(vcpu, run->mmio.phys_addr);
        }
        run->mmio.phys_addr &= ~shared;
        return 0;
    case KVM_EXIT_SYSTEM_EVENT:
        power_off(vcpu);
        return 0;
    default:
        return 0;
    }
}

/*
 * A KVM_RUN that only completes an access.  The real KVM takes an abort instead
 * of the access as long as that is not completed, and at the right instruction
 * only then: so it learns of the completion at the next entry, or never.
 */
static int complete_mmio(SimVcpu *vcpu)
{
    RunVcpu *b = vcpu->backend;

    if (!b->deferred) {
        memcpy(b->mmio_data, vcpu->run->mmio.data, sizeof(b->mmio_data));
        b->deferred = true;
    }
    return -EINTR;
}

/* What the VMM writes there later is too late */
static void completed_mmio(SimVcpu *vcpu)
{
    RunVcpu *b = vcpu->backend;

    if (b->deferred) {
        memcpy(vcpu->run->mmio.data, b->mmio_data, sizeof(b->mmio_data));
        b->deferred = false;
    }
}

long run_abort(SimVcpu *vcpu, void *events)
{
    RunVcpu *b = vcpu->backend;

    b->deferred = false;
    return run_ioctl(vcpu->obj.fd, KVM_SET_VCPU_EVENTS, events);
}

int run_vcpu(SimVcpu *vcpu)
{
    RunVcpu *b = vcpu->backend;
    int ret = -EINTR;

    if (!vcpu->vm->is_realm) {
        return run_ioctl(vcpu->obj.fd, KVM_RUN, NULL);
    }
    if (vcpu->mmio_completed) {
        return complete_mmio(vcpu);
    }
    completed_mmio(vcpu);
    accept_kicks(vcpu);
    /* generation B commits when it enters the guest */
    if (sim_generation()->implicit && vcpu->run->immediate_exit &&
        (b->ripas.pending || b->in_hole)) {
        vcpu->run->exit_reason = KVM_EXIT_INTR;
        return -EINTR;
    }
    if (still_in_hole(vcpu)) {
        return -EAGAIN;
    }
    run_commit_ripas(vcpu);
    if (run_rsi_again(vcpu, &ret)) {
        return ret;
    }
    for (;;) {
        if (!off(vcpu)) {
            ret = enter(vcpu);
        }
        if (off(vcpu)) {
            vcpu->run->immediate_exit = 0;
            sim_off_delay(vcpu);
            sim_off_exit(vcpu);
            return 0;
        }
        if (ret == -EFAULT) {
            ret = memory_fault(vcpu);
        } else if (ret >= 0) {
            ret = handle_exit(vcpu);
            b->aborts = ret == 1 ? b->aborts : 0;
        }
        if (ret != 1) {
            return ret;
        }
    }
}
