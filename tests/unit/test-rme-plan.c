/*
 * Tests of the launch plan of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/arm/rme-plan.h"

#define PAGE RME_GRANULE_SIZE
#define RAM 0x40000000ULL

/* Contents of all blobs here; the bytes differ from page to page */
static uint8_t image[64 * KiB];

static const RmePlanParams params_40 = {
    .flags = RME_PLAN_FLAG_SVE | RME_PLAN_FLAG_PMU,
    .ipa_bits = 40,
    .sve_vl = 3,
    .num_bps = 5,
    .num_wps = 4,
    .pmu_num_ctrs = 6,
    .hash_algo = RME_HASH_SHA512,
    .rpv = "personal",
};

static const RmePlanRec rec = {
    .flags = RME_PLAN_REC_RUNNABLE,
    .pc = 0x40200000,
    .gprs = { 0x48000000, 0, 0, 0, 0, 0, 0, 7 },
};

static void expect_error(bool ok, Error *err, const char *message)
{
    g_assert_false(ok);
    g_assert_nonnull(err);
    g_assert_cmpstr(error_get_pretty(err), ==, message);
    error_free(err);
}

static void add_ram(RmePlan *plan, const char *name, uint64_t base,
                    uint64_t size, bool ripas_ram)
{
    g_assert_true(rme_plan_add_ram(plan, name, base, size, ripas_ram,
                                   &error_abort));
}

/* A blob without zeros behind its data */
static void add_blob(RmePlan *plan, const char *name, uint64_t addr,
                     uint64_t size, bool measured)
{
    g_assert_true(rme_plan_add_blob(plan, name, addr, image, size, size,
                                    measured, &error_abort));
}

static void finish(RmePlan *plan)
{
    g_assert_true(rme_plan_finish(plan, &params_40, &rec, &error_abort));
}

/* A plan with 16 MiB of RAM and a firmware window of 1 MiB at 0 */
static RmePlan *small_plan(void)
{
    RmePlan *plan = rme_plan_new();

    add_ram(plan, "ram", RAM, 16 * MiB, true);
    add_ram(plan, "fw", 0, 1 * MiB, false);
    return plan;
}

static void expect_finish_error(RmePlan *plan, const char *message)
{
    Error *err = NULL;
    bool ok = rme_plan_finish(plan, &params_40, &rec, &err);

    expect_error(ok, err, message);
}

static void expect_step(const RmePlan *plan, guint i, RmePlanOp op,
                        uint64_t base, uint64_t size, bool measured)
{
    const RmePlanStep *step = rme_plan_step(plan, i);

    g_assert_cmpint(step->op, ==, op);
    g_assert_cmphex(step->base, ==, base);
    g_assert_cmphex(step->size, ==, size);
    g_assert_cmpint(step->measured, ==, measured);
    g_assert_cmpint(!!step->pieces, ==, op == RME_PLAN_POPULATE);
}

static void expect_piece(const RmePlan *plan, guint i, guint j,
                         const char *name, uint64_t addr, uint64_t offset,
                         uint64_t size)
{
    GArray *pieces = rme_plan_step(plan, i)->pieces;
    const RmePlanPiece *piece;

    g_assert_cmpuint(j, <, pieces->len);
    piece = &g_array_index(pieces, RmePlanPiece, j);
    g_assert_cmpstr(piece->name, ==, name);
    g_assert_cmphex(piece->addr, ==, addr);
    g_assert_true(piece->data == image + offset);
    g_assert_cmphex(piece->size, ==, size);
}

static void test_refuses_bad_ram(void)
{
    static const struct {
        uint64_t base, size;
        const char *message;
    } cases[] = {
        { RAM, 0, "Realm RAM 'x' at 0x40000000 has an impossible size of 0x0 "
          "bytes" },
        { UINT64_MAX - 4095, 4096, "Realm RAM 'x' at 0xfffffffffffff000 has an "
          "impossible size of 0x1000 bytes" },
        { RAM + 1, 4096, "Realm RAM 'x' [0x40000001, 0x40001001) must start "
          "and end at a multiple of 4 KiB" },
        { RAM, 4097, "Realm RAM 'x' [0x40000000, 0x40001001) must start and "
          "end at a multiple of 4 KiB" },
        { 0x80000, 1 * MiB, "Realm RAM 'x' [0x80000, 0x180000) overlaps RAM "
          "'fw' [0x0, 0x100000)" },
        { RAM - PAGE, 2 * PAGE, "Realm RAM 'x' [0x3ffff000, 0x40001000) "
          "overlaps RAM 'ram' [0x40000000, 0x41000000)" },
    };
    g_autoptr(RmePlan) plan = small_plan();

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        Error *err = NULL;
        bool ok = rme_plan_add_ram(plan, "x", cases[i].base, cases[i].size,
                                   true, &err);

        expect_error(ok, err, cases[i].message);
    }
    finish(plan);
}

static void test_refuses_bad_ipa_bits(void)
{
    static const struct {
        uint8_t ipa_bits;
        uint64_t size;
        const char *message;
    } cases[] = {
        { 32, 1 * GiB, "a Realm cannot have an IPA space of 32 bits: ipa-bits "
          "must be from 33 to 52" },
        { 53, 1 * GiB, "a Realm cannot have an IPA space of 53 bits: ipa-bits "
          "must be from 33 to 52" },
        { 33, 3 * GiB, NULL },
        { 33, 3 * GiB + PAGE, "Realm RAM 'ram' [0x40000000, 0x100001000) does "
          "not fit below the shared bit of a 33-bit IPA space: it needs "
          "ipa-bits=34" },
        { 40, 511 * GiB, NULL },
        { 40, 511 * GiB + PAGE, "Realm RAM 'ram' [0x40000000, 0x8000001000) "
          "does not fit below the shared bit of a 40-bit IPA space: it needs "
          "ipa-bits=41" },
        { 52, 2 * PiB - RAM, NULL },
        { 52, 2 * PiB, "Realm RAM 'ram' [0x40000000, 0x8000040000000) needs 53 "
          "IPA bits with the shared bit, a Realm has at most 52: use less "
          "memory" },
        { 52, UINT64_MAX - RAM - PAGE + 1, "Realm RAM 'ram' [0x40000000, "
          "0xfffffffffffff000) needs 65 IPA bits with the shared bit, a Realm "
          "has at most 52: use less memory" },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autoptr(RmePlan) plan = rme_plan_new();
        RmePlanParams params = { .ipa_bits = cases[i].ipa_bits };
        Error *err = NULL;
        bool ok;

        /* the highest slot decides, not the last one that was added */
        add_ram(plan, "ram", RAM, cases[i].size, true);
        add_ram(plan, "fw", 0, 1 * MiB, false);
        ok = rme_plan_finish(plan, &params, &rec, &err);
        if (cases[i].message) {
            expect_error(ok, err, cases[i].message);
        } else {
            g_assert_true(ok);
        }
    }
}

static void test_refuses_impossible_blobs(void)
{
    g_autoptr(RmePlan) plan = small_plan();
    Error *err = NULL;
    bool ok;

    ok = rme_plan_add_blob(plan, "x", RAM, image, 8, 7, true, &err);
    expect_error(ok, err, "'x' has 0x8 bytes of data for 0x7 bytes of Realm "
                 "memory at 0x40000000");
    err = NULL;
    ok = rme_plan_add_blob(plan, "x", UINT64_MAX - 1, image, 2, 2, true, &err);
    expect_error(ok, err, "'x' at 0xfffffffffffffffe with 0x2 bytes ends "
                 "beyond the address space");
    finish(plan);
    g_assert_cmpuint(rme_plan_n_blobs(plan), ==, 0);
}

static void test_refuses_blobs_outside_ram(void)
{
    static const struct {
        uint64_t addr, size;
        const char *message;
    } cases[] = {
        { 2 * GiB, 1, "'x' [0x80000000, 0x80000001) is not in Realm RAM at "
          "0x80000000: load it elsewhere or use more memory" },
        { RAM - 1, 2, "'x' [0x3fffffff, 0x40000001) is not in Realm RAM at "
          "0x3fffffff: load it elsewhere or use more memory" },
        { RAM + 16 * MiB - 1, 2, "'x' [0x40ffffff, 0x41000001) is not in Realm "
          "RAM at 0x41000000: load it elsewhere or use more memory" },
        { RAM + 16 * MiB - 1, 1, NULL },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autoptr(RmePlan) plan = small_plan();

        add_blob(plan, "x", cases[i].addr, cases[i].size, true);
        if (cases[i].message) {
            expect_finish_error(plan, cases[i].message);
        } else {
            finish(plan);
        }
    }
}

static void test_refuses_overlapping_blobs(void)
{
    g_autoptr(RmePlan) one_byte = small_plan();
    g_autoptr(RmePlan) same = small_plan();
    g_autoptr(RmePlan) in_zeros = small_plan();

    add_blob(one_byte, "initrd", RAM + 0x1fff, 0x1000, true);
    add_blob(one_byte, "kernel", RAM, 0x2000, true);
    expect_finish_error(one_byte, "'kernel' [0x40000000, 0x40002000) and "
                        "'initrd' [0x40001fff, 0x40002fff) overlap in Realm "
                        "memory: load one of them elsewhere");

    add_blob(same, "a", RAM, 16, true);
    add_blob(same, "a", RAM, 16, true);
    expect_finish_error(same, "'a' [0x40000000, 0x40000010) and 'a' "
                        "[0x40000000, 0x40000010) overlap in Realm memory: "
                        "load one of them elsewhere");

    /* the zeros behind the data of an ELF segment are contents, too */
    g_assert_true(rme_plan_add_blob(in_zeros, "elf", RAM, image, 16, 0x3000,
                                    true, &error_abort));
    add_blob(in_zeros, "dtb", RAM + 0x2000, 16, true);
    expect_finish_error(in_zeros, "'elf' [0x40000000, 0x40003000) and 'dtb' "
                        "[0x40002000, 0x40002010) overlap in Realm memory: "
                        "load one of them elsewhere");
}

static void test_refuses_half_measured_pages(void)
{
    g_autoptr(RmePlan) plan = small_plan();
    g_autoptr(RmePlan) reverse = small_plan();
    g_autoptr(RmePlan) next_page = small_plan();

    add_blob(plan, "dtb", RAM, 0x1001, true);
    add_blob(plan, "log", RAM + 0x1ff0, 16, false);
    expect_finish_error(plan, "'dtb' [0x40000000, 0x40001001) and 'log' "
                        "[0x40001ff0, 0x40002000) share the 4 KiB page at "
                        "0x40001000, but only 'dtb' is measured: load one of "
                        "them elsewhere");

    add_blob(reverse, "log", RAM, 16, false);
    add_blob(reverse, "dtb", RAM + 16, 16, true);
    expect_finish_error(reverse, "'log' [0x40000000, 0x40000010) and 'dtb' "
                        "[0x40000010, 0x40000020) share the 4 KiB page at "
                        "0x40000000, but only 'dtb' is measured: load one of "
                        "them elsewhere");

    add_blob(next_page, "dtb", RAM, 0x1000, true);
    add_blob(next_page, "log", RAM + 0x1000, 16, false);
    finish(next_page);
}

static void test_steps_stand_in_the_order_of_the_reference(void)
{
    g_autoptr(RmePlan) plan = small_plan();

    add_blob(plan, "log", RAM + 0x8000, 0x1000, false);
    add_blob(plan, "dtb", RAM + 0x4000, 100, true);
    add_blob(plan, "fw", 0, 0x3000, true);
    finish(plan);

    g_assert_cmpuint(rme_plan_n_steps(plan), ==, 7);
    expect_step(plan, 0, RME_PLAN_CREATE, 0, 0, false);
    expect_step(plan, 1, RME_PLAN_RIPAS, RAM, 16 * MiB, false);
    expect_step(plan, 2, RME_PLAN_POPULATE, 0, 0x3000, true);
    expect_step(plan, 3, RME_PLAN_POPULATE, RAM + 0x4000, 0x1000, true);
    expect_step(plan, 4, RME_PLAN_REC, 0, 0, false);
    expect_step(plan, 5, RME_PLAN_POPULATE, RAM + 0x8000, 0x1000, false);
    expect_step(plan, 6, RME_PLAN_ACTIVATE, 0, 0, false);
    expect_piece(plan, 3, 0, "dtb", RAM + 0x4000, 0, 100);

    g_assert_cmpmem(rme_plan_params(plan), sizeof(RmePlanParams),
                    &params_40, sizeof(RmePlanParams));
    g_assert_cmpmem(rme_plan_rec(plan), sizeof(RmePlanRec), &rec, sizeof(rec));
}

static void test_adjacent_ram_is_one_ripas_range(void)
{
    g_autoptr(RmePlan) plan = rme_plan_new();

    add_ram(plan, "high", 0x100000000, 1 * MiB, true);
    add_ram(plan, "node1", RAM + 1 * MiB, 2 * MiB, true);
    add_ram(plan, "node0", RAM, 1 * MiB, true);
    add_ram(plan, "fw", RAM + 3 * MiB, 1 * MiB, false);
    add_ram(plan, "node2", RAM + 4 * MiB, 1 * MiB, true);
    finish(plan);

    g_assert_cmpuint(rme_plan_n_steps(plan), ==, 6);
    expect_step(plan, 1, RME_PLAN_RIPAS, RAM, 3 * MiB, false);
    expect_step(plan, 2, RME_PLAN_RIPAS, RAM + 4 * MiB, 1 * MiB, false);
    expect_step(plan, 3, RME_PLAN_RIPAS, 0x100000000, 1 * MiB, false);
}

static void test_a_blob_over_two_slots_becomes_two_steps(void)
{
    g_autoptr(RmePlan) plan = rme_plan_new();

    add_ram(plan, "node0", RAM, 1 * MiB, true);
    add_ram(plan, "node1", RAM + 1 * MiB, 1 * MiB, true);
    add_blob(plan, "initrd", RAM + 1 * MiB - 0x1800, 0x3000, true);
    finish(plan);

    g_assert_cmpuint(rme_plan_n_steps(plan), ==, 6);
    expect_step(plan, 2, RME_PLAN_POPULATE, RAM + 1 * MiB - 0x2000, 0x2000,
                true);
    expect_piece(plan, 2, 0, "initrd", RAM + 1 * MiB - 0x1800, 0, 0x1800);
    expect_step(plan, 3, RME_PLAN_POPULATE, RAM + 1 * MiB, 0x2000, true);
    expect_piece(plan, 3, 0, "initrd", RAM + 1 * MiB, 0x1800, 0x1800);
    g_assert_cmpuint(rme_plan_n_blobs(plan), ==, 1);
}

static void test_blobs_on_one_page_share_a_step(void)
{
    g_autoptr(RmePlan) plan = small_plan();

    add_blob(plan, "c", RAM + 0x1800, 0x1000, true);
    add_blob(plan, "b", RAM + 0x20, 0x10, true);
    add_blob(plan, "a", RAM + 0x10, 0x10, true);
    add_blob(plan, "far", RAM + 0x5000, 1, true);
    finish(plan);

    g_assert_cmpuint(rme_plan_n_steps(plan), ==, 6);
    expect_step(plan, 2, RME_PLAN_POPULATE, RAM, 0x3000, true);
    g_assert_cmpuint(rme_plan_step(plan, 2)->pieces->len, ==, 3);
    expect_piece(plan, 2, 0, "a", RAM + 0x10, 0, 0x10);
    expect_piece(plan, 2, 1, "b", RAM + 0x20, 0, 0x10);
    expect_piece(plan, 2, 2, "c", RAM + 0x1800, 0, 0x1000);
    expect_step(plan, 3, RME_PLAN_POPULATE, RAM + 0x5000, 0x1000, true);
    g_assert_cmpstr(rme_plan_blob(plan, 0)->name, ==, "a");
    g_assert_cmpstr(rme_plan_blob(plan, 3)->name, ==, "far");
}

static void test_zeros_behind_the_data_are_populated(void)
{
    g_autoptr(RmePlan) plan = rme_plan_new();

    /* no host could allocate this */
    add_ram(plan, "ram", RAM, 256 * GiB, true);
    g_assert_true(rme_plan_add_blob(plan, "elf", RAM, image, 16, 200 * GiB + 1,
                                    true, &error_abort));
    g_assert_true(rme_plan_add_blob(plan, "bss", RAM + 255 * GiB, NULL, 0, 1,
                                    true, &error_abort));
    finish(plan);

    expect_step(plan, 2, RME_PLAN_POPULATE, RAM, 200 * GiB + PAGE, true);
    g_assert_cmpuint(rme_plan_step(plan, 2)->pieces->len, ==, 1);
    expect_piece(plan, 2, 0, "elf", RAM, 0, 16);
    expect_step(plan, 3, RME_PLAN_POPULATE, RAM + 255 * GiB, PAGE, true);
    g_assert_cmpuint(rme_plan_step(plan, 3)->pieces->len, ==, 0);
    g_assert_cmphex(rme_plan_blob(plan, 0)->memsize, ==, 200 * GiB + 1);
}

static void test_an_empty_blob_leaves_no_trace(void)
{
    g_autoptr(RmePlan) plan = small_plan();

    /* not even where there is no RAM, as with an empty -initrd file */
    add_blob(plan, "empty", 3 * GiB, 0, true);
    finish(plan);
    g_assert_cmpuint(rme_plan_n_steps(plan), ==, 4);
    g_assert_cmpuint(rme_plan_n_blobs(plan), ==, 0);
}

static void test_released_data_is_forgotten_and_addresses_stay(void)
{
    g_autoptr(RmePlan) plan = small_plan();
    const RmePlanPiece *piece;

    add_blob(plan, "a", RAM + 0x10, 0x20, true);
    finish(plan);
    g_assert_true(rme_plan_blob(plan, 0)->data == image);
    rme_plan_release_data(plan);

    g_assert_null(rme_plan_blob(plan, 0)->data);
    g_assert_cmphex(rme_plan_blob(plan, 0)->datasize, ==, 0x20);
    piece = &g_array_index(rme_plan_step(plan, 2)->pieces, RmePlanPiece, 0);
    g_assert_null(piece->data);
    g_assert_cmphex(piece->addr, ==, RAM + 0x10);
    g_assert_cmphex(piece->size, ==, 0x20);
}

/*
 * The naive model: a few pages of memory, byte by byte.
 */
#define MODEL_PAGES 24

typedef struct Model {
    int slot[MODEL_PAGES];              /* number of the slot, or -1 */
    bool ripas[MODEL_PAGES];
    int owner[MODEL_PAGES * PAGE];      /* number of the blob, or -1 */
    uint8_t byte[MODEL_PAGES * PAGE];
    int measured[MODEL_PAGES];          /* -1: no blob touches the page */
    bool bad;                           /* the plan must be refused */
} Model;

static void model_add_slots(Model *m, RmePlan *plan)
{
    int page = 0, n = 0;

    while (page < MODEL_PAGES) {
        int size = g_test_rand_int_range(1, 9);
        bool ripas = g_test_rand_int_range(0, 3);

        size = MIN(size, MODEL_PAGES - page);
        if (g_test_rand_int_range(0, 5)) {
            g_autofree char *name = g_strdup_printf("slot%d", n);

            add_ram(plan, name, RAM + page * PAGE, size * PAGE, ripas);
            for (int i = page; i < page + size; i++) {
                m->slot[i] = n;
                m->ripas[i] = ripas;
            }
            n++;
        }
        page += size;
    }
}

static void model_add_blob(Model *m, RmePlan *plan, int n)
{
    g_autofree char *name = g_strdup_printf("blob%d", n);
    bool measured = g_test_rand_int_range(0, 4);
    int addr = g_test_rand_int_range(0, MODEL_PAGES * PAGE);
    int memsize = g_test_rand_int_range(0, 3 * PAGE);
    int datasize;

    if (g_test_rand_bit()) {
        addr = QEMU_ALIGN_DOWN(addr, PAGE);
    }
    memsize = MIN(memsize, MODEL_PAGES * PAGE - addr);
    datasize = g_test_rand_int_range(0, memsize + 1);
    g_assert_true(rme_plan_add_blob(plan, name, RAM + addr, image, datasize,
                                    memsize, measured, &error_abort));

    for (int i = 0; i < memsize; i++) {
        int page = (addr + i) / PAGE;

        m->bad |= m->slot[page] < 0 || m->owner[addr + i] >= 0 ||
                  m->measured[page] == !measured;
        m->owner[addr + i] = n;
        m->byte[addr + i] = i < datasize ? image[i] : 0;
        m->measured[page] = measured;
    }
}

/* Check a populate step against the model, and take its pages out of it. */
static void model_take_step(Model *m, const RmePlanStep *step)
{
    int first = (step->base - RAM) / PAGE;
    int last = first + step->size / PAGE - 1;
    g_autofree uint8_t *bytes = g_malloc0(step->size);
    uint64_t end = step->base;

    g_assert_cmphex((step->base | step->size) % PAGE, ==, 0);
    g_assert_cmpint(m->slot[first], ==, m->slot[last]);
    for (guint i = 0; i < step->pieces->len; i++) {
        RmePlanPiece *piece = &g_array_index(step->pieces, RmePlanPiece, i);

        g_assert_cmphex(piece->addr, >=, end);
        g_assert_cmphex(piece->size, >, 0);
        end = piece->addr + piece->size;
        g_assert_cmphex(end, <=, step->base + step->size);
        memcpy(bytes + (piece->addr - step->base), piece->data, piece->size);
    }
    g_assert_cmpmem(bytes, step->size, m->byte + first * PAGE, step->size);
    for (int i = first; i <= last; i++) {
        g_assert_cmpint(m->measured[i], ==, step->measured);
        m->measured[i] = -1;
    }
}

static void model_take_ripas(Model *m, const RmePlanStep *step)
{
    int first = (step->base - RAM) / PAGE;
    int last = first + step->size / PAGE - 1;

    /* neither a neighbour that could have been merged nor one too many */
    g_assert_true(first == 0 || !m->ripas[first - 1]);
    g_assert_true(last == MODEL_PAGES - 1 || !m->ripas[last + 1]);
    for (int i = first; i <= last; i++) {
        g_assert_true(m->ripas[i]);
        m->ripas[i] = false;
    }
}

static void model_check(Model *m, const RmePlan *plan)
{
    uint64_t end = 0;
    RmePlanOp op = RME_PLAN_CREATE;

    for (guint i = 0; i < rme_plan_n_steps(plan); i++) {
        const RmePlanStep *step = rme_plan_step(plan, i);

        if (step->op != op) {
            op = step->op;
            end = 0;
        }
        g_assert_cmphex(step->base, >=, end);
        end = step->base + step->size;
        if (op == RME_PLAN_RIPAS) {
            model_take_ripas(m, step);
        } else if (op == RME_PLAN_POPULATE) {
            model_take_step(m, step);
        }
    }
    for (int i = 0; i < MODEL_PAGES; i++) {
        g_assert_false(m->ripas[i]);
        g_assert_cmpint(m->measured[i], ==, -1);
    }
}

static void test_random_plans_agree_with_a_model_of_single_bytes(void)
{
    int good = 0, bad = 0;

    for (int round = 0; round < 2000; round++) {
        g_autoptr(RmePlan) plan = rme_plan_new();
        g_autofree Model *m = g_new0(Model, 1);
        int n_blobs = g_test_rand_int_range(0, 7);
        Error *err = NULL;
        bool ok;

        memset(m->slot, -1, sizeof(m->slot));
        memset(m->owner, -1, sizeof(m->owner));
        memset(m->measured, -1, sizeof(m->measured));
        model_add_slots(m, plan);
        for (int i = 0; i < n_blobs; i++) {
            model_add_blob(m, plan, i);
        }

        ok = rme_plan_finish(plan, &params_40, &rec, &err);
        g_assert_cmpint(ok, ==, !m->bad);
        g_assert_cmpint(ok, ==, !err);
        if (ok) {
            model_check(m, plan);
            good++;
        } else {
            error_free(err);
            bad++;
        }
    }
    /* else the rounds prove nothing */
    g_assert_cmpint(good, >, 200);
    g_assert_cmpint(bad, >, 200);
}

int main(int argc, char **argv)
{
    for (int i = 0; i < sizeof(image); i++) {
        image[i] = 1 + (i + i / PAGE) % 255;
    }

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rme-plan/refuses-bad-ram", test_refuses_bad_ram);
    g_test_add_func("/rme-plan/refuses-bad-ipa-bits",
                    test_refuses_bad_ipa_bits);
    g_test_add_func("/rme-plan/refuses-impossible-blobs",
                    test_refuses_impossible_blobs);
    g_test_add_func("/rme-plan/refuses-blobs-outside-ram",
                    test_refuses_blobs_outside_ram);
    g_test_add_func("/rme-plan/refuses-overlapping-blobs",
                    test_refuses_overlapping_blobs);
    g_test_add_func("/rme-plan/refuses-half-measured-pages",
                    test_refuses_half_measured_pages);
    g_test_add_func("/rme-plan/steps-stand-in-the-order-of-the-reference",
                    test_steps_stand_in_the_order_of_the_reference);
    g_test_add_func("/rme-plan/adjacent-ram-is-one-ripas-range",
                    test_adjacent_ram_is_one_ripas_range);
    g_test_add_func("/rme-plan/a-blob-over-two-slots-becomes-two-steps",
                    test_a_blob_over_two_slots_becomes_two_steps);
    g_test_add_func("/rme-plan/blobs-on-one-page-share-a-step",
                    test_blobs_on_one_page_share_a_step);
    g_test_add_func("/rme-plan/zeros-behind-the-data-are-populated",
                    test_zeros_behind_the_data_are_populated);
    g_test_add_func("/rme-plan/an-empty-blob-leaves-no-trace",
                    test_an_empty_blob_leaves_no_trace);
    g_test_add_func("/rme-plan/released-data-is-forgotten-and-addresses-stay",
                    test_released_data_is_forgotten_and_addresses_stay);
    g_test_add_func("/rme-plan/random-plans-agree-with-a-model-of-single-bytes",
                    test_random_plans_agree_with_a_model_of_single_bytes);
    return g_test_run();
}
