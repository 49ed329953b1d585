/*
 * Run mode of the simulator: a Realm on an ordinary virtual machine
 *
 * The real KVM of an arm64 host runs an ordinary VM whose guest addresses
 * have the Realm's width.  What an RMM and a Realm VM's stage 2 do is made of
 * mappings in this process:
 *
 *   guest address          KVM memslot shows             made of
 *   gpa                    RunSlot.priv                  see RunView
 *   gpa | shared bit       the VMM's own mapping         userfaultfd on pages
 *                                                        that are not shared
 *   GIC, ITS, doorbells, other in-kernel devices: at gpa | shared bit only
 *
 * Modelled: private and shared memory are different files.  The guest's
 * access to a shared alias of a page that has the PRIVATE attribute exits
 * with KVM_EXIT_MEMORY_FAULT before it has an effect, and so does an access
 * to RIPAS RAM without the attribute; a destroyed page ends the run with
 * ENXIO, as does RIPAS RAM without a slot, and with EINVAL where the slot has
 * no private memory; an access to RIPAS EMPTY is an external abort in the
 * guest.  Every access of the VMM's process (threads, system calls, vhost) to
 * a page that is not shared is a complaint in the report.
 *
 * Of generation B the front end has everything but this: the guest's use of a
 * shared alias does not ask for the attribute, RIPAS RAM without a slot makes
 * KVM_RUN fail for ever where it is EAGAIN, and a read of a shared page that
 * the host never wrote fails where that is so.
 *
 * Not modelled: a guest may *read* a shared page through its private alias,
 * because the kernel's ITS reads its tables at that address (a write is an
 * external abort, as it should be).  PSCI is KVM's own, so it also answers to
 * HVC, and starts a CPU at an address of the shared half, which an RMM
 * refuses.  Registers that an RMM would hide can be read by the VMM.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_RUN_H
#define CCA_HOST_SIM_RUN_H

#include <inttypes.h>
#include <sys/types.h>

#include "sim-backend.h"

/* Real memslot number of the shared alias of slot N is N + RUN_ALIAS_SLOT */
#define RUN_ALIAS_SLOT 16000

/* What the guest finds at a private alias */
typedef enum RunView {
    RUN_VIEW_NONE,          /* RIPAS EMPTY: nothing, an access is an abort */
    RUN_VIEW_PRIVATE,       /* the guest_memfd */
    RUN_VIEW_SHARED,        /* RIPAS EMPTY, shared: read-only, for the ITS */
    RUN_VIEW_FAULT,         /* RIPAS RAM, no PRIVATE attribute: exit */
    RUN_VIEW_DESTROYED,     /* content was lost: the Realm cannot go on */
} RunView;

typedef enum RunAttribute {
    RUN_SHARED,             /* by the VMM or, without it, by the guest's wish */
    RUN_PRIVATE,
    RUN_UNTOLD,             /* as shared for KVM, and nobody asked for it */
} RunAttribute;

/* Lives on while a slot shows it, whatever the VMM closes */
typedef struct RunGmem {
    unsigned refs;          /* guarded by SimVm.lock */
    int fd;                 /* a memfd; the VMM has another descriptor of it */
    char *map;
    uint64_t size;
} RunGmem;

typedef struct RunSlot {
    SimSlot *slot;
    RunGmem *gmem;          /* NULL: no private view */
    uint64_t gmem_offset;
    char *priv;             /* what KVM shows at gpa, or NULL */
    char *shared;           /* second mapping of the VMM's memory */
    int shared_fd;          /* its file, if this library made it, else -1 */
    uint8_t *view;          /* a RunView per page */
    uint8_t *attribute;     /* a RunAttribute per page */
    uint8_t *touched;       /* the guest used the shared alias, no exit */
    bool live;              /* set up at ACTIVATE */
} RunSlot;

typedef struct RunVm {
    pthread_mutex_t map_lock;   /* inside SimVm.lock; slots, vcpus, views */
    GPtrArray *slots;           /* RunSlot *, owned */
    GPtrArray *vcpus;           /* SimVcpu *, not owned */
    int watch_end;          /* eventfd: the watcher has to end */
    int uffd;
    pthread_t watcher;
    bool active;
    int off;                    /* atomic: the guest called SYSTEM_OFF */
} RunVm;

/* A stopped access of a vCPU, filled in by the watcher */
typedef struct RunFault {
    bool pending;
    bool private_alias;
    bool destroyed;
    bool unwritten;             /* a read of what the host never wrote */
    uint64_t gpa;
    char *addr;                 /* page that is PROT_NONE until the exit */
} RunFault;

typedef struct RunRipasRequest {
    bool pending;               /* exit delivered, commit at the next run */
    uint64_t base;
    uint64_t top;
    bool ram;
    bool change_destroyed;
} RunRipasRequest;

typedef struct RunVcpu {
    pid_t tid;                  /* atomic: thread inside KVM_RUN, or 0 */
    pthread_t thread;           /* that last ran it */
    bool accepts_kicks;     /* by that thread */
    RunFault fault;             /* guarded by RunVm.map_lock */
    RunRipasRequest ripas;
    uint32_t rsi_again;         /* RSI call that found its memory missing */
    unsigned aborts;            /* external aborts in a row */
    bool in_hole;               /* used RIPAS RAM without a slot: see below */
    uint64_t hole;              /* where */
    bool deferred;              /* the real KVM has not completed an access */
    uint8_t mmio_data[8];       /* which gives that */
    GByteArray *token;          /* being given to the guest, or NULL */
    size_t token_given;
    bool token_asked;           /* since it was begun */
    uint8_t rem[4][64];         /* extensible measurements: use vCPU 0's */
} RunVcpu;

/* sim-run-memory.c */
int run_create_gmem(SimGmem *gmem);
void run_destroy_gmem(SimGmem *gmem);
int run_punch_gmem(SimGmem *gmem, uint64_t off, uint64_t len);
int run_populate_page(SimVm *vm, SimSlot *slot, uint64_t gpa,
                      const void *source, uint8_t page[SIM_PAGE_SIZE]);
/* All that is left of the VM's memory when it ends */
void run_free_slots(SimVm *vm);
/* Its thread may still get a late kick */
void run_forget_vcpu(SimVcpu *vcpu);
int run_set_memslot(SimVm *vm, SimSlot *slot, SimSlotChange change);
int run_convert(SimVm *vm, uint64_t gpa, uint64_t size, bool private);
void run_shared_discarded(SimVm *vm, SimSlot *slot, uint64_t gpa,
                          uint64_t size);
int run_activate(SimVm *vm);
/* RIPAS of [@base, @top) changed: show the guest the right thing */
void run_update_views(SimVm *vm, uint64_t base, uint64_t top);
/* Complains about, and drops, shared copies of private pages */
void run_check_shared_copies(SimVm *vm, uint64_t base, uint64_t top);
/* The ITS may write its tables while no vCPU runs */
void run_let_its_write(SimVm *vm, bool writable);
/* Memory of the guest at a private address, or NULL if it has none there */
void *run_private_memory(SimVm *vm, uint64_t gpa, uint64_t len);
/* Is @gpa RIPAS RAM of which KVM was told nothing? Its first use is an exit */
bool run_is_untold(SimVm *vm, uint64_t gpa);

/* sim-run-watch.c */
int run_watch_start(SimVm *vm);
void run_watch_stop(SimVm *vm);
/* Faults on [@addr, @addr + @len) come to the watcher from now on */
int run_watch(RunVm *rv, void *addr, uint64_t len);

/* sim-run-rsi.c: returns 0 to go on, 1 to exit to the VMM with *ret */
int run_rsi(SimVcpu *vcpu, int *ret);
/* The call that could not be served before, if there is one */
int run_rsi_again(SimVcpu *vcpu, int *ret);
void run_commit_ripas(SimVcpu *vcpu);

/*
 * sim-run-token.c: the attestation token, of about 1 KiB. @rem has the
 * extensible measurements. Called with SimVm.lock held.
 */
GByteArray *run_token(SimVm *vm, const uint8_t challenge[64],
                      uint8_t rem[4][64]);

/* sim-run-vcpu.c */
int run_vcpu(SimVcpu *vcpu);
long run_abort(SimVcpu *vcpu, void *events);
uint64_t run_get_x(SimVcpu *vcpu, unsigned n);
void run_set_x(SimVcpu *vcpu, unsigned n, uint64_t value);
int run_exit_memory_fault(SimVcpu *vcpu, uint64_t gpa, uint64_t size,
                          bool private);

/* sim_real_ioctl() with the kernel's way to return an error */
long run_ioctl(int fd, unsigned long req, void *arg);

#endif
