/*
 * Contract mode: what a scripted guest does to its memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sim-contract.h"
#include "sim-gmem.h"

/* As KVM leaves when the alias that is used is not that of the attribute */
static int alias_fault(SimVcpu *vcpu, uint64_t gpa, bool private)
{
    struct kvm_run *run = vcpu->run;

    run->exit_reason = KVM_EXIT_MEMORY_FAULT;
    run->memory_fault.flags = private ? KVM_MEMORY_EXIT_FLAG_PRIVATE : 0;
    run->memory_fault.gpa = gpa;
    run->memory_fault.size = SIM_PAGE_SIZE;
    vcpu->fault_touch = true;
    return -EFAULT;
}

/* KVM_RUN fails, and so it does when it is called again */
static int fails_again(SimVcpu *vcpu, int err)
{
    vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
    vcpu->fault_touch = true;
    return -err;
}

/*
 * May the guest write to a page now? 0: yes, -EFAULT: after an exit, 1: never,
 * as the RMM would answer with an abort (RIPAS EMPTY) or there is nothing.
 */
static int get_page(SimVcpu *vcpu, uint64_t gpa, bool private)
{
    const SimGeneration *g = sim_generation();
    SimVm *vm = vcpu->vm;
    SimSlot *slot = sim_slot_at(vm, gpa);
    bool faults = private ? g->private_alias_fault : g->shared_alias_fault;

    if (!slot && private && g->hole &&
        sim_ranges_any(&vm->realm.asked_ram, gpa, gpa + 1)) {
        return fails_again(vcpu, g->hole);
    }
    if (!slot || !slot->gmem ||
        (private &&
         sim_ranges_any(&vm->realm.wants_shared, gpa, gpa + 1))) {
        return 1;
    }
    if (faults && sim_ranges_any(&vm->priv, gpa, gpa + 1) != private) {
        return alias_fault(vcpu, gpa, private);
    }
    if (!private && !sim_ranges_any(&vm->told, gpa, gpa + 1)) {
        sim_guard_convert(vm, gpa, SIM_PAGE_SIZE, false);
    }
    return 0;
}

static void write_page(SimVm *vm, uint64_t gpa, bool private)
{
    SimSlot *slot = sim_slot_at(vm, gpa);
    uint64_t off = gpa - slot->gpa;

    if (!private) {
        bool guarded = sim_ranges_any(&vm->priv, gpa, gpa + 1);

        if (guarded) {
            sim_guard_convert(vm, gpa, SIM_PAGE_SIZE, false);
        }
        /* Where nothing stops it, as where a script goes on in another Realm */
        if (!sim_ranges_any(&vm->realm.wants_shared, gpa, gpa + 1)) {
            sim_ranges_add(&vm->realm.alias_touched, gpa, gpa + SIM_PAGE_SIZE);
        }
        memset((void *)(uintptr_t)(slot->hva + off), 1, 1);
        if (guarded) {
            sim_guard_convert(vm, gpa, SIM_PAGE_SIZE, true);
        }
    } else if (pwrite(slot->gmem->obj.fd, "", 1,
                      slot->gmem_offset + off) != 1) {
        sim_config_die("guest_memfd: %s", g_strerror(errno));
    }
}

/*
 * No exit as long as the guest has the pages that it writes to, else the exit
 * of the first that it does not have, and then all of it again.
 */
int sim_exit_touch(SimVcpu *vcpu, char **arg)
{
    SimVm *vm = vcpu->vm;
    bool private = !strcmp(arg[0], "private");
    uint64_t gpa = sim_exit_number(arg[1]), end = gpa + sim_exit_number(arg[2]);
    int ret = 0;

    pthread_mutex_lock(&vm->lock);
    for (; gpa < end && ret >= 0; gpa += SIM_PAGE_SIZE) {
        ret = get_page(vcpu, gpa, private);
        if (!ret) {
            write_page(vm, gpa, private);
        }
    }
    pthread_mutex_unlock(&vm->lock);
    return MIN(ret, 0);
}

/* poke GPA VALUE: eight bytes of what a driver shares with its device */
int sim_exit_poke(SimVcpu *vcpu, char **arg)
{
    uint64_t gpa = sim_exit_number(arg[0]), value = sim_exit_number(arg[1]);
    SimVm *vm = vcpu->vm;
    int ret;

    pthread_mutex_lock(&vm->lock);
    ret = get_page(vcpu, gpa & ~SIM_PAGE_MASK, false);
    if (!ret) {
        SimSlot *slot = sim_slot_at(vm, gpa);

        memcpy((void *)(uintptr_t)(slot->hva + (gpa - slot->gpa)), &value,
               sizeof(value));
    }
    pthread_mutex_unlock(&vm->lock);
    return MIN(ret, 0);
}

/* load GPA SIZE: the guest reads what it shares */
int sim_exit_load(SimVcpu *vcpu, char **arg)
{
    SimVm *vm = vcpu->vm;
    uint64_t gpa = sim_exit_number(arg[0]), end = gpa + sim_exit_number(arg[1]);
    int ret = 0;

    pthread_mutex_lock(&vm->lock);
    for (; gpa < end && ret >= 0; gpa += SIM_PAGE_SIZE) {
        ret = get_page(vcpu, gpa, false);
        if (!ret && sim_generation()->unwritten_fault &&
            !sim_shared_resident(vm, gpa)) {
            sim_complain(vm, "the kernel warns: the guest reads the shared "
                         "page 0x%" PRIx64 ", which the host never wrote", gpa);
            ret = fails_again(vcpu, EFAULT);
        }
    }
    pthread_mutex_unlock(&vm->lock);
    return MIN(ret, 0);
}
