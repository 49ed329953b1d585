/*
 * What does it cost a device to reach memory through hw/arm/rme-dma.c?
 *
 * Three address spaces over the same RAM, all pages shared:
 *   alias   an ordinary alias of system memory: what a device of an ordinary
 *           guest has, the yardstick
 *   realm   an RmeDma
 *   4k      an RmeDma whose entries never cover more than 4 KiB: what a
 *           straightforward region would be; it exists only here
 * The measurements of the three are interleaved, so that a change in the load
 * of the machine hits all of them, and the median of the runs is reported.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "../unit/rme-dma-fixture.h"

#define RAM_SIZE    (64 * MiB)
#define BUFFER      (64 * KiB)
#define DESCRIPTOR  16
#define RUNS        15
#define ATTRS       MEMTXATTRS_UNSPECIFIED
#define TYPE_BENCH_4K   "rme-dma-bench-4k"

static AddressSpace spaces[3];
static const char *const names[3] = { "alias", "realm", "4k" };
static RmeSharedState *state;
static uint8_t buf[BUFFER];

static IOMMUTLBEntry translate_4k(IOMMUMemoryRegion *iommu, hwaddr addr,
                                  IOMMUAccessFlags flag, int idx)
{
    hwaddr gpa = addr & (FIXTURE_SHARED_BIT - 1);

    return (IOMMUTLBEntry) {
        .target_as = &address_space_memory,
        .iova = addr & ~0xfffULL,
        .translated_addr = gpa & ~0xfffULL,
        .addr_mask = 0xfff,
        .perm = rme_shared_granule(state, gpa) ? IOMMU_RW : IOMMU_NONE,
    };
}

static void bench_4k_class_init(ObjectClass *oc, void *data)
{
    IOMMU_MEMORY_REGION_CLASS(oc)->translate = translate_4k;
}

static const TypeInfo bench_types[] = {
    {
        .name = TYPE_BENCH_4K,
        .parent = TYPE_IOMMU_MEMORY_REGION,
        .class_init = bench_4k_class_init,
    },
};

DEFINE_TYPES(bench_types)

/* A new place for each access, but the same ones in each address space */
static hwaddr place(unsigned i, hwaddr size)
{
    return (FIXTURE_RAM + (i * 2654435761u) % (RAM_SIZE - size) / size * size) |
           FIXTURE_SHARED_BIT;
}

static void rw_descriptor(AddressSpace *as, unsigned i)
{
    address_space_read(as, place(i, DESCRIPTOR), ATTRS, buf, DESCRIPTOR);
}

static void rw_buffer(AddressSpace *as, unsigned i)
{
    address_space_write(as, place(i, BUFFER), ATTRS, buf, BUFFER);
}

static void map_size(AddressSpace *as, unsigned i, hwaddr size)
{
    hwaddr len = size;
    void *p = address_space_map(as, place(i, size), &len, true, ATTRS);

    g_assert_cmpuint(len, ==, size);
    address_space_unmap(as, p, len, true, 0);
}

static void map_descriptor(AddressSpace *as, unsigned i)
{
    map_size(as, i, DESCRIPTOR);
}

static void map_buffer(AddressSpace *as, unsigned i)
{
    map_size(as, i, BUFFER);
}

/* As virtio does for 64 KiB of data: map it, copy it, unmap it */
static void transfer(AddressSpace *as, unsigned i)
{
    hwaddr len = BUFFER;
    void *p = address_space_map(as, place(i, BUFFER), &len, true, ATTRS);

    memcpy(p, buf, BUFFER);
    address_space_unmap(as, p, len, true, len);
}

/* A virtqueue's descriptor table is a cache of 256 descriptors */
static MemoryRegionCache caches[3];

static void cache_descriptor(AddressSpace *as, unsigned i)
{
    RCU_READ_LOCK_GUARD();
    address_space_read_cached(&caches[as - spaces], i % 256 * DESCRIPTOR, buf,
                              DESCRIPTOR);
}

static const struct {
    const char *name;
    void (*access)(AddressSpace *as, unsigned i);
    unsigned n;
} benchmarks[] = {
    { "read   16 B", rw_descriptor, 100000 },
    { "cached 16 B", cache_descriptor, 100000 },
    { "map    16 B", map_descriptor, 100000 },
    { "map    64 KiB", map_buffer, 50000 },
    { "map+copy 64 KiB", transfer, 5000 },
    { "write  64 KiB", rw_buffer, 5000 },
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void run(unsigned b)
{
    double ns[3][RUNS];

    for (unsigned r = 0; r <= RUNS; r++) {
        for (unsigned k = 0; k < 3; k++) {
            int64_t start = get_clock();

            for (unsigned i = 0; i < benchmarks[b].n; i++) {
                benchmarks[b].access(&spaces[k], i);
            }
            /* The first run warms up */
            if (r) {
                ns[k][r - 1] = (get_clock() - start) / (double)benchmarks[b].n;
            }
        }
    }
    printf("%-16s", benchmarks[b].name);
    for (unsigned k = 0; k < 3; k++) {
        qsort(ns[k], RUNS, sizeof(ns[k][0]), compare);
        printf(" %10.1f", ns[k][RUNS / 2]);
    }
    printf("   %6.3f   %6.2f\n", ns[0][RUNS / 2] / ns[1][RUNS / 2],
           ns[2][RUNS / 2] / ns[1][RUNS / 2]);
    fflush(stdout);
}

static void init_spaces(void)
{
    MemoryRegion *root = g_new0(MemoryRegion, 1);
    MemoryRegion *alias = g_new0(MemoryRegion, 1);
    IOMMUMemoryRegion *iommu = g_new0(IOMMUMemoryRegion, 1);
    RmeDma *dma;

    state = rme_shared_new();
    fixture_add_ram(state, FIXTURE_RAM, RAM_SIZE);
    dma = fixture_new_dma(state);
    rme_shared_seal(state);
    fixture_convert(state, FIXTURE_RAM, RAM_SIZE, false);

    memory_region_init(root, NULL, "bench-root", BIT_ULL(FIXTURE_IPA_BITS));
    memory_region_init_alias(alias, NULL, "bench-alias", get_system_memory(),
                             0, FIXTURE_SHARED_BIT);
    memory_region_add_subregion(root, FIXTURE_SHARED_BIT, alias);
    memory_region_init_iommu(iommu, sizeof(*iommu), TYPE_BENCH_4K, NULL,
                             "bench-4k", BIT_ULL(FIXTURE_IPA_BITS));

    address_space_init(&spaces[0], root, "alias");
    address_space_init(&spaces[1], rme_dma_address_space(dma)->root, "realm");
    address_space_init(&spaces[2], MEMORY_REGION(iommu), "4k");

    for (unsigned k = 0; k < 3; k++) {
        hwaddr len = 256 * DESCRIPTOR;

        g_assert_cmpint(address_space_cache_init(&caches[k], &spaces[k],
                                                 place(0, BUFFER), len, false),
                        ==, len);
        /* Allocate the memory, and check that it is reached */
        for (hwaddr a = 0; a < RAM_SIZE; a += BUFFER) {
            memset(buf, k + 1, BUFFER);
            g_assert_cmpint(address_space_write(&spaces[k], FIXTURE_RAM + a +
                                                FIXTURE_SHARED_BIT, ATTRS, buf,
                                                BUFFER), ==, MEMTX_OK);
        }
    }
}

int main(int argc, char **argv)
{
    fixture_init();
    init_spaces();

    printf("nanoseconds per access, median of %d interleaved runs\n", RUNS);
    printf("%-16s", "");
    for (unsigned k = 0; k < 3; k++) {
        printf(" %10s", names[k]);
    }
    printf("   %6s   %6s\n", "alias/realm", "4k/realm");
    for (unsigned b = 0; b < ARRAY_SIZE(benchmarks); b++) {
        run(b);
    }
    return 0;
}
