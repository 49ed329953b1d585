/*
 * Arm CCA Realms, kernel generation B: KVM_ARM_RMI_POPULATE
 *
 * The VMM gives contents and nothing else. The first populate creates the
 * Realm, from what the vCPUs are like then, and the first KVM_RUN makes the
 * RECs, gives RIPAS RAM to every memslot with a guest_memfd, and activates. A
 * series is a row of the table at the end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include <linux/kvm.h>

#include "qapi/error.h"
#include "qemu/atomic.h"
#include "system/kvm.h"
#include "hw/core/cpu.h"
#include "kvm-rme-abi.h"
#include "kvm-rme-memory.h"
#include "kvm-rme-uapi.h"
#include "trace.h"

static int populate_ioctl(unsigned long request, struct rmi_populate *arg)
{
    int ret, tries = 0;

    do {
        ret = kvm_vm_ioctl(kvm_state, request, arg);
    } while ((ret == -EINTR || ret == -EAGAIN) && ++tries < RME_RETRIES);
    return ret;
}

/*
 * Is what the kernel says that it did a part of what it was asked for? A return
 * of 0 alone says nothing. Some kernels take an error of the RMM for a page
 * that is done; check_chunk() of the launch sees to it that there is none.
 */
static bool check_done(const struct rmi_populate *before, uint64_t done,
                       Error **errp)
{
    if (done && done <= before->size &&
        QEMU_IS_ALIGNED(done, RME_GRANULE_SIZE)) {
        return true;
    }
    error_setg(errp, "KVM_ARM_RMI_POPULATE of [0x%" PRIx64 ", 0x%" PRIx64 ") "
               "says that it succeeded with 0x%" PRIx64 " bytes: the kernel's "
               "interface is not the one that it looked like", before->base,
               before->base + before->size, done);
    return false;
}

static int finish_populate(const struct rmi_populate *before, int ret,
                           uint64_t done, uint64_t *base, uint64_t *size,
                           Error **errp)
{
    trace_kvm_rme_populate(before->base, before->size, before->flags, ret,
                           ret < 0 ? 0 : done);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM_ARM_RMI_POPULATE of [0x%" PRIx64
                         ", 0x%" PRIx64 ")", before->base,
                         before->base + before->size);
        return ret;
    }
    if (!check_done(before, done, errp)) {
        return -EIO;
    }
    *base += done;
    *size -= done;
    return 0;
}

static struct rmi_populate populate_arg(uint64_t base, uint64_t size,
                                        const void *source, bool measure)
{
    return (struct rmi_populate) {
        .base = base,
        .size = size,
        .source_uaddr = (uintptr_t)source,
        .flags = measure ? RME_POPULATE_MEASURE : 0,
    };
}

/* Series v12: returns the bytes that are done */
static int populate_w(const RmeAbi *abi, uint64_t *base, uint64_t *size,
                      const void *source, bool measure, Error **errp)
{
    struct rmi_populate arg = populate_arg(*base, *size, source, measure);
    int ret = populate_ioctl(RMI_POPULATE_V12, &arg);

    return finish_populate(&arg, ret, ret, base, size, errp);
}

/* Series v13 and later: returns 0, and moves the members on */
static int populate_rw(const RmeAbi *abi, uint64_t *base, uint64_t *size,
                       const void *source, bool measure, Error **errp)
{
    const struct rmi_populate before = populate_arg(*base, *size, source,
                                                    measure);
    struct rmi_populate arg = before;
    int ret = populate_ioctl(RMI_POPULATE_V13, &arg);
    uint64_t done = arg.base - before.base;

    if (arg.size != before.size - done ||
        arg.source_uaddr != before.source_uaddr + done) {
        done = 0;
    }
    return finish_populate(&before, ret, done, base, size, errp);
}

/*
 * KVM activates on the way into KVM_RUN, before it looks at immediate_exit.
 * Here a refusal is an error of the launch, and the guest does not run yet.
 */
static int first_run(const RmeAbi *abi, Error **errp)
{
    struct kvm_run *run = first_cpu->kvm_run;
    uint8_t kicked = qatomic_read(&run->immediate_exit);
    int ret, tries = 0;

    qatomic_set(&run->immediate_exit, 1);
    do {
        ret = kvm_vcpu_ioctl(first_cpu, KVM_RUN, 0);
    } while (ret == -EAGAIN && ++tries < RME_RETRIES);
    qatomic_set(&run->immediate_exit, kicked);

    trace_kvm_rme_first_run(ret);
    if (ret == -EINTR) {
        return 0;
    }
    if (ret >= 0) {
        error_setg(errp, "KVM_RUN entered the Realm instead of only activating "
                   "it (exit reason %u)", run->exit_reason);
        return -EIO;
    }
    error_setg_errno(errp, -ret, "KVM and the RMM do not activate the Realm, "
                     "see the kernel's log: KVM_RUN of vCPU 0");
    return ret;
}

typedef struct Row {
    unsigned long request;
    unsigned vm_type;
    RmeAbiOps ops;
} Row;

/*
 * Ascending, and the first that fits is the one: what a Realm VM answers to the
 * two encodings, what kind of VM it is, and who is told about private memory.
 */
static const Row rows[] = {
    {
        .request = RMI_POPULATE_V12,
        .vm_type = RME_VM_TYPE_REALM,
        .ops = {
            .generation = RME_KERNEL_ABI_B1,
            .memory = &rme_memory_vm,
            .populate = populate_w,
            .activate = first_run,
        },
    }, {
        .request = RMI_POPULATE_V13,
        .vm_type = RME_VM_TYPE_REALM,
        .ops = {
            .generation = RME_KERNEL_ABI_B2,
            .memory = &rme_memory_vm,
            .populate = populate_rw,
            .activate = first_run,
        },
    }, {
        .request = RMI_POPULATE_V13,
        .vm_type = RME_VM_TYPE_REALM_V14,
        .ops = {
            .generation = RME_KERNEL_ABI_B3,
            .memory = &rme_memory_vm,
            /* A guest that reads first gets an EFAULT, for ever */
            .write_before_sharing = true,
            .populate = populate_rw,
            .activate = first_run,
        },
    }, {
        .request = RMI_POPULATE_V13,
        .vm_type = RME_VM_TYPE_REALM_V14,
        .ops = {
            .generation = RME_KERNEL_ABI_B4,
            .memory = &rme_memory_discard,
            .populate = populate_rw,
            .activate = first_run,
        },
    }, {
        .request = RMI_POPULATE_V13,
        .vm_type = RME_VM_TYPE_REALM_V14,
        .ops = {
            .generation = RME_KERNEL_ABI_B5,
            .memory = &rme_memory_file,
            .populate = populate_rw,
            .activate = first_run,
        },
    },
};

/* An unknown VM ioctl is EINVAL; one that is there reads its argument */
static bool reads_argument(int vm_fd, unsigned long request)
{
    return rme_abi_ioctl(vm_fd, request, 0) == -EFAULT;
}

bool rme_abi_populate_is_known(int vm_fd)
{
    int w = rme_abi_ioctl(vm_fd, RMI_POPULATE_V12, 0);
    int rw = rme_abi_ioctl(vm_fd, RMI_POPULATE_V13, 0);

    return w == -EPERM || w == -ENXIO || rw == -EPERM || rw == -ENXIO;
}

unsigned long rme_abi_populate_request(int vm_fd)
{
    return reads_argument(vm_fd, RMI_POPULATE_V12) ? RMI_POPULATE_V12 :
           reads_argument(vm_fd, RMI_POPULATE_V13) ? RMI_POPULATE_V13 : 0;
}

bool rme_abi_populate_probe(int vm_fd, unsigned long request, RmeAbi *abi,
                            Error **errp)
{
    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].request == request && rows[i].vm_type == abi->vm_type &&
            rows[i].ops.memory->fits(vm_fd)) {
            abi->ops = &rows[i].ops;
            return true;
        }
    }
    error_setg(errp, "this kernel has KVM_ARM_RMI_POPULATE (0x%lx) for VMs "
               "of type 0x%x, and says neither by KVM_CAP_MEMORY_ATTRIBUTES "
               "nor by KVM_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES how memory turns "
               "private there: its Realm ABI is unknown to this QEMU, or "
               "CONFIG_KVM_PRIVATE_MEM is off", request, abi->vm_type);
    return false;
}
