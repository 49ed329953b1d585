/*
 * vhost in the kernel: what it may be told of a Realm's memory
 *
 * vhost accesses memory by itself, so it may have nothing but an IOTLB, and in
 * that nothing that is private. In run mode the device is that of the kernel,
 * and what it is asked is looked at. In contract mode /dev/vhost-vsock and
 * /dev/vhost-net are made here: they take what Linux 6.17 takes and never serve
 * a virtqueue. Messages to an IOTLB come by write(), and wait in a socket until
 * somebody looks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_vsock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim-backend.h"
#include "sim-user.h"

#define BIT(n) (1ULL << (n))
#define FEATURES (BIT(VIRTIO_F_NOTIFY_ON_EMPTY) | \
                  BIT(VIRTIO_RING_F_INDIRECT_DESC) | \
                  BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VHOST_F_LOG_ALL) | \
                  BIT(VIRTIO_F_ANY_LAYOUT) | BIT(VIRTIO_F_VERSION_1) | \
                  BIT(VIRTIO_F_ACCESS_PLATFORM) | \
                  BIT(VIRTIO_VSOCK_F_SEQPACKET) | BIT(VIRTIO_NET_F_MRG_RXBUF))

typedef struct Entry {
    uint64_t iova, size, hva;
} Entry;

struct SimVhost {
    SimObject obj;
    int peer;               /* where QEMU's messages arrive */
    GArray *iotlb;          /* of Entry */
};

/* Those of contract mode, of SimVhost */
static GPtrArray *devices;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static void note(const char *call)
{
    sim_report_call(NULL, call, 0, "%s", "");
}

typedef struct Question {
    unsigned long req;
    uint64_t features;
    const struct vhost_memory *table;
} Question;

static void judge_table(SimVm *vm, const struct vhost_memory *table)
{
    for (uint32_t r = 0; r < table->nregions; r++) {
        const struct vhost_memory_region *region = &table->regions[r];

        for (guint i = 0; i < vm->slots->len; i++) {
            SimSlot *slot = g_ptr_array_index(vm->slots, i);

            if (slot->gmem && overlap(region->userspace_addr,
                                      region->memory_size, slot->hva,
                                      slot->size)) {
                sim_complain(vm, "vhost's memory table has RAM of a Realm, "
                             "private or not: 0x%" PRIx64 "+0x%" PRIx64,
                             (uint64_t)region->guest_phys_addr,
                             (uint64_t)region->memory_size);
            }
        }
    }
}

static void judge(SimVm *vm, void *opaque)
{
    const Question *q = opaque;

    if (!vm->is_realm) {
        return;
    }
    pthread_mutex_lock(&vm->lock);
    switch (q->req) {
    case VHOST_SET_FEATURES:
        if (!(q->features & BIT(VIRTIO_F_ACCESS_PLATFORM))) {
            sim_complain(vm, "vhost is to serve a Realm without an IOTLB, "
                         "features 0x%" PRIx64, q->features);
        }
        if (q->features & BIT(VHOST_F_LOG_ALL)) {
            sim_complain(vm, "vhost is to log what it writes to a Realm");
        }
        break;
    case VHOST_SET_MEM_TABLE:
        judge_table(vm, q->table);
        break;
    case VHOST_SET_LOG_BASE:
    case VHOST_SET_LOG_FD:
        sim_complain(vm, "vhost is given a log for a Realm");
        break;
    }
    pthread_mutex_unlock(&vm->lock);
}

void sim_vhost_judge(unsigned long req, const void *arg)
{
    Question q = { .req = req };

    switch (req) {
    case VHOST_SET_FEATURES:
        q.features = *(const uint64_t *)arg;
        note("VHOST_SET_FEATURES");
        sim_trace("VHOST_SET_FEATURES 0x%" PRIx64, q.features);
        break;
    case VHOST_SET_MEM_TABLE:
        q.table = arg;
        note("VHOST_SET_MEM_TABLE");
        sim_trace("VHOST_SET_MEM_TABLE of %u", q.table->nregions);
        break;
    case VHOST_SET_LOG_BASE:
    case VHOST_SET_LOG_FD:
        note("VHOST_SET_LOG");
        break;
    default:
        return;
    }
    sim_fd_for_each_vm(judge, &q);
}

/* Is any of [@hva, @hva + @size) private memory of @vm? */
static bool is_private(SimVm *vm, uint64_t hva, uint64_t size)
{
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);

        if (slot->gmem && overlap(hva, size, slot->hva, slot->size)) {
            uint64_t first = MAX(hva, slot->hva) - slot->hva + slot->gpa;
            uint64_t end = MIN(hva + size, slot->hva + slot->size) -
                           slot->hva + slot->gpa;

            while (first < end) {
                bool private;

                first = sim_ranges_piece(&vm->priv, first, end, &private);
                if (private) {
                    return true;
                }
            }
        }
    }
    return false;
}

static void take_message(SimVm *vm, SimVhost *device,
                         const struct vhost_iotlb_msg *msg)
{
    Entry e = { msg->iova, msg->size, msg->uaddr };

    switch (msg->type) {
    case VHOST_IOTLB_UPDATE:
        note("VHOST_IOTLB_UPDATE");
        sim_trace("VHOST_IOTLB_UPDATE 0x%" PRIx64 "+0x%" PRIx64, e.iova,
                  e.size);
        if (is_private(vm, e.hva, e.size)) {
            sim_complain(vm, "vhost is told where private memory is: 0x%"
                         PRIx64 "+0x%" PRIx64, e.iova, e.size);
        }
        g_array_append_val(device->iotlb, e);
        break;
    case VHOST_IOTLB_INVALIDATE:
        note("VHOST_IOTLB_INVALIDATE");
        sim_trace("VHOST_IOTLB_INVALIDATE 0x%" PRIx64 "+0x%" PRIx64, e.iova,
                  e.size);
        for (guint i = device->iotlb->len; i--;) {
            Entry *old = &g_array_index(device->iotlb, Entry, i);

            if (overlap(old->iova, old->size, e.iova, e.size)) {
                g_array_remove_index_fast(device->iotlb, i);
            }
        }
        break;
    }
}

/* Called with @vm locked, before its attributes change */
void sim_vhost_catch_up(SimVm *vm)
{
    struct vhost_msg_v2 msg;

    pthread_mutex_lock(&lock);
    for (guint i = 0; devices && i < devices->len; i++) {
        SimVhost *v = g_ptr_array_index(devices, i);

        while (recv(v->peer, &msg, sizeof(msg), MSG_DONTWAIT) == sizeof(msg)) {
            if (msg.type == VHOST_IOTLB_MSG_V2) {
                take_message(vm, v, &msg.iotlb);
            }
        }
    }
    pthread_mutex_unlock(&lock);
}

static void judge_iotlb(SimVm *vm, const SimVhost *v, uint64_t gpa,
                        uint64_t size)
{
    for (guint i = 0; i < v->iotlb->len; i++) {
        Entry *e = &g_array_index(v->iotlb, Entry, i);

        if (is_private(vm, e->hva, e->size)) {
            sim_complain(vm, "vhost still reaches 0x%" PRIx64 "+0x%" PRIx64
                         ", and 0x%" PRIx64 "+0x%" PRIx64 " is private now",
                         e->iova, e->size, gpa, size);
        }
    }
}

/* @vm is locked and [@gpa, @gpa + @size) is private from now on */
void sim_vhost_judge_private(SimVm *vm, uint64_t gpa, uint64_t size)
{
    pthread_mutex_lock(&lock);
    for (guint i = 0; devices && i < devices->len; i++) {
        judge_iotlb(vm, g_ptr_array_index(devices, i), gpa, size);
    }
    pthread_mutex_unlock(&lock);
}

bool sim_vhost_owns(const char *path)
{
    return (!strcmp(path, "/dev/vhost-vsock") ||
            !strcmp(path, "/dev/vhost-net")) && !sim_config()->run_mode;
}

int sim_vhost_open(void)
{
    SimVhost *v;
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
        return -errno;
    }
    v = g_new0(SimVhost, 1);
    v->peer = fds[1];
    v->iotlb = g_array_new(FALSE, FALSE, sizeof(Entry));
    sim_fd_install(&v->obj, SIM_VHOST, fds[0]);
    pthread_mutex_lock(&lock);
    if (!devices) {
        devices = g_ptr_array_new();
    }
    g_ptr_array_add(devices, v);
    pthread_mutex_unlock(&lock);
    return fds[0];
}

void sim_vhost_destroy(SimVhost *v)
{
    pthread_mutex_lock(&lock);
    g_ptr_array_remove_fast(devices, v);
    pthread_mutex_unlock(&lock);
    sim_real_close(v->peer);
    g_array_unref(v->iotlb);
}

static void catch_up(SimVm *vm, void *opaque)
{
    if (vm->is_realm) {
        pthread_mutex_lock(&vm->lock);
        sim_vhost_catch_up(vm);
        pthread_mutex_unlock(&vm->lock);
    }
}

long sim_vhost_ioctl(SimVhost *v, unsigned long req, void *arg)
{
    const uint64_t features = FEATURES;
    const uint64_t backend = BIT(VHOST_BACKEND_F_IOTLB_MSG_V2);
    struct vhost_vring_state *state = arg;
    struct vhost_vring_file *file = arg;

    sim_fd_for_each_vm(catch_up, NULL);
    sim_vhost_judge(req, arg);
    switch (req) {
    case VHOST_GET_FEATURES:
        return sim_copy_to_user(arg, &features, sizeof(features));
    case VHOST_SET_FEATURES:
        return *(uint64_t *)arg & ~features ? -EOPNOTSUPP : 0;
    case VHOST_GET_BACKEND_FEATURES:
        return sim_copy_to_user(arg, &backend, sizeof(backend));
    case VHOST_SET_BACKEND_FEATURES:
        return *(uint64_t *)arg & ~backend ? -EOPNOTSUPP : 0;
    case VHOST_GET_VRING_BASE:
        state->num = 0;
        return 0;
    case VHOST_SET_VRING_NUM:
        return !state->num || state->num > 0xffff ||
               (state->num & (state->num - 1)) ? -EINVAL : 0;
    case VHOST_VSOCK_SET_RUNNING:
        note(*(int *)arg ? "VHOST_START" : "VHOST_STOP");
        return 0;
    case VHOST_NET_SET_BACKEND:
        if (file->index == 0) {
            note(file->fd < 0 ? "VHOST_STOP" : "VHOST_START");
        }
        return 0;
    case VHOST_SET_OWNER:
    case VHOST_SET_MEM_TABLE:
    case VHOST_SET_LOG_BASE:
    case VHOST_SET_LOG_FD:
    case VHOST_SET_VRING_ADDR:
    case VHOST_SET_VRING_BASE:
    case VHOST_SET_VRING_KICK:
    case VHOST_SET_VRING_CALL:
    case VHOST_SET_VRING_ERR:
    case VHOST_SET_VRING_BUSYLOOP_TIMEOUT:
    case VHOST_VSOCK_SET_GUEST_CID:
        return 0;
    default:
        return -ENOTTY;
    }
}
