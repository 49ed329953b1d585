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
    if (sim_generation()->implicit) {
        int ret = sim_implicit_before_run(vcpu);

        if (ret) {
            return ret;
        }
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
        return sim_generation()->bring_up_again ? -EAGAIN : -ENXIO;
    }
    if (vcpu->id == 0 &&
        sim_ranges_any(&vm->realm.destroyed, vm->realm.boot_pc,
                       vm->realm.boot_pc + 1)) {
        return -ENXIO;
    }
    return 0;
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
        sim_convert_note(vcpu);
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
    if (ret == -EAGAIN) {
        sim_report_count("RUN_AGAIN");
        return ret;
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
        ret = sim_convert_judge(vcpu);
        if (vm->realm.failed) {
            sim_realm_step(vm, "KVM_RUN", 0);
        }
        if (ret) {
            return ret;
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
    ret = vm->dead ? -EIO : enter(vcpu);
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
