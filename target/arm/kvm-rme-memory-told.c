/*
 * Arm CCA Realms under KVM: who is told which memory is private
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include <linux/kvm.h>

#include "system/ramblock.h"
#include "system/kvm.h"
#include "kvm-rme-abi.h"
#include "kvm-rme-memory.h"
#include "kvm-rme-uapi.h"
#include "trace.h"

static bool has_private(int vm_fd, unsigned long cap)
{
    int attributes = ioctl(vm_fd, KVM_CHECK_EXTENSION, cap);

    return attributes > 0 && (attributes & KVM_MEMORY_ATTRIBUTE_PRIVATE);
}

static bool vm_fits(int vm_fd)
{
    return has_private(vm_fd, KVM_CAP_MEMORY_ATTRIBUTES);
}

static int vm_tell(const MemoryRegionSection *sec, bool private)
{
    struct kvm_memory_attributes attr = {
        .address = sec->offset_within_address_space,
        .size = int128_get64(sec->size),
        .attributes = private ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0,
    };
    int ret = kvm_vm_ioctl(kvm_state, KVM_SET_MEMORY_ATTRIBUTES, &attr);

    trace_kvm_rme_attribute(attr.address, attr.size,
                            private ? "private" : "shared", ret);
    return ret;
}

const RmeMemoryOps rme_memory_vm = {
    .fits = vm_fits,
    .tell = vm_tell,
};

/*
 * Both of the following series keep the state in the guest_memfd, and the
 * Realm's descriptor says so. Only the latter answers KVM_CAP_ONE_REG there,
 * too.
 */
static bool discard_fits(int vm_fd)
{
    return has_private(vm_fd, RME_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES) &&
           ioctl(vm_fd, KVM_CHECK_EXTENSION,
                 (unsigned long)KVM_CAP_ONE_REG) <= 0;
}

static bool file_fits(int vm_fd)
{
    return has_private(vm_fd, RME_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES) &&
           !discard_fits(vm_fd);
}

static int file_tell(const MemoryRegionSection *sec, bool private)
{
    RAMBlock *rb = sec->mr->ram_block;
    struct rme_memory_attributes2 attr = {
        .offset = sec->offset_within_region,
        .size = int128_get64(sec->size),
        .attributes = private ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0,
    };
    int ret = rme_abi_ioctl(rb->guest_memfd, RME_SET_MEMORY_ATTRIBUTES2,
                            (uintptr_t)&attr);

    trace_kvm_rme_attribute(sec->offset_within_address_space, attr.size,
                            private ? "private" : "shared", ret);
    return MIN(ret, 0);
}

const RmeMemoryOps rme_memory_discard = {
    .fits = discard_fits,
    .private_from_start = true,
};

const RmeMemoryOps rme_memory_file = {
    .fits = file_fits,
    .tell = file_tell,
    .private_from_start = true,
    .waits_for_all = true,
};
