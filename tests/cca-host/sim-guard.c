/*
 * Contract mode: catches host accesses to memory that is private
 *
 * From ACTIVATE on, the shared mapping of every page that is private, or that
 * KVM was told nothing about, is PROT_NONE: the guest did not share it.  The
 * first access to such a page is reported; then the page is opened, so that the
 * VMM goes on.  A system call that is given such an address fails with EFAULT
 * instead.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim-contract.h"

typedef struct Guarded {
    uint64_t hva;
    uint64_t size;
    uint64_t gpa;
    SimVm *vm;
} Guarded;

typedef struct GuardTable {
    unsigned count;
    Guarded e[];
} GuardTable;

/*
 * The handler reads the table without a lock.  Old tables are leaked: there
 * is one per change of the slots of an active Realm, and that is rare.
 */
static GuardTable *table;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;

static const Guarded *lookup(uint64_t addr)
{
    GuardTable *t = g_atomic_pointer_get(&table);

    for (unsigned i = 0; t && i < t->count; i++) {
        if (addr >= t->e[i].hva && addr - t->e[i].hva < t->e[i].size) {
            return &t->e[i];
        }
    }
    return NULL;
}

static void say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0) {
        _exit(SIM_CONFIG_EXIT);
    }
}

static void handler(int sig, siginfo_t *info, void *ctx)
{
    uint64_t addr = (uintptr_t)info->si_addr & ~SIM_PAGE_MASK;
    const Guarded *g = lookup(addr);

    if (!g) {
        /* not ours: the instruction faults again under the old handler */
        sigaction(sig, &previous, NULL);
        return;
    }
    sim_report_host_access(g->vm, g->gpa + (addr - g->hva));
    if (sim_config()->abort_on_host_access) {
        say("cca-sim: the host accessed private guest memory\n");
        abort();
    }
    mprotect((void *)(uintptr_t)addr, SIM_PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static void install_handler(void)
{
    static bool done;
    struct sigaction sa = {
        .sa_sigaction = handler,
        .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
    };

    if (!done) {
        sigaction(SIGSEGV, &sa, &previous);
        done = true;
    }
}

static void protect(const SimSlot *slot, uint64_t gpa, uint64_t end,
                    bool private)
{
    void *hva = (void *)(uintptr_t)(slot->hva + (gpa - slot->gpa));

    mprotect(hva, end - gpa, private ? PROT_NONE : PROT_READ | PROT_WRITE);
}

static void add_guard(SimVm *vm, const SimSlot *slot)
{
    GuardTable *old = table;
    unsigned n = old ? old->count : 0;
    GuardTable *t = g_malloc0(sizeof(*t) + (n + 1) * sizeof(t->e[0]));

    if (old) {
        memcpy(t, old, sizeof(*t) + n * sizeof(t->e[0]));
    }
    t->e[n] = (Guarded) { slot->hva, slot->size, slot->gpa, vm };
    t->count = n + 1;
    g_atomic_pointer_set(&table, t);
}

static void remove_guard(const SimSlot *slot)
{
    GuardTable *old = table;
    GuardTable *t;

    if (!old) {
        return;
    }
    t = g_malloc0(sizeof(*t) + old->count * sizeof(t->e[0]));
    for (unsigned i = 0; i < old->count; i++) {
        if (old->e[i].hva != slot->hva) {
            t->e[t->count++] = old->e[i];
        }
    }
    g_atomic_pointer_set(&table, t);
}

static void guard_slot_now(SimVm *vm, SimSlot *slot)
{
    uint64_t end = slot->gpa + slot->size;

    if (!slot->gmem) {
        return;
    }
    pthread_mutex_lock(&lock);
    install_handler();
    add_guard(vm, slot);
    pthread_mutex_unlock(&lock);
    for (uint64_t a = slot->gpa; a < end; ) {
        bool private, told;
        uint64_t next = sim_ranges_piece(&vm->priv, a, end, &private);

        next = sim_ranges_piece(&vm->told, a, next, &told);
        if (private || !told) {
            protect(slot, a, next, true);
        }
        a = next;
    }
}

void sim_guard_arm(SimVm *vm)
{
    for (guint i = 0; i < vm->slots->len; i++) {
        guard_slot_now(vm, g_ptr_array_index(vm->slots, i));
    }
}

void sim_guard_convert(SimVm *vm, uint64_t gpa, uint64_t size, bool private)
{
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);
        uint64_t start = MAX(gpa, slot->gpa);
        uint64_t end = MIN(gpa + size, slot->gpa + slot->size);

        if (slot->gmem && start < end) {
            protect(slot, start, end, private);
        }
    }
}

void sim_guard_forget(SimVm *vm)
{
    GuardTable *old, *t;

    pthread_mutex_lock(&lock);
    old = table;
    if (old) {
        t = g_malloc0(sizeof(*t) + old->count * sizeof(t->e[0]));
        for (unsigned i = 0; i < old->count; i++) {
            if (old->e[i].vm == vm) {
                mprotect((void *)(uintptr_t)old->e[i].hva, old->e[i].size,
                         PROT_READ | PROT_WRITE);
            } else {
                t->e[t->count++] = old->e[i];
            }
        }
        g_atomic_pointer_set(&table, t);
    }
    pthread_mutex_unlock(&lock);
}

void sim_guard_slot(SimVm *vm, SimSlot *slot, SimSlotChange change)
{
    if (!sim_realm_is_active(vm) || !slot->gmem) {
        return;
    }
    if (change == SIM_SLOT_CREATE) {
        guard_slot_now(vm, slot);
    } else if (change == SIM_SLOT_DELETE) {
        protect(slot, slot->gpa, slot->gpa + slot->size, false);
        pthread_mutex_lock(&lock);
        remove_guard(slot);
        pthread_mutex_unlock(&lock);
    }
}
