/*
 * Logs of dirty pages and read-only memory: never for a Realm
 *
 * Both want KVM to write-protect pages in tables that the RMM owns. The kernel
 * takes the flag on a slot without private memory, and the host oopses when the
 * log is cleared.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "sim-backend.h"
#include "sim-names.h"
#include "sim-user.h"

/* What version 10 and version 7 have no guard against is a complaint here */
void sim_dirty_judge_slot(SimVm *vm, uint32_t slot, uint32_t flags)
{
    if (!vm->is_realm) {
        return;
    }
    if (flags & KVM_MEM_LOG_DIRTY_PAGES) {
        sim_complain(vm, "memslot %u of a Realm is to have a log of dirty "
                     "pages (KVM_MEM_LOG_DIRTY_PAGES): a real host oopses when "
                     "it is cleared", slot);
    }
    if (flags & KVM_MEM_READONLY) {
        sim_complain(vm, "memslot %u of a Realm is to be read-only "
                     "(KVM_MEM_READONLY)", slot);
    }
}

/*
 * A ring of no size is EINVAL before anything is enabled, and so is a bitmap
 * without a ring: who looks for the number of another capability by trying
 * (args all zero) does no harm.
 */
void sim_dirty_judge_cap(SimVm *vm, const struct kvm_enable_cap *cap)
{
    switch (cap->cap) {
    case KVM_CAP_DIRTY_LOG_RING:
    case KVM_CAP_DIRTY_LOG_RING_ACQ_REL:
        if (!cap->args[0]) {
            return;
        }
        break;
    case KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2:
        break;
    default:
        return;
    }
    if (vm->is_realm) {
        sim_complain(vm, "a log of dirty pages is enabled for a Realm: "
                     "capability %u", cap->cap);
    }
}

/* The order of the checks is that of kvm_{get,clear}_dirty_log_protect() */
static long check_log(SimVm *vm, uint32_t id)
{
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);

        if (slot->id == id) {
            return slot->flags & KVM_MEM_LOG_DIRTY_PAGES ? 0 : -ENOENT;
        }
    }
    return -ENOENT;
}

long sim_dirty_ioctl(SimVm *vm, unsigned long req, void *user)
{
    const char *name = sim_ioctl_name(SIM_VM, req);
    uint32_t id;
    long ret;

    if (vm->is_realm) {
        sim_complain(vm, "%s of a Realm", name);
    }
    if (req == KVM_RESET_DIRTY_RINGS) {
        ret = vm->is_realm ? -EINVAL : 0;
    } else if (sim_copy_from_user(&id, user, sizeof(id))) {
        /* both structures begin with the number of the slot */
        ret = -EFAULT;
    } else {
        ret = check_log(vm, id);
    }
    if (!ret) {
        ret = sim_backend()->vm_ioctl(vm, req, user);
    }
    sim_report_call(vm, name, MIN(ret, 0), "%s", "");
    return ret;
}
