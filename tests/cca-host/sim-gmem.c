/*
 * guest_memfd: binding to memslots, punching, loss of private content
 *
 * The order of the checks is that of virt/kvm/guest_memfd.c of Linux 6.17.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>

#include "sim-backend.h"
#include "sim-gmem.h"
#include "sim-user.h"

long sim_create_gmem(SimVm *vm, struct kvm_create_guest_memfd *user)
{
    struct kvm_create_guest_memfd arg;
    SimGmem *gmem;
    int fd;

    if (!sim_generation()->vm_type && !sim_generation()->gmem_everywhere) {
        return -EINVAL;
    }
    if (sim_copy_from_user(&arg, user, sizeof(arg))) {
        return -EFAULT;
    }
    if ((arg.flags & ~(uint64_t)sim_generation()->gmem_flags) ||
        arg.size == 0 || (arg.size & SIM_PAGE_MASK) ||
        (int64_t)arg.size < 0) {
        fd = -EINVAL;
    } else {
        gmem = g_new0(SimGmem, 1);
        gmem->vm = vm;
        gmem->size = arg.size;
        gmem->flags = arg.flags;
        if (arg.flags & SIM_GMEM_INIT_SHARED) {
            sim_ranges_add(&gmem->shared, 0, arg.size);
        }
        fd = sim_backend()->create_gmem(gmem);
        if (fd < 0) {
            g_free(gmem);
        } else {
            sim_lifetime_judge_gmem(vm);
            g_atomic_int_inc(&vm->gmems);
            sim_object_ref(&vm->obj);
            sim_fd_install(&gmem->obj, SIM_GMEM, fd);
        }
    }
    sim_report_call(vm, "CREATE_GUEST_MEMFD", MIN(fd, 0), "\"size\": %"
                    PRIu64 ", \"flags\": %" PRIu64, (uint64_t)arg.size,
                    (uint64_t)arg.flags);
    return fd;
}

void sim_gmem_destroy(SimGmem *gmem)
{
    SimVm *vm = gmem->vm;

    pthread_mutex_lock(&vm->lock);
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);

        if (slot->gmem == gmem) {
            /* After the VM's own descriptor it is its end, and no loss */
            if (vm->obj.fd >= 0) {
                sim_private_lost(vm, slot->gpa, slot->size,
                                 "its guest_memfd was closed");
            }
            sim_gmem_unbind(slot);
        }
    }
    sim_ranges_clear(&gmem->shared);
    pthread_mutex_unlock(&vm->lock);
    sim_backend()->destroy_gmem(gmem);
    g_atomic_int_add(&vm->gmems, -1);
    sim_object_put(&vm->obj);
}

static bool already_bound(SimVm *vm, const SimGmem *gmem, uint64_t offset,
                          uint64_t size)
{
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);

        if (slot->gmem == gmem && offset < slot->gmem_offset + slot->size &&
            slot->gmem_offset < offset + size) {
            return true;
        }
    }
    return false;
}

int sim_gmem_bind(SimVm *vm, SimSlot *slot, int fd, uint64_t offset)
{
    SimGmem *gmem;

    if (fcntl(fd, F_GETFD) < 0) {
        return -EBADF;
    }
    gmem = (SimGmem *)sim_fd_get_kind(fd, SIM_GMEM);
    if (!gmem) {
        return -EINVAL;
    }
    if (gmem->vm != vm || offset + slot->size > gmem->size) {
        sim_object_put(&gmem->obj);
        return -EINVAL;
    }
    if (already_bound(vm, gmem, offset, slot->size)) {
        sim_object_put(&gmem->obj);
        return -sim_generation()->gmem_twice;
    }
    /*
     * As in the kernel the slot does not keep the file: closing it takes
     * the private pages away.
     */
    slot->gmem = gmem;
    slot->gmem_offset = offset;
    sim_object_put(&gmem->obj);
    return 0;
}

void sim_gmem_unbind(SimSlot *slot)
{
    slot->gmem = NULL;
}

void sim_private_lost(SimVm *vm, uint64_t gpa, uint64_t size, const char *why)
{
    SimRealm *realm = &vm->realm;
    uint64_t end = gpa + size;

    while (gpa < end) {
        bool populated, asked;
        uint64_t a = sim_ranges_piece(&realm->populated, gpa, end,
                                      &populated);
        uint64_t b = sim_ranges_piece(&realm->wants_shared, gpa, a, &asked);

        if (populated) {
            sim_ranges_remove(&realm->populated, gpa, b);
            /* The guest's own doing, but its RIPAS is not EMPTY by that */
            if (!asked || sim_ranges_any(&realm->alias_touched, gpa, b)) {
                sim_ranges_add(&realm->destroyed, gpa, b);
            }
            if (!asked) {
                sim_complain(vm, "the populated memory 0x%" PRIx64 "+0x%"
                             PRIx64 " was destroyed: %s", gpa, b - gpa, why);
            }
        }
        gpa = b;
    }
}

/* The part of a punch that concerns one slot */
static void punched_in_slot(SimVm *vm, SimSlot *slot, uint64_t off,
                            uint64_t len)
{
    uint64_t start = MAX(off, slot->gmem_offset);
    uint64_t end = MIN(off + len, slot->gmem_offset + slot->size);
    uint64_t gpa, size;

    if (start >= end) {
        return;
    }
    gpa = slot->gpa + (start - slot->gmem_offset);
    size = end - start;
    if (sim_realm_is_active(vm) &&
        sim_ranges_any(&vm->priv, gpa, gpa + size)) {
        sim_complain(vm, "guest_memfd is punched at 0x%" PRIx64 "+0x%" PRIx64
                     " while that is private", gpa, size);
    }
    sim_private_lost(vm, gpa, size, "its guest_memfd was punched");
    sim_report_call(vm, "PUNCH_PRIVATE", 0, "\"gpa\": %" PRIu64
                    ", \"size\": %" PRIu64, gpa, size);
}

int sim_gmem_fallocate(SimGmem *gmem, int mode, uint64_t off, uint64_t len)
{
    SimVm *vm = gmem->vm;
    int ret = sim_fail("GMEM_PUNCH");

    sim_report_count("GMEM_PUNCH");
    if (ret) {
        return ret;
    }
    if (!(mode & FALLOC_FL_KEEP_SIZE) ||
        (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))) {
        return -EOPNOTSUPP;
    }
    if ((off | len) & SIM_PAGE_MASK) {
        return -EINVAL;
    }
    if (!(mode & FALLOC_FL_PUNCH_HOLE)) {
        return 0;
    }
    pthread_mutex_lock(&vm->lock);
    ret = sim_backend()->punch_gmem(gmem, off, len);
    if (!ret) {
        gmem->punched += len;
        for (guint i = 0; i < vm->slots->len; i++) {
            SimSlot *slot = g_ptr_array_index(vm->slots, i);

            if (slot->gmem == gmem) {
                punched_in_slot(vm, slot, off, len);
            }
        }
    }
    pthread_mutex_unlock(&vm->lock);
    return ret;
}
