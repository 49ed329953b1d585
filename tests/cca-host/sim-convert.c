/*
 * Memory fault exits: what the guest asks for, and what the VMM makes of it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim-backend.h"

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

/* Sets the state of what has private memory in the range of the last exit */
static void follow_ripas(SimVcpu *vcpu, bool private)
{
    SimVm *vm = vcpu->vm;
    uint64_t changed = 0;

    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);
        uint64_t start = MAX(vcpu->fault_gpa, slot->gpa);
        uint64_t end = MIN(vcpu->fault_gpa + vcpu->fault_size,
                           slot->gpa + slot->size);

        if (slot->gmem && start < end) {
            sim_attribute_change(vm, start, end, private, &changed);
        }
    }
}

/* What the guest wants to be shared from now on, as far as an exit tells */
void sim_convert_note(SimVcpu *vcpu)
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
    vcpu->fault_calls = vm->attributes.calls;
    if (vcpu->fault_private) {
        sim_ranges_remove(&vm->realm.wants_shared, start, end);
        sim_ranges_add(&vm->realm.asked_ram, start, end);
        return;
    }
    sim_ranges_add(&vm->realm.wants_shared, start, end);
    if (!vcpu->fault_touch) {
        sim_ranges_remove(&vm->realm.alias_touched, start, end);
    }
    sim_ranges_remove(&vm->realm.asked_ram, start, end);
    if (sim_generation()->owner == SIM_OWNER_RIPAS) {
        /* the VMM may use it from here on, the guest does at the next run */
        follow_ripas(vcpu, false);
    } else {
        note_shared(vm, start, end);
    }
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

/* Is a page of [@start, @end) there that the guest did not use unasked? */
static bool shared_copy(SimVm *vm, SimSlot *slot, uint64_t start, uint64_t end)
{
    unsigned char in_core[512];
    uint64_t len;

    for (; start < end; start += len) {
        char *hva = (char *)(uintptr_t)(slot->hva + (start - slot->gpa));
        bool mapped;

        len = MIN(end - start, sizeof(in_core) * SIM_PAGE_SIZE);
        mapped = !mincore(hva, len, in_core);
        for (uint64_t i = 0; i < len / SIM_PAGE_SIZE; i++) {
            uint64_t page = start + i * SIM_PAGE_SIZE;

            /* One page that is not mapped hides no other */
            if (!mapped && mincore(hva + i * SIM_PAGE_SIZE, SIM_PAGE_SIZE,
                                   &in_core[i])) {
                continue;
            }
            if ((in_core[i] & 1) && !sim_ranges_any(&vm->realm.alias_touched,
                                                    page, page + 1)) {
                return true;
            }
        }
    }
    return false;
}

/*
 * The copy of [@start, @end) that the guest gave up has to be freed. Of a page
 * that it used without having asked for it the VMM knows nothing.
 */
static bool stale_copy(SimVcpu *vcpu, SimSlot *slot, uint64_t start,
                       uint64_t end)
{
    off_t off = slot->gmem_offset + (start - slot->gpa);

    if (!vcpu->fault_private) {
        off_t data = lseek(slot->gmem->obj.fd, off, SEEK_DATA);

        return data >= 0 && data < off + (off_t)(end - start);
    }
    return shared_copy(vcpu->vm, slot, start, end);
}

static void judge_slot(SimVcpu *vcpu, SimSlot *slot, uint64_t start,
                       uint64_t end)
{
    const char *wanted = vcpu->fault_private ? "private" : "shared";
    SimVm *vm = vcpu->vm;

    if (sim_generation()->owner != SIM_OWNER_RIPAS) {
        if (not_converted(vcpu, start, end)) {
            sim_complain(vm, "vCPU %u is run again, but 0x%" PRIx64 "+0x%"
                         PRIx64 " was not made %s as its exit asked",
                         vcpu->id, start, end - start, wanted);
        }
    } else if (stale_copy(vcpu, slot, start, end)) {
        sim_complain(vm, "vCPU %u is run again, but the %s copy of 0x%"
                     PRIx64 "+0x%" PRIx64 " was not freed when that became %s",
                     vcpu->id, vcpu->fault_private ? "shared" : "private",
                     start, end - start, wanted);
    }
}

/*
 * Version 16 compares the request with the state of the guest_memfd.  What has
 * none never is PRIVATE, so RIPAS RAM of a hole is asked for again for ever.
 */
static bool ripas_matches(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;
    uint64_t start = vcpu->fault_gpa, end = start + vcpu->fault_size;

    return vcpu->fault_private ? sim_ranges_all(&vm->priv, start, end)
                               : !sim_ranges_any(&vm->priv, start, end);
}

static int exit_again(SimVcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    SimVm *vm = vcpu->vm;

    if (vcpu->fault_calls == vm->attributes.calls) {
        sim_complain(vm, "vCPU %u is run again, and nothing of 0x%" PRIx64
                     "+0x%" PRIx64 " was made %s by its guest_memfd: its exit "
                     "comes again and again", vcpu->id, vcpu->fault_gpa,
                     vcpu->fault_size,
                     vcpu->fault_private ? "private" : "shared");
    }
    vcpu->fault_calls = vm->attributes.calls;
    run->exit_reason = KVM_EXIT_MEMORY_FAULT;
    run->memory_fault.flags =
        vcpu->fault_private ? KVM_MEMORY_EXIT_FLAG_PRIVATE : 0;
    run->memory_fault.gpa = vcpu->fault_gpa;
    run->memory_fault.size = vcpu->fault_size;
    sim_report_count("EXIT_MEMORY_FAULT_AGAIN");
    return -EFAULT;
}

int sim_convert_judge(SimVcpu *vcpu)
{
    const SimGeneration *g = sim_generation();
    SimVm *vm = vcpu->vm;
    uint64_t fault_end = vcpu->fault_gpa + vcpu->fault_size;

    /* generation B has all of it at the entry, which this is none */
    if (!vcpu->fault_pending || (g->implicit && vcpu->run->immediate_exit)) {
        return 0;
    }
    if (g->ripas_waits && !vcpu->fault_touch && !ripas_matches(vcpu)) {
        return exit_again(vcpu);
    }
    vcpu->fault_pending = false;
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);
        uint64_t start = MAX(vcpu->fault_gpa, slot->gpa);
        uint64_t end = MIN(fault_end, slot->gpa + slot->size);

        if (slot->gmem && start < end) {
            judge_slot(vcpu, slot, start, end);
        }
    }
    if (g->owner == SIM_OWNER_RIPAS && vcpu->fault_private) {
        follow_ripas(vcpu, true);
        sim_ranges_remove(&vm->realm.alias_touched, vcpu->fault_gpa, fault_end);
    }
    vcpu->fault_touch = false;
    return 0;
}
