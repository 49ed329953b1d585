/*
 * Contract tests: what QEMU tells about the Realm, and what it writes
 *
 * The measurement must be the one that the simulated RMM has, and the file of
 * measurement-inputs must be enough to compute it with the code here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "rme-contract.h"

#define PAGE 4096

/* What query-cca returns; to be unref'ed with the answer in @rsp */
static QDict *query(Contract *c, QDict **rsp)
{
    *rsp = contract_qmp(c, "{'execute': 'query-cca'}");
    return *rsp ? qdict_get_qdict(*rsp, "return") : NULL;
}

static void expect_str(const QDict *info, const char *key, const char *value)
{
    contract_equal(key, qdict_get_try_str(info, key), value);
}

static void test_no_realm(const void *options)
{
    g_autoptr(Contract) c = contract_start_options("", options);
    g_autofree char *text = contract_hmp(c, "info cca");
    QDict *rsp, *info = query(c, &rsp);

    if (contract_check(info, "query-cca is an error")) {
        contract_check(!qdict_get_try_bool(info, "enabled", true),
                       "enabled is not false");
        contract_check(qdict_size(info) == 1, "there is more than enabled");
    }
    contract_check(strstr(text, "is not an Arm CCA Realm"), "HMP: %s", text);
    qobject_unref(rsp);
    contract_quit(c);
}

static void test_before_the_start(const void *unused)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = "-S" });
    g_autofree char *text = contract_hmp(c, "info cca");
    QDict *rsp, *info = query(c, &rsp);

    if (contract_check(info, "query-cca is an error")) {
        contract_check(qdict_get_try_bool(info, "enabled", false), "enabled");
        expect_str(info, "id", "rme0");
        expect_str(info, "state", "probed");
        expect_str(info, "rim", NULL);
        contract_check(!qdict_haskey(info, "images"), "there are images");
        contract_check(!qdict_haskey(info, "shared-memory"), "shared memory");
        contract_check(qdict_get_try_int(info, "ipa-bits", 0) == 41,
                       "ipa-bits");
    }
    contract_check(strstr(text, "not known before the start"), "HMP: %s",
                   text);
    qobject_unref(rsp);
    contract_quit(c);
}

typedef struct Launch {
    const char *name, *conf, *object, *more;
    const char *algorithm, *mec_policy;
    int mec_supported;          /* -1: not known */
    int capability;
    const char *origin;
} Launch;

static const Launch launches[] = {
    { "defaults", "", "", "", "sha512", "default", -1, 244,
      "kvm_cap_arm_rme" },
    { "sha256 and a personalization value", "sysfs = none",
      ",measurement-algorithm=sha256,personalization-value="
      "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      "AAAAAAAAAAAA==", "", "sha256", "default", -1, 244, "probe" },
    { "a default that the host cannot honour is replaced",
      "rmm-hashes = sha256", "", "", "sha256", "default", -1, 244,
      "kvm_cap_arm_rme" },
    { "sharing that the host cannot honour is replaced", "mec = absent",
      ",mec-policy=shared", "", "sha512", "default", false, 244,
      "kvm_cap_arm_rme" },
    { "a private memory encryption context", "mec = present\nmec-count = 4",
      ",mec-policy=private", "", "sha512", "private", true, 244,
      "kvm_cap_arm_rme" },
    { "8 vCPUs and NUMA nodes", "", "",
      "-smp 8 -object memory-backend-memfd,id=a,size=128M "
      "-object memory-backend-memfd,id=b,size=128M "
      "-numa node,memdev=a,cpus=0-3 -numa node,memdev=b,cpus=4-7",
      "sha512", "default", -1, 244, "kvm_cap_arm_rme" },
};

/* To hash an image as a whole, too, is for those who ask for it */
static void check_images(const QDict *info, bool digests)
{
    QList *images = qdict_get_qlist(info, "images");
    const QListEntry *e;
    int measured = 0;

    if (!contract_check(images, "there are no images")) {
        return;
    }
    QLIST_FOREACH_ENTRY(images, e) {
        QDict *image = qobject_to(QDict, qlist_entry_obj(e));

        measured += qdict_get_try_bool(image, "measured", false);
        contract_check(qdict_haskey(image, "digest") == digests,
                       "there is %s digest", digests ? "no" : "a");
    }
    contract_check(measured == 2, "%d images are measured", measured);
}

static void check_info(Contract *c, const Launch *t, const char *rim,
                       bool digests)
{
    g_autofree char *text = contract_hmp(c, "info cca");
    QDict *rsp, *info = query(c, &rsp);

    if (contract_check(info, "query-cca is an error")) {
        expect_str(info, "state", "active");
        expect_str(info, "kernel-abi", "a");
        expect_str(info, "rim", rim);
        expect_str(info, "measurement-algorithm", t->algorithm);
        expect_str(info, "mec-policy", t->mec_policy);
        expect_str(info, "capability-origin", t->origin);
        contract_check(qdict_get_try_int(info, "capability", 0) ==
                       t->capability, "capability");
        contract_check(qdict_haskey(info, "mec-supported") ==
                       (t->mec_supported >= 0), "mec-supported is there");
        contract_check(t->mec_supported < 0 ||
                       qdict_get_try_bool(info, "mec-supported", false) ==
                       t->mec_supported, "mec-supported");
        check_images(info, digests);
        contract_check(qdict_get_try_int(info, "shared-memory", -1) == 0,
                       "shared-memory is not 0 before the guest shares any");
    }
    contract_check(strstr(text, rim), "HMP has not the RIM: %s", text);
    qobject_unref(rsp);
}

/* The rest of this file computes a RIM from a file of measurement-inputs */
typedef struct Rim {
    GChecksumType type;
    uint8_t value[64];
} Rim;

static void hash(const Rim *rim, const uint8_t *data, size_t size,
                 uint8_t out[64])
{
    g_autoptr(GChecksum) sum = g_checksum_new(rim->type);
    gsize len = 64;

    g_checksum_update(sum, data, size);
    memset(out, 0, 64);
    g_checksum_get_digest(sum, out, &len);
}

static uint64_t number(const QDict *step, const char *key)
{
    QNum *n = qobject_to(QNum, qdict_get(step, key));

    g_assert_nonnull(n);
    return qnum_get_uint(n);
}

static void extend(Rim *rim, int type, uint64_t a, uint64_t b,
                   const uint8_t content[64])
{
    uint8_t desc[256] = { type, [9] = 1 };

    memcpy(desc + 0x10, rim->value, 64);
    if (type == 1) {
        memcpy(desc + 0x50, content, 64);
    } else {
        stq_le_p(desc + 0x50, a);
        stq_le_p(desc + 0x58, b);
        if (content) {
            memcpy(desc + 0x60, content, 64);
        }
    }
    hash(rim, desc, sizeof(desc), rim->value);
}

static void first_step(Rim *rim, const QDict *step)
{
    uint8_t page[PAGE] = { 0 };

    rim->type = number(step, "hash-algo") ? G_CHECKSUM_SHA512 :
                                            G_CHECKSUM_SHA256;
    stq_le_p(page, number(step, "flags"));
    stl_le_p(page + 0x08, number(step, "ipa-bits"));
    stl_le_p(page + 0x10, number(step, "sve-vl"));
    stl_le_p(page + 0x18, number(step, "num-bps"));
    stl_le_p(page + 0x20, number(step, "num-wps"));
    stl_le_p(page + 0x28, number(step, "pmu-num-ctrs"));
    page[0x30] = number(step, "hash-algo");
    hash(rim, page, PAGE, rim->value);
}

static void data_step(Rim *rim, const QDict *step)
{
    bool measured = qdict_get_bool(step, "measured");
    uint8_t content[64] = { 0 };
    const char *hex = measured ? qdict_get_str(step, "content") : "";

    for (int i = 0; hex[2 * i]; i++) {
        content[i] = g_ascii_xdigit_value(hex[2 * i]) << 4 |
                     g_ascii_xdigit_value(hex[2 * i + 1]);
    }
    extend(rim, 0, number(step, "ipa"), measured, content);
}

static void rec_step(Rim *rim, const QDict *step)
{
    uint8_t page[PAGE] = { 0 }, content[64];
    QList *gprs = qdict_get_qlist(step, "gprs");
    const QListEntry *e;
    int i = 0;

    stq_le_p(page, number(step, "flags"));
    stq_le_p(page + 0x200, number(step, "pc"));
    QLIST_FOREACH_ENTRY(gprs, e) {
        QNum *x = qobject_to(QNum, qlist_entry_obj(e));

        stq_le_p(page + 0x300 + 8 * i++, qnum_get_uint(x));
    }
    g_assert_cmpint(i, ==, 8);
    hash(rim, page, PAGE, content);
    extend(rim, 1, 0, 0, content);
}

static void one_step(Rim *rim, const QDict *step)
{
    const char *kind = qdict_get_str(step, "step");

    if (g_str_equal(kind, "realm-create")) {
        first_step(rim, step);
    } else if (g_str_equal(kind, "ripas")) {
        extend(rim, 2, number(step, "base"), number(step, "top"), NULL);
    } else if (g_str_equal(kind, "data")) {
        data_step(rim, step);
    } else {
        contract_equal("step", kind, "rec");
        rec_step(rim, step);
    }
}

static void check_inputs(const char *file, const char *rim_hex)
{
    g_autofree char *text = NULL;
    g_autoptr(GString) hex = g_string_new(NULL);
    g_autoptr(QDict) inputs = NULL;
    const QListEntry *e;
    Rim rim = { 0 };

    if (!contract_check(g_file_get_contents(file, &text, NULL, NULL),
                        "there is no %s", file)) {
        return;
    }
    inputs = qobject_to(QDict, qobject_from_json(text, NULL));
    if (!contract_check(inputs, "%s is not JSON: %s", file, text)) {
        return;
    }
    QLIST_FOREACH_ENTRY(qdict_get_qlist(inputs, "steps"), e) {
        one_step(&rim, qobject_to(QDict, qlist_entry_obj(e)));
    }
    for (int i = 0; i < g_checksum_type_get_length(rim.type); i++) {
        g_string_append_printf(hex, "%02x", rim.value[i]);
    }
    contract_equal("RIM of the steps", hex->str, rim_hex);
    expect_str(inputs, "rim", rim_hex);
    expect_str(inputs, "kernel-abi", "a");
    contract_check(qdict_get_try_str(inputs, "dtb"), "there is no DTB");
    contract_check(qdict_get_try_int(inputs, "version", 0) == 1, "version");
    contract_check(qdict_get_try_int(qdict_get_qdict(inputs, "machine"),
                                     "ram-size", 0) == 256 << 20, "ram-size");
}

static void test_launch(const void *data)
{
    const Launch *t = data;
    const char *file = contract_file("inputs.json", "old", 3);
    g_autofree char *object = g_strdup_printf("%s,measurement-inputs=%s",
                                              t->object, file);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = t->conf, .object = object, .more = t->more,
    });
    g_autofree char *rim = NULL;
    QDict *realm;

    contract_expect_active(c);
    realm = contract_realm(c);
    rim = g_strdup(realm ? qdict_get_try_str(realm, "rim") : NULL);
    if (contract_check(rim, "the simulator has no RIM")) {
        check_info(c, t, rim, true);
        check_inputs(file, rim);
    }
    contract_quit(c);
}

/* Not wanted, the measurement is not computed; the rest is there */
static void test_no_report(const void *unused)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .object = ",measurement-report=off",
    });
    g_autofree char *text = NULL;
    QDict *rsp, *info;

    contract_expect_active(c);
    text = contract_hmp(c, "info cca");
    info = query(c, &rsp);
    if (contract_check(info, "query-cca is an error")) {
        QList *images = qdict_get_qlist(info, "images");
        const QListEntry *e;

        expect_str(info, "rim", NULL);
        contract_check(images && qlist_size(images) == 2, "images");
        QLIST_FOREACH_ENTRY(images, e) {
            QDict *image = qobject_to(QDict, qlist_entry_obj(e));

            expect_str(image, "digest", NULL);
            contract_check(qdict_get_try_int(image, "size", 0) > 0, "size");
        }
    }
    contract_check(strstr(text, "(RIM): not computed"), "HMP: %s", text);
    qobject_unref(rsp);
    contract_quit(c);
    contract_expect_silence(c);
}

#define QOM_SET "{'execute': 'qom-set', 'arguments': {'path': " \
    "'/objects/rme0', 'property': 'measurement-report', 'value': %i}}"

/* As management software does that has no place for it on the command line */
static void test_late_report(const void *data)
{
    static const Launch defaults = { "defaults", "", "", "", "sha512",
        "default", -1, 244, "kvm_cap_arm_rme" };
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .object = data, .more = "-S",
    });
    g_autofree char *rim = NULL;
    QDict *realm, *rsp;

    if (data) {
        qobject_unref(contract_qmp(c, QOM_SET, true));
    }
    contract_qmp_ok(c, "cont");
    contract_expect_active(c);
    realm = contract_realm(c);
    rim = g_strdup(realm ? qdict_get_try_str(realm, "rim") : NULL);
    if (contract_check(rim, "the simulator has no RIM")) {
        check_info(c, &defaults, rim, false);
    }
    rsp = contract_qmp(c, QOM_SET, false);
    contract_check(rsp && qdict_haskey(rsp, "error"), "set after the start");
    if (rsp && qdict_haskey(rsp, "error")) {
        contract_equal("error",
                       qdict_get_try_str(qdict_get_qdict(rsp, "error"), "desc"),
                       "'measurement-report' of rme-guest 'rme0' cannot be "
                       "changed after the start: set it with -object, or "
                       "before cont with -S");
    }
    qobject_unref(rsp);
    contract_quit(c);
}

static int64_t queue_size(Contract *c, int queue)
{
    QDict *rsp = contract_qmp(c, "{'execute': 'x-query-virtio'}");
    QList *devices = rsp ? qdict_get_qlist(rsp, "return") : NULL;
    QDict *device = devices ? qobject_to(QDict, qlist_peek(devices)) : NULL;
    QDict *status = device ? contract_qmp(c,
        "{'execute': 'x-query-virtio-queue-status', 'arguments': {'path': %s, "
        "'queue': %d}}", qdict_get_str(device, "path"), queue) : NULL;
    QDict *info = status ? qdict_get_qdict(status, "return") : NULL;
    int64_t size = info ? qdict_get_try_int(info, "vring-num-default", -1) : -1;

    qobject_unref(status);
    qobject_unref(rsp);
    return size;
}

/* What Linux fills its receive queues with has to be bounced */
static void test_queues(const void *unused)
{
    static const struct {
        const char *device;
        int queue, size;
    } tests[] = {
        { "-device virtio-serial-pci", 0, 128 },
        { "-device virtio-serial-pci", 2, 32 },
        { "-netdev user,id=n -device virtio-net-pci,netdev=n,romfile=", 0,
          256 },
        { "-netdev user,id=n -device virtio-net-pci,netdev=n,romfile=,"
          "rx_queue_size=512", 0, 512 },
        { "-device virtio-rng-device", 0, 8 },
    };

    for (int i = 0; i < ARRAY_SIZE(tests); i++) {
        g_autofree char *plain = g_strdup_printf(
            "-S -machine virt -cpu cortex-a57 -nodefaults %s",
            tests[i].device);
        g_autofree char *realm = g_strdup_printf("-nodefaults %s",
                                                 tests[i].device);
        g_autoptr(Contract) ordinary = contract_start_options("", plain);
        g_autoptr(Contract) c = contract_start(&(ContractArgs) {
            .more = realm,
        });
        int64_t size = queue_size(ordinary, tests[i].queue);

        /* Debian's 10.0.13 gives all of them the largest size */
        contract_check(size == 1024 || size == tests[i].size,
                       "%s of an ordinary machine: %" PRId64,
                       tests[i].device, size);
        size = queue_size(c, tests[i].queue);
        contract_check(size == tests[i].size, "%s: queue %d has %" PRId64
                       " descriptors, not %d", tests[i].device,
                       tests[i].queue, size, tests[i].size);
        contract_quit(ordinary);
        contract_quit(c);
    }
}

static bool has_text(const char *line, const char *text)
{
    return strstr(line, text);
}

static void test_file_that_cannot_be_written(const void *unused)
{
    g_autoptr(Contract) c = contract_run(&(ContractArgs) {
        .object = ",measurement-inputs=/nonexistent/inputs.json",
    });

    contract_expect_error_like(c, "cannot write the measurement-inputs file "
                               "'/nonexistent/inputs.json': ", has_text);
    contract_check(contract_count(c, "REALM_CREATE") == 0,
                   "half a Realm was made");
}

static void add_tests(void)
{
    contract_add("query", "an ordinary machine is not a Realm", test_no_realm,
                 "-S -machine virt -cpu cortex-a57 -nodefaults");
    contract_add("query", "no machine is not a Realm", test_no_realm,
                 "-S -machine none");
    contract_add("query", "before the start", test_before_the_start, NULL);
    for (int i = 0; i < ARRAY_SIZE(launches); i++) {
        contract_add("query", launches[i].name, test_launch, &launches[i]);
    }
    contract_add("query", "no measurement-report", test_no_report, NULL);
    contract_add("query", "measurement-report as it is by default",
                 test_late_report, NULL);
    contract_add("query", "measurement-report set while QEMU waits",
                 test_late_report, ",measurement-report=off");
    contract_add("query", "queues have the size that the device asks for",
                 test_queues, NULL);
    contract_add("query", "a file that cannot be written",
                 test_file_that_cannot_be_written, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
