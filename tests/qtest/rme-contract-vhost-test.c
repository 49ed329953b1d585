/*
 * Contract tests: vhost in the kernel, on virtio-mmio and PCI
 *
 * Exits script a guest that sets up the vsock device of the simulated host, or
 * its network. The simulator complains if vhost could reach memory in any other
 * way than by an IOTLB, or keeps there what turned private.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "rme-contract.h"

#define RINGS       0x44000000ULL       /* away from all images */
#define SHARED_BIT  (1ULL << 40)
#define VSOCK_QUEUES    3
#define NETWORK_QUEUES  5               /* two pairs and one for control */
#define PAGE        0x1000

/* the first virtio-mmio transport; slot 1 of PCI and where its BAR 4 is put */
#define MMIO        0x0a000000ULL
#define CONFIG      0x4010008000ULL
#define BAR         0x10000000ULL

#define ACKNOWLEDGE 1
#define DRIVER      2
#define DRIVER_OK   4
#define FEATURES_OK 8
#define STARTED     (ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK)

/* of the upper word of the features */
#define VERSION_1       1
#define ACCESS_PLATFORM 2
#define MODERN          (VERSION_1 | ACCESS_PLATFORM)
/* and of the lower one, of a network */
#define MQ              (1 << 22)

static const char *const vsocks[] = {
    "-device vhost-vsock-device,guest-cid=3,bus=virtio-mmio-bus.0",
    "-device vhost-vsock-pci,guest-cid=3,addr=1",
};

#define REFUSED_VSOCK "Error starting vhost: 22"
#define REFUSED_NETWORK "unable to start vhost net: 22: falling back on " \
    "userspace virtio"

#define TAP "-netdev tap,id=n0,vhost=on,queues=2,script=no,downscript=no -device "

static const char *const networks[] = {
    TAP "virtio-net-device,netdev=n0,mq=on,bus=virtio-mmio-bus.0",
    TAP "virtio-net-pci,netdev=n0,mq=on,vectors=6,romfile=,addr=1",
};

typedef struct Guest {
    const char *device;
    bool pci;
    unsigned queues;
    GString *exits;
    unsigned n;
} Guest;

static void add_exit(Guest *g, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void add_exit(Guest *g, const char *fmt, ...)
{
    va_list ap;

    g_string_append(g->exits, "exit = ");
    va_start(ap, fmt);
    g_string_append_vprintf(g->exits, fmt, ap);
    va_end(ap);
    g_string_append_c(g->exits, '\n');
    g->n++;
}

static void put(Guest *g, uint64_t address, unsigned size, uint64_t value)
{
    add_exit(g, "mmio-write 0x%" PRIx64 " %u 0x%" PRIx64, address, size,
             value);
}

static void convert(Guest *g, const char *to)
{
    add_exit(g, "memory-fault %s 0x%llx 0x%x", to, RINGS, NETWORK_QUEUES * PAGE);
}

static void set_status(Guest *g, uint8_t status)
{
    put(g, g->pci ? BAR + 20 : MMIO + 0x70, g->pci ? 1 : 4, status);
}

static void set_features(Guest *g, uint32_t upper, uint32_t lower)
{
    for (unsigned word = 0; word < 2; word++) {
        put(g, g->pci ? BAR + 8 : MMIO + 0x24, 4, word);
        put(g, g->pci ? BAR + 12 : MMIO + 0x20, 4, word ? upper : lower);
    }
}

static void put_address(Guest *g, uint64_t reg, uint64_t address)
{
    put(g, reg, 4, (uint32_t)address);
    put(g, reg + 4, 4, address >> 32);
}

static void set_queues(Guest *g, uint64_t bit)
{
    for (unsigned q = 0; q < g->queues; q++) {
        uint64_t ring = (RINGS + q * PAGE) | bit;

        put(g, g->pci ? BAR + 22 : MMIO + 0x30, g->pci ? 2 : 4, q);
        put(g, g->pci ? BAR + 24 : MMIO + 0x38, g->pci ? 2 : 4, 4);
        put_address(g, g->pci ? BAR + 32 : MMIO + 0x80, ring);
        put_address(g, g->pci ? BAR + 40 : MMIO + 0x90, ring + 0x400);
        put_address(g, g->pci ? BAR + 48 : MMIO + 0xa0, ring + 0x800);
        put(g, g->pci ? BAR + 28 : MMIO + 0x44, g->pci ? 2 : 4, 1);
    }
}

/* Up to the point where features are accepted */
static Guest *guest_new(const char *const *devices, bool pci)
{
    Guest *g = g_new0(Guest, 1);

    g->device = devices[pci];
    g->pci = pci;
    g->queues = devices == networks ? NETWORK_QUEUES : VSOCK_QUEUES;
    g->exits = g_string_new(NULL);
    if (pci) {
        put(g, CONFIG + 0x20, 4, BAR);
        put(g, CONFIG + 0x24, 4, 0);
        put(g, CONFIG + 0x04, 2, 6);
    }
    convert(g, "shared");
    set_status(g, 0);
    set_status(g, ACKNOWLEDGE | DRIVER);
    return g;
}

static Contract *run_guest(Guest *g)
{
    Contract *c = contract_start(&(ContractArgs) {
        .conf = g->exits->str, .more = g->device,
    });

    contract_wait_calls(c, "EXIT_DONE", g->n);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_active(c);
    g_string_free(g->exits, true);
    g_free(g);
    return c;
}

static void expect_counts(Contract *c, unsigned starts)
{
    contract_check(contract_count(c, "VHOST_START") == starts,
                   "%u starts, not %u", contract_count(c, "VHOST_START"),
                   starts);
    contract_check(contract_count(c, "VHOST_SET_LOG") == 0, "a log");
}

/* vhost was not started: said once, however often the guest asks for it */
static void expect_one_refusal(Contract *c, const char *line)
{
    const char *first = strstr(contract_stderr(c), line);

    contract_check(first && !strstr(first + 1, line), "stderr is '%s'",
                   contract_stderr(c));
}

static void test_transfer(const void *data)
{
    unsigned kind = GPOINTER_TO_UINT(data);
    g_autoptr(Contract) c = NULL;
    Guest *g = guest_new(vsocks, kind & 1);
    unsigned updates, invalidates;

    set_features(g, MODERN, 0);
    set_status(g, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    set_queues(g, kind & 2 ? SHARED_BIT : 0);
    set_status(g, STARTED);
    convert(g, "private");
    c = run_guest(g);
    contract_expect_silence(c);
    expect_counts(c, 1);
    contract_check(contract_count(c, "VHOST_SET_FEATURES") == 1,
                   "features were set %u times",
                   contract_count(c, "VHOST_SET_FEATURES"));
    updates = contract_count(c, "VHOST_IOTLB_UPDATE");
    invalidates = contract_count(c, "VHOST_IOTLB_INVALIDATE");
    contract_check(updates && invalidates, "%u pages given, %u taken back",
                   updates, invalidates);
    g_test_message("summary: vhost on %s, addresses %s the shared bit: %u "
                   "entries of the IOTLB given, %u ranges taken back",
                   kind & 1 ? "PCI" : "virtio-mmio",
                   kind & 2 ? "with" : "without", updates, invalidates);
}

/* Such a driver is not stopped by FEATURES_OK, which it need not set */
static void test_no_iotlb(const void *data)
{
    unsigned kind = GPOINTER_TO_UINT(data);
    bool network = kind & 4;
    g_autoptr(Contract) c = NULL;
    Guest *g = guest_new(network ? networks : vsocks, kind & 1);
    uint8_t features_ok = kind & 2 ? FEATURES_OK : 0;

    set_features(g, 0, 0);
    set_status(g, ACKNOWLEDGE | DRIVER | features_ok);
    set_queues(g, 0);
    for (unsigned i = 0; i < 5; i++) {
        set_status(g, ACKNOWLEDGE | DRIVER | features_ok | DRIVER_OK);
        set_status(g, ACKNOWLEDGE | DRIVER | features_ok);
    }
    set_status(g, 0);
    c = run_guest(g);
    expect_counts(c, 0);
    contract_check(contract_count(c, "VHOST_SET_FEATURES") == 0 &&
                   contract_count(c, "VHOST_SET_MEM_TABLE") == 0,
                   "the kernel was told to serve it");
    expect_one_refusal(c, network ? REFUSED_NETWORK : REFUSED_VSOCK);
}

/* A ring that the kernel does not take */
static void test_odd_ring(const void *data)
{
    g_autoptr(Contract) c = NULL;
    Guest *g = guest_new(vsocks, GPOINTER_TO_UINT(data));

    set_features(g, MODERN, 0);
    set_status(g, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    set_queues(g, 0);
    put(g, g->pci ? BAR + 22 : MMIO + 0x30, g->pci ? 2 : 4, 0);
    put(g, g->pci ? BAR + 24 : MMIO + 0x38, g->pci ? 2 : 4, 3);
    for (unsigned i = 0; i < 5; i++) {
        set_status(g, STARTED);
        set_status(g, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    }
    c = run_guest(g);
    expect_counts(c, 0);
    expect_one_refusal(c, REFUSED_VSOCK);
    expect_one_refusal(c, "vhost_set_vring_num failed: Invalid argument (22)");
}

/* Features are final while the device runs, and can be given back afterwards */
static void test_mind_changed(const void *data)
{
    g_autoptr(Contract) c = NULL;
    Guest *g = guest_new(vsocks, GPOINTER_TO_UINT(data));

    set_features(g, MODERN, 0);
    set_status(g, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    set_queues(g, 0);
    set_status(g, STARTED);
    set_status(g, DRIVER_OK);
    set_features(g, 0, 0);
    set_status(g, DRIVER_OK | FEATURES_OK);
    set_status(g, FEATURES_OK);
    set_status(g, DRIVER_OK | FEATURES_OK);
    set_status(g, ACKNOWLEDGE);
    set_features(g, 0, 0);
    set_status(g, DRIVER_OK | FEATURES_OK);
    c = run_guest(g);
    expect_counts(c, 2);
    expect_one_refusal(c, REFUSED_VSOCK);
}

/* How many queues vhost serves follows from a feature */
static void test_queues_changed(const void *data)
{
    unsigned kind = GPOINTER_TO_UINT(data);
    g_autoptr(Contract) c = NULL;
    Guest *g = guest_new(networks, kind & 1);
    uint32_t before = kind & 2 ? 0 : MQ, after = MQ - before;
    unsigned starts = before ? 2 : 1;

    /* Features that are set without FEATURES_OK count on PCI only */
    if (g->pci) {
        set_features(g, MODERN, before);
        set_queues(g, 0);
        set_status(g, DRIVER_OK);
        set_features(g, MODERN, after);
        set_status(g, ACKNOWLEDGE);
        set_status(g, 0);
        starts *= 2;
    }
    set_features(g, MODERN, before);
    set_status(g, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    set_queues(g, 0);
    set_status(g, STARTED);
    set_status(g, DRIVER_OK);
    set_features(g, MODERN, after);
    set_status(g, DRIVER_OK | FEATURES_OK);
    set_status(g, ACKNOWLEDGE);
    set_status(g, 0);
    c = run_guest(g);
    contract_expect_silence(c);
    expect_counts(c, starts);
}

/* Rings that are private from the start, or turn so before the device starts */
static void test_private_rings(const void *data)
{
    g_autoptr(Contract) c = NULL;
    Guest *g = guest_new(vsocks, GPOINTER_TO_UINT(data));

    set_features(g, MODERN, 0);
    set_status(g, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    set_queues(g, 0);
    convert(g, "private");
    set_status(g, STARTED);
    set_status(g, 0);
    c = run_guest(g);
    contract_check(contract_count(c, "VHOST_SET_FEATURES") == 1, "%u starts",
                   contract_count(c, "VHOST_SET_FEATURES"));
}

static void add_for_both(const char *name, ContractFunc *func, unsigned flag)
{
    for (unsigned pci = 0; pci < 2; pci++) {
        contract_add("vhost", g_strdup_printf("%s: %s", pci ? "PCI" :
                                              "virtio-mmio", name),
                     func, GUINT_TO_POINTER(pci | flag));
    }
}

static void add_tests(void)
{
    add_for_both("the IOTLB is told what is shared, and that it is no more",
                 test_transfer, 0);
    add_for_both("so it is with the shared bit in addresses", test_transfer,
                 2);
    add_for_both("a driver that accepts nothing gets no vhost", test_no_iotlb,
                 0);
    add_for_both("nor one that says that it is content with that",
                 test_no_iotlb, 2);
    add_for_both("a network driver that accepts nothing gets no vhost",
                 test_no_iotlb, 4);
    add_for_both("nor one that gives the feature back", test_mind_changed, 0);
    add_for_both("a ring that the kernel refuses is said once", test_odd_ring,
                 0);
    add_for_both("a driver cannot take queues away from vhost",
                 test_queues_changed, 0);
    add_for_both("nor add some", test_queues_changed, 2);
    add_for_both("private rings are not given to vhost", test_private_rings,
                 0);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
