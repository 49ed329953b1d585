/*
 * Tests of the initial measurement of an Arm CCA Realm
 *
 * The vectors were produced by the code of TF-RMM v0.6.0 (realm.c, rtt.c,
 * s2tt.c and rim.c; rim.c of main in July 2026 for SHA-384), driven through its
 * RMI handlers with the table-creation loop of KVM around them.  V7 is
 * published by veraison/cca-realm-measurements (tests/event_log.rs).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "crypto/hash.h"
#include "crypto/init.h"
#include "rme-measure-plan.h"

#define PAGE RME_GRANULE_SIZE
#define RAM 0x40000000ULL

static uint8_t a5_page[PAGE];

static const RmePlanRec boot_rec = {
    .flags = RME_PLAN_REC_RUNNABLE,
    .pc = 0x40000000,
    .gprs = { 0x48000000 },
};

static const RmePlanParams params_v1 = {
    .ipa_bits = 33, .num_bps = 5, .num_wps = 3, .hash_algo = RME_HASH_SHA256,
    .rpv = "is not measured",
};

static const RmePlanParams params_v2 = {
    .flags = RME_PLAN_FLAG_SVE | RME_PLAN_FLAG_PMU, .ipa_bits = 40,
    .sve_vl = 3, .num_bps = 5, .num_wps = 3, .pmu_num_ctrs = 6,
    .hash_algo = RME_HASH_SHA512, .rpv = "is not measured",
};

static void create(RmeMeasure *m, const RmePlanParams *params)
{
    g_assert_true(rme_measure_create(m, RME_MEASURE_RMM_1, params,
                                     &error_abort));
}

static void ripas(RmeMeasure *m, uint64_t base, uint64_t top)
{
    g_assert_true(rme_measure_ripas(m, base, top - base, &error_abort));
}

/* In two parts, as the contents of a page may come from two images */
static void data(RmeMeasure *m, uint64_t ipa)
{
    g_autoptr(GArray) pieces = g_array_new(false, false, sizeof(RmePlanPiece));
    const RmePlanPiece parts[] = {
        { .addr = ipa, .data = a5_page, .size = 1000 },
        { .addr = ipa + 1000, .data = a5_page, .size = PAGE - 1000 },
    };
    RmePlanStep step = {
        .op = RME_PLAN_POPULATE, .base = ipa, .size = PAGE, .measured = true,
        .pieces = g_array_append_vals(pieces, parts, 2),
    };
    uint8_t content[RME_MEASURE_SIZE_MAX];

    g_assert_true(rme_measure_contents(&step, ipa, 1, m->algo, content,
                                       &error_abort));
    g_assert_true(rme_measure_data(m, ipa, content, &error_abort));
}

static void data_unmeasured(RmeMeasure *m, uint64_t ipa)
{
    g_assert_true(rme_measure_data(m, ipa, NULL, &error_abort));
}

static void rec(RmeMeasure *m, const RmePlanRec *r)
{
    g_assert_true(rme_measure_rec(m, r, &error_abort));
}

static void expect(const RmeMeasure *m, const char *hex)
{
    g_autofree char *got = rme_measure_hex(m->rim, m->algo);

    g_assert_cmpstr(got, ==, hex);
}

static void test_vector_1(void)
{
    RmePlanRec secondary = boot_rec;
    RmeMeasure m = { };

    create(&m, &params_v1);
    expect(&m, "53de626e00bd6e56fdab0d092b7963081274c9b3d1cbbe5bbfe87ce9f2f2"
           "94e8");
    ripas(&m, RAM, RAM + 4 * MiB);
    expect(&m, "dc46d6c274026758db78649d7fe5e76c09233531441f84847175b1a3dc3a"
           "888a");
    data(&m, RAM);
    expect(&m, "46dfb1480ce7cec669733bdcb34a565a5ebcdb669cbbe5c56d706c6b7e88"
           "0f17");
    data_unmeasured(&m, RAM + PAGE);
    expect(&m, "da3287e404434b6a9aced7d1e7a3b8cf0fff34788490e714a833c89bb4c6"
           "8082");
    rec(&m, &boot_rec);
    expect(&m, "2f9a9ab44b1bcb90a513bd16d7e9b86fa957da0b06ca5fd79a75c5836027"
           "eb41");
    secondary.flags = 0;
    rec(&m, &secondary);
    expect(&m, "2f9a9ab44b1bcb90a513bd16d7e9b86fa957da0b06ca5fd79a75c5836027"
           "eb41");
}

static void test_vector_2(void)
{
    RmeMeasure m = { };

    create(&m, &params_v2);
    expect(&m, "316c1dfe5fdc058f16ea2fb440d19d5b8cfcf57ab6029471df839a6199ee"
           "e2b1dee6645c12289d95b95b1508be79ff1f001973130e91515b6acc0fe95fcd5b"
           "80");
    ripas(&m, RAM, RAM + 1536 * MiB);
    expect(&m, "0626b68c291a16f342093e81e110c27c645f19587735e2aedcc7bf809cb8"
           "e4cb4659004560a69a05f38f8d12a12acff9d59d4a8b6e373b5884772d70150612"
           "e4");
    data(&m, RAM);
    data(&m, RAM + PAGE);
    expect(&m, "ffbaeb3875dfdaa2f78992e966c08446782ec4c9bb372c86b3bae70e8312"
           "ad3de9d3deeabc7659db276a2174c83f886ab3516b0d6e08fcc45748afd7d68823"
           "cc");
    rec(&m, &boot_rec);
    expect(&m, "6d2de8aa579b91457f621f0e3b0cb058f28696f93acb6eeae83e19b95aa5"
           "ea1eb2baf6e0d0ec82ba940b64b4724789ed1374b0ca7b992f961491d5b6681aa4"
           "c8");
}

static void test_vector_4(void)
{
    RmePlanParams params = { .ipa_bits = 48, .num_bps = 15, .num_wps = 15 };
    RmeMeasure m = { };

    create(&m, &params);
    expect(&m, "6a28640164ad3a8e77152ac56096d6e9ab911a80e373d751c056729373f5"
           "8b98");
    ripas(&m, 0, 512 * GiB);
    expect(&m, "8647f85bcff560687b6a476e846eed6fade3860ee844ff525fd1055dac82"
           "eeb4");
    ripas(&m, 512 * GiB, 1 * TiB + 1 * GiB);
    expect(&m, "f9770d163286da9dbd40e8ada9fd2bcab2629f1053b00875f7103896eccf"
           "c4fd");
}

/* What is around a page is RAM in units of 4 KiB up to the next 2 MiB */
static void test_vector_5(void)
{
    RmePlanParams params = { .ipa_bits = 36, .num_bps = 1, .num_wps = 1 };
    RmeMeasure m = { };

    create(&m, &params);
    expect(&m, "867f6ebec28d0baf3e1ef57b12349c413c2858482b6bc3b6085584f481b8"
           "2171");
    data(&m, RAM);
    expect(&m, "044ffade2d503d79766d73df5a42f4074620dff5581021fdaf373ddcd682"
           "21b0");
    ripas(&m, RAM + PAGE, RAM + 4 * MiB);
    expect(&m, "228a89f999c73cd1369d8844ea41c07e1c1233b431dc7bc8c341700e2817"
           "675c");
}

static void test_vector_7(void)
{
    RmePlanParams params = { .ipa_bits = 48, .num_bps = 5, .num_wps = 3 };
    RmeMeasure m = { };

    create(&m, &params);
    expect(&m, "8960d56826370aaa6fc9b3a041d4240689582ba41e2ad8bb8f9adf6d2a0c"
           "d5e7");
}

/* Notes what a callback saw */
typedef struct Seen {
    GString *log;
    uint8_t rim[RME_MEASURE_SIZE_MAX];
} Seen;

static void note(const RmeExtend *e, void *opaque)
{
    Seen *seen = opaque;

    g_assert_cmpint(!!e->params, ==, e->op == RME_EXTEND_CREATE);
    g_assert_cmpint(!!e->rec, ==, e->op == RME_EXTEND_REC);
    g_assert_cmpint(!!e->content, ==, e->measured);
    switch (e->op) {
    case RME_EXTEND_CREATE:
        g_string_append_printf(seen->log, "create %u\n", e->params->ipa_bits);
        break;
    case RME_EXTEND_RIPAS:
        g_string_append_printf(seen->log, "ripas %" PRIx64 " %" PRIx64 "\n",
                               e->base, e->top);
        break;
    case RME_EXTEND_DATA:
        g_string_append_printf(seen->log, "data %" PRIx64 " %d\n", e->base,
                               e->measured);
        break;
    case RME_EXTEND_REC:
        g_string_append_printf(seen->log, "rec %" PRIx64 "\n", e->rec->pc);
        break;
    }
    memcpy(seen->rim, e->rim, sizeof(seen->rim));
}

static void add_ram(RmePlan *plan, uint64_t base, uint64_t size, bool main)
{
    g_assert_true(rme_plan_add_ram(plan, "ram", base, size, main,
                                   &error_abort));
}

static void add_blob(RmePlan *plan, uint64_t addr, const void *bytes,
                     uint64_t size, uint64_t memsize, bool measured)
{
    g_assert_true(rme_plan_add_blob(plan, "blob", addr, bytes, size, memsize,
                                    measured, &error_abort));
}

/* What vector 1 measures, up to and with its first page, as a plan */
static RmePlan *plan_v1(const RmePlanParams *params)
{
    RmePlan *plan = rme_plan_new();

    add_ram(plan, RAM, 4 * MiB, true);
    add_blob(plan, RAM, a5_page, PAGE, PAGE, true);
    add_blob(plan, RAM + 2 * PAGE, a5_page, PAGE, PAGE, false);
    g_assert_true(rme_plan_finish(plan, params, &boot_rec, &error_abort));
    return plan;
}

static void test_each_extension_is_reported(void)
{
    g_autoptr(RmePlan) plan = plan_v1(&params_v1);
    Seen seen = { .log = g_string_new(NULL) };
    RmeMeasure m = { .fn = note, .opaque = &seen };
    RmeMeasure by_hand = { };

    measure_plan(plan, RME_MEASURE_RMM_1, &m);
    g_assert_cmpstr(seen.log->str, ==,
                    "create 33\n"
                    "ripas 40000000 40200000\nripas 40200000 40400000\n"
                    "data 40000000 1\n"
                    "rec 40000000\n"
                    "data 40002000 0\n");
    g_assert_cmpmem(seen.rim, sizeof(seen.rim), m.rim, sizeof(m.rim));
    g_string_free(seen.log, true);

    create(&by_hand, &params_v1);
    ripas(&by_hand, RAM, RAM + 4 * MiB);
    data(&by_hand, RAM);
    rec(&by_hand, &boot_rec);
    data_unmeasured(&by_hand, RAM + 2 * PAGE);
    g_assert_cmpmem(by_hand.rim, sizeof(by_hand.rim), m.rim, sizeof(m.rim));
}

/* RMM 2.0: all that differs is that there is no RIPAS in the RIM */
static void test_rmm_2_does_not_measure_ripas(void)
{
    g_autoptr(RmePlan) plan = plan_v1(&params_v1);
    Seen seen = { .log = g_string_new(NULL) };
    RmeMeasure m = { .fn = note, .opaque = &seen };
    RmeMeasure by_hand = { };

    measure_plan(plan, RME_MEASURE_RMM_2, &m);
    g_assert_cmpstr(seen.log->str, ==,
                    "create 33\ndata 40000000 1\nrec 40000000\n"
                    "data 40002000 0\n");
    g_string_free(seen.log, true);

    create(&by_hand, &params_v1);
    data(&by_hand, RAM);
    rec(&by_hand, &boot_rec);
    data_unmeasured(&by_hand, RAM + 2 * PAGE);
    g_assert_cmpmem(by_hand.rim, sizeof(by_hand.rim), m.rim, sizeof(m.rim));
}

static void rim_of_plan(RmePlan *plan, RmeMeasure *m)
{
    g_assert_true(rme_plan_finish(plan, &params_v1, &boot_rec, &error_abort));
    measure_plan(plan, RME_MEASURE_RMM_1, m);
}

/* Images with gaps are measured as the pages that they are in, zeros and all */
static void test_gaps_are_zeros(void)
{
    g_autofree uint8_t *pages = g_malloc0(2 * PAGE);
    g_autoptr(RmePlan) whole = rme_plan_new(), parts = rme_plan_new();
    RmeMeasure m = { }, n = { };

    memset(pages + 100, 0x11, 10);
    memset(pages + 200, 0x22, 20);
    memset(pages + PAGE - 5, 0x33, 10);
    add_ram(whole, RAM, 4 * MiB, true);
    add_blob(whole, RAM, pages, 2 * PAGE, 2 * PAGE, true);
    add_ram(parts, RAM, 4 * MiB, true);
    add_blob(parts, RAM + 100, pages + 100, 10, 10, true);
    add_blob(parts, RAM + 200, pages + 200, 20, 20, true);
    add_blob(parts, RAM + PAGE - 5, pages + PAGE - 5, 10, 10, true);
    rim_of_plan(whole, &m);
    rim_of_plan(parts, &n);
    g_assert_cmpmem(n.rim, sizeof(n.rim), m.rim, sizeof(m.rim));
}

static void count_ripas(const RmeExtend *extend, void *opaque)
{
    *(unsigned *)opaque += extend->op == RME_EXTEND_RIPAS;
}

/* The tables of 43 bits start at level 1, and have no blocks of 512 GiB */
static void test_no_block_beyond_the_start_level(void)
{
    static const struct {
        unsigned ipa_bits, blocks;
    } cases[] = { { 42, 512 }, { 43, 512 }, { 44, 1 }, { 48, 1 } };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        RmePlanParams params = params_v1;
        unsigned blocks = 0;
        RmeMeasure m = { .fn = count_ripas, .opaque = &blocks };

        params.ipa_bits = cases[i].ipa_bits;
        create(&m, &params);
        g_assert_true(rme_measure_ripas(&m, 1ULL << 39, 1ULL << 39,
                                        &error_abort));
        g_assert_cmpuint(blocks, ==, cases[i].blocks);
    }
}

/* One extension in the open, with bytes that the test puts together itself */
static void test_sha384_is_a_chain_of_48_bytes(void)
{
    RmePlanParams params = params_v1;
    uint8_t image[PAGE] = { [0x8] = 33, [0x18] = 5, [0x20] = 3, [0x30] = 2 };
    uint8_t desc[256] = { [0x9] = 1, [0x51] = 0x10, [0x53] = 0x40 };
    uint8_t *rim = desc + 0x10;
    uint8_t out[48];
    uint8_t *result = out;
    size_t size = sizeof(out);
    RmeMeasure m = { };

    params.hash_algo = RME_HASH_SHA384;
    create(&m, &params);
    g_assert_cmpint(qcrypto_hash_bytes(QCRYPTO_HASH_ALGO_SHA384, (char *)image,
                                       PAGE, &rim, &size, &error_abort), ==, 0);
    g_assert_cmpmem(m.rim, sizeof(m.rim), desc + 0x10, RME_MEASURE_SIZE_MAX);

    data_unmeasured(&m, 0x40001000);
    qcrypto_hash_bytes(QCRYPTO_HASH_ALGO_SHA384, (char *)desc, sizeof(desc),
                       &result, &size, &error_abort);
    g_assert_cmpmem(m.rim, 48, out, 48);
    g_assert_cmpuint(rme_measure_size(RME_HASH_SHA384), ==, 48);
    for (int i = 48; i < RME_MEASURE_SIZE_MAX; i++) {
        g_assert_cmpuint(m.rim[i], ==, 0);
    }
}

/*
 * Contents of many pieces of work, in two images: the same with any number of
 * threads, each extension in its place, and the digests of the images.
 */
#define LARGE_SIZE (11 * MiB + 3 * PAGE)
#define SMALL_SIZE (1 * MiB + 100)

static RmePlan *large_plan(const uint8_t *bytes)
{
    RmePlan *plan = rme_plan_new();

    add_ram(plan, RAM, 64 * MiB, true);
    add_blob(plan, RAM + 100, bytes, LARGE_SIZE, LARGE_SIZE + PAGE, true);
    add_blob(plan, RAM + 14 * MiB, bytes, SMALL_SIZE, SMALL_SIZE, true);
    add_blob(plan, RAM + 16 * MiB, bytes, PAGE, 2 * PAGE, false);
    g_assert_true(rme_plan_finish(plan, &params_v2, &boot_rec, &error_abort));
    return plan;
}

static uint8_t *large_bytes(void)
{
    uint8_t *bytes = g_malloc(LARGE_SIZE);

    for (size_t i = 0; i < LARGE_SIZE; i++) {
        bytes[i] = i * 7 + i / PAGE;
    }
    return bytes;
}

static GPtrArray *new_digests(const RmePlan *plan)
{
    GPtrArray *digests = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < rme_plan_n_blobs(plan); i++) {
        g_ptr_array_add(digests, g_malloc0(RME_MEASURE_SIZE_MAX));
    }
    return digests;
}

/* What was hashed page by page, in this thread and without pieces of work */
static void by_hand(const RmePlan *plan, Seen *seen, uint8_t *rim)
{
    RmeMeasure m = { .fn = note, .opaque = seen };

    create(&m, &params_v2);
    ripas(&m, RAM, RAM + 64 * MiB);
    for (guint i = 0; i < rme_plan_n_steps(plan); i++) {
        const RmePlanStep *step = rme_plan_step(plan, i);
        uint64_t at = step->base, end = step->base + step->size;

        if (step->op == RME_PLAN_REC) {
            rec(&m, &boot_rec);
        }
        for (; step->op == RME_PLAN_POPULATE && at < end; at += PAGE) {
            uint8_t content[RME_MEASURE_SIZE_MAX];

            if (step->measured) {
                rme_measure_contents(step, at, 1, m.algo, content,
                                     &error_abort);
            }
            g_assert_true(rme_measure_data(&m, at, step->measured ? content :
                                           NULL, &error_abort));
        }
    }
    memcpy(rim, m.rim, sizeof(m.rim));
}

static void expect_digests(const RmePlan *plan, const GPtrArray *digests)
{
    uint8_t want[RME_MEASURE_SIZE_MAX];

    for (guint i = 0; i < rme_plan_n_blobs(plan); i++) {
        const RmePlanBlob *blob = rme_plan_blob(plan, i);

        memset(want, 0, sizeof(want));
        if (blob->measured) {
            g_assert_true(rme_measure_blob(blob, RME_HASH_SHA512, want, NULL,
                                           &error_abort));
        }
        g_assert_cmpmem(g_ptr_array_index(digests, i), sizeof(want), want,
                        sizeof(want));
    }
}

static void test_any_number_of_threads(void)
{
    g_autofree uint8_t *bytes = large_bytes();
    g_autoptr(RmePlan) plan = large_plan(bytes);
    Seen want = { .log = g_string_new(NULL) };
    uint8_t rim[RME_MEASURE_SIZE_MAX];

    by_hand(plan, &want, rim);
    for (unsigned threads = 1; threads <= RME_HASHING_THREADS_MAX; threads++) {
        g_autoptr(GPtrArray) digests = new_digests(plan);
        Seen seen = { .log = g_string_new(NULL) };
        g_autoptr(RmeHashing) h = rme_hashing_start(plan, RME_MEASURE_RMM_1,
                                                    threads, note, &seen,
                                                    digests);
        uint8_t got[RME_MEASURE_SIZE_MAX];

        if (threads % 2) {
            g_assert_true(rme_hashing_wait_digests(h, &error_abort));
            expect_digests(plan, digests);
        }
        g_assert_true(rme_hashing_wait(h, got, &error_abort));
        g_assert_cmpmem(got, sizeof(got), rim, sizeof(rim));
        expect_digests(plan, digests);
        g_assert_cmpstr(seen.log->str, ==, want.log->str);
        g_string_free(seen.log, true);
    }
    g_string_free(want.log, true);
}

/* A launch that fails or is given up: threads end, and the images can go */
static void test_given_up(void)
{
    for (int i = 0; i < 40; i++) {
        uint8_t *bytes = large_bytes();
        RmePlan *plan = large_plan(bytes);
        g_autoptr(GPtrArray) digests = new_digests(plan);
        RmeHashing *h = rme_hashing_start(plan, RME_MEASURE_RMM_1, 1 + i % 4,
                                          NULL, NULL, i % 3 ? digests : NULL);

        g_usleep(i * 500);
        rme_hashing_free(h);
        rme_plan_free(plan);
        g_free(bytes);
    }
}

static void test_threads_of_this_machine(void)
{
    g_assert_cmpuint(rme_hashing_threads(), >=, 1);
    g_assert_cmpuint(rme_hashing_threads(), <=, RME_HASHING_THREADS_MAX);
    g_assert_cmpuint(rme_hashing_threads(), <=, g_get_num_processors());
}

static void test_digest_of_an_image(void)
{
    static const uint8_t zero[3 * PAGE];
    uint8_t digest[RME_MEASURE_SIZE_MAX];
    RmePlanBlob blob = { .data = (const uint8_t *)"abc", .datasize = 3,
                         .memsize = 3 };
    g_autofree char *hex = NULL;
    g_autofree char *want = NULL;

    /* FIPS 180-2, B.1 */
    g_assert_true(rme_measure_blob(&blob, RME_HASH_SHA256, digest,
                                   NULL, &error_abort));
    hex = rme_measure_hex(digest, RME_HASH_SHA256);
    g_assert_cmpstr(hex, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9c"
                    "b410ff61f20015ad");
    g_free(hex);

    /* zeros behind the data count */
    blob = (RmePlanBlob) { .data = zero, .datasize = 1,
                           .memsize = sizeof(zero) };
    g_assert_true(rme_measure_blob(&blob, RME_HASH_SHA512, digest,
                                   NULL, &error_abort));
    hex = rme_measure_hex(digest, RME_HASH_SHA512);
    qcrypto_hash_digest(QCRYPTO_HASH_ALGO_SHA512, (const char *)zero,
                        sizeof(zero), &want, &error_abort);
    g_assert_cmpstr(hex, ==, want);
}

/*
 * A random plan, and the same as text for a program that computes the RIM by
 * code of its own: see append_plan_text().
 */
#define WINDOW (64 * PAGE)

typedef struct Random {
    RmePlan *plan;
    uint8_t bytes[WINDOW];      /* what the guest finds at @base */
    uint8_t kind[WINDOW / PAGE];    /* 0 nothing, 1 measured, 2 not */
    uint8_t image[WINDOW];
    uint64_t base;
} Random;

static void random_params(RmePlanParams *p)
{
    *p = (RmePlanParams) {
        .flags = g_test_rand_int_range(0, 4) << 1,
        .ipa_bits = g_test_rand_int_range(33, 49),
        .sve_vl = g_test_rand_int_range(0, 16),
        .num_bps = g_test_rand_int_range(1, 16),
        .num_wps = g_test_rand_int_range(1, 16),
        .pmu_num_ctrs = g_test_rand_int_range(0, 32),
        .hash_algo = g_test_rand_int_range(0, 2),
    };
}

/* RAM of any shape below half of the space, one or two slots */
static void random_ram(Random *r, const RmePlanParams *params)
{
    uint64_t top = 1ULL << (params->ipa_bits - 1);
    uint64_t unit = PAGE << (9 * g_test_rand_int_range(0, 3));
    uint64_t size = unit * g_test_rand_int_range(1, 600);
    uint64_t offset = PAGE * g_test_rand_int_range(0, 3) *
                      g_test_rand_int_range(0, 600);

    size = MAX(MIN(size, top - RAM - offset), WINDOW);
    r->base = RAM + offset;
    add_ram(r->plan, r->base, size, true);
    if (size < 1 * GiB && top > 4 * GiB) {
        add_ram(r->plan, 3 * GiB + offset, size, g_test_rand_bit());
    }
}

/* Images in ascending order, some on the page where the last one ended */
static void random_blobs(Random *r)
{
    uint64_t at = 0;
    bool measured = true;

    while (at < WINDOW - 8 * PAGE && g_test_rand_int_range(0, 8)) {
        uint64_t size = g_test_rand_int_range(1, 3 * PAGE);
        uint64_t zero = g_test_rand_int_range(0, 2) *
                        g_test_rand_int_range(0, 2 * PAGE);

        if (g_test_rand_bit()) {
            measured = g_test_rand_bit();
            at = ROUND_UP(at, PAGE) + PAGE * g_test_rand_int_range(0, 3);
        }
        add_blob(r->plan, r->base + at, r->image + at, size, size + zero,
                 measured);
        memcpy(r->bytes + at, r->image + at, size);
        for (uint64_t p = at / PAGE; p * PAGE < at + size + zero; p++) {
            r->kind[p] = measured ? 1 : 2;
        }
        at += size + zero;
    }
}

static void append_data(const Random *r, int kind, GString *text)
{
    for (int p = 0; p < WINDOW / PAGE; p++) {
        if (r->kind[p] != kind) {
            continue;
        }
        g_string_append_printf(text, "data 0x%" PRIx64 " ", r->base + p * PAGE);
        for (int i = 0; kind == 1 && i < PAGE; i++) {
            g_string_append_printf(text, "%02x", r->bytes[p * PAGE + i]);
        }
        g_string_append(text, kind == 1 ? "\n" : "-\n");
    }
}

static void append_plan_text(const Random *r, GString *text)
{
    const RmePlanParams *p = rme_plan_params(r->plan);
    const RmePlanRec *boot = rme_plan_rec(r->plan);

    g_string_append_printf(text, "create %" PRIu64 " %u %u %u %u %u %u\n",
                           p->flags, p->ipa_bits, p->sve_vl, p->num_bps,
                           p->num_wps, p->pmu_num_ctrs, p->hash_algo);
    for (guint i = 0; i < rme_plan_n_steps(r->plan); i++) {
        const RmePlanStep *step = rme_plan_step(r->plan, i);

        if (step->op == RME_PLAN_RIPAS) {
            g_string_append_printf(text, "ripas 0x%" PRIx64 " 0x%" PRIx64 "\n",
                                   step->base, step->base + step->size);
        }
    }
    append_data(r, 1, text);
    g_string_append_printf(text, "rec 0x%" PRIx64, boot->pc);
    for (int i = 0; i < 8; i++) {
        g_string_append_printf(text, " 0x%" PRIx64, boot->gprs[i]);
    }
    g_string_append_c(text, '\n');
    append_data(r, 2, text);
}

static void append_rim(const RmePlan *plan, const char *name,
                       RmeMeasureRules rules, GString *text)
{
    RmeMeasure m = { };
    g_autofree char *hex = NULL;

    measure_plan(plan, rules, &m);
    hex = rme_measure_hex(m.rim, m.algo);
    g_string_append_printf(text, "%s %s\n", name, hex);
}

static void random_plan(GString *text)
{
    g_autofree Random *r = g_new0(Random, 1);
    RmePlanParams params;
    RmePlanRec boot = { .flags = RME_PLAN_REC_RUNNABLE };

    random_params(&params);
    r->plan = rme_plan_new();
    boot.pc = g_test_rand_int();
    for (int i = 0; i < WINDOW; i++) {
        r->image[i] = g_test_rand_int();
    }
    for (int i = 0; i < 8; i++) {
        boot.gprs[i] = (uint64_t)g_test_rand_int() << i * 4;
    }
    random_ram(r, &params);
    random_blobs(r);
    g_assert_true(rme_plan_finish(r->plan, &params, &boot, &error_abort));
    append_plan_text(r, text);
    append_rim(r->plan, "rim", RME_MEASURE_RMM_1, text);
    append_rim(r->plan, "rim-2.0", RME_MEASURE_RMM_2, text);
    rme_plan_free(r->plan);
}

/*
 * With RME_MEASURE_PLANS=FILE random plans and their RIMs go there, to be
 * compared with another implementation.
 */
static void test_random_plans(void)
{
    const char *file = g_getenv("RME_MEASURE_PLANS");
    g_autoptr(GString) text = g_string_new(NULL);

    for (int i = 0; i < 300; i++) {
        random_plan(text);
    }
    g_assert_true(g_file_set_contents(file, text->str, text->len, NULL));
}

int main(int argc, char **argv)
{
    /* libgcrypt must not be initialized by several threads at once */
    g_assert_cmpint(qcrypto_init(&error_abort), ==, 0);
    memset(a5_page, 0xa5, sizeof(a5_page));
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rme-measure/vector-1", test_vector_1);
    g_test_add_func("/rme-measure/vector-2", test_vector_2);
    g_test_add_func("/rme-measure/vector-4", test_vector_4);
    g_test_add_func("/rme-measure/vector-5", test_vector_5);
    g_test_add_func("/rme-measure/vector-7", test_vector_7);
    g_test_add_func("/rme-measure/each-extension-is-reported",
                    test_each_extension_is_reported);
    g_test_add_func("/rme-measure/rmm-2-does-not-measure-ripas",
                    test_rmm_2_does_not_measure_ripas);
    g_test_add_func("/rme-measure/gaps-are-zeros", test_gaps_are_zeros);
    g_test_add_func("/rme-measure/no-block-beyond-the-start-level",
                    test_no_block_beyond_the_start_level);
    g_test_add_func("/rme-measure/sha384-is-a-chain-of-48-bytes",
                    test_sha384_is_a_chain_of_48_bytes);
    g_test_add_func("/rme-measure/any-number-of-threads",
                    test_any_number_of_threads);
    g_test_add_func("/rme-measure/given-up", test_given_up);
    g_test_add_func("/rme-measure/threads-of-this-machine",
                    test_threads_of_this_machine);
    g_test_add_func("/rme-measure/digest-of-an-image",
                    test_digest_of_an_image);
    if (g_getenv("RME_MEASURE_PLANS")) {
        g_test_add_func("/rme-measure/random-plans", test_random_plans);
    }
    return g_test_run();
}
