/*
 * Run mode: the watcher of pages that nobody may touch
 *
 * One thread per VM reads userfaultfd events.  Registered are the VMM's
 * whole mapping of Realm RAM, where an event is the first access to a page
 * that holds nothing, and those parts of the private view that must not be
 * used.  An access by a thread inside KVM_RUN is the guest's: the page
 * becomes inaccessible and the thread is woken, so that KVM cannot resolve
 * the fault and returns, and run_vcpu() makes the exit of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/userfaultfd.h>

#include "sim-run.h"

/* Shared pages to fill at once: each event costs two thread switches */
#define FILL_PAGES 16

static SimVcpu *vcpu_of_thread(RunVm *rv, pid_t tid)
{
    for (unsigned i = 0; i < rv->vcpus->len; i++) {
        SimVcpu *vcpu = g_ptr_array_index(rv->vcpus, i);
        RunVcpu *b = vcpu->backend;

        if (__atomic_load_n(&b->tid, __ATOMIC_ACQUIRE) == tid) {
            return vcpu;
        }
    }
    return NULL;
}

static RunSlot *slot_of_address(RunVm *rv, char *addr, uint64_t *off,
                                bool *private_view)
{
    for (unsigned i = 0; i < rv->slots->len; i++) {
        RunSlot *rs = g_ptr_array_index(rv->slots, i);
        char *hva = (char *)(uintptr_t)rs->slot->hva;

        *private_view = rs->priv && addr >= rs->priv &&
                        addr < rs->priv + rs->slot->size;
        if (*private_view || (addr >= hva && addr < hva + rs->slot->size)) {
            *off = addr - (*private_view ? rs->priv : hva);
            return rs;
        }
    }
    return NULL;
}

static void wake(RunVm *rv, char *addr, uint64_t len)
{
    struct uffdio_range range = { .start = (uintptr_t)addr, .len = len };

    sim_real_ioctl(rv->uffd, UFFDIO_WAKE, &range);
}

/* Zero pages for whoever waits; pages that are there already stay */
static void fill(RunVm *rv, char *addr, unsigned pages)
{
    for (unsigned i = 0; i < pages; i++) {
        struct uffdio_zeropage zero = {
            .range = {
                .start = (uintptr_t)addr + i * SIM_PAGE_SIZE,
                .len = SIM_PAGE_SIZE,
            },
            .mode = UFFDIO_ZEROPAGE_MODE_DONTWAKE,
        };

        if (sim_real_ioctl(rv->uffd, UFFDIO_ZEROPAGE, &zero) &&
            errno != EEXIST) {
            break;
        }
    }
    wake(rv, addr, pages * SIM_PAGE_SIZE);
}

static void stop_guest(RunVm *rv, SimVcpu *vcpu, RunFault fault)
{
    RunVcpu *b = vcpu->backend;

    b->fault = fault;
    b->fault.pending = true;
    if (mprotect(fault.addr, SIM_PAGE_SIZE, PROT_NONE)) {
        sim_complain(vcpu->vm, "simulator: mprotect: %s", g_strerror(errno));
    }
    wake(rv, fault.addr, SIM_PAGE_SIZE);
}

static unsigned shared_run(const RunSlot *rs, uint64_t page)
{
    unsigned n = 1;

    while (n < FILL_PAGES && (page + n) * SIM_PAGE_SIZE < rs->slot->size &&
           rs->attribute[page] == RUN_SHARED &&
           rs->attribute[page + n] == RUN_SHARED) {
        n++;
    }
    return n;
}

/*
 * Version 14 cannot map a shared page for reading that is not there.  A reader
 * of another kind, as the ITS, is not told apart: the VMM has to fill it, too.
 */
static void unwritten(RunVm *rv, SimVcpu *vcpu, RunFault fault)
{
    sim_complain(vcpu->vm, "the kernel warns: the guest reads the shared page "
                 "0x%" PRIx64 ", which the host never wrote", fault.gpa);
    fault.unwritten = true;
    stop_guest(rv, vcpu, fault);
}

/* The guest may have the page by its shared alias without an exit */
static void give_shared(RunVm *rv, RunSlot *rs, SimVcpu *vcpu, RunFault fault,
                        uint64_t page, bool write)
{
    bool private = rs->attribute[page] == RUN_PRIVATE;

    if (vcpu && !write && sim_generation()->unwritten_fault) {
        unwritten(rv, vcpu, fault);
        return;
    }
    rs->touched[page] |= private;
    /* one page at a time where it matters which of them are there */
    fill(rv, fault.addr, private ||
         (vcpu && sim_generation()->unwritten_fault) ? 1
         : shared_run(rs, page));
}

static void handle(SimVm *vm, char *addr, pid_t tid, bool write)
{
    RunVm *rv = vm->backend;
    SimVcpu *vcpu = vcpu_of_thread(rv, tid);
    RunFault fault = { .addr = addr };
    uint64_t off = 0, page;
    RunSlot *rs = slot_of_address(rv, addr, &off, &fault.private_alias);

    if (!rs) {                  /* the slot has just gone */
        fill(rv, addr, 1);
        return;
    }
    page = off / SIM_PAGE_SIZE;
    fault.gpa = rs->slot->gpa + off;
    /* What KVM was told nothing about the guest may use as shared, QEMU not */
    if (!fault.private_alias &&
        (rs->attribute[page] == RUN_SHARED ||
         (rs->attribute[page] == RUN_UNTOLD && vcpu) ||
         (vcpu && !sim_generation()->shared_alias_fault))) {
        give_shared(rv, rs, vcpu, fault, page, write);
        return;
    }
    if (vcpu) {
        fault.destroyed = fault.private_alias &&
                          rs->view[page] == RUN_VIEW_DESTROYED;
        stop_guest(rv, vcpu, fault);
        return;
    }
    sim_report_host_access(vm, fault.gpa);
    sim_report_flush();
    if (sim_config()->abort_on_host_access) {
        abort();
    }
    fill(rv, addr, 1);
}

static void *watch_loop(void *opaque)
{
    SimVm *vm = opaque;
    RunVm *rv = vm->backend;
    struct pollfd fds[] = {
        { .fd = rv->uffd, .events = POLLIN },
        { .fd = rv->watch_end, .events = POLLIN },
    };
    struct uffd_msg msg;

    while (poll(fds, 2, -1) >= 0 && !fds[1].revents) {
        if (read(rv->uffd, &msg, sizeof(msg)) != sizeof(msg)) {
            continue;
        }
        if (msg.event != UFFD_EVENT_PAGEFAULT) {
            continue;
        }
        pthread_mutex_lock(&rv->map_lock);
        handle(vm, (char *)(uintptr_t)(msg.arg.pagefault.address &
                                       ~SIM_PAGE_MASK),
               msg.arg.pagefault.feat.ptid,
               msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WRITE);
        pthread_mutex_unlock(&rv->map_lock);
    }
    return NULL;
}

int run_watch_start(SimVm *vm)
{
    RunVm *rv = vm->backend;
    struct uffdio_api api = {
        .api = UFFD_API,
        .features = UFFD_FEATURE_THREAD_ID | UFFD_FEATURE_MISSING_SHMEM,
    };
    sigset_t all, old;
    int err;

    rv->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    rv->watch_end = eventfd(0, EFD_CLOEXEC);
    if (rv->uffd < 0 || rv->watch_end < 0 || sim_real_ioctl(rv->uffd, UFFDIO_API, &api)) {
        return -errno;
    }
    sigfillset(&all);           /* the VMM's signals are not for this thread */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    err = pthread_create(&rv->watcher, NULL, watch_loop, vm);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return -err;
}

void run_watch_stop(SimVm *vm)
{
    RunVm *rv = vm->backend;
    uint64_t one = 1;

    if (rv->uffd >= 0) {
        if (write(rv->watch_end, &one, sizeof(one)) == sizeof(one)) {
            pthread_join(rv->watcher, NULL);
        }
        sim_real_close(rv->watch_end);
        sim_real_close(rv->uffd);
        rv->uffd = -1;
    }
}

int run_watch(RunVm *rv, void *addr, uint64_t len)
{
    struct uffdio_register reg = {
        .range = { .start = (uintptr_t)addr, .len = len },
        .mode = UFFDIO_REGISTER_MODE_MISSING,
    };

    return run_ioctl(rv->uffd, UFFDIO_REGISTER, &reg);
}
