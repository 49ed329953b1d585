/*
 * What does it cost a device to reach memory through hw/arm/cca/dma.c?
 *
 * Three address spaces over the same RAM, all pages shared:
 *   alias   an ordinary alias of system memory: what a device of an ordinary
 *           guest has, the yardstick
 *   realm   an RmeDma
 *   4k      an RmeDma whose entries never cover more than 4 KiB: what a
 *           straightforward region would be; it exists only here
 * Single accesses, and what virtio does with a virtqueue: take a descriptor,
 * map its buffer, unmap it, and put it into the used ring.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "../unit/rme-dma-fixture.h"
#include "hw/pci/pci_host.h"
#include "hw/virtio/virtio-bus.h"
#include "hw/virtio/virtio-pci.h"
#include "rme-bench.h"

#define RAM_SIZE    (64 * MiB)
/* The first part of it has virtqueues, the rest is for buffers */
#define QUEUES_SIZE (8 * MiB)
#define BUFFER      (64 * KiB)
#define DESCRIPTOR  16
#define ATTRS       MEMTXATTRS_UNSPECIFIED
#define TYPE_BENCH_4K   "rme-dma-bench-4k"

static AddressSpace spaces[3];
static RmeSharedState *state;
static uint8_t *host;
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

static void bench_4k_class_init(ObjectClass *oc, const void *data)
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
    return (FIXTURE_RAM + QUEUES_SIZE +
            (i * 2654435761u) % (RAM_SIZE - QUEUES_SIZE - size) / size * size) |
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

/*
 * A virtqueue of a real device in each of the address spaces.  Descriptor i is
 * for a buffer of 64 KiB, i + 256 for one of 16 bytes, i + 512 for a table of
 * three: a header, 64 KiB of data and a status, as virtio-blk has.
 */
#define QUEUE_SIZE      1024
#define QUEUE_AREA(k)   ((k) * 2 * MiB)
#define AVAIL           (32 * KiB)
#define USED            (64 * KiB)
#define TABLES          (128 * KiB)
#define INDIRECT        3

static VirtIODevice *devices[3];

static void put_descriptor(hwaddr where, hwaddr addr, uint32_t len,
                           uint16_t flags, uint16_t next)
{
    stq_le_p(host + where, addr);
    stl_le_p(host + where + 8, len);
    stw_le_p(host + where + 12, flags);
    stw_le_p(host + where + 14, next);
}

static void init_descriptors(hwaddr area, unsigned i)
{
    hwaddr table = area + TABLES + i * 64;

    put_descriptor(area + i * 16, place(i, BUFFER), BUFFER,
                   VRING_DESC_F_WRITE, 0);
    put_descriptor(area + (i + 256) * 16, place(i, DESCRIPTOR), DESCRIPTOR,
                   VRING_DESC_F_WRITE, 0);
    put_descriptor(area + (i + 512) * 16, (FIXTURE_RAM + table) |
                   FIXTURE_SHARED_BIT, INDIRECT * 16, VRING_DESC_F_INDIRECT, 0);
    put_descriptor(table, place(i + 1, DESCRIPTOR), 16, VRING_DESC_F_NEXT, 1);
    put_descriptor(table + 16, place(i, BUFFER), BUFFER,
                   VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 2);
    put_descriptor(table + 32, place(i + 2, DESCRIPTOR), 1,
                   VRING_DESC_F_WRITE, 0);
}

static void init_queue(unsigned k)
{
    Object *bridge = object_resolve_type_unambiguous("gpex-pcihost",
                                                     &error_abort);
    PCIDevice *pci = pci_create_simple(PCI_HOST_BRIDGE(bridge)->bus, -1,
                                       "virtio-rng-pci");
    VirtIODevice *vdev = virtio_bus_get_device(&VIRTIO_PCI(pci)->bus);
    hwaddr area = QUEUE_AREA(k);
    hwaddr addr = (FIXTURE_RAM + area) | FIXTURE_SHARED_BIT;

    memset(host + area, 0, 2 * MiB);
    for (unsigned i = 0; i < 256; i++) {
        init_descriptors(area, i);
    }
    vdev->dma_as = &spaces[k];
    virtio_set_features(vdev, BIT_ULL(VIRTIO_F_VERSION_1) |
                              BIT_ULL(VIRTIO_RING_F_EVENT_IDX));
    virtio_queue_set_num(vdev, 0, QUEUE_SIZE);
    virtio_queue_set_rings(vdev, 0, addr, addr + AVAIL, addr + USED);
    devices[k] = vdev;
}

static void queue(AddressSpace *as, unsigned head, unsigned len, bool copy)
{
    unsigned k = as - spaces;
    uint8_t *avail = host + QUEUE_AREA(k) + AVAIL;
    VirtQueue *vq = virtio_get_queue(devices[k], 0);
    uint16_t idx = lduw_le_p(avail + 2);
    VirtQueueElement *elem;

    stw_le_p(avail + 4 + idx % QUEUE_SIZE * 2, head);
    stw_le_p(avail + 2, idx + 1);
    elem = virtqueue_pop(vq, sizeof(*elem));
    g_assert_cmpuint(elem->in_sg[0].iov_len, ==, len);
    if (copy) {
        memcpy(elem->in_sg[0].iov_base, buf, len);
    }
    virtqueue_push(vq, elem, len);
    g_free(elem);
}

static void queue_buffer(AddressSpace *as, unsigned i)
{
    queue(as, i % 256, BUFFER, false);
}

static void queue_descriptor(AddressSpace *as, unsigned i)
{
    queue(as, 256 + i % 256, DESCRIPTOR, false);
}

static void queue_indirect(AddressSpace *as, unsigned i)
{
    queue(as, 512 + i % 256, BUFFER, false);
}

static void queue_transfer(AddressSpace *as, unsigned i)
{
    queue(as, i % 256, BUFFER, true);
}

static void cache_index(AddressSpace *as, unsigned i)
{
    RCU_READ_LOCK_GUARD();
    address_space_lduw_le_cached(&caches[as - spaces], i % 2048 * 2, ATTRS,
                                 NULL);
}

static const struct {
    const char *name;
    void (*access)(AddressSpace *as, unsigned i);
    unsigned n;
    /* How often instructions are counted; not where data is copied */
    unsigned n_steps;
} benchmarks[] = {
    { "read 16 B", rw_descriptor, 100000, 16 },
    { "cached read 16 B", cache_descriptor, 200000, 16 },
    { "cached load 2 B", cache_index, 200000, 16 },
    { "map 16 B", map_descriptor, 50000, 16 },
    { "map 64 KiB", map_buffer, 50000, 16 },
    { "map+copy 64 KiB", transfer, 3000, 0 },
    { "write 64 KiB", rw_buffer, 3000, 0 },
    { "virtqueue 16 B", queue_descriptor, 20000, 16 },
    { "virtqueue 64 KiB", queue_buffer, 20000, 16 },
    { "virtqueue indirect", queue_indirect, 20000, 16 },
    { "virtqueue+copy 64 KiB", queue_transfer, 3000, 0 },
};

static unsigned current;

static void run(unsigned variant, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        benchmarks[current].access(&spaces[variant], i);
    }
}

/* One row of a table, and of the JSON text */
static void row(const char *unit, const double *v, GString *json)
{
    const char *name = benchmarks[current].name;

    printf("%-22s %10.1f %10.1f %10.1f   %6.3f   %6.2f\n", name, v[0], v[1],
           v[2], v[0] / v[1], v[2] / v[1]);
    fflush(stdout);
    g_string_append_printf(json, "%s{\"access\":\"%s\",\"unit\":\"%s\","
                           "\"alias\":%.1f,\"realm\":%.1f,\"4k\":%.1f,"
                           "\"alias/realm\":%.3f,\"4k/realm\":%.2f}",
                           json->str[json->len - 1] == '[' ? "" : ",", name,
                           unit, v[0], v[1], v[2], v[0] / v[1], v[2] / v[1]);
}

static void heading(const char *text)
{
    printf("%s\n%-22s %10s %10s %10s   %6s   %6s\n", text, "", "alias",
           "realm", "4k", "alias/realm", "4k/realm");
}

static void run_all(unsigned runs, GString *json)
{
    double v[3];

    heading("nanoseconds of CPU time, median of interleaved runs");
    for (current = 0; current < ARRAY_SIZE(benchmarks); current++) {
        bench_cpu_ns(run, 3, benchmarks[current].n, runs, v);
        row("ns", v, json);
    }
    if (bench_why_not()) {
        printf("instructions: %s\n", bench_why_not());
        return;
    }
    heading("instructions, where little is copied");
    for (current = 0; current < ARRAY_SIZE(benchmarks); current++) {
        if (benchmarks[current].n_steps) {
            bench_instructions(run, 3, benchmarks[current].n_steps, v);
            row("instructions", v, json);
        }
    }
}

static void init_spaces(void)
{
    MemoryRegion *root = g_new0(MemoryRegion, 1);
    MemoryRegion *alias = g_new0(MemoryRegion, 1);
    IOMMUMemoryRegion *iommu = g_new0(IOMMUMemoryRegion, 1);
    MemoryRegion *ram;
    RmeDma *dma;

    state = rme_shared_new();
    ram = fixture_add_ram(state, FIXTURE_RAM, RAM_SIZE);
    host = memory_region_get_ram_ptr(ram);
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
    for (unsigned k = 0; k < 3; k++) {
        init_queue(k);
    }
}

int main(int argc, char **argv)
{
    unsigned runs = bench_runs(argc, argv, 15);
    g_autoptr(GString) json = g_string_new("{\"bench\":\"dma\",\"rows\":[");

    bench_start();
    fixture_init();
    init_spaces();
    run_all(runs, json);
    /* The last line is for programs */
    printf("%s]}\n", json->str);
    return 0;
}
