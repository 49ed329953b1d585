/*
 * KVM_RUN: what must be true before, and what an exit means afterwards
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "sim-backend.h"

#define FEATURE(n) (1u << (n))

/* 0, 1 = leave because the Realm is off, or -errno */
static int may_enter(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;
    bool v7 = sim_config()->personality == SIM_V7;

    if (!vcpu->initialised) {
        return -ENOEXEC;
    }
    if ((vcpu->features & FEATURE(KVM_ARM_VCPU_SVE)) &&
        !vcpu->sve_finalised) {
        return -EPERM;
    }
    if (!vm->is_realm) {
        return 0;
    }
    if (vm->realm.state == SIM_REALM_OFF) {
        return sim_off_leaves(vcpu) ? 1 : 0;
    }
    if (!vcpu->rec_finalised) {
        return -EPERM;
    }
    if (vm->realm.state != SIM_REALM_ACTIVE) {
        return v7 ? -EPERM : -EINVAL;
    }
    if (!vm->has_vgic) {
        return -EOPNOTSUPP;
    }
    if ((vcpu->features & FEATURE(KVM_ARM_VCPU_PMU_V3)) &&
        !vcpu->pmu_inited) {
        return -EINVAL;
    }
    if (vcpu->id && !vcpu->ran && !vcpu->powered_off) {
        sim_complain(vm, "vCPU %u is run without being powered off; its REC "
                     "is not runnable until a CPU_ON", vcpu->id);
        return -ENXIO;
    }
    if (vcpu->id == 0 &&
        sim_ranges_any(&vm->realm.destroyed, vm->realm.boot_pc,
                       vm->realm.boot_pc + 1)) {
        return -ENXIO;
    }
    return 0;
}

/*
 * Memory that KVM was told nothing about is shared already: the VMM need not
 * tell, and may let devices in.
 */
static void note_shared(SimVm *vm, uint64_t start, uint64_t end)
{
    while (start < end) {
        bool told;
        uint64_t next = sim_ranges_piece(&vm->told, start, end, &told);

        if (!told) {
            sim_ranges_add(&vm->told, start, next);
            sim_backend()->convert(vm, start, next - start, false);
        }
        start = next;
    }
}

/* What the guest wants to be shared from now on, as far as an exit tells */
static void note_memory_fault(SimVcpu *vcpu)
{
    const struct kvm_run *run = vcpu->run;
    uint64_t start = run->memory_fault.gpa;
    uint64_t end = start + run->memory_fault.size;
    SimVm *vm = vcpu->vm;

    vcpu->fault_pending = true;
    vcpu->fault_private =
        run->memory_fault.flags & KVM_MEMORY_EXIT_FLAG_PRIVATE;
    vcpu->fault_gpa = start;
    vcpu->fault_size = run->memory_fault.size;
    if (run->memory_fault.flags & KVM_MEMORY_EXIT_FLAG_PRIVATE) {
        sim_ranges_remove(&vm->realm.wants_shared, start, end);
    } else {
        sim_ranges_add(&vm->realm.wants_shared, start, end);
        note_shared(vm, start, end);
    }
}

static void report_exit(SimVcpu *vcpu, int ret)
{
    const struct kvm_run *run = vcpu->run;

    switch (run->exit_reason) {
    case KVM_EXIT_MEMORY_FAULT:
        sim_report_call(vcpu->vm, "EXIT_MEMORY_FAULT", ret, "\"vcpu\": %u, "
                        "\"gpa\": %" PRIu64 ", \"size\": %" PRIu64
                        ", \"private\": %s", vcpu->id,
                        (uint64_t)run->memory_fault.gpa,
                        (uint64_t)run->memory_fault.size,
                        run->memory_fault.flags & KVM_MEMORY_EXIT_FLAG_PRIVATE
                        ? "true" : "false");
        break;
    case KVM_EXIT_SYSTEM_EVENT:
        sim_report_call(vcpu->vm, "EXIT_SYSTEM_EVENT", ret,
                        "\"vcpu\": %u, \"type\": %u", vcpu->id,
                        run->system_event.type);
        break;
    case KVM_EXIT_MMIO:
        sim_report_count(run->mmio.is_write ? "EXIT_MMIO_WRITE"
                                            : "EXIT_MMIO_READ");
        break;
    default:
        sim_report_call(vcpu->vm, "EXIT", ret, "\"vcpu\": %u, \"reason\": %u",
                        vcpu->id, run->exit_reason);
    }
}

static void after_exit(SimVcpu *vcpu, int ret)
{
    struct kvm_run *run = vcpu->run;
    SimVm *vm = vcpu->vm;

    if (ret == -EINTR || ret == -EAGAIN) {
        sim_report_count("RUN_INTERRUPTED");
        return;
    }
    if (ret < 0 && run->exit_reason != KVM_EXIT_MEMORY_FAULT) {
        sim_report_call(vm, "RUN", ret, "\"vcpu\": %u", vcpu->id);
        return;
    }
    switch (run->exit_reason) {
    case KVM_EXIT_MEMORY_FAULT:
        note_memory_fault(vcpu);
        break;
    case KVM_EXIT_SYSTEM_EVENT:
        if (run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN ||
            run->system_event.type == KVM_SYSTEM_EVENT_RESET) {
            vm->realm.state = SIM_REALM_OFF;
            vcpu->off_left = true;
        }
        break;
    case KVM_EXIT_MMIO:
        vcpu->mmio_exit = true;
        vcpu->x_writable = run->mmio.is_write ? 0 : 1;
        break;
    case KVM_EXIT_HYPERCALL:
        vcpu->x_writable = 0x7fffffff;
        break;
    }
    report_exit(vcpu, ret);
}

/*
 * Is a part of [@start, @end) not as the exit asked? What was never shared may
 * stay without an attribute when the guest only asks for RIPAS RAM: its first
 * use is another exit. That one comes again and again until it is PRIVATE.
 */
static bool not_converted(SimVcpu *vcpu, uint64_t start, uint64_t end)
{
    SimVm *vm = vcpu->vm;

    if (!vcpu->fault_private) {
        return sim_ranges_any(&vm->priv, start, end);
    }
    while (start < end) {
        bool private, told;
        uint64_t next = sim_ranges_piece(&vm->priv, start, end, &private);

        next = sim_ranges_piece(&vm->told, start, next, &told);
        if (!private && (told || vcpu->fault_touch)) {
            return true;
        }
        start = next;
    }
    return false;
}

/* The VMM comes back from a memory fault: did it convert the memory? */
static void judge_conversion(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;
    uint64_t fault_end = vcpu->fault_gpa + vcpu->fault_size;

    if (!vcpu->fault_pending) {
        return;
    }
    vcpu->fault_pending = false;
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);
        uint64_t start = MAX(vcpu->fault_gpa, slot->gpa);
        uint64_t end = MIN(fault_end, slot->gpa + slot->size);

        if (slot->gmem && start < end && not_converted(vcpu, start, end)) {
            sim_complain(vm, "vCPU %u is run again, but 0x%" PRIx64 "+0x%"
                         PRIx64 " was not made %s as its exit asked",
                         vcpu->id, start, end - start,
                         vcpu->fault_private ? "private" : "shared");
        }
    }
    vcpu->fault_touch = false;
}

/*
 * The access of an MMIO exit is completed by the next KVM_RUN.  The flag that
 * lets an abort replace it is set there and lost when the guest is entered, so
 * it is there after a KVM_RUN that did not come so far, and at no other time.
 */
static void complete_mmio(SimVcpu *vcpu)
{
    vcpu->mmio_completed = (vcpu->mmio_exit || vcpu->mmio_completed) &&
                           vcpu->run->immediate_exit;
    vcpu->mmio_exit = false;
}

static int enter(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;
    int ret = may_enter(vcpu);

    if (ret == 1) {
        sim_off_exit(vcpu);
        sim_report_call(vm, "EXIT", 0, "\"vcpu\": %u, \"reason\": %u",
                        vcpu->id, vcpu->run->exit_reason);
        return 1;
    }
    if (ret < 0) {
        sim_report_call(vm, "RUN", ret, "\"vcpu\": %u", vcpu->id);
        return ret;
    }
    if (vm->is_realm && !vcpu->ran) {
        if (vm->realm.resident_at_run < 0) {
            sim_resident_sample(vm);
        }
        sim_report_call(vm, "FIRST_RUN", 0, "\"vcpu\": %u", vcpu->id);
    }
    if (vm->is_realm) {
        judge_conversion(vcpu);
        if (vm->realm.failed) {
            sim_realm_step(vm, "KVM_RUN", 0);
        }
    }
    vcpu->ran = true;
    vcpu->x_writable = 0;
    complete_mmio(vcpu);
    return 0;
}

long sim_vcpu_run(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;
    int ret = sim_fail("RUN");

    if (!ret && vcpu->mmio_exit && vcpu->run->immediate_exit) {
        ret = sim_fail("COMPLETE_MMIO");
    }
    sim_report_count("RUN");
    if (ret) {
        return ret;
    }
    pthread_mutex_lock(&vm->lock);
    ret = enter(vcpu);
    pthread_mutex_unlock(&vm->lock);
    if (ret) {
        return MIN(ret, 0);
    }
    ret = sim_backend()->run(vcpu);
    if (vm->is_realm) {
        pthread_mutex_lock(&vm->lock);
        after_exit(vcpu, ret);
        pthread_mutex_unlock(&vm->lock);
    }
    return ret;
}
