/*
 * Contract tests: devices that hold a mapping of pages which turn private
 *
 * A driver is scripted: it shares memory, gives a device a buffer in it, and
 * takes the buffer back while the device has it mapped.  What the device does
 * then goes to the shared copy, or comes from there, which makes pages of it
 * again.  They are dropped when the device gives its mapping back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "standard-headers/linux/virtio_config.h"
#include "standard-headers/linux/virtio_mmio.h"
#include "standard-headers/linux/virtio_gpu.h"
#include "rme-contract-internal.h"

/* The last of the virtio-mmio transports, which the only device gets */
#define MMIO        0xa003e00
/* A page for the queue: descriptors, rings and what they point to */
#define QUEUE       0x48000000ULL
#define AVAIL       (QUEUE + 0x400)
#define USED        (QUEUE + 0x600)
#define DATA        (QUEUE + 0x800)
#define QUEUE_SIZE  16
/* What the device is given */
#define BUFFER      0x49000000ULL
#define BUFFER_MIB  16

#define MEMORY "-machine memory-backend=m0 -object " \
               "memory-backend-memfd,id=m0,size=256M,share=on "
/* Pages of the queue, and what else may be shared of it */
#define SLACK_KIB   64

/* The script so far, and how many commands the device was given */
typedef struct Driver {
    GString *conf;
    unsigned descriptors, commands, waits;
    uint16_t heads[QUEUE_SIZE];
} Driver;

static void mmio_write(Driver *d, unsigned reg, uint32_t value)
{
    g_string_append_printf(d->conf, "exit = mmio-write 0x%x 4 0x%x\n",
                           MMIO + reg, value);
}

static void poke(Driver *d, uint64_t gpa, uint64_t value)
{
    g_string_append_printf(d->conf, "exit = poke 0x%" PRIx64 " 0x%" PRIx64 "\n",
                           gpa, value);
}

static void convert(Driver *d, const char *to, uint64_t gpa, uint64_t size)
{
    g_string_append_printf(d->conf, "exit = memory-fault %s 0x%" PRIx64 " 0x%"
                           PRIx64 "\n", to, gpa, size);
}

/* The test goes on here, see resume() */
static void wait_for_test(Driver *d)
{
    g_string_append(d->conf, "exit = kicked\n");
}

static void start_driver(Driver *d)
{
    const uint64_t rings[] = { QUEUE, AVAIL, USED };
    const unsigned regs[] = {
        VIRTIO_MMIO_QUEUE_DESC_LOW, VIRTIO_MMIO_QUEUE_AVAIL_LOW,
        VIRTIO_MMIO_QUEUE_USED_LOW,
    };

    *d = (Driver) { .conf = g_string_new(NULL) };
    convert(d, "shared", QUEUE, 0x1000);
    convert(d, "shared", BUFFER, BUFFER_MIB * MiB);
    mmio_write(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE |
                                      VIRTIO_CONFIG_S_DRIVER);
    mmio_write(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    mmio_write(d, VIRTIO_MMIO_DRIVER_FEATURES,
               1 << (VIRTIO_F_VERSION_1 - 32) |
               1 << (VIRTIO_F_ACCESS_PLATFORM - 32));
    mmio_write(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE |
               VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK);
    mmio_write(d, VIRTIO_MMIO_QUEUE_SEL, 0);
    mmio_write(d, VIRTIO_MMIO_QUEUE_NUM, QUEUE_SIZE);
    for (int i = 0; i < ARRAY_SIZE(rings); i++) {
        mmio_write(d, regs[i], rings[i]);
        mmio_write(d, regs[i] + 4, rings[i] >> 32);
    }
    mmio_write(d, VIRTIO_MMIO_QUEUE_READY, 1);
    mmio_write(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE |
               VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK |
               VIRTIO_CONFIG_S_DRIVER_OK);
}

#define NEXT    1               /* VRING_DESC_F_NEXT */
#define WRITE   2               /* VRING_DESC_F_WRITE */

static void add_descriptor(Driver *d, uint64_t addr, uint32_t len,
                           unsigned flags)
{
    unsigned i = d->descriptors++ % QUEUE_SIZE;

    poke(d, QUEUE + i * 16, addr);
    poke(d, QUEUE + i * 16 + 8, len | (uint64_t)flags << 32 |
         (uint64_t)((i + 1) % QUEUE_SIZE) << 48);
}

/* Gives the device the chain of the last @length descriptors */
static void submit(Driver *d, unsigned length)
{
    uint64_t word[1 + QUEUE_SIZE / 4] = { 0 };

    d->heads[d->commands++ % QUEUE_SIZE] =
        (d->descriptors - length) % QUEUE_SIZE;
    /* flags, the number of chains so far, and the heads: 16 bits each */
    word[0] = (uint64_t)(d->commands & 0xffff) << 16;
    for (int i = 0; i < QUEUE_SIZE; i++) {
        word[(i + 2) / 4] |= (uint64_t)d->heads[i] << (i + 2) % 4 * 16;
    }
    for (int i = ARRAY_SIZE(word) - 1; i >= 0; i--) {
        poke(d, AVAIL + i * 8, word[i]);
    }
    mmio_write(d, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

static Contract *start(Driver *d, const char *device)
{
    g_autofree char *more = g_strconcat(MEMORY, device, NULL);
    Contract *c = contract_start(&(ContractArgs) {
        .conf = d->conf->str, .more = more,
    });

    g_string_free(d->conf, true);
    return c;
}

/* Until the driver waits and the device has done @n commands */
static void expect_done(Contract *c, Driver *d, unsigned n)
{
    g_autofree char *command = g_strdup_printf("xp /1hx 0x%llx", USED + 2);
    g_autofree char *want = g_strdup_printf("0x%04x", n);
    bool done = false;

    contract_wait_calls(c, "WAIT_KICKED", ++d->waits);
    for (int i = 0; i < 1200 && !done; i++) {
        g_autofree char *text = contract_hmp(c, command);

        done = strstr(text, want) != NULL;
        g_usleep(done ? 0 : 50000);
    }
    contract_check(done, "the device has not done %u commands", n);
}

static void resume(Contract *c)
{
    contract_qmp_ok(c, "stop");
    contract_qmp_ok(c, "cont");
}

/* KiB of the shared copy of the guest's RAM */
static int64_t shared_kib(Contract *c)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", c->pid);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    int64_t kib = -1;
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *link = g_build_filename(path, name, NULL);
        g_autofree char *target = g_file_read_link(link, NULL);
        struct stat st;

        if (target && g_str_has_prefix(target, "/memfd:memory-backend-memfd") &&
            !stat(link, &st)) {
            kib = st.st_blocks / 2;
        }
    }
    contract_check(kib >= 0, "no memory-backend-memfd in %s", path);
    return kib;
}

static void expect_shared(Contract *c, const char *when, int64_t min_kib,
                          int64_t max_kib)
{
    int64_t kib = shared_kib(c);

    contract_check(kib >= min_kib && kib <= max_kib, "%s: %" PRId64 " KiB of "
                   "shared copies, not %" PRId64 " to %" PRId64, when, kib,
                   min_kib, max_kib);
}

/*
 * The device's access is what the simulator complains about: the host uses the
 * shared copy of a private page.  It has nothing else to say, and none of it is
 * outside of the buffer.
 */
static void expect_buffer_only(Contract *c)
{
    static const char access[] = "accessed private memory at guest address ";
    QDict *realm = contract_realm(c);
    unsigned n = 0;
    QDict *report;
    QListEntry *e;

    contract_equal("state of the Realm", realm ?
                   qdict_get_try_str(realm, "state") : "none", "ACTIVE");
    report = contract_report(c);
    if (!report) {
        return;
    }
    QLIST_FOREACH_ENTRY(qdict_get_qlist(report, "complaints"), e) {
        QDict *complaint = qobject_to(QDict, qlist_entry_obj(e));
        const char *text = qdict_get_str(complaint, "text");
        const char *at = strstr(text, access);
        uint64_t gpa = at ? g_ascii_strtoull(at + strlen(access), NULL, 0) : 0;

        contract_check(gpa >= BUFFER && gpa < BUFFER + BUFFER_MIB * MiB,
                       "the simulator complains: %s", text);
        n++;
    }
    contract_check(n, "the device did not use its buffer while that was "
                   "private");
}

/* Throttled: all reads but the first wait while their buffer turns private */
#define DISK "-drive if=none,id=d,driver=null-co,read-zeroes=on,size=1G," \
             "bps_rd=8388608 -device virtio-blk-device,drive=d " \
             "-global virtio-mmio.ioeventfd=off"
#define REQUESTS 4

/* A read into the whole buffer; its header is of zeros: VIRTIO_BLK_T_IN */
static void read_disk(Driver *d)
{
    const uint32_t size = BUFFER_MIB * MiB / REQUESTS;

    for (int i = 0; i < REQUESTS; i++) {
        add_descriptor(d, DATA, 16, NEXT);
        add_descriptor(d, BUFFER + i * size, size, NEXT | WRITE);
        add_descriptor(d, DATA + 0x10, 1, WRITE);
        submit(d, 3);
    }
}

static void test_disk(const void *unused)
{
    enum { ROUNDS = 3 };
    g_autoptr(Contract) c = NULL;
    unsigned done = 0;
    int64_t left = 0;
    Driver d;

    start_driver(&d);
    for (int i = 0; i < ROUNDS; i++) {
        read_disk(&d);
        convert(&d, "private", BUFFER, BUFFER_MIB * MiB);
        wait_for_test(&d);
        convert(&d, "shared", BUFFER, BUFFER_MIB * MiB);
    }
    convert(&d, "private", BUFFER, BUFFER_MIB * MiB);
    wait_for_test(&d);

    c = start(&d, DISK);
    for (int i = 0; i < ROUNDS; i++) {
        expect_done(c, &d, done += REQUESTS);
        expect_shared(c, "after reads into private pages", 0, SLACK_KIB);
        left = shared_kib(c);
        resume(c);
    }
    expect_done(c, &d, done);
    expect_shared(c, "once the buffer was shared and taken back", 0, SLACK_KIB);
    g_test_message("summary: %d x %d MiB of disk reads in flight while their "
                   "buffer turned private: %" PRId64 " KiB of shared copies "
                   "are left", ROUNDS, BUFFER_MIB, left);
    contract_quit(c);
    contract_expect_silence(c);
    expect_buffer_only(c);
}

/* A command of @len bytes, a multiple of 8; the answer is lost */
static void gpu(Driver *d, const void *command, unsigned len)
{
    const uint64_t *word = command;

    for (int i = 0; i < len / 8; i++) {
        poke(d, DATA + i * 8, word[i]);
    }
    add_descriptor(d, DATA, len, NEXT);
    add_descriptor(d, DATA + 0x100, sizeof(struct virtio_gpu_ctrl_hdr), WRITE);
    submit(d, 2);
    wait_for_test(d);
}

#define GPU "-device virtio-gpu-device"
#define WIDTH 2048
#define HEIGHT (BUFFER_MIB * MiB / WIDTH / 4)

static void create_resource(Driver *d)
{
    struct virtio_gpu_resource_create_2d create = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
        .resource_id = 1,
        .format = VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
        .width = WIDTH, .height = HEIGHT,
    };
    struct {
        struct virtio_gpu_resource_attach_backing attach;
        struct virtio_gpu_mem_entry entry;
    } backing = {
        .attach.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
        .attach.resource_id = 1, .attach.nr_entries = 1,
        .entry.addr = BUFFER, .entry.length = BUFFER_MIB * MiB,
    };

    gpu(d, &create, sizeof(create));
    gpu(d, &backing, sizeof(backing));
}

static void transfer(Driver *d)
{
    struct virtio_gpu_transfer_to_host_2d transfer = {
        .hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
        .r.width = WIDTH, .r.height = HEIGHT, .resource_id = 1,
    };

    gpu(d, &transfer, sizeof(transfer));
}

static void detach(Driver *d)
{
    struct virtio_gpu_resource_detach_backing detach = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING,
        .resource_id = 1,
    };

    gpu(d, &detach, sizeof(detach));
}

/* The device keeps its mapping until the resource has no backing any more */
static void test_gpu(const void *unused)
{
    enum { ROUNDS = 3 };
    g_autoptr(Contract) c = NULL;
    unsigned done = 0;
    int64_t left = 0;
    Driver d;

    start_driver(&d);
    create_resource(&d);
    convert(&d, "private", BUFFER, BUFFER_MIB * MiB);
    for (int i = 0; i < ROUNDS; i++) {
        transfer(&d);
    }
    detach(&d);

    c = start(&d, GPU);
    for (int i = 0; i < 2; i++) {
        expect_done(c, &d, ++done);
        expect_shared(c, "before the backing turns private", 0, SLACK_KIB);
        resume(c);
    }
    for (int i = 0; i < ROUNDS; i++) {
        expect_done(c, &d, ++done);
        expect_shared(c, "after transfers from private pages", 0,
                      BUFFER_MIB * KiB + SLACK_KIB);
        left = shared_kib(c);
        resume(c);
    }
    expect_done(c, &d, ++done);
    expect_shared(c, "once the resource has no backing any more", 0, SLACK_KIB);
    g_test_message("summary: %d transfers of %d MiB of virtio-gpu's backing "
                   "that had turned private: %" PRId64 " KiB of shared copies "
                   "meanwhile, and none when the resource has no backing any "
                   "more", ROUNDS, BUFFER_MIB, left);
    contract_quit(c);
    contract_expect_silence(c);
    expect_buffer_only(c);
}

static void add_tests(void)
{
    contract_add("mapping", "disk reads in flight into pages that turn private",
                 test_disk, NULL);
    contract_add("mapping", "virtio-gpu's backing of pages that turn private",
                 test_gpu, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
