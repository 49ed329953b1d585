/*
 * Tests of what the generations of the kernel's interface to Realms measure
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "crypto/init.h"
#include "rme-measure-plan.h"
#include "hw/arm/rme-generation.h"

#define PAGE RME_GRANULE_SIZE
#define RAM ((uint64_t)0x40000000)

static uint8_t a5_page[PAGE];

enum { NONE, MEASURED, UNMEASURED };

typedef struct Vector {
    const char *name;
    uint64_t flags;
    unsigned ipa_bits, sve_vl, num_wps;
    int data;
    uint64_t x0, x7;
    const char *after_create, *after_data, *rim;
} Vector;

#define VECTOR(...) { __VA_ARGS__ },
static const Vector vectors[] = {
#include "rme-rim-vectors-b.h"
};

static RmePlan *new_plan(RmeKernelAbi abi)
{
    RmePlan *plan = rme_plan_new();

    rme_plan_set_order(plan, &rme_generation(abi)->order);
    return plan;
}

static void add_ram(RmePlan *plan, uint64_t base, uint64_t size, bool main)
{
    g_assert_true(rme_plan_add_ram(plan, "ram", base, size, main,
                                   &error_abort));
}

static void add_page(RmePlan *plan, uint64_t addr, bool measured)
{
    g_assert_true(rme_plan_add_blob(plan, "page", addr, a5_page, PAGE, PAGE,
                                    measured, &error_abort));
}

static void check_value(const RmeExtend *extend, void *opaque)
{
    const Vector *v = opaque;
    const char *expected = "";
    g_autofree char *hex = rme_measure_hex(extend->rim, RME_HASH_SHA256);

    switch (extend->op) {
    case RME_EXTEND_CREATE:
        expected = v->after_create;
        break;
    case RME_EXTEND_DATA:
        expected = v->after_data;
        break;
    case RME_EXTEND_REC:
        expected = v->rim;
        break;
    case RME_EXTEND_RIPAS:
        g_assert_not_reached();
    }
    if (*expected) {
        g_assert_cmpstr(hex, ==, expected);
    }
}

static void test_vector(const void *opaque)
{
    static const RmeKernelAbi abis[] = {
        RME_KERNEL_ABI_B2, RME_KERNEL_ABI_B3, RME_KERNEL_ABI_B4,
        RME_KERNEL_ABI_B5, RME_KERNEL_ABI_B,
    };
    const Vector *v = opaque;
    RmePlanParams params = {
        .flags = v->flags, .ipa_bits = v->ipa_bits, .sve_vl = v->sve_vl,
        .num_bps = 5, .num_wps = v->num_wps, .rpv = "is not measured",
    };
    RmePlanRec rec = {
        .flags = RME_PLAN_REC_RUNNABLE,
        .pc = 0x90000000,
        .gprs = { v->x0, [7] = v->x7 },
    };

    for (int i = 0; i < ARRAY_SIZE(abis); i++) {
        g_autoptr(RmePlan) plan = new_plan(abis[i]);
        RmeMeasure m = { .fn = check_value, .opaque = (void *)v };
        g_autofree char *hex = NULL;

        /* No vector depends on how much memory there is */
        add_ram(plan, RAM, (i + 1) * MiB, true);
        if (v->data != NONE) {
            add_page(plan, RAM, v->data == MEASURED);
        }
        g_assert_true(rme_plan_finish(plan, &params, &rec, &error_abort));
        measure_plan(plan, rme_generation(abis[i])->rules, &m);
        hex = rme_measure_hex(m.rim, m.algo);
        g_assert_cmpstr(hex, ==, v->rim);
    }
}

static void note(const RmeExtend *e, void *opaque)
{
    static const char *const names[] = { "create", "ripas", "data", "rec" };

    g_string_append_printf(opaque, "%s", names[e->op]);
    if (e->op == RME_EXTEND_RIPAS) {
        g_string_append_printf(opaque, " %" PRIx64 " %" PRIx64, e->base,
                               e->top);
    } else if (e->op == RME_EXTEND_DATA) {
        g_string_append_printf(opaque, " %" PRIx64 " %d", e->base,
                               e->measured);
    }
    g_string_append_c(opaque, '\n');
}

static const RmePlanParams params_40 = {
    .ipa_bits = 40, .num_bps = 5, .num_wps = 3,
};
static const RmePlanRec rec_40 = { .flags = RME_PLAN_REC_RUNNABLE };

/* What is measured of a plan by a generation, in words */
static char *extensions(RmePlan *plan, RmeKernelAbi abi)
{
    GString *log = g_string_new(NULL);
    RmeMeasure m = { .fn = note, .opaque = log };

    g_assert_true(rme_plan_finish(plan, &params_40, &rec_40, &error_abort));
    measure_plan(plan, rme_generation(abi)->rules, &m);
    return g_string_free(log, false);
}

static char *extensions_of_pages(RmeKernelAbi abi)
{
    g_autoptr(RmePlan) plan = new_plan(abi);

    add_ram(plan, RAM, 4 * MiB, true);
    /* The one that is not measured is in front of the one that is */
    add_page(plan, RAM + 2 * MiB, false);
    add_page(plan, RAM + 2 * MiB + 2 * PAGE, true);
    return extensions(plan, abi);
}

static void test_order_a(void)
{
    g_autofree char *log = extensions_of_pages(RME_KERNEL_ABI_A);

    g_assert_cmpstr(log, ==,
                    "create\n"
                    "ripas 40000000 40200000\nripas 40200000 40400000\n"
                    "data 40202000 1\nrec\ndata 40200000 0\n");
}

static void test_order_rmm_2(void)
{
    static const RmeKernelAbi abis[] = {
        RME_KERNEL_ABI_B2, RME_KERNEL_ABI_B3, RME_KERNEL_ABI_B4,
        RME_KERNEL_ABI_B5,
    };

    for (int i = 0; i < ARRAY_SIZE(abis); i++) {
        g_autofree char *log = extensions_of_pages(abis[i]);

        g_assert_cmpstr(log, ==, "create\ndata 40202000 1\n"
                        "data 40200000 0\nrec\n");
    }
}

/*
 * Vector 5 of the model that was compared with an RMM 1.0: 511 blocks of 4 KiB
 * around the page, then one of 2 MiB, but for the REC, which stands in between.
 */
static void test_order_b1(void)
{
    g_autoptr(RmePlan) plan = new_plan(RME_KERNEL_ABI_B1);
    g_autoptr(GString) expected = g_string_new("create\ndata 40000000 1\nrec\n");
    g_autofree char *log = NULL;

    add_ram(plan, RAM, 4 * MiB, true);
    add_page(plan, RAM, true);
    for (int i = 1; i < 512; i++) {
        g_string_append_printf(expected, "ripas %" PRIx64 " %" PRIx64 "\n",
                               RAM + i * PAGE, RAM + (i + 1) * PAGE);
    }
    g_string_append(expected, "ripas 40200000 40400000\n");
    log = extensions(plan, RME_KERNEL_ABI_B1);
    g_assert_cmpstr(log, ==, expected->str);
}

/* The operations of vector 5 themselves, as a plan makes them */
static void test_vector_5_of_b1(void)
{
    static const RmePlanRec no_rec;
    RmePlanParams params = { .ipa_bits = 36, .num_bps = 1, .num_wps = 1 };
    g_autoptr(RmePlan) plan = new_plan(RME_KERNEL_ABI_B1);
    g_autofree char *hex = NULL;
    RmeMeasure m = { };

    add_ram(plan, RAM, 4 * MiB, true);
    add_page(plan, RAM, true);
    g_assert_true(rme_plan_finish(plan, &params, &no_rec, &error_abort));
    measure_plan(plan, RME_MEASURE_RMM_1, &m);
    hex = rme_measure_hex(m.rim, m.algo);
    g_assert_cmpstr(hex, ==, "228a89f999c73cd1369d8844ea41c07e1c1233b431dc7bc8"
                    "c341700e2817675c");
}

static void test_order_of_b1_is_known_for_one_slot(void)
{
    g_autoptr(RmePlan) one = new_plan(RME_KERNEL_ABI_B1);
    g_autoptr(RmePlan) two = new_plan(RME_KERNEL_ABI_B1);
    g_autoptr(RmePlan) other = new_plan(RME_KERNEL_ABI_B2);

    add_ram(one, RAM, 4 * MiB, true);
    add_ram(two, RAM, 4 * MiB, true);
    add_ram(two, 0, 2 * MiB, false);
    add_ram(other, RAM, 4 * MiB, true);
    add_ram(other, 0, 2 * MiB, false);
    g_free(extensions(one, RME_KERNEL_ABI_B1));
    g_free(extensions(two, RME_KERNEL_ABI_B1));
    g_free(extensions(other, RME_KERNEL_ABI_B2));
    g_assert_true(rme_plan_order_is_known(one));
    g_assert_false(rme_plan_order_is_known(two));
    g_assert_true(rme_plan_order_is_known(other));
}

/* A generation is a row: one that was forgotten would be taken for the newest */
static void test_rows(void)
{
    for (int abi = 0; abi < RME_KERNEL_ABI__MAX; abi++) {
        const RmeGeneration *gen = rme_generation(abi);

        g_assert_nonnull(gen->name);
        g_assert_cmpint(rme_generation_resolve(abi), ==,
                        abi == RME_KERNEL_ABI_B ? RME_KERNEL_ABI_B5 : abi);
    }
    g_assert_false(rme_generation(RME_KERNEL_ABI_A)->sets_lpa2);
    g_assert_true(rme_generation(RME_KERNEL_ABI_B1)->sets_lpa2);
    g_assert_true(rme_generation(RME_KERNEL_ABI_B4)->sets_lpa2);
    g_assert_false(rme_generation(RME_KERNEL_ABI_B5)->sets_lpa2);
}

int main(int argc, char **argv)
{
    /* libgcrypt must not be initialized by several threads at once */
    g_assert_cmpint(qcrypto_init(&error_abort), ==, 0);
    memset(a5_page, 0xa5, sizeof(a5_page));
    g_test_init(&argc, &argv, NULL);
    for (int i = 0; i < ARRAY_SIZE(vectors); i++) {
        g_autofree char *path = g_strconcat("/rme-generations/vector-",
                                            vectors[i].name, NULL);

        g_test_add_data_func(path, &vectors[i], test_vector);
    }
    g_test_add_func("/rme-generations/order-a", test_order_a);
    g_test_add_func("/rme-generations/order-rmm-2", test_order_rmm_2);
    g_test_add_func("/rme-generations/order-b1", test_order_b1);
    g_test_add_func("/rme-generations/vector-5-of-b1", test_vector_5_of_b1);
    g_test_add_func("/rme-generations/order-of-b1-is-known-for-one-slot",
                    test_order_of_b1_is_known_for_one_slot);
    g_test_add_func("/rme-generations/rows", test_rows);
    return g_test_run();
}
