/*
 * What keeps a VM, and what should not
 *
 * As in the kernel a VM exists until the last descriptor of it is closed: its
 * own, those of its vCPUs, devices and guest_memfds; the mapping of a vCPU's
 * state counts as well.  A VMM that makes several VMs in its life must not
 * leave any behind, and must not have private memory in two of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/mman.h>

#include "sim-backend.h"

typedef struct Mapping {
    char *addr;
    size_t len;
    SimObject *vcpu;        /* a reference */
} Mapping;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GPtrArray *vms;      /* not owned */
static GArray *mappings;

void sim_lifetime_begin(SimVm *vm)
{
    pthread_mutex_lock(&lock);
    vms = vms ?: g_ptr_array_new();
    g_ptr_array_add(vms, vm);
    pthread_mutex_unlock(&lock);
}

void sim_lifetime_end(SimVm *vm)
{
    pthread_mutex_lock(&lock);
    g_ptr_array_remove_fast(vms, vm);
    pthread_mutex_unlock(&lock);
}

void sim_lifetime_judge_gmem(SimVm *vm)
{
    unsigned other = 0;

    pthread_mutex_lock(&lock);
    for (guint i = 0; i < vms->len; i++) {
        SimVm *it = g_ptr_array_index(vms, i);

        if (it != vm && it->is_realm && g_atomic_int_get(&it->gmems)) {
            other = it->serial;
        }
    }
    pthread_mutex_unlock(&lock);
    if (other && vm->is_realm) {
        sim_complain(vm, "a Realm gets private memory while VM %u, a Realm of "
                     "before, still holds some", other);
    }
}

static bool is_mapped(const SimVcpu *vcpu)
{
    bool found = false;

    pthread_mutex_lock(&lock);
    for (guint i = 0; mappings && i < mappings->len; i++) {
        found |= g_array_index(mappings, Mapping, i).vcpu == &vcpu->obj;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

/* A VM whose own descriptor goes first is kept by what is forgotten */
static void judge_vm(SimVm *vm)
{
    pthread_mutex_lock(&vm->lock);
    for (guint i = 0; i < vm->vcpus->len; i++) {
        SimVcpu *vcpu = g_ptr_array_index(vm->vcpus, i);

        sim_complain(vm, "the VM is closed, and vCPU %u outlives it: its %s",
                     vcpu->id, vcpu->obj.fd >= 0 ? "descriptor is open" :
                     "state is mapped");
    }
    pthread_mutex_unlock(&vm->lock);
}

static void judge_vcpu(SimVcpu *vcpu)
{
    if (vcpu->vm->is_realm && is_mapped(vcpu)) {
        pthread_mutex_lock(&vcpu->vm->lock);
        sim_complain(vcpu->vm, "vCPU %u is closed and its state is still "
                     "mapped: that keeps the VM", vcpu->id);
        pthread_mutex_unlock(&vcpu->vm->lock);
    }
}

void sim_lifetime_judge_close(int fd)
{
    SimObject *obj = sim_fd_get(fd);

    if (!obj) {
        return;
    }
    if (obj->kind == SIM_VM && ((SimVm *)obj)->is_realm) {
        judge_vm((SimVm *)obj);
    } else if (obj->kind == SIM_VCPU) {
        judge_vcpu((SimVcpu *)obj);
    }
    sim_object_put(obj);
}

void sim_lifetime_mapped(int fd, void *addr, size_t len)
{
    Mapping m = { addr, len, sim_fd_get_kind(fd, SIM_VCPU) };

    if (!m.vcpu) {
        return;
    }
    pthread_mutex_lock(&lock);
    mappings = mappings ?: g_array_new(FALSE, FALSE, sizeof(m));
    g_array_append_val(mappings, m);
    pthread_mutex_unlock(&lock);
}

void sim_lifetime_unmapped(void *addr, size_t len)
{
    SimObject *vcpu = NULL;

    pthread_mutex_lock(&lock);
    for (guint i = 0; mappings && i < mappings->len; i++) {
        Mapping *m = &g_array_index(mappings, Mapping, i);

        if (m->addr == addr && m->len == len) {
            vcpu = m->vcpu;
            g_array_remove_index_fast(mappings, i);
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    if (vcpu) {
        sim_object_put(vcpu);
    }
}
