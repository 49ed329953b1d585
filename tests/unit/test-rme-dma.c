/*
 * Tests of hw/arm/cca/dma.c: what a bus master of a Realm may reach
 *
 * They need address spaces, PCI and the DMA helpers, so they are linked with a
 * whole emulator and run in a virt machine that has no running CPU.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/rcu.h"
#include "qobject/qdict.h"
#include "rme-dma-test.h"
#include "hw/boards.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_host.h"
#include "hw/virtio/vhost.h"
#include "qapi/qapi-commands-net.h"
#include "system/block-backend.h"
#include "system/dma.h"

static void check_refused(Fixture *f, hwaddr addr)
{
    uint32_t buf = 0x55555555;
    hwaddr len = sizeof(buf);
    MemTxResult r;

    g_assert_cmpint(address_space_read(f->as, addr, ATTRS, &buf, 4), ==,
                    MEMTX_DECODE_ERROR);
    g_assert_cmpint(address_space_write(f->as, addr, ATTRS, &buf, 4), ==,
                    MEMTX_DECODE_ERROR);
    address_space_ldl_le(f->as, addr, ATTRS, &r);
    g_assert_cmpint(r, ==, MEMTX_DECODE_ERROR);
    address_space_stl_le(f->as, addr, 1, ATTRS, &r);
    g_assert_cmpint(r, ==, MEMTX_DECODE_ERROR);
    g_assert_false(address_space_access_valid(f->as, addr, 4, false, ATTRS));
    g_assert_false(address_space_access_valid(f->as, addr, 4, true, ATTRS));
    g_assert_null(address_space_map(f->as, addr, &len, false, ATTRS));
    len = sizeof(buf);
    g_assert_null(address_space_map(f->as, addr, &len, true, ATTRS));
}

static void check_allowed(Fixture *f, hwaddr addr, uint32_t value)
{
    uint8_t *host = f->host + ((addr & (SHARED - 1)) - RAM);
    uint32_t buf = value;

    g_assert_cmpint(address_space_write(f->as, addr, ATTRS, &buf, 4), ==,
                    MEMTX_OK);
    g_assert_cmphex((uint32_t)ldl_he_p(host), ==, value);
    stl_he_p(host, ~value);
    g_assert_cmpint(address_space_read(f->as, addr, ATTRS, &buf, 4), ==,
                    MEMTX_OK);
    g_assert_cmphex(buf, ==, ~value);
}

static void test_private(Fixture *f, gconstpointer unused)
{
    static const hwaddr offsets[] = { 0, PAGE - 4, CHUNK, SIZE - 4 };

    for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++) {
        check_refused(f, RAM + offsets[i]);
        check_refused(f, (RAM + offsets[i]) | SHARED);
    }
    /* The host mapping was not touched, not even read */
    g_assert_cmpuint(resident(f), ==, 0);
}

static void test_shared(Fixture *f, gconstpointer unused)
{
    hwaddr gpa = RAM + 5 * PAGE;

    to_shared(f, gpa, PAGE);
    check_allowed(f, gpa, 0x12345678);
    check_allowed(f, gpa | SHARED, 0x9abcdef0);
    check_allowed(f, (gpa + PAGE - 4) | SHARED, 0x1);
    check_refused(f, gpa - 4);
    check_refused(f, (gpa - 4) | SHARED);
    check_refused(f, gpa + PAGE);
    check_refused(f, (gpa + PAGE) | SHARED);

    to_private(f, gpa, PAGE);
    check_refused(f, gpa);
    check_refused(f, gpa | SHARED);
}

static void test_not_ram(Fixture *f, gconstpointer unused)
{
    /* a hole, RAM that is not the Realm's, a UART, the end of the space */
    static const hwaddr addrs[] = {
        RAM - 4, RAM + SIZE, 1 * GiB, 0x09000000, SHARED - 4,
    };

    to_shared(f, 0, SHARED);
    for (unsigned i = 0; i < ARRAY_SIZE(addrs); i++) {
        check_refused(f, addrs[i]);
        check_refused(f, addrs[i] | SHARED);
    }
    /* Only the shared bit is left out */
    check_refused(f, SHARED / 2 + RAM);
    check_refused(f, 2 * SHARED + RAM);
    check_refused(f, UINT64_MAX - 3);
}

/* An access that begins well and runs into a page that is not shared */
static void test_crossing(Fixture *f, gconstpointer unused)
{
    hwaddr gpa = RAM + 16 * PAGE;
    hwaddr addr = (gpa + PAGE - 8) | SHARED;
    MemoryRegionCache cache;
    uint8_t buf[16];

    to_shared(f, gpa, PAGE);
    memset(f->host + 16 * PAGE, 0x11, 2 * PAGE);
    memset(buf, 0x22, sizeof(buf));
    g_assert_cmpint(address_space_write(f->as, addr, ATTRS, buf, 16), ==,
                    MEMTX_DECODE_ERROR);
    g_assert_cmphex(f->host[17 * PAGE - 1], ==, 0x22);
    g_assert_cmphex(f->host[17 * PAGE], ==, 0x11);

    g_assert_cmpint(address_space_cache_init(&cache, f->as, addr, 16, true),
                    ==, 16);
    WITH_RCU_READ_LOCK_GUARD() {
        memset(buf, 0x33, sizeof(buf));
        g_assert_cmpint(address_space_write_cached(&cache, 0, buf, 16), ==,
                        MEMTX_DECODE_ERROR);
        g_assert_cmphex(f->host[17 * PAGE - 1], ==, 0x33);
        g_assert_cmphex(f->host[17 * PAGE], ==, 0x11);
        g_assert_cmpint(address_space_read_cached(&cache, 0, buf, 16), ==,
                        MEMTX_DECODE_ERROR);
        g_assert_cmphex(buf[15], !=, 0x11);
        g_assert_cmpint(address_space_read_cached(&cache, 0, buf, 8), ==,
                        MEMTX_OK);
    }
    /* A cache outlives conversions: it sees each of them */
    to_shared(f, gpa + PAGE, PAGE);
    WITH_RCU_READ_LOCK_GUARD() {
        g_assert_cmpint(address_space_read_cached(&cache, 0, buf, 16), ==,
                        MEMTX_OK);
        g_assert_cmphex(buf[15], ==, 0x11);
    }
    to_private(f, gpa, PAGE);
    WITH_RCU_READ_LOCK_GUARD() {
        g_assert_cmpint(address_space_read_cached(&cache, 0, buf, 8), ==,
                        MEMTX_DECODE_ERROR);
    }
    address_space_cache_destroy(&cache);
}

static void test_map(Fixture *f, gconstpointer unused)
{
    hwaddr len = 3 * CHUNK;
    void *p;

    /* Pages, fields of 64 KiB and whole chunks make up one long mapping */
    to_shared(f, RAM + 13 * PAGE, 2 * CHUNK);
    p = address_space_map(f->as, (RAM + 13 * PAGE + 5) | SHARED, &len, true,
                          ATTRS);
    g_assert_true(p == f->host + 13 * PAGE + 5);
    g_assert_cmpuint(len, ==, 2 * CHUNK - 5);
    address_space_unmap(f->as, p, len, true, 0);

    /* What is private is no bounce buffer of zeros */
    for (unsigned i = 0; i < 2; i++) {
        len = PAGE;
        g_assert_null(address_space_map(f->as, RAM | SHARED, &len, i, ATTRS));
    }
}

static void test_entries(Fixture *f, gconstpointer unused)
{
    static const struct {
        hwaddr offset;
        hwaddr size;
    } cases[] = {
        { 2 * CHUNK - PAGE, PAGE },
        { 2 * CHUNK, CHUNK },
        { 3 * CHUNK - 1, CHUNK },
        { 3 * CHUNK, 64 * KiB },
        { 3 * CHUNK + 16 * PAGE, PAGE },
    };
    IOMMUTLBEntry e;

    to_shared(f, RAM + 2 * CHUNK - PAGE, CHUNK + 18 * PAGE);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        hwaddr addr = (RAM + cases[i].offset) | SHARED;
        hwaddr size = cases[i].size;

        /* This is what vhost asks for */
        RCU_READ_LOCK_GUARD();
        e = address_space_get_iotlb_entry(f->as, addr, true, ATTRS);
        g_assert_true(e.target_as == &address_space_memory);
        g_assert_cmphex(e.addr_mask, ==, size - 1);
        g_assert_cmphex(e.iova, ==, QEMU_ALIGN_DOWN(addr, size));
        g_assert_cmphex(e.translated_addr, ==, e.iova & ~SHARED);
        g_assert_cmpint(e.perm, ==, IOMMU_RW);
    }
    RCU_READ_LOCK_GUARD();
    e = address_space_get_iotlb_entry(f->as, RAM | SHARED, true, ATTRS);
    g_assert_null(e.target_as);
    g_assert_cmpint(e.perm, ==, IOMMU_NONE);
}

typedef struct Unmaps {
    IOMMUNotifier n;
    Fixture *f;
    unsigned calls;
    hwaddr next;
    hwaddr bytes[2];
    bool seen_locked;
} Unmaps;

static void count_unmap(IOMMUNotifier *n, IOMMUTLBEntry *e)
{
    Unmaps *u = container_of(n, Unmaps, n);
    hwaddr size = e->addr_mask + 1;

    u->calls++;
    u->bytes[!!(e->iova & SHARED)] += size;
    u->seen_locked = bql_locked();
    g_assert_true(is_power_of_2(size));
    g_assert_true(QEMU_IS_ALIGNED(e->iova, size));
    g_assert_cmpint(e->perm, ==, IOMMU_NONE);
    /* One alias after the other, without gaps */
    if (u->calls > 1 && e->iova != u->next) {
        g_assert_cmphex(e->iova & SHARED, ==, SHARED);
        g_assert_cmphex(u->bytes[1], ==, size);
    }
    u->next = e->iova + size;
    /* By now nobody gets a new translation */
    g_assert_cmpuint(rme_shared_pages(u->f->s), ==, 0);
}

static void test_unmap(Fixture *f, gconstpointer type)
{
    Unmaps u = { .f = f };
    MemoryRegion *mr = f->as->root;

    iommu_notifier_init(&u.n, count_unmap, GPOINTER_TO_INT(type), 0,
                        memory_region_size(mr) - 1, 0);
    g_assert_cmpint(memory_region_register_iommu_notifier(mr, &u.n,
                                                          &error_abort),
                    ==, 0);

    to_private(f, 0, SHARED);
    to_shared(f, RAM + CHUNK, CHUNK);
    g_assert_cmpuint(u.calls, ==, 0);

    /* The entries of 2 MiB that were handed out are covered */
    to_shared(f, RAM + PAGE, 2 * CHUNK);
    to_private(f, RAM + PAGE, 2 * CHUNK);
    g_assert_cmpuint(u.bytes[0], ==, 4 * CHUNK - CHUNK);
    g_assert_cmpuint(u.bytes[1], ==, 3 * CHUNK);
    g_assert_true(u.seen_locked);

    u.calls = 0;
    to_private(f, RAM + PAGE, 2 * CHUNK);
    g_assert_cmpuint(u.calls, ==, 0);

    /* As large as it gets, and beyond: nothing outside the space */
    memset(u.bytes, 0, sizeof(u.bytes));
    to_shared(f, RAM, PAGE);
    to_private(f, 0, UINT64_MAX);
    g_assert_cmpuint(u.bytes[0], ==, SHARED);
    g_assert_cmpuint(u.bytes[1], ==, SHARED);
    memory_region_unregister_iommu_notifier(mr, &u.n);
}

static void test_no_map_notifier(Fixture *f, gconstpointer unused)
{
    Unmaps u = { .f = f };
    MemoryRegion *mr = f->as->root;
    Error *err = NULL;

    iommu_notifier_init(&u.n, count_unmap, IOMMU_NOTIFIER_IOTLB_EVENTS, 0,
                        memory_region_size(mr) - 1, 0);
    g_assert_cmpint(memory_region_register_iommu_notifier(mr, &u.n, &err), <,
                    0);
    g_assert_nonnull(strstr(error_get_pretty(err), "vfio"));
    error_free(err);

    /* Returns at once and reports nothing */
    to_shared(f, RAM, CHUNK);
    iommu_notifier_init(&u.n, count_unmap, IOMMU_NOTIFIER_UNMAP, 0,
                        memory_region_size(mr) - 1, 0);
    memory_region_iommu_replay(IOMMU_MEMORY_REGION(mr), &u.n);
    g_assert_cmpuint(u.calls, ==, 0);
}

/* A device that only remembers the last write */
static struct {
    unsigned writes;
    hwaddr addr;
    uint64_t value;
} mmio;

static void mmio_write(void *opaque, hwaddr addr, uint64_t value,
                       unsigned size)
{
    mmio.writes++;
    mmio.addr = addr;
    mmio.value = value;
}

static uint64_t mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    g_assert_not_reached();
}

static const MemoryRegionOps mmio_ops = {
    .read = mmio_read,
    .write = mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
};

static void map_mmio(void)
{
    MemoryRegion *mr = g_new0(MemoryRegion, 1);

    memory_region_init_io(mr, NULL, &mmio_ops, NULL, "doorbell", 64 * KiB);
    memory_region_add_subregion(get_system_memory(), FIXTURE_MMIO, mr);
}

static void check_doorbell(AddressSpace *as, hwaddr addr, uint32_t value)
{
    unsigned before = mmio.writes;
    MemTxResult r;

    address_space_stl_le(as, addr, value, ATTRS, &r);
    g_assert_cmpint(r, ==, MEMTX_OK);
    g_assert_cmpuint(mmio.writes, ==, before + 1);
    g_assert_cmphex(mmio.addr, ==, 0x40);
    g_assert_cmphex(mmio.value, ==, value);
}

static void test_doorbell(Fixture *f, gconstpointer unused)
{
    hwaddr bell = FIXTURE_MMIO + 0x40;
    IOMMUMemoryRegion *iommu = IOMMU_MEMORY_REGION(f->as->root);
    IOMMUMemoryRegionClass *imrc;
    IOMMUTLBEntry e;
    uint64_t data = 0;
    MemTxResult r;

    check_refused(f, bell);
    check_refused(f, bell | SHARED);

    g_assert_true(rme_dma_set_doorbell(f->dma, bell, 4, &error_abort));
    check_doorbell(f->as, bell, 0x17);
    check_doorbell(f->as, bell | SHARED, 0x18);

    /* Writes only, to just there */
    address_space_ldl_le(f->as, bell, ATTRS, &r);
    g_assert_cmpint(r, ==, MEMTX_DECODE_ERROR);
    imrc = memory_region_get_iommu_class_nocheck(iommu);
    e = imrc->translate(iommu, bell, IOMMU_RO, 0);
    g_assert_cmpint(e.perm, ==, IOMMU_NONE);
    e = imrc->translate(iommu, bell | SHARED, IOMMU_WO, 0);
    g_assert_cmpint(e.perm, ==, IOMMU_WO);
    g_assert_cmphex(e.addr_mask, ==, 3);
    check_refused(f, bell - 4);
    check_refused(f, bell + 4);
    check_refused(f, (bell + 4) | SHARED);
    g_assert_cmpint(address_space_write(f->as, bell, ATTRS, &data, 8), !=,
                    MEMTX_OK);
    g_assert_cmpint(address_space_write(f->as, bell - 2, ATTRS, &data, 4), !=,
                    MEMTX_OK);
    g_assert_cmphex(mmio.addr, ==, 0x40);

    g_assert_false(rme_dma_set_doorbell(f->dma, bell, 0, NULL));
    g_assert_false(rme_dma_set_doorbell(f->dma, bell, 2, NULL));
    g_assert_false(rme_dma_set_doorbell(f->dma, bell, 12, NULL));
    g_assert_false(rme_dma_set_doorbell(f->dma, bell, 0x80, NULL));
}

static void test_ipa_bits(Fixture *f, gconstpointer unused)
{
    Object *owner = object_new("container");
    Error *err = NULL;

    g_assert_null(rme_dma_new(owner, f->s, 32, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "32 bits"));
    error_free(err);
    g_assert_null(rme_dma_new(owner, f->s, 53, NULL));
    object_unref(owner);
}

static void test_attach_ram(Fixture *f, gconstpointer unused)
{
    RmeSharedState *s = rme_shared_new();

    /* The RAM of the machine itself has no guest_memfd */
    f->ram->ram_block->guest_memfd = open("/dev/null", O_RDWR);
    f->ram->ram_block->flags |= RAM_GUEST_MEMFD;
    g_assert_true(rme_dma_attach_ram(s, &address_space_memory, &error_abort));
    g_assert_true(rme_shared_is_ram(s, RAM));
    g_assert_true(rme_shared_is_ram(s, RAM + SIZE - 1));
    g_assert_false(rme_shared_is_ram(s, RAM - 1));
    g_assert_false(rme_shared_is_ram(s, RAM + SIZE));
    g_assert_false(rme_shared_is_ram(s, 1 * GiB));
    fixture_convert(s, RAM + PAGE, PAGE, false);
    g_assert_true(rme_shared_test_block(s, f->ram->ram_block, PAGE, PAGE));

    /* Sealed: the memory of a Realm does not change */
    g_assert_false(rme_dma_attach_ram(s, &address_space_memory, NULL));
    rme_shared_unref(s);
}

static unsigned count_lines(const char *path, const char *text)
{
    g_autofree char *all = NULL;
    unsigned n = 0;

    g_assert_true(g_file_get_contents(path, &all, NULL, NULL));
    for (char *p = strstr(all, text); p; p = strstr(p + 1, text)) {
        n++;
    }
    return n;
}

static void test_guest_error(Fixture *f, gconstpointer unused)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("test-rme-dma-XXXXXX", &path, NULL);
    uint32_t v;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(qemu_set_log_filename_flags(path, LOG_GUEST_ERROR,
                                              &error_abort));
    address_space_read(f->as, (RAM + PAGE + 8) | SHARED, ATTRS, &v, 4);
    address_space_write(f->as, FIXTURE_MMIO, ATTRS, &v, 4);
    for (unsigned i = 0; i < 1000; i++) {
        address_space_read(f->as, RAM, ATTRS, &v, 4);
    }
    qemu_set_log_filename_flags(NULL, 0, &error_abort);

    g_assert_cmpuint(count_lines(path, "Realm: a device may not read address "
                                 "0x11000001008: guest page 0x1000001000 is "
                                 "not shared\n"), ==, 1);
    g_assert_cmpuint(count_lines(path, "Realm: a device may not write address "
                                 "0xb000000: 0xb000000 is not guest RAM\n"),
                     ==, 1);
    /* Ten a second; the loop may see the next second begin */
    g_assert_cmpuint(count_lines(path, "Realm: "), >=, 10);
    g_assert_cmpuint(count_lines(path, "Realm: "), <=, 21);
    unlink(path);
}

static void dma_done(void *opaque, int ret)
{
    *(int *)opaque = ret;
}

static int dma_write_to_disk(BlockBackend *blk, AddressSpace *as, hwaddr a,
                             hwaddr b)
{
    int64_t deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    QEMUSGList sg;
    int ret = 1;

    qemu_sglist_init(&sg, DEVICE(object_resolve_type_unambiguous(
                         "gpex-pcihost", &error_abort)), 2, as);
    qemu_sglist_add(&sg, a, PAGE);
    qemu_sglist_add(&sg, b, PAGE);
    dma_blk_write(blk, &sg, 0, 512, dma_done, &ret);
    while (ret == 1) {
        aio_poll(qemu_get_aio_context(), false);
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
    }
    qemu_sglist_destroy(&sg);
    return ret;
}

static void test_dma_helpers(Fixture *f, gconstpointer unused)
{
    QDict *opts = qdict_new();
    BlockBackend *blk;

    qdict_put_str(opts, "driver", "null-co");
    blk = blk_new_open(NULL, NULL, opts, BDRV_O_RDWR, &error_abort);
    to_shared(f, RAM, 2 * PAGE);
    g_assert_cmpint(dma_write_to_disk(blk, f->as, RAM, RAM + PAGE), ==, 0);
    g_assert_cmpint(dma_write_to_disk(blk, f->as, RAM, RAM + 2 * PAGE), ==,
                    -EFAULT);
    g_assert_cmpint(dma_write_to_disk(blk, f->as, RAM + 2 * PAGE, RAM), ==,
                    -EFAULT);
    blk_unref(blk);
}

static const TypeInfo test_cgs_types[] = {
    {
        .name = "test-cgs",
        .parent = TYPE_CONFIDENTIAL_GUEST_SUPPORT,
    },
};

DEFINE_TYPES(test_cgs_types)

static void check_error(Error *err, const char *text)
{
    g_assert_nonnull(err);
    g_assert_nonnull(strstr(error_get_pretty(err), text));
    error_free(err);
}

static void check_netdev(NetClientDriver type, const char *message)
{
    Netdev netdev = { .id = (char *)"n", .type = type };
    Error *err = NULL;

    if (type == NET_CLIENT_DRIVER_VHOST_USER) {
        netdev.u.vhost_user.chardev = (char *)"none";
    }
    qmp_netdev_add(&netdev, &err);
    check_error(err, message);
}

static void test_vhost(Fixture *f, gconstpointer unused)
{
    struct vhost_dev hdev = { 0 };
    Error *err = NULL;
    Object *obj = object_new("test-cgs");
    ConfidentialGuestSupport *cgs = CONFIDENTIAL_GUEST_SUPPORT(obj);

    cgs->checks_dma = true;
    g_assert_true(confidential_guest_check_vhost(cgs, "kernel", &error_abort));
    current_machine->cgs = cgs;
    check_netdev(NET_CLIENT_DRIVER_VHOST_USER, "vhost-user cannot serve");
    check_netdev(NET_CLIENT_DRIVER_VHOST_VDPA, "vhost-vdpa cannot serve");
    g_assert_cmpint(vhost_dev_init(&hdev, NULL, VHOST_BACKEND_TYPE_USER, 0,
                                   &err), ==, -ENOTSUP);
    check_error(err, "vhost-user cannot serve a confidential guest");

    /* Other confidential guests and ordinary ones come further than that */
    cgs->checks_dma = false;
    check_netdev(NET_CLIENT_DRIVER_VHOST_USER, "\"none\" not found");
    current_machine->cgs = NULL;
    check_netdev(NET_CLIENT_DRIVER_VHOST_USER, "\"none\" not found");
    check_netdev(NET_CLIENT_DRIVER_VHOST_VDPA, "neither vhostdev=");
    object_unref(obj);
}

static PCIBus *root_bus(void)
{
    Object *host = object_resolve_type_unambiguous("gpex-pcihost",
                                                   &error_abort);

    return PCI_HOST_BRIDGE(host)->bus;
}

static PCIDevice *new_device(PCIBus *bus, const char *type)
{
    PCIDevice *dev = pci_create_simple(bus, -1, type);

    pci_default_write_config(dev, PCI_COMMAND,
                             PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, 2);
    return dev;
}

/* The only test that touches the bus: it cannot be taken back */
static void test_pci(Fixture *f, gconstpointer unused)
{
    PCIBus *bus = root_bus();
    PCIHostState *host = PCI_HOST_BRIDGE(BUS(bus)->parent);
    Error *err = NULL;
    PCIDevice *dev;
    uint32_t v = 0x01020304;
    hwaddr len = 4;

    g_assert_false(rme_dma_check_pci_bus(f->dma, bus, &err));
    check_error(g_steal_pointer(&err), "vIOMMU");
    host->bypass_iommu = true;
    g_assert_false(rme_dma_attach_pci_bus(f->dma, bus, &err));
    check_error(g_steal_pointer(&err), "default-bus-bypass-iommu=on");
    host->bypass_iommu = false;
    g_assert_true(rme_dma_attach_pci_bus(f->dma, bus, &error_abort));
    g_assert_false(rme_dma_attach_pci_bus(f->dma, bus, &err));
    check_error(g_steal_pointer(&err), "vIOMMU");
    rme_dma_register_defaults();

    dev = new_device(bus, "pci-testdev");
    g_assert_true(pci_device_iommu_address_space(dev) == f->as);
    to_shared(f, RAM, PAGE);
    g_assert_cmpint(pci_dma_write(dev, RAM | SHARED, &v, 4), ==, MEMTX_OK);
    g_assert_cmphex((uint32_t)ldl_he_p(f->host), ==, v);
    g_assert_cmpint(pci_dma_write(dev, RAM + PAGE, &v, 4), ==,
                    MEMTX_DECODE_ERROR);
    g_assert_cmphex((uint32_t)ldl_he_p(f->host + PAGE), ==, 0);
    /* No bounce buffer of zeros */
    g_assert_null(pci_dma_map(dev, RAM + PAGE, &len,
                              DMA_DIRECTION_TO_DEVICE));

    g_assert_true(rme_dma_set_doorbell(f->dma, FIXTURE_MMIO + 0x40, 4,
                                       &error_abort));
    for (unsigned i = 0; i < 2; i++) {
        MSIMessage msg = {
            .address = (FIXTURE_MMIO + 0x40) | (i ? SHARED : 0),
            .data = 0x1234 + i,
        };

        mmio.writes = 0;
        msi_send_message(dev, msg);
        g_assert_cmpuint(mmio.writes, ==, 1);
        g_assert_cmphex(mmio.addr, ==, 0x40);
        g_assert_cmphex(mmio.value, ==, msg.data);
    }

    /* An expander bridge is behind the same address space, or refused */
    g_assert_true(rme_dma_check_pci_bus(f->dma, bus, &error_abort));
    g_assert_false(QLIST_EMPTY(&bus->child));
    dev = new_device(QLIST_FIRST(&bus->child), "pcie-root-port");
    g_assert_true(pci_device_iommu_address_space(dev) == f->as);

    host = PCI_HOST_BRIDGE(BUS(QLIST_FIRST(&bus->child))->parent);
    host->bypass_iommu = true;
    g_assert_false(rme_dma_check_pci_bus(f->dma, bus, &err));
    check_error(g_steal_pointer(&err), "bypass_iommu=on");
}

static void add(const char *name, gconstpointer data,
                void (*test)(Fixture *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/rme-dma/", name, NULL);

    g_test_add(path, Fixture, data, setup, test, teardown);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture_init();
    map_mmio();

    add("private", NULL, test_private);
    add("shared", NULL, test_shared);
    add("not-ram", NULL, test_not_ram);
    add("crossing", NULL, test_crossing);
    add("map", NULL, test_map);
    add("entries", NULL, test_entries);
    add("unmap", GINT_TO_POINTER(IOMMU_NOTIFIER_UNMAP), test_unmap);
    add("unmap-device-iotlb", GINT_TO_POINTER(IOMMU_NOTIFIER_DEVIOTLB_UNMAP),
        test_unmap);
    add("no-map-notifier", NULL, test_no_map_notifier);
    add("doorbell", NULL, test_doorbell);
    add("ipa-bits", NULL, test_ipa_bits);
    add("attach-ram", NULL, test_attach_ram);
    add("guest-error", NULL, test_guest_error);
    add("dma-helpers", NULL, test_dma_helpers);
    add("vhost", NULL, test_vhost);
    add("pci", NULL, test_pci);
    return g_test_run();
}
