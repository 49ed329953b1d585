/*
 * What the simulator's two modes implement differently
 *
 * The front end has checked every rule of the Realm ABI before it calls one
 * of these, and writes the report.  A backend creates the descriptors that
 * the VMM sees, keeps private and shared memory, and runs vCPUs.
 *
 * Every operation returns >= 0 or -errno.  SimVm.lock is held by the caller
 * except in run(); run() may take it for short looks at the VM's state.
 * Each object has a `backend` pointer that belongs to the backend.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_BACKEND_H
#define CCA_HOST_SIM_BACKEND_H

#include "sim.h"

typedef enum SimSlotChange {
    SIM_SLOT_CREATE,
    SIM_SLOT_DELETE,        /* slot still holds the old values */
    SIM_SLOT_MOVE,          /* slot holds the new values, same backend */
    SIM_SLOT_FLAGS,
} SimSlotChange;

typedef struct SimBackendOps {
    const char *name;       /* value of the `mode` setting */

    /* open("/dev/kvm", @flags): returns a new descriptor */
    int (*open_system)(SimSystem *sys, int flags);
    /* Requests on /dev/kvm that the front end does not answer itself */
    long (*system_ioctl)(SimSystem *sys, unsigned long req, void *arg);
    /*
     * KVM's own value of a capability that has nothing to do with Realms.
     * @vm is NULL when /dev/kvm was asked.
     */
    int (*check_extension)(SimSystem *sys, SimVm *vm, long cap);

    /* Returns the descriptor of a VM with vm->ipa_bits of guest addresses */
    int (*create_vm)(SimSystem *sys, SimVm *vm);
    void (*destroy_vm)(SimVm *vm);
    /* VM requests that the front end does not own (irqfd, MSI, routing...) */
    long (*vm_ioctl)(SimVm *vm, unsigned long req, void *arg);

    /* Sets vcpu->run and returns the descriptor */
    int (*create_vcpu)(SimVcpu *vcpu);
    void (*destroy_vcpu)(SimVcpu *vcpu);
    /* @init comes without the REC feature */
    int (*vcpu_init)(SimVcpu *vcpu, const struct kvm_vcpu_init *init);
    /*
     * KVM_ARM_VCPU_FINALIZE of the REC feature: vcpu->x[0..7] and vcpu->pc
     * are the boot state that the RMM takes; the MPIDR order is checked.
     */
    int (*vcpu_finalize_rec)(SimVcpu *vcpu);
    /*
     * Registers: every one of an ordinary VM; of a Realm only those that the
     * front end does not keep itself (it keeps x0-x30, pc, DFR0, SVE_VLS).
     */
    int (*get_reg)(SimVcpu *vcpu, const struct kvm_one_reg *reg);
    int (*set_reg)(SimVcpu *vcpu, const struct kvm_one_reg *reg);
    int (*get_reg_list)(SimVcpu *vcpu, struct kvm_reg_list *list);
    /* The VMM answered a hypercall exit: vcpu->x[] holds the new values */
    int (*set_x_after_exit)(SimVcpu *vcpu, unsigned n);
    /* vCPU requests that the front end does not own */
    long (*vcpu_ioctl)(SimVcpu *vcpu, unsigned long req, void *arg);
    /*
     * KVM_RUN.  A Realm is ACTIVE here and vcpu is finalised.  Returns 0
     * with vcpu->run->exit_reason set, or -errno (-EFAULT together with
     * KVM_EXIT_MEMORY_FAULT).  Called without SimVm.lock.
     */
    int (*run)(SimVcpu *vcpu);

    /* KVM_CREATE_DEVICE without the TEST flag: returns the descriptor */
    int (*create_device)(SimDevice *dev, struct kvm_create_device *arg);
    /* KVM_{HAS,GET,SET}_DEVICE_ATTR of a device */
    long (*device_ioctl)(SimDevice *dev, unsigned long req, void *arg);

    int (*set_memslot)(SimVm *vm, SimSlot *slot, SimSlotChange change);
    /* Returns a new descriptor of gmem->size bytes */
    int (*create_gmem)(SimGmem *gmem);
    void (*destroy_gmem)(SimGmem *gmem);
    int (*punch_gmem)(SimGmem *gmem, uint64_t off, uint64_t len);
    /*
     * Copies one 4 KiB page from @source, an address of the VMM, to @gpa in the
     * slot's private memory.  -EFAULT if the source cannot be read.  @page
     * receives the bytes that were copied (they are measured).
     */
    int (*populate_page)(SimVm *vm, SimSlot *slot, uint64_t gpa,
                         const void *source, uint8_t page[SIM_PAGE_SIZE]);
    /*
     * The PRIVATE attribute of [@gpa, @gpa + @size) changed to @private.
     * vm->priv already has the new value.  Not called for parts that keep
     * their value.
     */
    int (*convert)(SimVm *vm, uint64_t gpa, uint64_t size, bool private);
    /* The host freed shared memory; may be NULL */
    void (*shared_discarded)(SimVm *vm, SimSlot *slot, uint64_t gpa,
                             uint64_t size);
    int (*activate)(SimVm *vm);
} SimBackendOps;

extern const SimBackendOps sim_contract_ops;    /* sim-contract.c */
extern const SimBackendOps sim_run_ops;         /* sim-run.c */

/* The one in use, from the `mode` setting */
const SimBackendOps *sim_backend(void);

/*
 * The C library's own functions, which the interposed ones hide; returns as
 * the C library's do (-1 and errno).
 */
int sim_real_open(const char *path, int flags, unsigned mode);
int sim_real_access(const char *path, int how);
int sim_real_close(int fd);
int sim_real_ioctl(int fd, unsigned long req, void *arg);
void *sim_real_mmap(void *addr, size_t len, int prot, int flags, int fd,
                    long off);
int sim_real_fallocate(int fd, int mode, long off, long len);
int sim_real_madvise(void *addr, size_t len, int advice);

#endif
