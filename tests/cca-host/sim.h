/*
 * The simulated KVM of a CCA host: objects shared by the front end's files
 *
 * The front end owns every rule, errno and report line.  A backend (see
 * sim-backend.h) only moves memory and runs vCPUs.
 *
 * Functions that stand for a kernel path return >= 0 or -errno, as the kernel
 * itself does; the interposed ioctl() turns that into -1 and errno.
 *
 * Locking: SimVm.lock is held while any ioctl of the VM, its vCPUs, devices
 * and guest_memfds is handled, except inside SimBackendOps.run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_H
#define CCA_HOST_SIM_H

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "sim-abi.h"
#include "sim-config.h"
#include "sim-ranges.h"
#include "sim-report.h"
#include "sim-rim.h"

typedef enum SimKind {
    SIM_SYSTEM,
    SIM_VM,
    SIM_VCPU,
    SIM_DEVICE,
    SIM_GMEM,
    SIM_VHOST,
    SIM_TAP,
    SIM_KINDS
} SimKind;

typedef struct SimVm SimVm;
typedef struct SimVhost SimVhost;

/* First member of everything that stands behind a file descriptor */
typedef struct SimObject {
    SimKind kind;
    int fd;                 /* number that the VMM holds; -1 once closed */
    int refs;               /* guarded by the fd table's lock */
} SimObject;

typedef struct SimSystem {
    SimObject obj;
    void *backend;
} SimSystem;

typedef struct SimGmem {
    SimObject obj;
    SimVm *vm;
    uint64_t size;
    uint64_t flags;         /* SIM_GMEM_* */
    uint64_t punched;       /* bytes punched so far */
    SimRanges shared;       /* offsets whose attribute is not PRIVATE */
    void *backend;
} SimGmem;

typedef struct SimSlot {
    uint32_t id;
    uint32_t flags;         /* KVM_MEM_* */
    uint64_t gpa;
    uint64_t size;
    uint64_t hva;           /* the shared view */
    uint64_t file;          /* the file that is mapped there: inode, or 0 */
    uint64_t file_offset;
    SimGmem *gmem;          /* the private view, or NULL */
    uint64_t gmem_offset;
    void *backend;
} SimSlot;

typedef struct SimDevice {
    SimObject obj;
    SimVm *vm;
    uint32_t type;          /* KVM_DEV_TYPE_* */
    void *backend;
} SimDevice;

typedef struct SimVcpu {
    SimObject obj;
    SimVm *vm;
    uint32_t id;
    struct kvm_run *run;    /* mapped by the backend */
    bool initialised;
    uint32_t features;      /* of KVM_ARM_VCPU_INIT, with the REC bit */
    bool sve_finalised;
    bool rec_finalised;
    bool pmu_irq_set;
    bool pmu_inited;
    bool ran;               /* entered at least once */
    bool entered;           /* and without immediate_exit */
    bool powered_off;       /* as far as the VMM said */
    bool off_left;          /* it has left since the Realm is off */
    bool off_woken;         /* made runnable since then */
    bool brought_up;        /* its first run said EAGAIN, where one does */
    bool fault_pending;     /* the last exit asked for a conversion */
    bool fault_private;
    bool fault_touch;       /* it is an access that comes again, no request */
    uint64_t fault_gpa;
    uint64_t fault_size;
    uint64_t fault_calls;   /* SimAttributes.calls when it came */
    uint64_t x[31];         /* what the VMM wrote, not what the guest has */
    uint64_t pc;
    uint64_t sve_vls[8];    /* bit vq-1 = vector length of vq * 128 bits */
    /* which register writes the last exit allows: a bit per x register */
    uint32_t x_writable;
    bool mmio_exit;         /* left for MMIO, which KVM_RUN has to complete */
    bool mmio_completed;    /* by a KVM_RUN that did not enter the guest */
    /* KVM_SET_SIGNAL_MASK: signals that wait while KVM_RUN runs */
    bool has_signal_mask;
    uint64_t signal_mask;
    void *backend;
} SimVcpu;

typedef enum SimRealmState {
    SIM_REALM_NONE,
    SIM_REALM_NEW,
    SIM_REALM_ACTIVE,
    SIM_REALM_OFF,          /* PSCI SYSTEM_OFF or SYSTEM_RESET was called */
    SIM_REALM_DEAD,
} SimRealmState;

typedef enum SimMecPolicy {
    SIM_MEC_UNSET,
    SIM_MEC_PRIVATE,
    SIM_MEC_SHARED,
} SimMecPolicy;

typedef struct SimRealm {
    SimRealmState state;
    uint8_t rpv[64];
    uint32_t hash_algo;     /* SIM_HASH_* */
    SimMecPolicy mec_policy;
    int mecid;              /* -1 while none is held */
    unsigned rec_count;     /* RECs created so far */
    SimRim rim;
    SimRanges ripas;        /* RIPAS RAM */
    SimRanges populated;
    SimRanges destroyed;    /* populated, then lost by the VMM's doing */
    SimRanges wants_shared; /* what the guest asked to be shared */
    SimRanges alias_touched; /* used by its shared address, no RSI call */
    SimRanges asked_ram;    /* what the guest asked to be RAM */
    uint64_t boot_pc;       /* of vCPU 0, taken when its REC is made */
    const char *failed;     /* a launch step that failed, or NULL */
    int64_t resident_at_run; /* see sim_resident_sample(); -1 = not yet */
} SimRealm;

/* What KVM_SET_MEMORY_ATTRIBUTES was called with, in pages */
typedef struct SimAttributes {
    uint64_t calls;
    uint64_t pages;
    uint64_t changed;
    uint64_t largest;       /* of one call */
} SimAttributes;

struct SimVm {
    SimObject obj;
    unsigned serial;        /* names the VM in the report, from 1 */
    pthread_mutex_t lock;
    bool is_realm;
    unsigned ipa_bits;      /* whole space, shared bit included */
    GPtrArray *vcpus;       /* open SimVcpu *, in creation order; not owned */
    unsigned vcpu_count;
    GPtrArray *slots;       /* SimSlot *, owned */
    SimRanges priv;         /* KVM_MEMORY_ATTRIBUTE_PRIVATE */
    SimRanges told;         /* any attribute was ever set, or taken */
    SimAttributes attributes;
    bool has_vgic;
    bool vgic_inited;
    bool inited;            /* a vCPU was initialised */
    uint32_t features;      /* what all vCPUs have, less POWER_OFF */
    bool dead;              /* every request of it is EIO */
    bool judged_huge;       /* see sim_huge_judge() */
    uint64_t dfr0;          /* ID registers belong to the VM */
    unsigned routes;        /* of interrupts, as the VMM set them last */
    unsigned max_routes;    /* the most of them at a time */
    unsigned nr_pmu_counters;
    unsigned gmems;         /* that exist; atomic */
    SimRealm realm;
    void *backend;
};

/* The bit of a guest address that selects the shared alias */
static inline uint64_t sim_shared_bit(const SimVm *vm)
{
    return 1ULL << (vm->ipa_bits - 1);
}

static inline bool sim_realm_is_active(const SimVm *vm)
{
    return vm->is_realm && vm->realm.state == SIM_REALM_ACTIVE;
}

/* sim-fd.c: the table of descriptors */

/* Makes @obj known under @fd with one reference that belongs to the table */
void sim_fd_install(SimObject *obj, SimKind kind, int fd);
/* Returns the object behind @fd with a reference, or NULL */
SimObject *sim_fd_get(int fd);
SimObject *sim_fd_get_kind(int fd, SimKind kind);
void sim_object_ref(SimObject *obj);
/* Drops a reference; the last one destroys the object */
void sim_object_put(SimObject *obj);
/* Forgets @fd before it is closed */
void sim_fd_forget(int fd);

/* sim-lifetime.c: what keeps a VM, and what should not */

/* A VM exists from here to there, whether it has a descriptor or not */
void sim_lifetime_begin(SimVm *vm);
void sim_lifetime_end(SimVm *vm);
/* @vm is about to have private memory: no Realm of before may hold any */
void sim_lifetime_judge_gmem(SimVm *vm);
/* The descriptor @fd is about to be closed */
void sim_lifetime_judge_close(int fd);
/* The VMM maps the state of a vCPU, and unmaps something */
void sim_lifetime_mapped(int fd, void *addr, size_t len);
void sim_lifetime_unmapped(void *addr, size_t len);
/* Calls @fn for each VM that has an open descriptor, with a reference held */
void sim_fd_for_each_vm(void (*fn)(SimVm *vm, void *opaque), void *opaque);

/* sim-system.c, sim-vm.c, sim-vcpu.c ...: one handler per kind */
long sim_system_ioctl(SimSystem *sys, unsigned long req, void *arg);
long sim_vm_ioctl(SimVm *vm, unsigned long req, void *arg);
long sim_vcpu_ioctl(SimVcpu *vcpu, unsigned long req, void *arg);
/* sim-vcpu-run.c; takes the VM's lock itself */
long sim_vcpu_run(SimVcpu *vcpu);
/* sim-off.c: does KVM_RUN end by itself now that the Realm is off? */
bool sim_off_leaves(const SimVcpu *vcpu);
/* What it leaves with then */
void sim_off_exit(SimVcpu *vcpu);
/* The threads of a power-off do not come in order */
void sim_off_delay(const SimVcpu *vcpu);
void sim_system_event(struct kvm_run *run, uint32_t type, bool reset2);
/* sim-vcpu-attr.c */
long sim_vcpu_attr(SimVcpu *vcpu, unsigned long req, void *user);
/* sim-gmem-state.c */
long sim_gmem_ioctl(SimGmem *gmem, unsigned long req, void *arg);
long sim_device_ioctl(SimDevice *dev, unsigned long req, void *arg);
int sim_open_kvm(int flags);
void sim_vm_destroy(SimVm *vm);
/* How many VMs exist: each holds a VMID and perhaps a MECID */
unsigned sim_open_vms(void);
void sim_vcpu_destroy(SimVcpu *vcpu);
void sim_gmem_destroy(SimGmem *gmem);

/* sim-system.c: are there Realms on this host? */
bool sim_rmm_usable(void);

/* sim-caps.c */
int sim_check_extension(SimSystem *sys, SimVm *vm, long cap);

/* sim-dirty.c: what a Realm's memory must not be asked for */
void sim_dirty_judge_slot(SimVm *vm, uint32_t slot, uint32_t flags);
void sim_dirty_judge_cap(SimVm *vm, const struct kvm_enable_cap *cap);
/* KVM_GET_DIRTY_LOG, KVM_CLEAR_DIRTY_LOG, KVM_RESET_DIRTY_RINGS */
long sim_dirty_ioctl(SimVm *vm, unsigned long req, void *user);

/*
 * sim-vhost.c: /dev/vhost-vsock and /dev/vhost-net of contract mode, and what any
 * may be told
 */
bool sim_vhost_owns(const char *path);
int sim_vhost_open(void);
long sim_vhost_ioctl(SimVhost *v, unsigned long req, void *arg);
void sim_vhost_destroy(SimVhost *v);
void sim_vhost_judge(unsigned long req, const void *arg);
void sim_vhost_catch_up(SimVm *vm);
void sim_vhost_judge_private(SimVm *vm, uint64_t gpa, uint64_t size);

/* sim-tap.c: /dev/net/tun of contract mode */
int sim_tap_open(void);
long sim_tap_ioctl(SimObject *tap, unsigned long req, void *arg);
void sim_tap_destroy(SimObject *tap);

/* sim-memory.c */
long sim_set_memslot(SimVm *vm, unsigned long req, void *arg);
long sim_create_gmem(SimVm *vm, struct kvm_create_guest_memfd *arg);
int sim_gmem_fallocate(SimGmem *gmem, int mode, uint64_t off, uint64_t len);
/* The slot that holds @gpa, or NULL */
SimSlot *sim_slot_at(SimVm *vm, uint64_t gpa);
/* Is there guest memory of a Realm at that host address? */
bool sim_shared_owns(uint64_t hva);
/*
 * Sets realm.resident_at_run: how many bytes of populated pages still have a
 * shared copy in host memory.  Each is an image that is paid for twice.
 */
void sim_resident_sample(SimVm *vm);
/* Has the shared copy of the page at @gpa ever been written, and not been freed? */
bool sim_shared_resident(SimVm *vm, uint64_t gpa);
/* Notes which file is mapped at @slot->hva */
void sim_shared_find_file(SimSlot *slot);
/* madvise() or a punch freed the host range [@hva, @hva + @len) */
void sim_shared_discarded(uint64_t hva, uint64_t len, const char *how);

/* sim-attributes.c */
/* Time of the kernel, which no signal shortens */
void sim_charge(uint64_t ns);
long sim_set_attributes(SimVm *vm, const struct kvm_memory_attributes *arg);
/* Changes the state of [@start, @end), and judges nothing but vhost */
int sim_attribute_change(SimVm *vm, uint64_t start, uint64_t end, bool private,
                         uint64_t *changed);
/*
 * Does what is done when the state of [@start, @end) is set, with all
 * complaints. Returns 0 or -errno, and adds the bytes that change to @changed.
 */
int sim_attribute_apply(SimVm *vm, uint64_t start, uint64_t end, bool private,
                        uint64_t *changed);

/* sim-convert.c: exits that ask for memory of another state */
void sim_convert_note(SimVcpu *vcpu);
/* The VMM comes back from one: 0, or -EFAULT if KVM leaves with it again */
int sim_convert_judge(SimVcpu *vcpu);

/* sim-huge.c: what madvise() was told about the VMM's memory */
void sim_huge_note(uint64_t hva, uint64_t len, bool huge);
/* Complains once about memory of a Realm that may be of huge pages */
void sim_huge_judge(SimVm *vm);

/* sim-realm.c */
long sim_realm_enable_cap(SimVm *vm, const struct kvm_enable_cap *cap);
/* A launch step returned @ret; going on after a failure is a complaint */
void sim_realm_step(SimVm *vm, const char *name, long ret);
/* Copies the whole 64-byte measurement (RSI_MEASUREMENT_READ of index 0) */
void sim_realm_measurement(SimVm *vm, uint8_t out[64]);
void sim_realm_teardown(SimVm *vm);
const char *sim_realm_state_name(SimRealmState state);

/* All that is checked when the Realm comes into being; 0 or -errno */
int sim_realm_create(SimVm *vm);

/* Legal, and yet a VMM that does it has a bug */
void sim_realm_judge_activation(SimVm *vm);

/* sim-implicit.c: Realms that POPULATE creates and KVM_RUN activates */
int sim_implicit_ensure_created(SimVm *vm);
/* Before @vcpu is entered: 0, or what KVM_RUN returns */
int sim_implicit_before_run(SimVcpu *vcpu);
bool sim_implicit_is_active(SimVm *vm);
/* KVM_ARM_VCPU_INIT resets what the VMM has set */
void sim_implicit_vcpu_reset(SimVcpu *vcpu);
void sim_implicit_judge_new_vcpu(SimVm *vm, uint64_t id);

/* sim-mec.c */
int sim_mec_allocate(SimVm *vm);
void sim_mec_release(SimVm *vm);
void sim_mec_query(uint32_t *supported, uint32_t *count);

/* sim-vcpu.c */
int sim_rec_create(SimVcpu *vcpu);

/* sim-regs.c */
int sim_get_one_reg(SimVcpu *vcpu, const struct kvm_one_reg *reg);
int sim_set_one_reg(SimVcpu *vcpu, const struct kvm_one_reg *reg);
int sim_get_reg_list(SimVcpu *vcpu, struct kvm_reg_list *list);
void sim_regs_reset(SimVcpu *vcpu);
/* Highest vector length of @vcpu in 128-bit units; 0 without SVE */
unsigned sim_sve_vq(const SimVcpu *vcpu);
/* Most 128-bit units that a vCPU of @vm may have; 0 = no SVE */
unsigned sim_sve_limit(const SimVm *vm);

/*
 * sim-fail.c: fault injection
 *
 * Counts the call named @name (a string that stays) and returns -errno if
 * this one is to fail, SIM_FAIL_NOTHING if it is to succeed and do nothing,
 * which only the calls of sim_fail_can_do_nothing() have to know, else 0.
 */
#define SIM_FAIL_NOTHING 1
int sim_fail(const char *name);

/* `"NAME": N, ...`: how often each call that could have failed was made */
void sim_fail_append_points(GString *s);

/* Does any call have this name? */
bool sim_fail_known(const char *name);
bool sim_fail_can_do_nothing(const char *name);

/* sim-exits.c: dies with a message if @text is not a valid `exit` setting */
void sim_exit_check(const char *text);

#endif
