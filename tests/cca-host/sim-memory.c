/*
 * Memory slots
 *
 * The order of the checks is that of virt/kvm/kvm_main.c of Linux 6.17.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "sim-backend.h"
#include "sim-gmem.h"
#include "sim-user.h"

#define MAX_SLOTS 32767

static SimSlot *slot_by_id(SimVm *vm, uint32_t id)
{
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);

        if (slot->id == id) {
            return slot;
        }
    }
    return NULL;
}

SimSlot *sim_slot_at(SimVm *vm, uint64_t gpa)
{
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);

        if (gpa >= slot->gpa && gpa - slot->gpa < slot->size) {
            return slot;
        }
    }
    return NULL;
}

static bool overlaps(SimVm *vm, const SimSlot *self, uint64_t gpa,
                     uint64_t size)
{
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);

        if (slot != self && gpa < slot->gpa + slot->size &&
            slot->gpa < gpa + size) {
            return true;
        }
    }
    return false;
}

typedef struct kvm_userspace_memory_region2 Region;

static uint32_t valid_flags(SimVm *vm, uint32_t flags)
{
    const SimGeneration *g = sim_generation();
    uint32_t valid = KVM_MEM_LOG_DIRTY_PAGES;

    if (vm->is_realm || g->gmem_everywhere) {
        valid |= KVM_MEM_GUEST_MEMFD;
    }
    if (!vm->is_realm || sim_config()->readonly_mem || g->plain_readonly) {
        valid |= KVM_MEM_READONLY;
    }
    if (flags & KVM_MEM_GUEST_MEMFD) {
        valid &= ~(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY);
    }
    return valid;
}

static int check_region(SimVm *vm, const Region *r)
{
    if (r->flags & ~valid_flags(vm, r->flags)) {
        return -EINVAL;
    }
    if ((r->memory_size | r->guest_phys_addr | r->userspace_addr) &
        SIM_PAGE_MASK) {
        return -EINVAL;
    }
    if ((r->flags & KVM_MEM_GUEST_MEMFD) &&
        ((r->guest_memfd_offset & SIM_PAGE_MASK) ||
         r->guest_memfd_offset + r->memory_size < r->guest_memfd_offset)) {
        return -EINVAL;
    }
    if (r->slot >= MAX_SLOTS ||
        r->guest_phys_addr + r->memory_size < r->guest_phys_addr) {
        return -EINVAL;
    }
    return 0;
}

static int check_placement(SimVm *vm, const SimSlot *self, const Region *r)
{
    if (overlaps(vm, self, r->guest_phys_addr, r->memory_size)) {
        return -EEXIST;
    }
    if (r->guest_phys_addr + r->memory_size > 1ULL << vm->ipa_bits) {
        return -EFAULT;
    }
    if (vm->is_realm &&
        r->guest_phys_addr + r->memory_size > sim_shared_bit(vm)) {
        sim_complain(vm, "memslot %u reaches into the shared half of the "
                     "address space", r->slot);
    }
    return 0;
}

static int delete_slot(SimVm *vm, SimSlot *slot)
{
    int ret;

    if (!slot) {
        return -EINVAL;
    }
    ret = sim_backend()->set_memslot(vm, slot, SIM_SLOT_DELETE);
    if (ret < 0) {
        return ret;
    }
    if (slot->gmem) {
        sim_private_lost(vm, slot->gpa, slot->size, "its memslot was deleted");
        sim_gmem_hide_state(vm, slot);
        sim_gmem_unbind(slot);
    }
    g_ptr_array_remove(vm->slots, slot);
    return 0;
}

static int create_slot(SimVm *vm, const Region *r)
{
    SimSlot *slot;
    int ret = check_placement(vm, NULL, r);

    if (ret) {
        return ret;
    }
    slot = g_new0(SimSlot, 1);
    slot->id = r->slot;
    slot->flags = r->flags;
    slot->gpa = r->guest_phys_addr;
    slot->size = r->memory_size;
    slot->hva = r->userspace_addr;
    sim_shared_find_file(slot);
    if (r->flags & KVM_MEM_GUEST_MEMFD) {
        ret = sim_gmem_bind(vm, slot, r->guest_memfd, r->guest_memfd_offset);
    }
    if (!ret) {
        ret = sim_backend()->set_memslot(vm, slot, SIM_SLOT_CREATE);
        if (ret < 0) {
            sim_gmem_unbind(slot);
        }
    }
    if (ret < 0) {
        g_free(slot);
        return ret;
    }
    g_ptr_array_add(vm->slots, slot);
    sim_gmem_show_state(vm, slot);
    if (slot->gmem && sim_implicit_is_active(vm)) {
        sim_complain(vm, "memslot %u with private memory is added to an active "
                     "Realm, whose RIPAS is EMPTY there", slot->id);
    }
    return 0;
}

static int change_slot(SimVm *vm, SimSlot *slot, const Region *r)
{
    SimSlotChange change = SIM_SLOT_FLAGS;
    SimSlot old = *slot;
    int ret;

    /* a slot with private memory can only be deleted */
    if (((r->flags | slot->flags) & KVM_MEM_GUEST_MEMFD) ||
        r->userspace_addr != slot->hva || r->memory_size != slot->size ||
        ((r->flags ^ slot->flags) & KVM_MEM_READONLY)) {
        return -EINVAL;
    }
    if (r->guest_phys_addr != slot->gpa) {
        ret = check_placement(vm, slot, r);
        if (ret) {
            return ret;
        }
        change = SIM_SLOT_MOVE;
    } else if (r->flags == slot->flags) {
        return 0;
    }
    slot->gpa = r->guest_phys_addr;
    slot->flags = r->flags;
    ret = sim_backend()->set_memslot(vm, slot, change);
    if (ret < 0) {
        *slot = old;
    }
    return ret;
}

static int set_region(SimVm *vm, const Region *r)
{
    SimSlot *old = slot_by_id(vm, r->slot);
    int ret = check_region(vm, r);

    if (ret) {
        return ret;
    }
    if (!r->memory_size) {
        return delete_slot(vm, old);
    }
    return old ? change_slot(vm, old, r) : create_slot(vm, r);
}

long sim_set_memslot(SimVm *vm, unsigned long req, void *arg)
{
    Region r = { 0 };
    int ret;

    /* the older structure is the head of the newer one */
    if (sim_copy_from_user(&r, arg, req == KVM_SET_USER_MEMORY_REGION2
                           ? sizeof(r)
                           : sizeof(struct kvm_userspace_memory_region))) {
        return -EFAULT;
    }
    sim_dirty_judge_slot(vm, r.slot, r.flags);
    ret = req == KVM_SET_USER_MEMORY_REGION &&
        (r.flags & KVM_MEM_GUEST_MEMFD) ? -EINVAL : set_region(vm, &r);
    sim_report_call(vm, "MEMSLOT", ret, "\"slot\": %u, \"flags\": %u, "
                    "\"gpa\": %" PRIu64 ", \"size\": %" PRIu64, r.slot,
                    r.flags, (uint64_t)r.guest_phys_addr,
                    (uint64_t)r.memory_size);
    return ret;
}
