/*
 * The table of file descriptors that stand for simulated objects
 *
 * Most descriptors of a process are none of ours, and every ioctl() and
 * close() asks: an empty entry is found without a lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sim-backend.h"

#define CHUNK_BITS 10
#define CHUNK (1 << CHUNK_BITS)
#define CHUNKS (1 << 21)        /* any int is a valid descriptor number */

typedef struct FdChunk {
    SimObject *obj[CHUNK];
} FdChunk;

static FdChunk *chunks[CHUNKS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int highest = -1;

static SimObject **entry(int fd, bool create)
{
    FdChunk *c;

    if (fd < 0) {
        return NULL;
    }
    c = g_atomic_pointer_get(&chunks[fd >> CHUNK_BITS]);
    if (!c) {
        if (!create) {
            return NULL;
        }
        c = g_new0(FdChunk, 1);
        g_atomic_pointer_set(&chunks[fd >> CHUNK_BITS], c);
    }
    return &c->obj[fd & (CHUNK - 1)];
}

void sim_fd_install(SimObject *obj, SimKind kind, int fd)
{
    pthread_mutex_lock(&lock);
    obj->kind = kind;
    obj->fd = fd;
    obj->refs++;
    g_atomic_pointer_set(entry(fd, true), obj);
    highest = MAX(highest, fd);
    pthread_mutex_unlock(&lock);
}

SimObject *sim_fd_get(int fd)
{
    SimObject **e = entry(fd, false);
    SimObject *obj;

    if (!e || !g_atomic_pointer_get(e)) {
        return NULL;
    }
    pthread_mutex_lock(&lock);
    obj = *e;
    if (obj) {
        obj->refs++;
    }
    pthread_mutex_unlock(&lock);
    return obj;
}

SimObject *sim_fd_get_kind(int fd, SimKind kind)
{
    SimObject *obj = sim_fd_get(fd);

    if (obj && obj->kind != kind) {
        sim_object_put(obj);
        return NULL;
    }
    return obj;
}

void sim_object_ref(SimObject *obj)
{
    pthread_mutex_lock(&lock);
    obj->refs++;
    pthread_mutex_unlock(&lock);
}

static void destroy(SimObject *obj)
{
    switch (obj->kind) {
    case SIM_SYSTEM:
        break;
    case SIM_VM:
        sim_vm_destroy((SimVm *)obj);
        break;
    case SIM_VCPU:
        sim_vcpu_destroy((SimVcpu *)obj);
        break;
    case SIM_DEVICE:
        sim_object_put(&((SimDevice *)obj)->vm->obj);
        break;
    case SIM_GMEM:
        sim_gmem_destroy((SimGmem *)obj);
        break;
    case SIM_VHOST:
        sim_vhost_destroy((SimVhost *)obj);
        break;
    case SIM_TAP:
        sim_tap_destroy(obj);
        break;
    default:
        g_assert_not_reached();
    }
    g_free(obj);
}

void sim_object_put(SimObject *obj)
{
    bool last;

    pthread_mutex_lock(&lock);
    g_assert(obj->refs > 0);
    last = --obj->refs == 0;
    pthread_mutex_unlock(&lock);
    if (last) {
        destroy(obj);
    }
}

void sim_fd_forget(int fd)
{
    SimObject **e = entry(fd, false);
    SimObject *obj;

    if (!e || !g_atomic_pointer_get(e)) {
        return;
    }
    pthread_mutex_lock(&lock);
    obj = *e;
    if (obj) {
        g_atomic_pointer_set(e, NULL);
        obj->fd = -1;
    }
    pthread_mutex_unlock(&lock);
    if (obj) {
        sim_object_put(obj);
    }
}

void sim_fd_for_each_vm(void (*fn)(SimVm *vm, void *opaque), void *opaque)
{
    int top;

    pthread_mutex_lock(&lock);
    top = highest;
    pthread_mutex_unlock(&lock);
    for (int fd = 0; fd <= top; fd++) {
        SimObject *obj = sim_fd_get_kind(fd, SIM_VM);

        if (obj) {
            fn((SimVm *)obj, opaque);
            sim_object_put(obj);
        }
    }
}
