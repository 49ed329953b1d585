/*
 * Contract mode: interrupt routes, irqfds and MSIs
 *
 * The rules are those of virt/kvm/irqchip.c, virt/kvm/eventfd.c and
 * arch/arm64/kvm/vgic/ of Linux 6.17, where any address makes a route and
 * what is sent to one without an ITS is dropped. The ITS of a guest that does
 * not run has no tables: each device and event counts as mapped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim-contract.h"
#include "sim-host.h"
#include "sim-user.h"

#define MAX_ROUTES 4096         /* KVM_MAX_IRQ_ROUTES */
#define IRQCHIP_PINS 988        /* 1020 interrupts less 32 private ones */
#define ITS_SIZE 0x20000
#define AWAIT_MS 20000

/* One list for all VMs, as a descriptor that is closed names none */
typedef struct IrqFd {
    SimVm *vm;
    int fd;
    uint32_t gsi;
} IrqFd;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GArray *irqfds;          /* IrqFd */
static int irqfd_count;         /* its length, to be read without the lock */

static uint64_t msi_key(uint32_t devid, uint32_t data)
{
    return (uint64_t)devid << 32 | data;
}

static void note_msi(ContractVm *c, GHashTable **counts, uint64_t key,
                     const char *counter)
{
    gpointer k = (gpointer)(uintptr_t)key;

    if (!*counts) {
        *counts = g_hash_table_new(g_direct_hash, g_direct_equal);
    }
    g_hash_table_replace(*counts, k, GUINT_TO_POINTER(
        GPOINTER_TO_UINT(g_hash_table_lookup(*counts, k)) + 1));
    sim_report_count(counter);
}

/* vgic_its_inject_msi(): 1, or -errno if there is no ITS at the address */
static int inject(SimVm *vm, uint64_t address, uint32_t data, uint32_t flags,
                  uint32_t devid)
{
    ContractVm *c = vm->backend;
    uint64_t key = msi_key(devid, data);

    if (!c->its_size) {
        return -ENODEV;
    }
    if (!(flags & KVM_MSI_VALID_DEVID) ||
        address - c->its_base >= c->its_size) {
        note_msi(c, &c->nowhere, key, "MSI_TO_NOWHERE");
        return -EINVAL;
    }
    note_msi(c, &c->delivered, key, "MSI_DELIVERED");
    return 1;
}

static long signal_msi(SimVm *vm, const void *user)
{
    struct kvm_msi msi;
    long ret;

    if (sim_copy_from_user(&msi, user, sizeof(msi))) {
        return -EFAULT;
    }
    if (msi.flags & ~KVM_MSI_VALID_DEVID) {
        return -EINVAL;
    }
    pthread_mutex_lock(&lock);
    ret = inject(vm, (uint64_t)msi.address_hi << 32 | msi.address_lo, msi.data,
                 msi.flags, msi.devid);
    pthread_mutex_unlock(&lock);
    return ret;
}

/* setup_routing_entry() and kvm_set_routing_entry() */
static bool entry_is_good(const struct kvm_irq_routing_entry *e,
                          const uint8_t *types)
{
    if (e->gsi >= MAX_ROUTES) {
        return false;
    }
    if (e->type == KVM_IRQ_ROUTING_MSI) {
        return !(e->flags & ~KVM_MSI_VALID_DEVID) && !types[e->gsi];
    }
    /* there is one irqchip, so a GSI has one route to it, too */
    return e->type == KVM_IRQ_ROUTING_IRQCHIP && !e->flags &&
           !e->u.irqchip.irqchip && e->u.irqchip.pin < IRQCHIP_PINS &&
           !types[e->gsi];
}

static long set_routing(SimVm *vm, const struct kvm_irq_routing *user)
{
    g_autofree struct kvm_irq_routing_entry *entries = NULL;
    ContractVm *c = vm->backend;
    struct kvm_irq_routing head;
    uint8_t types[MAX_ROUTES] = { 0 };

    if (sim_copy_from_user(&head, user, sizeof(head))) {
        return -EFAULT;
    }
    if (head.nr > MAX_ROUTES || head.flags) {
        return -EINVAL;
    }
    entries = g_new0(struct kvm_irq_routing_entry, head.nr + 1);
    if (head.nr && sim_copy_from_user(entries, user->entries,
                                      head.nr * sizeof(*entries))) {
        return -EFAULT;
    }
    for (uint32_t i = 0; i < head.nr; i++) {
        if (!entry_is_good(&entries[i], types)) {
            return -EINVAL;
        }
        types[entries[i].gsi] = 1;
    }
    pthread_mutex_lock(&lock);
    g_free(c->routes);
    c->routes = g_steal_pointer(&entries);
    vm->routes = head.nr;
    vm->max_routes = MAX(vm->max_routes, head.nr);
    pthread_mutex_unlock(&lock);
    return 0;
}

/* 0 if it is an eventfd, or what eventfd_ctx_fdget() says */
static int check_eventfd(int fd)
{
    char name[32], target[32] = "";

    if (fcntl(fd, F_GETFD) < 0) {
        return -EBADF;
    }
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    if (readlink(name, target, sizeof(target) - 1) < 0) {
        return -EBADF;
    }
    return strcmp(target, "anon_inode:[eventfd]") ? -EINVAL : 0;
}

static int find_irqfd(SimVm *vm, int fd)
{
    for (guint i = 0; irqfds && i < irqfds->len; i++) {
        IrqFd *f = &g_array_index(irqfds, IrqFd, i);

        if (f->vm == vm && f->fd == fd) {
            return i;
        }
    }
    return -1;
}

static void drop_irqfd(int i)
{
    g_array_remove_index_fast(irqfds, i);
    g_atomic_int_add(&irqfd_count, -1);
}

static int deassign(SimVm *vm, const struct kvm_irqfd *arg)
{
    int i = find_irqfd(vm, arg->fd);

    if (i >= 0 && g_array_index(irqfds, IrqFd, i).gsi == arg->gsi) {
        drop_irqfd(i);
    } else {
        sim_complain(vm, "KVM_IRQFD takes back an irqfd of GSI %u that is not "
                     "there", arg->gsi);
    }
    return 0;
}

static int assign(SimVm *vm, const struct kvm_irqfd *arg)
{
    IrqFd f = { .vm = vm, .fd = arg->fd, .gsi = arg->gsi };

    if (arg->flags & KVM_IRQFD_FLAG_RESAMPLE &&
        check_eventfd(arg->resamplefd)) {
        return check_eventfd(arg->resamplefd);
    }
    if (find_irqfd(vm, arg->fd) >= 0) {
        return -EBUSY;
    }
    if (!irqfds) {
        irqfds = g_array_new(FALSE, FALSE, sizeof(IrqFd));
    }
    g_array_append_val(irqfds, f);
    g_atomic_int_add(&irqfd_count, 1);
    return 0;
}

static long irqfd(SimVm *vm, const void *user)
{
    struct kvm_irqfd arg;
    int ret;

    if (sim_copy_from_user(&arg, user, sizeof(arg))) {
        return -EFAULT;
    }
    if (arg.flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE)) {
        return -EINVAL;
    }
    if (!(arg.flags & KVM_IRQFD_FLAG_DEASSIGN) && !vm->vgic_inited) {
        return -EAGAIN;
    }
    ret = check_eventfd(arg.fd);
    pthread_mutex_lock(&lock);
    if (!ret) {
        ret = arg.flags & KVM_IRQFD_FLAG_DEASSIGN ? deassign(vm, &arg)
                                                  : assign(vm, &arg);
    }
    pthread_mutex_unlock(&lock);
    return ret;
}

long sim_contract_irq_ioctl(SimVm *vm, unsigned long req, void *arg)
{
    long ret = req == KVM_SIGNAL_MSI ? signal_msi(vm, arg) :
               req == KVM_IRQFD ? irqfd(vm, arg) : set_routing(vm, arg);

    /* A VMM that knows what it has does not get these */
    if (ret < 0) {
        sim_complain(vm, "%s is refused: %s",
                     req == KVM_SIGNAL_MSI ? "KVM_SIGNAL_MSI" :
                     req == KVM_IRQFD ? "KVM_IRQFD" : "KVM_SET_GSI_ROUTING",
                     g_strerror(-ret));
    }
    return ret;
}

void sim_contract_set_its(SimVm *vm, uint64_t base)
{
    ContractVm *c = vm->backend;

    c->its_base = base;
    c->its_size = ITS_SIZE;
}

/* The last close() of an eventfd takes its irqfd along */
void sim_irqfd_closed(int fd)
{
    if (!g_atomic_int_get(&irqfd_count)) {
        return;
    }
    pthread_mutex_lock(&lock);
    for (int i = irqfds->len - 1; i >= 0; i--) {
        if (g_array_index(irqfds, IrqFd, i).fd == fd) {
            drop_irqfd(i);
        }
    }
    pthread_mutex_unlock(&lock);
}

void sim_contract_irq_free(SimVm *vm)
{
    ContractVm *c = vm->backend;

    pthread_mutex_lock(&lock);
    for (int i = irqfds ? (int)irqfds->len - 1 : -1; i >= 0; i--) {
        if (g_array_index(irqfds, IrqFd, i).vm == vm) {
            drop_irqfd(i);
        }
    }
    pthread_mutex_unlock(&lock);
    g_free(c->routes);
    g_clear_pointer(&c->delivered, g_hash_table_destroy);
    g_clear_pointer(&c->nowhere, g_hash_table_destroy);
}

static void signalled(SimVm *vm, uint32_t gsi)
{
    ContractVm *c = vm->backend;

    for (unsigned i = 0; i < vm->routes; i++) {
        const struct kvm_irq_routing_entry *e = &c->routes[i];

        if (e->gsi == gsi && e->type == KVM_IRQ_ROUTING_MSI) {
            inject(vm, (uint64_t)e->u.msi.address_hi << 32 |
                   e->u.msi.address_lo, e->u.msi.data, e->flags,
                   e->u.msi.devid);
        }
    }
}

void sim_contract_irq_poll(SimVm *vm)
{
    pthread_mutex_lock(&lock);
    for (guint i = 0; irqfds && i < irqfds->len; i++) {
        IrqFd *f = &g_array_index(irqfds, IrqFd, i);
        struct pollfd pfd = { .fd = f->fd, .events = POLLIN };
        uint64_t value;

        if (f->vm == vm && poll(&pfd, 1, 0) == 1 &&
            read(f->fd, &value, sizeof(value)) == sizeof(value)) {
            signalled(vm, f->gsi);
        }
    }
    pthread_mutex_unlock(&lock);
}

bool sim_contract_await_msi(SimVm *vm, uint32_t devid, uint32_t data,
                            bool nowhere)
{
    ContractVm *c = vm->backend;
    gpointer key = (gpointer)(uintptr_t)msi_key(devid, data);
    bool came = false;

    for (int ms = 0; !came && ms < AWAIT_MS; ms++) {
        GHashTable **counts = nowhere ? &c->nowhere : &c->delivered;

        sim_contract_irq_poll(vm);
        pthread_mutex_lock(&lock);
        came = *counts && g_hash_table_remove(*counts, key);
        pthread_mutex_unlock(&lock);
        if (!came) {
            g_usleep(1000);
        }
    }
    return came;
}
