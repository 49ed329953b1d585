/*
 * Arm CCA Realms under KVM: who is told which memory is private
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Private memory is in a guest_memfd, what is shared in the RAM block's own
 * mapping. Kernels differ in how they learn which of the two the guest uses;
 * each way is a RmeMemoryOps, and kvm-rme-memory.c does conversions with it.
 */

#ifndef TARGET_ARM_KVM_RME_MEMORY_H
#define TARGET_ARM_KVM_RME_MEMORY_H

#include "system/memory.h"

/**
 * RmeMemoryOps: one way to tell KVM
 * @fits: is it the way of this VM?
 * @tell: a part of one RAM block is private or shared from now on, before the
 *     copy on the other side is dropped; 0 or a negative errno. NULL if nobody
 *     is told: dropping it is all there is to do
 * @private_from_start: a guest_memfd is private until it is told otherwise;
 *     else all memory of a new VM is shared to KVM
 * @waits_for_all: a RIPAS change that the guest asks for leaves KVM_RUN again
 *     and again until all of its range is as asked. A hole never is private.
 */
typedef struct RmeMemoryOps {
    bool (*fits)(int vm_fd);
    int (*tell)(const MemoryRegionSection *sec, bool private);
    bool private_from_start;
    bool waits_for_all;
} RmeMemoryOps;

/* KVM_SET_MEMORY_ATTRIBUTES of the VM: host series v9 to v14 */
extern const RmeMemoryOps rme_memory_vm;
/* Nobody: host series v15 */
extern const RmeMemoryOps rme_memory_discard;
/* KVM_SET_MEMORY_ATTRIBUTES2 of the guest_memfd: host series v16 */
extern const RmeMemoryOps rme_memory_file;

#endif
