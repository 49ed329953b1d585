/*
 * Contract tests: order and contents of the launch
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "rme-contract-internal.h"

#define PAGE 4096
#define ENTRY 0x40080000ULL     /* of a raw image */
#define INITRD 0x48000000ULL    /* in 256 MiB, above a small kernel */

/* SHA-256 of @data and the zeros up to the end of its last page */
static char *padded_sha256(const uint8_t *data, size_t size)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    static const uint8_t zero[PAGE];

    g_checksum_update(sum, data, size);
    g_checksum_update(sum, zero, -size % PAGE);
    return g_strdup(g_checksum_get_string(sum));
}

static void expect_contents(Contract *c, uint64_t addr, const uint8_t *data,
                            size_t size)
{
    g_autofree char *sum = padded_sha256(data, size);
    g_autofree char *what = g_strdup_printf("contents at 0x%" PRIx64, addr);

    contract_equal(what, contract_populated_sha256(c, addr), sum);
}

static char *rim(Contract *c)
{
    QDict *realm = contract_realm(c);

    return g_strdup(realm ? qdict_get_try_str(realm, "rim") : "none");
}

/* The smallest device tree, with free space up to @size bytes */
static uint8_t *make_dtb(size_t size)
{
    static const uint32_t header[] = {
        0xd00dfeed, 0, 56, 72, 40, 17, 16, 0, 0, 16,    /* header */
        0, 0, 0, 0,                                     /* no reservations */
        1, 0, 2, 9,                                     /* one empty node */
    };
    uint8_t *dtb = contract_pattern(size, 9);

    for (int i = 0; i < ARRAY_SIZE(header); i++) {
        stl_be_p(dtb + i * 4, header[i]);
    }
    stl_be_p(dtb + 4, size);
    return dtb;
}

/* An arm64 Image: text_offset and image_size, the magic number at 56 */
static uint8_t *make_image(size_t size, uint64_t offset, uint64_t memsize)
{
    uint8_t *image = contract_pattern(size, 3);

    stq_le_p(image + 8, offset);
    stq_le_p(image + 16, memsize);
    memcpy(image + 56, "ARM\x64", 4);
    return image;
}

/* gzip (RFC 1952) with one stored block; QEMU does not look at the CRC */
static GByteArray *make_gzip(const uint8_t *data, uint16_t size)
{
    static const uint8_t header[10] = { 0x1f, 0x8b, 8, [9] = 3 };
    uint8_t block[5] = { 1 }, trailer[8] = { 0 };
    GByteArray *gz = g_byte_array_new();

    stw_le_p(block + 1, size);
    stw_le_p(block + 3, ~size);
    stl_le_p(trailer + 4, size);
    g_byte_array_append(gz, header, sizeof(header));
    g_byte_array_append(gz, block, sizeof(block));
    g_byte_array_append(gz, data, size);
    g_byte_array_append(gz, trailer, sizeof(trailer));
    return gz;
}

/* EFI zboot: the payload's offset, size and compression behind an MZ header */
static GByteArray *make_zboot(const GByteArray *payload)
{
    uint8_t header[64] = { 'M', 'Z', 0, 0, 'z', 'i', 'm', 'g' };
    GByteArray *z = g_byte_array_new();

    stl_le_p(header + 8, sizeof(header));
    stl_le_p(header + 12, payload->len);
    memcpy(header + 24, "gzip", 5);
    memcpy(header + 56, "\xcd\x23\x82\x81", 4);
    g_byte_array_append(z, header, sizeof(header));
    g_byte_array_append(z, payload->data, payload->len);
    return z;
}

/* Starts, waits until a vCPU runs, quits; the Realm must be fine */
static Contract *launch(const ContractArgs *args)
{
    Contract *c = contract_start(args);

    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    return c;
}

static void test_order(const void *data)
{
    g_autofree uint8_t *kernel = contract_pattern(5000, 1);
    g_autofree uint8_t *initrd = contract_pattern(2 * PAGE, 2);
    g_autofree uint8_t *dtb = make_dtb(6000);
    g_autofree char *more = g_strdup_printf(
        "-smp 2 -kernel %s -initrd %s -dtb %s",
        contract_file("k", kernel, 5000),
        contract_file("i", initrd, 2 * PAGE), contract_file("d", dtb, 6000));
    g_autoptr(Contract) c = launch(&(ContractArgs) {
        .no_kernel = true, .more = more,
    });
    QDict *realm;

    contract_expect_steps(c, "HASH 1, CREATE, RIPAS 0x40000000+0x10000000, "
                 "POPULATE 0x40080000+0x2000, POPULATE 0x48000000+0x2000, "
                 "POPULATE 0x48200000+0x2000, REC 0, REC 1, ACTIVATE");
    expect_contents(c, ENTRY, kernel, 5000);
    expect_contents(c, INITRD, initrd, 2 * PAGE);
    expect_contents(c, 0x48200000, dtb, 6000);
    realm = contract_realm(c);
    if (realm) {
        contract_check(!qdict_get_try_int(realm,
                                          "populated-still-shared-bytes", -1),
                       "images cost memory a second time");
    }
}

typedef struct Boot {
    const char *name;
    bool gzip, zboot;
} Boot;

static const Boot boots[] = {
    { "an Image is loaded where its header says" },
    { "a compressed Image is measured as it was before", .gzip = true },
    { "an EFI zboot Image is measured as it was before", .zboot = true },
};

/* With room behind the image for its bss, where no initrd may be */
static void test_image(const void *data)
{
    const Boot *t = data;
    const size_t size = 3 * PAGE + 100;
    g_autofree uint8_t *image = make_image(size, 0x200000, 32 * 1024 * 1024);
    g_autoptr(GByteArray) gz = make_gzip(image, size);
    g_autoptr(GByteArray) z = make_zboot(gz);
    g_autofree uint8_t *dtb = make_dtb(100);
    const char *path = t->gzip ? contract_file("k", gz->data, gz->len) :
                       t->zboot ? contract_file("k", z->data, z->len) :
                       contract_file("k", image, size);
    g_autofree char *more = g_strdup_printf("-kernel %s -dtb %s", path,
                                            contract_file("d", dtb, 100));
    g_autoptr(Contract) c = launch(&(ContractArgs) {
        .no_kernel = true, .more = more,
    });

    contract_expect_steps(c, "HASH 1, CREATE, RIPAS 0x40000000+0x10000000, "
                 "POPULATE 0x40200000+0x4000, POPULATE 0x48000000+0x1000, "
                 "REC 0, ACTIVATE");
    expect_contents(c, 0x40200000, image, size);
    expect_contents(c, INITRD, dtb, 100);
}

/* A request of the kernel is one of its steps of 2 MiB */
static void test_big_image(const void *data)
{
    const size_t size = 5 * 1024 * 1024 + 1;
    g_autofree uint8_t *kernel = contract_pattern(size, 1);
    g_autofree uint8_t *dtb = make_dtb(100);
    g_autofree char *more = g_strdup_printf(
        "-S -kernel %s -dtb %s", contract_file("k", kernel, size),
        contract_file("d", dtb, 100));
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .no_kernel = true, .more = more,
    });

    contract_qmp_ok(c, "cont");
    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    contract_expect_steps(c, "HASH 1, CREATE, RIPAS 0x40000000+0x10000000, "
                 "POPULATE 0x40080000+0x200000, POPULATE 0x40280000+0x200000, "
                 "POPULATE 0x40480000+0x101000, POPULATE 0x48000000+0x1000, "
                 "REC 0, ACTIVATE");
    expect_contents(c, 0x40480000, kernel + 4 * 1024 * 1024,
                    size - 4 * 1024 * 1024);
}

static void test_firmware(const void *with_kernel)
{
    g_autofree uint8_t *fw = contract_pattern(9000, 1);
    g_autofree uint8_t *dtb = make_dtb(5000);
    g_autofree char *more = g_strdup_printf(
        "-bios %s -dtb %s", contract_file("fw", fw, 9000),
        contract_file("d", dtb, 5000));
    g_autoptr(Contract) c = launch(&(ContractArgs) {
        .no_kernel = !with_kernel, .more = more,
    });

    contract_expect_steps(c, "HASH 1, CREATE, RIPAS 0x40000000+0x10000000, "
                 "POPULATE 0x0+0x3000, POPULATE 0x40000000+0x2000, REC 0, "
                 "ACTIVATE");
    expect_contents(c, 0, fw, 9000);
    expect_contents(c, GUEST_RAM_BASE, dtb, 5000);
}

/* A backend of 256 MiB with other bytes in the two pages at @a and @b */
static char *dirty_backend(uint64_t a, uint64_t b)
{
    const char *path = contract_file("ram", "", 0);
    uint8_t page[PAGE];
    int fd = open(path, O_RDWR);

    memset(page, 0xa5, sizeof(page));
    g_assert_true(fd >= 0 && !ftruncate(fd, 256 * MiB) &&
                  pwrite(fd, page, PAGE, a - GUEST_RAM_BASE) == PAGE &&
                  pwrite(fd, page, PAGE, b - GUEST_RAM_BASE) == PAGE);
    close(fd);
    return g_strdup_printf("-object memory-backend-file,id=m,size=256M,"
                           "mem-path=%s,share=on -machine memory-backend=m",
                           path);
}

/* A value and a file in the page behind another file, and one elsewhere */
static void test_loader(const void *is_dirty)
{
    g_autofree uint8_t *page = g_malloc0(PAGE);
    g_autofree uint8_t *blob = contract_pattern(100, 1);
    g_autofree uint8_t *dtb = make_dtb(100);
    const char *file = contract_file("blob", blob, 100);
    g_autofree char *backend = is_dirty ? dirty_backend(0x41000000,
                                                        0x4ffff000) : NULL;
    g_autofree char *more = g_strdup_printf(
        "%s -dtb %s -device loader,file=%s,addr=0x41000000,force-raw=on "
        "-device loader,addr=0x41000064,data=0x1122334455667788,data-len=8 "
        "-device loader,file=%s,addr=0x41000f00,force-raw=on "
        "-device loader,addr=0x4ffffffc,data=0x99,data-len=4",
        backend ?: "", contract_file("d", dtb, 100), file, file);
    g_autoptr(Contract) c = launch(&(ContractArgs) { .more = more });

    contract_expect_steps(c, "HASH 1, CREATE, RIPAS 0x40000000+0x10000000, "
                 "POPULATE 0x40080000+0x2000, POPULATE 0x41000000+0x1000, "
                 "POPULATE 0x48000000+0x1000, POPULATE 0x4ffff000+0x1000, "
                 "REC 0, ACTIVATE");
    memcpy(page, blob, 100);
    stq_le_p(page + 100, 0x1122334455667788ULL);
    memcpy(page + 0xf00, blob, 100);
    expect_contents(c, 0x41000000, page, PAGE);
    memset(page, 0, PAGE);
    page[PAGE - 4] = 0x99;
    expect_contents(c, 0x4ffff000, page, PAGE);
}

typedef struct Outside {
    const char *name, *more, *message;
} Outside;

static const Outside outsides[] = {
    { "refuses an image below RAM",
      "-device loader,addr=0x20000000,data=1,data-len=8",
      "rme-guest 'rme0': 'loader data' [0x20000000, 0x20000008) is not in "
      "Realm RAM at 0x20000000: load it elsewhere or use more memory" },
    { "refuses an image that goes beyond RAM",
      "-device loader,addr=0x4ffffffc,data=1,data-len=8",
      "rme-guest 'rme0': 'loader data' [0x4ffffffc, 0x50000004) is not in "
      "Realm RAM at 0x50000000: load it elsewhere or use more memory" },
};

static void test_outside(const void *data)
{
    const Outside *t = data;
    g_autoptr(Contract) c = contract_run(&(ContractArgs) { .more = t->more });

    contract_expect_error(c, t->message);
    contract_check(!contract_count(c, "REALM_CREATE"), "created first");
}

static void test_overlap(const void *data)
{
    g_autoptr(Contract) c = contract_run(&(ContractArgs) {
        .more = "-device loader,addr=0x40080ff8,data=1,data-len=8",
    });
    const char *err = contract_stderr(c);

    contract_check(WEXITSTATUS(contract_status(c)) == 1, "exit status 0x%x",
                   contract_status(c));
    contract_check(strstr(err, "overlap") && strstr(err, "loader data") &&
                   strstr(err, "0x40080ff8") &&
                   strchr(err, '\n') == err + strlen(err) - 1, "%s", err);
    contract_check(!contract_count(c, "REALM_CREATE"), "created first");
}

/* A private mapping: dropping its pages punches holes into the file */
static void test_private_file(const void *data)
{
    g_autofree uint8_t *ram = contract_pattern(16 * 1024 * 1024, 0);
    const char *path = contract_file("ram", ram, 16 * 1024 * 1024);
    g_autofree char *more = g_strdup_printf(
        "-object memory-backend-file,id=m,mem-path=%s,size=16M,share=off "
        "-machine memory-backend=m", path);
    g_autoptr(Contract) c = contract_run(&(ContractArgs) {
        .memory = "16M", .more = more,
    });
    g_autofree char *after = NULL;
    gsize size = 0;

    contract_expect_error(c, "memory backend 'm' has "
        "share=off: a Realm drops pages of it, and that would punch holes "
        "into the file: use share=on or memory-backend-memfd");
    contract_check(g_file_get_contents(path, &after, &size, NULL) &&
                   size == 16 * 1024 * 1024 && !memcmp(after, ram, size),
                   "the file has changed");
}

typedef struct Memory {
    const char *name, *memory, *more, *steps;
    unsigned slots;
} Memory;

#define HEAD "HASH 1, CREATE, RIPAS 0x40000000+"
#define KERNEL "POPULATE 0x40080000+0x2000, "

static const Memory memories[] = {
    { "memory-backend-ram is RAM of a Realm", "256M",
      "-object memory-backend-ram,id=m,size=256M -machine memory-backend=m",
      HEAD "0x10000000, " KERNEL "POPULATE 0x48000000+0x1000, REC 0, "
      "ACTIVATE", 1 },
    { "memory-backend-memfd is RAM of a Realm", "256M",
      "-object memory-backend-memfd,id=m,size=256M -machine memory-backend=m",
      HEAD "0x10000000, " KERNEL "POPULATE 0x48000000+0x1000, REC 0, "
      "ACTIVATE", 1 },
    { "two NUMA nodes are two slots and one range of RIPAS", "256M",
      "-object memory-backend-ram,id=m0,size=128M -numa node,memdev=m0 "
      "-object memory-backend-ram,id=m1,size=128M -numa node,memdev=m1",
      HEAD "0x10000000, " KERNEL "POPULATE 0x48000000+0x1000, REC 0, "
      "ACTIVATE", 2 },
    { "64 GiB that are not reserved are RAM of a Realm", "64G",
      "-object memory-backend-ram,id=m,size=64G,reserve=off "
      "-machine memory-backend=m",
      HEAD "0x1000000000, " KERNEL "POPULATE 0x48000000+0x1000, REC 0, "
      "ACTIVATE", 1 },
    { "4 MiB are RAM of a Realm", "4M", "",
      HEAD "0x400000, " KERNEL "POPULATE 0x40200000+0x1000, REC 0, ACTIVATE",
      1 },
};

static void test_memory(const void *data)
{
    const Memory *t = data;
    g_autofree uint8_t *dtb = make_dtb(100);
    g_autofree char *more = g_strdup_printf("-dtb %s %s",
        contract_file("d", dtb, 100), t->more);
    g_autoptr(Contract) c = launch(&(ContractArgs) {
        .memory = t->memory, .more = more,
    });
    unsigned slots = contract_count(c, "MEMSLOT");

    contract_expect_steps(c, t->steps);
    contract_check(slots == t->slots, "%u slots, not %u", slots, t->slots);
}

/* POPULATE must not cross a slot, and contents go on behind the border */
static void test_numa_border(const void *data)
{
    const size_t size = 4 * PAGE;
    g_autofree uint8_t *blob = contract_pattern(size, 1);
    g_autofree uint8_t *dtb = make_dtb(100);
    g_autofree char *more = g_strdup_printf(
        "-object memory-backend-ram,id=m0,size=64M -numa node,memdev=m0 "
        "-object memory-backend-ram,id=m1,size=192M -numa node,memdev=m1 "
        "-dtb %s -device loader,file=%s,addr=0x43ffe000,force-raw=on",
        contract_file("d", dtb, 100), contract_file("blob", blob, size));
    g_autoptr(Contract) c = launch(&(ContractArgs) { .more = more });

    contract_expect_steps(c, HEAD "0x10000000, " KERNEL
                 "POPULATE 0x43ffe000+0x2000, POPULATE 0x44000000+0x2000, "
                 "POPULATE 0x48000000+0x1000, REC 0, ACTIVATE");
    expect_contents(c, 0x43ffe000, blob, 2 * PAGE);
    expect_contents(c, 0x44000000, blob + 2 * PAGE, 2 * PAGE);
}

static void test_resets_before_start(const void *data)
{
    g_autofree char *plain = NULL, *again = NULL, *steps = NULL;
    g_autoptr(Contract) a = launch(&(ContractArgs) { NULL });
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = "-S" });

    for (int i = 0; i < 3; i++) {
        contract_qmp_ok(c, "system_reset");
        contract_expect_state(c, "prelaunch");
    }
    contract_check(!contract_count(c, "REALM_CONFIG") ||
                   !contract_count(c, "REALM_CREATE"), "launched too early");
    contract_qmp_ok(c, "cont");
    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    steps = contract_steps(c);
    contract_check(contract_count(c, "REALM_ACTIVATE") == 1 &&
                   contract_count(c, "REALM_CREATE") == 1, "%s", steps);
    plain = rim(a);
    again = rim(c);
    contract_equal("RIM", again, plain);
}

static void test_quit_before_start(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = "-S" });

    contract_expect_state(c, "prelaunch");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_no_complaints(c);
    contract_check(!contract_count(c, "REALM_CREATE"), "launched with -S");
}

typedef struct Pair {
    const char *name;
    const char *conf[2];
    const char *file[2];
    const char *machine[2];
    bool differ;
} Pair;

static const Pair pairs[] = {
    { "the same command line has the same RIM" },
    { "the name of a file is not measured", .file = { "a", "b" } },
    { "series v7 and v10 give the same RIM",
      .conf = { "personality = v10", "personality = v7" } },
    { "a wider host gives the same RIM",
      .conf = { "rmm-ipa-limit = 41", "rmm-ipa-limit = 48" } },
    { "MEC and the number of the capability are not measured",
      .conf = { "cap = 240\nsysfs = none", "mec = present\nmec-count = 4" } },
    { "seeds are measured where the user wants them",
      .machine = { ",dtb-randomness=on", ",dtb-randomness=on" },
      .differ = true },
};

static void test_pair(const void *data)
{
    const Pair *t = data;
    g_autofree uint8_t *kernel = contract_pattern(10000, 1);
    char *rims[2];

    for (int i = 0; i < 2; i++) {
        g_autofree char *more = g_strdup_printf("-kernel %s",
            contract_file(t->file[i] ?: "k", kernel, 10000));
        g_autoptr(Contract) c = contract_start(&(ContractArgs) {
            .conf = t->conf[i], .machine = t->machine[i], .more = more,
            .no_kernel = true,
        });

        contract_quit(c);
        contract_expect_active(c);
        rims[i] = rim(c);
    }
    contract_check(g_str_equal(rims[0], rims[1]) != t->differ,
                   "RIMs %s and %s", rims[0], rims[1]);
    g_free(rims[0]);
    g_free(rims[1]);
}

/* KiB that QEMU's files in memory of that name have; -1: there is none */
static int64_t memfd_kib(Contract *c, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", c->pid);
    g_autofree char *prefix = g_strdup_printf("/memfd:%s", name);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *entry;
    int64_t sum = -1;

    while (dir && (entry = g_dir_read_name(dir))) {
        g_autofree char *link = g_build_filename(path, entry, NULL);
        g_autofree char *target = g_file_read_link(link, NULL);
        struct stat st;

        if (target && g_str_has_prefix(target, prefix) && !stat(link, &st)) {
            sum = MAX(sum, 0) + st.st_blocks / 2;
        }
    }
    return sum;
}

/*
 * A kernel that the allocator would keep when it is freed, and an initrd that
 * it maps.  The measurement has nothing to do with it and would take seconds.
 */
#define KERNEL_MIB 12
#define IMAGES_MIB (KERNEL_MIB + 36)
#define SLACK_KIB (4 * 1024)
#define BACKEND "-machine memory-backend=m0 -object " \
                "memory-backend-memfd,id=m0,size=%s,share=on,reserve=off "

/* What a Realm makes of KVM, that could grow with its RAM */
static const char *const growing[] = {
    "REALM_INIT_RIPAS", "SET_MEMORY_ATTRIBUTES", "REALM_POPULATE", "MEMSLOT",
};

/*
 * QEMU's own memory while a Realm with @ram runs; @images of so many MiB are
 * in it. @calls, which may be NULL: how often it made those that are growing.
 */
static int64_t own_kib(const char *ram, const char *options, int64_t images,
                       unsigned *calls)
{
    g_autofree char *more = g_strdup_printf(BACKEND "%s", ram, options);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = "measure = no", .no_kernel = images, .memory = ram,
        .more = more,
    });
    int64_t private, own;

    contract_expect_active(c);
    contract_check(memfd_kib(c, "memory-backend-memfd") == 0,
                   "%" PRId64 " KiB of shared memory are left",
                   memfd_kib(c, "memory-backend-memfd"));
    private = memfd_kib(c, "kvm-gmem");
    contract_check(private >= images * KiB &&
                   private < images * KiB + SLACK_KIB,
                   "%" PRId64 " KiB of private memory", private);
    own = contract_status_kib(c, "RssAnon");
    for (int i = 0; calls && i < ARRAY_SIZE(growing); i++) {
        calls[i] = contract_count(c, growing[i]);
    }
    contract_quit(c);
    contract_expect_silence(c);
    return own;
}

/* Images are in private memory, and there only */
static void test_no_copy(const void *unused)
{
    g_autofree uint8_t *data = contract_pattern((IMAGES_MIB - KERNEL_MIB) * MiB,
                                                7);
    const char *kernel = contract_file("kernel", data, KERNEL_MIB * MiB);
    const char *initrd = contract_file("initrd", data,
                                       (IMAGES_MIB - KERNEL_MIB) * MiB);
    g_autofree char *options = g_strdup_printf("-kernel %s -initrd %s", kernel,
                                               initrd);
    int64_t large = own_kib("256M", options, IMAGES_MIB, NULL);
    int64_t small = own_kib("256M", "", 0, NULL);

    contract_check(large < small + SLACK_KIB, "with images of %d MiB QEMU has "
                   "%" PRId64 " KiB, with small ones %" PRId64, IMAGES_MIB,
                   large, small);
}

/*
 * QEMU has three bitmaps for dirty pages of any guest, and one more for the
 * pages of a Realm; a byte for a page would be 16 MiB.
 */
static void test_much_ram(const void *unused)
{
    unsigned few[ARRAY_SIZE(growing)], many[ARRAY_SIZE(growing)];
    int64_t small = own_kib("256M", "", 0, few);
    int64_t large = own_kib("64G", "", 0, many);

    contract_check(large < small + 4 * 2048 + SLACK_KIB, "with 64 GiB QEMU has "
                   "%" PRId64 " KiB, with 256 MiB %" PRId64, large, small);
    for (int i = 0; i < ARRAY_SIZE(growing); i++) {
        /* Where all is private from the start, nobody has to be told */
        bool none = contract_generation()->from_start &&
                    g_str_equal(growing[i], "SET_MEMORY_ATTRIBUTES");

        contract_check(many[i] == few[i] && !many[i] == none,
                       "%u calls %s with 64 GiB, %u with 256 MiB", many[i],
                       growing[i], few[i]);
    }
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(outsides); i++) {
        contract_add_each("launch", outsides[i].name, test_outside, &outsides[i]);
    }
    contract_add_each("launch", "refuses images that overlap", test_overlap, NULL);
    contract_add_each("launch", "refuses memory that is a private map of a file",
                 test_private_file, NULL);
    contract_add_each("launch", "has the order of the rules", test_order, NULL);
    for (int i = 0; i < ARRAY_SIZE(boots); i++) {
        contract_add_each("launch", boots[i].name, test_image, &boots[i]);
    }
    contract_add_each("launch", "populates in steps of 2 MiB", test_big_image,
                 NULL);
    contract_add_each("launch", "puts firmware at 0 and the DTB into RAM",
                 test_firmware, NULL);
    contract_add_each("launch", "leaves the kernel to firmware in fw_cfg",
                 test_firmware, "kernel");
    contract_add_each("launch", "merges what shares a page", test_loader, NULL);
    contract_add_each("launch", "zeros are written where a backend has other bytes",
                 test_loader, "");
    for (int i = 0; i < ARRAY_SIZE(memories); i++) {
        contract_add_each("launch", memories[i].name, test_memory, &memories[i]);
    }
    contract_add_each("launch", "splits an image where NUMA nodes meet",
                 test_numa_border, NULL);
    contract_add_each("launch", "leaves no second copy of an image", test_no_copy,
                 NULL);
    contract_add_each("launch", "costs with much RAM what it costs with little",
                 test_much_ram, NULL);
    contract_add_each("launch", "happens once, whatever resets come before it",
                 test_resets_before_start, NULL);
    contract_add_each("launch", "does not happen before the start",
                 test_quit_before_start, NULL);
    for (int i = 0; i < ARRAY_SIZE(pairs); i++) {
        contract_add_conf("launch", pairs[i].name, pairs[i].conf[1], test_pair,
                          &pairs[i]);
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
