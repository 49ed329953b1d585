/*
 * The private/shared state of memory where it is the guest_memfd's
 *
 * Version 15 and later: KVM_SET_MEMORY_ATTRIBUTES2 takes offsets of the file,
 * and what was set before a slot exists holds in it.  SimVm.priv has the same
 * by guest address, as for the generations whose VM keeps it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "sim-backend.h"
#include "sim-gmem.h"
#include "sim-names.h"
#include "sim-user.h"

static bool is_files(void)
{
    SimOwner owner = sim_generation()->owner;

    return owner == SIM_OWNER_RIPAS || owner == SIM_OWNER_GMEM;
}

void sim_gmem_show_state(SimVm *vm, SimSlot *slot)
{
    uint64_t off = slot->gmem_offset, end = off + slot->size;

    while (slot->gmem && vm->is_realm && is_files() && off < end) {
        uint64_t gpa = slot->gpa + (off - slot->gmem_offset), changed = 0;
        bool shared;
        uint64_t next = sim_ranges_piece(&slot->gmem->shared, off, end,
                                         &shared);

        sim_attribute_change(vm, gpa, gpa + (next - off), !shared, &changed);
        off = next;
    }
}

void sim_gmem_hide_state(SimVm *vm, SimSlot *slot)
{
    if (is_files()) {
        sim_ranges_remove(&vm->priv, slot->gpa, slot->gpa + slot->size);
        sim_ranges_remove(&vm->told, slot->gpa, slot->gpa + slot->size);
    }
}

static int set_in_slots(SimGmem *gmem, uint64_t start, uint64_t end,
                        bool private, uint64_t *changed)
{
    SimVm *vm = gmem->vm;
    int ret = 0;

    for (guint i = 0; i < vm->slots->len && !ret; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);
        uint64_t from = MAX(start, slot->gmem_offset);
        uint64_t to = MIN(end, slot->gmem_offset + slot->size);
        uint64_t gpa = slot->gpa + (from - slot->gmem_offset);

        if (slot->gmem == gmem && from < to) {
            ret = sim_attribute_apply(vm, gpa, gpa + (to - from), private,
                                      changed);
        }
    }
    return ret;
}

static bool is_valid(const SimGmem *gmem, const struct sim_abi_attributes2 *a)
{
    uint64_t page_mask = sim_config()->host_page_size - 1;

    for (unsigned i = 0; i < G_N_ELEMENTS(a->reserved); i++) {
        if (a->reserved[i]) {
            return false;
        }
    }
    return !a->flags && !(a->attributes & ~KVM_MEMORY_ATTRIBUTE_PRIVATE) &&
           a->size && a->offset + a->size > a->offset &&
           a->offset + a->size <= gmem->size &&
           !((a->offset | a->size) & page_mask);
}

static long set_attributes(SimGmem *gmem, void *user)
{
    struct sim_abi_attributes2 a;
    SimVm *vm = gmem->vm;
    uint64_t changed = 0;
    bool private;
    long ret;

    if (sim_copy_from_user(&a, user, sizeof(a))) {
        return -EFAULT;
    }
    private = a.attributes & KVM_MEMORY_ATTRIBUTE_PRIVATE;
    ret = sim_fail("GMEM_SET_ATTRIBUTES2");
    if (!ret && !is_valid(gmem, &a)) {
        ret = -EINVAL;
    }
    if (!ret) {
        if (private) {
            sim_ranges_remove(&gmem->shared, a.offset, a.offset + a.size);
        } else {
            sim_ranges_add(&gmem->shared, a.offset, a.offset + a.size);
        }
        ret = set_in_slots(gmem, a.offset, a.offset + a.size, private,
                           &changed);
    }
    if (ret && sim_realm_is_active(vm)) {
        vm->realm.failed = "GMEM_SET_ATTRIBUTES2";
    }
    sim_report_call(vm, "GMEM_SET_ATTRIBUTES2", ret, "\"offset\": %" PRIu64
                    ", \"size\": %" PRIu64 ", \"private\": %s, \"changed\": "
                    "%" PRIu64, a.offset, a.size, private ? "true" : "false",
                    changed);
    return ret;
}

long sim_gmem_ioctl(SimGmem *gmem, unsigned long req, void *arg)
{
    const char *name = sim_ioctl_name(SIM_GMEM, req);
    SimVm *vm = gmem->vm;
    long ret = -ENOTTY;

    sim_report_count(name ?: "GMEM_OTHER");
    pthread_mutex_lock(&vm->lock);
    if (req == SIM_SET_ATTRIBUTES2 && is_files()) {
        ret = set_attributes(gmem, arg);
    } else if (_IOC_TYPE(req) == KVMIO) {
        sim_complain(vm, "request 0x%lx of a guest_memfd, which it does not "
                     "have in this generation", req);
    }
    pthread_mutex_unlock(&vm->lock);
    return ret;
}
