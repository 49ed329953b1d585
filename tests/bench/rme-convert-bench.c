/*
 * What does a conversion cost, and does it depend on how much is shared?
 *
 * What a vCPU thread does for a page that the guest shares or takes back, but
 * for the call to KVM: look the address up, change the page state, revoke what
 * devices and vhost hold, drop the other copy of a page in a memfd.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/memfd.h"
#include "../unit/rme-dma-fixture.h"
#include "rme-bench.h"

#define PAGE        RME_SHARED_PAGE_SIZE
/* Where pages stay shared: every other one of this, 16384 at most */
#define HELD_SIZE   (128 * MiB)
/* What is converted */
#define RANGE       (64 * MiB)
#define PAGES       (RANGE / PAGE)
#define SIZE        (HELD_SIZE + RANGE)

/* One Realm for each number of ranges that stay shared in it */
static const unsigned held[] = { 1, 128, 2048, 16384 };

#define REALMS      ARRAY_SIZE(held)

static struct {
    RmeSharedState *s;
    IOMMUNotifier n;
    hwaddr gpa;
} realms[REALMS];

/* The places of single pages, in the three orders */
static unsigned orders[3][PAGES];
static unsigned next[REALMS];
static unsigned order;

/* In place of vhost: it hears of what is taken back */
static void count_unmap(IOMMUNotifier *n, IOMMUTLBEntry *e)
{
}

static void discard(hwaddr gpa, uint64_t size)
{
    MemoryRegionSection sec = memory_region_find(get_system_memory(), gpa,
                                                 size);

    g_assert_cmpint(ram_block_discard_range(sec.mr->ram_block,
                                            sec.offset_within_region, size),
                    ==, 0);
    memory_region_unref(sec.mr);
}

static void convert(unsigned realm, uint64_t offset, uint64_t size,
                    bool to_private)
{
    RmeSharedState *s = realms[realm].s;
    hwaddr gpa = realms[realm].gpa + HELD_SIZE + offset;
    uint64_t changed;

    rme_shared_lock(s);
    if (to_private) {
        changed = rme_shared_begin_private(s, gpa, size);
        discard(gpa, size);
    } else {
        g_assert_false(rme_shared_test(s, gpa, size));
        changed = rme_shared_finish_shared(s, gpa, size);
    }
    rme_shared_unlock(s);
    g_assert_cmpuint(changed, ==, size / PAGE);
}

/* Each page there and back, so that the number of ranges stays as it is */
static void single_pages(unsigned realm, unsigned n)
{
    while (n--) {
        uint64_t offset = orders[order][next[realm]++ % PAGES] * PAGE;

        convert(realm, offset, PAGE, false);
        convert(realm, offset, PAGE, true);
    }
}

static void whole_range(unsigned realm, unsigned n)
{
    while (n--) {
        convert(realm, 0, RANGE, false);
        convert(realm, 0, RANGE, true);
    }
}

/* 16384 pages one by one to shared, then back: CPU time of each quarter */
static void all_pages(unsigned realm, double ns[4])
{
    for (unsigned q = 0; q < 4; q++) {
        double start = bench_now_ns();

        for (unsigned i = q * PAGES / 4; i < (q + 1) * PAGES / 4; i++) {
            convert(realm, orders[order][i] * PAGE, PAGE, false);
        }
        ns[q] = bench_now_ns() - start;
    }
    for (unsigned q = 0; q < 4; q++) {
        double start = bench_now_ns();

        for (unsigned i = q * PAGES / 4; i < (q + 1) * PAGES / 4; i++) {
            convert(realm, orders[order][i] * PAGE, PAGE, true);
        }
        ns[3 - q] += bench_now_ns() - start;
    }
    for (unsigned q = 0; q < 4; q++) {
        ns[q] /= PAGES / 4;
    }
}

static void init_orders(void)
{
    GRand *rng = g_rand_new_with_seed(7);

    for (unsigned i = 0; i < PAGES; i++) {
        unsigned j = g_rand_int_range(rng, 0, i + 1);

        orders[0][i] = i;
        orders[1][i] = orders[1][j];
        orders[1][j] = i;
        /* The even ones first, so that none has a neighbour for long */
        orders[2][i] = i < PAGES / 2 ? 2 * i : 2 * (i - PAGES / 2) + 1;
    }
    g_rand_free(rng);
}

static void init_realm(unsigned k)
{
    MemoryRegion *mr = g_new0(MemoryRegion, 1);
    int fd = qemu_memfd_create("bench", SIZE, false, 0, 0, &error_abort);
    RmeSharedState *s = rme_shared_new();
    RmeDma *dma = fixture_new_dma(s);
    MemoryRegion *root = rme_dma_address_space(dma)->root;
    g_autofree char *name = g_strdup_printf("realm-%u", k);

    realms[k].s = s;
    realms[k].gpa = FIXTURE_RAM + k * 4 * GiB;
    memory_region_init_ram_from_fd(mr, object_new("container"), name, SIZE,
                                   RAM_SHARED, fd, 0, &error_abort);
    memory_region_add_subregion(get_system_memory(), realms[k].gpa, mr);
    rme_shared_add_range(s, realms[k].gpa, SIZE, mr->ram_block, 0,
                         &error_abort);
    rme_shared_seal(s);
    for (unsigned i = 0; i < held[k]; i++) {
        fixture_convert(s, realms[k].gpa + i * 2 * PAGE, PAGE, false);
    }
    iommu_notifier_init(&realms[k].n, count_unmap, IOMMU_NOTIFIER_UNMAP, 0,
                        memory_region_size(root) - 1, 0);
    memory_region_register_iommu_notifier(root, &realms[k].n, &error_abort);
}

static void row(const char *what, const char *unit, const double *v,
                GString *json)
{
    printf("%-24s %-12s %9.1f %9.1f %9.1f %9.1f   %6.3f\n", what, unit, v[0],
           v[1], v[2], v[3], v[3] / v[0]);
    fflush(stdout);
    g_string_append_printf(json, "%s{\"what\":\"%s\",\"unit\":\"%s\","
                           "\"values\":[%.1f,%.1f,%.1f,%.1f],"
                           "\"last/first\":%.3f}",
                           json->str[json->len - 1] == '[' ? "" : ",", what,
                           unit, v[0], v[1], v[2], v[3], v[3] / v[0]);
}

/* Time, and what does not depend on the load of the machine */
static void rows(const char *what, BenchFunc *func, unsigned n,
                 unsigned n_steps, unsigned runs, GString *json)
{
    double v[REALMS];

    bench_cpu_ns(func, REALMS, n, runs, v);
    row(what, "ns", v, json);
    if (bench_instructions(func, REALMS, n_steps, v)) {
        row(what, "instructions", v, json);
        bench_system_calls(func, REALMS, n, v);
        row(what, "system calls", v, json);
    }
}

static const char *const order_names[] = {
    "sequence", "random", "alternating",
};

static void run_ranges(unsigned runs, GString *json)
{
    printf("CPU time there and back, with so many shared ranges\n"
           "%-37s %9u %9u %9u %9u   last/first\n", "", held[0], held[1],
           held[2], held[3]);
    for (order = 0; order < 3; order++) {
        g_autofree char *name = g_strdup_printf("page, %s", order_names[order]);

        rows(name, single_pages, 500, 20, runs, json);
    }
    rows("64 MiB", whole_range, 10, 1, runs, json);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void run_quarters(unsigned runs, GString *json)
{
    g_autofree double *all = g_new(double, 3 * 4 * runs);
    double v[4];

    for (unsigned r = 0; r < runs; r++) {
        for (order = 0; order < 3; order++) {
            all_pages(0, v);
            for (unsigned q = 0; q < 4; q++) {
                all[(order * 4 + q) * runs + r] = v[q];
            }
        }
    }
    printf("16384 pages one by one to shared, and back: a page, while so many "
           "are shared\n%-37s %9s %9s %9s %9s   last/first\n", "", "..4096",
           "..8192", "..12288", "..16384");
    for (order = 0; order < 3; order++) {
        g_autofree char *name = g_strdup_printf("16384 pages, %s",
                                                order_names[order]);

        for (unsigned q = 0; q < 4; q++) {
            double *x = all + (order * 4 + q) * runs;

            qsort(x, runs, sizeof(*x), compare);
            v[q] = x[runs / 2];
        }
        row(name, "ns", v, json);
    }
}

int main(int argc, char **argv)
{
    unsigned runs = bench_runs(argc, argv, 5);
    g_autoptr(GString) json = g_string_new("{\"bench\":\"conversions\","
                                           "\"rows\":[");

    bench_start();
    fixture_init();
    init_orders();
    for (unsigned k = 0; k < REALMS; k++) {
        init_realm(k);
    }
    if (bench_why_not()) {
        printf("nothing but time: %s\n", bench_why_not());
    }
    /* A vCPU thread does this without the BQL */
    bql_unlock();
    run_ranges(runs, json);
    run_quarters(runs, json);
    bql_lock();
    /* The last line is for programs */
    printf("%s]}\n", json->str);
    return 0;
}
