/*
 * An aarch64 virt machine in-process, for tests of hw/arm/cca/dma.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_UNIT_RME_DMA_FIXTURE_H
#define TESTS_UNIT_RME_DMA_FIXTURE_H

#include "qapi/error.h"
#include "qemu/main-loop.h"
#include "qom/object.h"
#include "system/address-spaces.h"
#include "system/ramblock.h"
#include "hw/arm/cca/dma.h"
#include "system/system.h"

#define FIXTURE_IPA_BITS    41
#define FIXTURE_SHARED_BIT  BIT_ULL(FIXTURE_IPA_BITS - 1)

/* The virt machine has nothing at these addresses */
#define FIXTURE_RAM         (64 * GiB)
#define FIXTURE_MMIO        0x0b000000

/*
 * fixture_init: start the machine; the caller holds the BQL from then on
 *
 * An expander bridge is all that is on the PCI bus.
 */
static inline void fixture_init(void)
{
    const char *argv[] = {
        "test", "-machine", "virt,gic-version=3", "-accel", "qtest",
        "-m", "64M", "-nodefaults", "-display", "none",
        "-device", "pxb-pcie,bus_nr=64", NULL
    };

    qemu_init(ARRAY_SIZE(argv) - 1, (char **)argv);
    /* There is no main loop that would see that QEMU is to end */
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
}

/* fixture_add_ram: private RAM of a Realm; the name of the block is @gpa */
static inline MemoryRegion *fixture_add_ram(RmeSharedState *s, hwaddr gpa,
                                            hwaddr size)
{
    MemoryRegion *mr = g_new0(MemoryRegion, 1);
    g_autofree char *name = g_strdup_printf("ram-%" HWADDR_PRIx, gpa);

    /* With an owner, who is counted, as in a real machine */
    memory_region_init_ram_nomigrate(mr, object_new("container"), name, size,
                                     &error_abort);
    memory_region_add_subregion(get_system_memory(), gpa, mr);
    rme_shared_add_range(s, gpa, size, mr->ram_block, 0, &error_abort);
    return mr;
}

/* fixture_remove_ram: take it out of the map; an RmeDma stays as it is */
static inline void fixture_remove_ram(MemoryRegion *mr)
{
    memory_region_del_subregion(get_system_memory(), mr);
}

static inline RmeDma *fixture_new_dma(RmeSharedState *s)
{
    Object *owner = object_new("container");

    return rme_dma_new(owner, s, FIXTURE_IPA_BITS, &error_abort);
}

/* fixture_convert: what a vCPU thread does, so without the BQL */
static inline uint64_t fixture_convert(RmeSharedState *s, hwaddr gpa,
                                       hwaddr size, bool to_private)
{
    uint64_t changed;

    bql_unlock();
    rme_shared_lock(s);
    changed = to_private ? rme_shared_begin_private(s, gpa, size)
                         : rme_shared_finish_shared(s, gpa, size);
    rme_shared_unlock(s);
    bql_lock();
    return changed;
}

#endif /* TESTS_UNIT_RME_DMA_FIXTURE_H */
