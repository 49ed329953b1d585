/*
 * Tests of the measurement log of an Arm CCA Realm
 *
 * Golden bytes: written down by hand from the layouts of the TCG PC Client
 * Platform Firmware Profile 1.06, section 10.2 (TCG_PCClientPCREvent,
 * TCG_EfiSpecIDEvent, TCG_PCR_EVENT2), and for the events that are in no
 * standard from docs/measurement-log.md of veraison/cca-realm-measurements.
 * Digests: sha256sum and sha512sum.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "crypto/hash.h"
#include "crypto/init.h"
#include "hw/arm/cca/event-log.h"
#include "hw/arm/cca/measure.h"

#define PAGE RME_GRANULE_SIZE
#define RAM 0x40000000ULL
#define LOG (RAM + 0x500000)

static const RmePlanParams params_256 = {
    .flags = RME_PLAN_FLAG_SVE | RME_PLAN_FLAG_PMU,
    .ipa_bits = 41,
    .sve_vl = 3,
    .num_bps = 5,
    .num_wps = 2,
    .pmu_num_ctrs = 6,
    .hash_algo = RME_HASH_SHA256,
    .rpv = "not in the log",
};

static const RmePlanRec rec = {
    .flags = RME_PLAN_REC_RUNNABLE,
    .pc = RAM + 0x200000,
    .gprs = { RAM + 0x400000, 0x1122334455667788, 0, 0, 0, 0, 0, 7 },
};

static const RmeEventLogVm vm = {
    .version = "10.0.13",
    .ram_size = 256 * MiB,
    .num_cpus = 0x102,
    .dtb = RAM + 0x400000,
    .initrd = RAM + 0x300000,
    .log = LOG,
};

static void add_blob(RmePlan *plan, uint64_t addr, const char *text,
                     uint64_t memsize, bool measured)
{
    g_assert_true(rme_plan_add_blob(plan, "/a/file/name", addr, text,
                                    strlen(text), memsize, measured,
                                    &error_abort));
}

static RmePlan *new_plan(void)
{
    RmePlan *plan = rme_plan_new();

    g_assert_true(rme_plan_add_ram(plan, "ram", RAM, 256 * MiB, true,
                                   &error_abort));
    g_assert_true(rme_plan_add_ram(plan, "firmware", 0, 128 * MiB, false,
                                   &error_abort));
    return plan;
}

/* Kernel, initrd, device tree, something else, and the log */
static RmePlan *usual_plan(const RmePlanParams *params)
{
    RmePlan *plan = new_plan();

    add_blob(plan, RAM + 0x400000, "dtb", 3, true);
    add_blob(plan, RAM + 0x200000, "abc", 3, true);
    add_blob(plan, RAM + 0x300000, "", 5, true);
    add_blob(plan, RAM + 0x600000, "abc", 3, true);
    add_blob(plan, LOG, "", RME_EVENT_LOG_SIZE, false);
    g_assert_true(rme_plan_finish(plan, params, &rec, &error_abort));
    return plan;
}

/* Of what is not measured it must not be in the log, whatever it is */
static GPtrArray *hash_images(const RmePlan *plan)
{
    GPtrArray *digests = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < rme_plan_n_blobs(plan); i++) {
        const RmePlanBlob *blob = rme_plan_blob(plan, i);
        uint8_t *digest = g_malloc(RME_MEASURE_SIZE_MAX);

        memset(digest, 0xff, RME_MEASURE_SIZE_MAX);
        g_assert_true(!blob->measured ||
                      rme_measure_blob(blob, rme_plan_params(plan)->hash_algo,
                                       digest, NULL, &error_abort));
        g_ptr_array_add(digests, digest);
    }
    return digests;
}

static GByteArray *make_max(RmePlan *plan, const RmeEventLogVm *v, size_t max,
                            Error **errp)
{
    g_autoptr(GPtrArray) digests = hash_images(plan);

    return rme_event_log_make(plan, v, digests, max, errp);
}

static GByteArray *make(RmePlan *plan, const RmeEventLogVm *v)
{
    return make_max(plan, v, RME_EVENT_LOG_SIZE, &error_abort);
}

/* Hex without spaces of @size bytes at @at */
static char *hex(const GByteArray *log, gsize at, gsize size)
{
    GString *s = g_string_new(NULL);

    g_assert_cmpuint(at + size, <=, log->len);
    for (gsize i = 0; i < size; i++) {
        g_string_append_printf(s, "%02x", log->data[at + i]);
    }
    return g_string_free(s, false);
}

/* @golden is hex in which spaces mean nothing */
static void expect(const GByteArray *log, gsize *at, const char *golden)
{
    g_auto(GStrv) words = g_strsplit(golden, " ", -1);
    g_autofree char *should_be = g_strjoinv("", words);
    gsize size = strlen(should_be) / 2;
    g_autofree char *is = hex(log, *at, size);

    g_assert_cmpstr(is, ==, should_be);
    *at += size;
}

#define ZERO_8 "0000000000000000"
#define ZERO_16 ZERO_8 ZERO_8
#define ZERO_32 ZERO_16 ZERO_16
#define SHA256_ABC \
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad "

/* pcr, type, one digest of SHA-256 */
#define EVENT(type) "00000000 " type " 01000000 0b00 "

static void expect_tagged(const GByteArray *log, gsize *at,
                          const char *event_size, const char *event)
{
    g_auto(GStrv) words = g_strsplit(event, " ", -1);
    g_autofree char *text = g_strjoinv("", words);
    g_autofree uint8_t *bytes = g_malloc(strlen(text) / 2);
    g_autofree char *digest = NULL, *golden = NULL;

    for (gsize i = 0; i < strlen(text) / 2; i++) {
        bytes[i] = g_ascii_xdigit_value(text[2 * i]) * 16 +
                   g_ascii_xdigit_value(text[2 * i + 1]);
    }
    g_assert_true(qcrypto_hash_digest(QCRYPTO_HASH_ALGO_SHA256,
                                      (const char *)bytes, strlen(text) / 2,
                                      &digest, &error_abort) == 0);
    golden = g_strconcat(EVENT("06000000"), digest, event_size, event, NULL);
    expect(log, at, golden);
}

static void test_golden(void)
{
    g_autoptr(RmePlan) plan = usual_plan(&params_256);
    g_autoptr(GByteArray) log = make(plan, &vm);
    gsize at = 0;

    /* pcr 0, EV_NO_ACTION, SHA-1 digest, 33 bytes: "Spec ID Event03" ... */
    expect(log, &at, "00000000 03000000 " ZERO_16 "00000000 21000000 "
           "53706563204944204576656e74303300 00000000 00 02 6a 02 "
           "01000000 0b00 2000 00");
    /* EV_NO_ACTION, 112 bytes: "VM VERSION", "QEMU", "10.0.13" */
    expect(log, &at, EVENT("03000000") ZERO_32 " 70000000 "
           "564d2056455253494f4e 000000000000 "
           "51454d55 " ZERO_16 ZERO_8 "00000000 "
           "31302e302e3133 00 " ZERO_32
           "0000001000000000 02010000 00000000 " ZERO_8);
    /* REALM_CREATE: flags, s2sz, sve_vl, bps, wps, counters, hash */
    expect_tagged(log, &at, "16000000", "01000000 0e000000 "
                  "0600000000000000 29 03 05 02 06 00");
    /* INIT_RIPAS of main memory only */
    expect_tagged(log, &at, "18000000", "02000000 10000000 "
                  "0000004000000000 0000001000000000");
    /* EV_POST_CODE2 KERNEL, 3 bytes at 0x40200000 */
    expect(log, &at, EVENT("13000000") SHA256_ABC "17000000 "
           "06 4b45524e454c 0000204000000000 0300000000000000");
    /* INITRD: 5 bytes of zero */
    expect(log, &at, EVENT("13000000") "8855508aade16ec573d21e6a485dfd0a"
           "7624085c1a14b5ecdd6485de0c6839a4 17000000 "
           "06 494e49545244 0000304000000000 0500000000000000");
    /* DTB */
    expect(log, &at, EVENT("13000000") "e7ce15bb0946707f3145d94c16c6946c"
           "ef9b92b157527c1a64c2c8903fdbe86f 14000000 "
           "03 445442 0000404000000000 0300000000000000");
    /* what -device loader loads */
    expect(log, &at, EVENT("13000000") SHA256_ABC "17000000 "
           "06 4c4f41444552 0000604000000000 0300000000000000");
    /* REC_CREATE: flags, pc, x0 to x7 */
    expect_tagged(log, &at, "58000000", "03000000 50000000 "
                  "0100000000000000 0000204000000000 0000404000000000 "
                  "8877665544332211 " ZERO_32 ZERO_8 "0700000000000000");
    /* LOG: no digest */
    expect(log, &at, EVENT("13000000") ZERO_32 " 14000000 "
           "03 4c4f47 0000504000000000 0000010000000000");
    g_assert_cmpuint(at, ==, log->len);
}

/* The algorithm's id and size, then an event with a zero digest of that size */
static void check_head(RmeHashAlgo algo, const char *id, const char *event)
{
    RmePlanParams params = params_256;
    g_autoptr(RmePlan) plan = NULL;
    g_autoptr(GByteArray) log = NULL;
    gsize at = 60;

    params.hash_algo = algo;
    plan = usual_plan(&params);
    log = make(plan, &vm);
    expect(log, &at, id);
    expect(log, &at, event);
}

static void test_sha512(void)
{
    check_head(RME_HASH_SHA512, "0d00 4000 00",
               "00000000 03000000 01000000 0d00 " ZERO_32 ZERO_32
               "70000000 564d20");
}

static void test_sha384(void)
{
    check_head(RME_HASH_SHA384, "0c00 3000 00",
               "00000000 03000000 01000000 0c00 " ZERO_32 ZERO_16
               "70000000 564d20");
}

static void test_firmware(void)
{
    RmeEventLogVm v = vm;
    RmePlanRec start = { .flags = RME_PLAN_REC_RUNNABLE };
    g_autoptr(RmePlan) plan = new_plan();
    g_autoptr(GByteArray) log = NULL;
    gsize at = 65 + 162 + 72 + 74;

    v.firmware = true;
    v.dtb = RAM;
    v.initrd = 0;
    add_blob(plan, 0, "abc", 3, true);
    add_blob(plan, RAM, "abc", 3, true);
    g_assert_true(rme_plan_finish(plan, &params_256, &start, &error_abort));
    log = make(plan, &v);
    /* EV_EFI_PLATFORM_FIRMWARE_BLOB2 FIRMWARE, then the DTB */
    expect(log, &at, EVENT("0a000080") SHA256_ABC "19000000 "
           "08 4649524d57415245 0000000000000000 0300000000000000");
    expect(log, &at, EVENT("13000000") SHA256_ABC "14000000 "
           "03 445442 0000004000000000 0300000000000000");
}

/* A long version is cut, and its field ends with a zero */
static void test_long_version(void)
{
    RmeEventLogVm v = vm;
    g_autoptr(RmePlan) plan = usual_plan(&params_256);
    g_autoptr(GByteArray) log = NULL;
    const uint8_t *field;

    v.version = "0123456789012345678901234567890123456789abcdef";
    log = make(plan, &v);
    field = log->data + 65 + 50 + 16 + 32;
    g_assert_cmpmem(field, 39, v.version, 39);
    g_assert_cmpuint(field[39], ==, 0);
    g_assert_cmpuint(ldq_le_p(field + 40), ==, 256 * MiB);
}

static void test_no_room(void)
{
    g_autoptr(RmePlan) plan = usual_plan(&params_256);
    g_autoptr(GByteArray) log = make(plan, &vm), same = NULL;
    g_autofree char *message = NULL;
    Error *err = NULL;

    same = make_max(plan, &vm, log->len + 8, &error_abort);
    g_assert_cmpmem(same->data, same->len, log->data, log->len);
    g_assert_null(make_max(plan, &vm, log->len + 7, &err));
    message = g_strdup_printf("the measurement log of 5 images needs %u bytes "
                              "and has room for %u: load fewer images with "
                              "-device loader, or use measurement-log=off",
                              log->len, log->len + 7);
    g_assert_cmpstr(error_get_pretty(err), ==, message);
    error_free(err);
    err = NULL;
    g_assert_null(make_max(plan, &vm, 0, &err));
    g_assert_nonnull(err);
    error_free(err);
}

int main(int argc, char **argv)
{
    g_assert_cmpint(qcrypto_init(&error_abort), ==, 0);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rme-event-log/golden", test_golden);
    g_test_add_func("/rme-event-log/sha512", test_sha512);
    g_test_add_func("/rme-event-log/sha384", test_sha384);
    g_test_add_func("/rme-event-log/firmware", test_firmware);
    g_test_add_func("/rme-event-log/long-version", test_long_version);
    g_test_add_func("/rme-event-log/no-room", test_no_room);
    return g_test_run();
}
