/*
 * Contract tests: a guest that does its worst
 *
 * The exits are scripted.  Whatever the guest asks for, QEMU answers its
 * monitor, grows by no more than a fixed bound, and spends on the last
 * conversion of a million what it spent on the first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "rme-contract-internal.h"

#define RAM_MIB 256
/* What QEMU may grow by, whatever the guest does, besides the guest's RAM */
#define BOUND_KIB (8 * 1024)
/* Between the first and the last quarter of the same work, other load too */
#define MAX_SLOWER 4
#define QUARTER 5               /* of the twenty milestones */

static unsigned scenarios;

typedef struct Cost {
    int64_t rounds, cpu, anon, shmem, gmem;     /* us, KiB */
} Cost;

/* What the simulator measured at the milestones; returns how many there are */
static unsigned costs(Contract *c, Cost *cost, unsigned max)
{
    QList *calls = qdict_get_qlist(contract_report(c), "calls");
    QListEntry *e;
    unsigned n = 0;

    QLIST_FOREACH_ENTRY(calls, e) {
        QDict *call = qobject_to(QDict, qlist_entry_obj(e));

        if (g_str_equal(qdict_get_str(call, "call"), "MILESTONE") && n < max) {
            cost[n++] = (Cost) {
                .rounds = qdict_get_int(call, "rounds"),
                .cpu = qdict_get_int(call, "cpu-us"),
                .anon = qdict_get_int(call, "rss-anon-kib"),
                .shmem = qdict_get_int(call, "rss-shmem-kib"),
                .gmem = qdict_get_int(call, "gmem-kib"),
            };
        }
    }
    return n;
}

typedef struct Alternation {
    const char *name;
    const char *exits;          /* of one round */
    unsigned conversions;       /* in one round */
    unsigned rounds[4];         /* at each level */
    const char *more;
    bool all;                   /* of RAM, each time */
} Alternation;

#define PAGE "0x44000000+0x1000%0x8000000 0x1000"
/* so that neither the first nor the last of it is in step with the pages */
#define PIECE "0x44000000+0x35000%0x8000000 0x123000"

static const Alternation alternations[] = {
    {
        "pages that alternate and are used cost no memory and no time",
        "exit = memory-fault shared " PAGE "\n"
        "exit = touch shared " PAGE "\n"
        "exit = memory-fault private " PAGE "\n"
        "exit = touch private " PAGE "\n",
        2, { 200, 2000, 10000, 500000 },
    }, {
        "pieces that overlap and alternate cost no memory and no time",
        "exit = memory-fault shared " PIECE "\n"
        "exit = touch shared " PIECE "\n"
        "exit = memory-fault private " PIECE "\n"
        "exit = touch private " PIECE "\n",
        2, { 100, 200, 400, 20000 },
    }, {
        "the whole address space to and fro costs no memory and no time",
        "exit = memory-fault shared 0 0x10000000000\n"
        "exit = memory-fault private 0 0x10000000000\n",
        2, { 100, 500, 2000, 20000 }, .all = true,
    }, {
        "a backend of shared memory gives back what the guest does",
        "exit = memory-fault shared " PIECE "\n"
        "exit = touch shared " PIECE "\n"
        "exit = memory-fault private " PIECE "\n",
        2, { 100, 200, 400, 2000 },
        "-object memory-backend-memfd,id=m0,size=256M,share=on "
        "-machine memory-backend=m0",
    },
};

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/*
 * CPU time of a conversion, in us: the median of QUARTER milestones, as what
 * the host does besides can make one of them ten times as slow
 */
static double conversion_time(const Alternation *t, const Cost *cost)
{
    double times[QUARTER];

    for (int i = 0; i < QUARTER; i++) {
        times[i] = (double)(cost[i + 1].cpu - cost[i].cpu) /
                   ((cost[i + 1].rounds - cost[i].rounds) * t->conversions);
    }
    qsort(times, QUARTER, sizeof(times[0]), compare_times);
    return times[QUARTER / 2];
}

static void judge_cost(const Alternation *t, const Cost *cost, unsigned n)
{
    const Cost *first = &cost[1], *last = &cost[n - 1];
    /* CPU time is counted in ticks of 10 ms at most */
    double tick = 10000.0 / ((last->rounds - last[-1].rounds) * t->conversions);
    double early = conversion_time(t, cost);
    double late = conversion_time(t, last - QUARTER);

    g_test_message("summary: %" PRId64 " conversions (%s): %.1f us of CPU time "
                   "each at first and %.1f at last; RssAnon %+" PRId64
                   ", RssShmem %+" PRId64 ", guest_memfd %+" PRId64 " KiB",
                   last->rounds * t->conversions, t->name, early, late,
                   last->anon - first->anon, last->shmem - first->shmem,
                   last->gmem - first->gmem);
    contract_check(late < (early + tick) * MAX_SLOWER, "slower and slower");
    contract_check(last->anon - first->anon < BOUND_KIB, "RssAnon grows");
    contract_check(last->shmem - first->shmem < BOUND_KIB, "RssShmem grows");
    contract_check(last->gmem <= RAM_MIB * 1024, "guest_memfd grows");
}

static void test_alternation(const void *data)
{
    const Alternation *t = data;
    unsigned rounds = t->rounds[contract_level()], n;
    g_autofree char *conf = g_strdup_printf("list-calls = no\n"
                                            "exit-rounds = %u\n%s", rounds,
                                            t->exits);
    g_autoptr(Contract) c = NULL;
    Cost cost[32];

    if (t->all && contract_generation()->writes_first) {
        g_test_skip("the host writes to 65536 pages each time, and is an "
                    "emulated one: that takes an hour");
        return;
    }
    scenarios++;
    contract_limit_cpu(3600);
    c = contract_start(&(ContractArgs) { .conf = conf, .more = t->more });
    contract_wait_long(c, "MILESTONE", 20);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    n = costs(c, cost, ARRAY_SIZE(cost));
    if (contract_check(n >= 20, "%u milestones", n)) {
        judge_cost(t, cost, n);
    }
}

/* Conversions of anything, in any order, on a machine of two RAM blocks */
static void test_random(const void *data)
{
    static const unsigned counts[] = { 200, 500, 2000, 100000 };
    g_autoptr(GString) conf = g_string_new("list-calls = no\n");
    g_autoptr(Contract) c = NULL;
    unsigned seed = 20261123, files;
    GRand *rand = g_rand_new_with_seed(seed);

    scenarios++;
    contract_limit_cpu(3600);
    for (unsigned i = 0; i < counts[contract_level()]; i++) {
        /* around the edges of both blocks, or anywhere */
        uint64_t gpa = g_rand_int_range(rand, 0, 4) ?
            0x40000000 + (uint64_t)g_rand_int_range(rand, -4, 5) * 0x4000000 +
            g_rand_int_range(rand, -3, 4) * 0x1000 :
            ((uint64_t)g_rand_int(rand) << 20) & ~0xfffULL;
        uint64_t size = (g_rand_int(rand) >> g_rand_int_range(rand, 0, 31)) &
                        ~0xfffULL;

        /* what holds the images stays, or the simulator says so */
        bool shared = gpa >= 0x49000000 && g_rand_boolean(rand);

        g_string_append_printf(conf, "exit = memory-fault %s 0x%" PRIx64
                               " 0x%" PRIx64 "\n",
                               shared ? "shared" : "private", gpa, size);
    }
    g_rand_free(rand);
    g_test_message("seed %u", seed);
    c = contract_start(&(ContractArgs) {
        .conf = conf->str,
        .more = "-S -object memory-backend-ram,id=m0,size=128M "
                "-numa node,memdev=m0 "
                "-object memory-backend-ram,id=m1,size=128M "
                "-numa node,memdev=m1",
    });
    files = contract_open_files(c);
    contract_qmp_ok(c, "cont");
    contract_wait_long(c, "MILESTONE", 1);
    contract_expect_state(c, "running");
    contract_check(contract_open_files(c) <= files, "%u files open, not %u",
                   contract_open_files(c), files);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
}

/* An access at the edge of a window, and what has to come of it */
typedef struct Edge {
    uint64_t addr, value;
    unsigned len;
    bool abort;                 /* nobody answers, or RAM does */
    bool any;                   /* another value at each time */
} Edge;

typedef struct Window {
    uint64_t start, end;
    bool ram, clock;
} Window;

/* The guest's map as QEMU tells it: start, end and kind of each range */
static GArray *parse_map(const char *mtree)
{
    GArray *map = g_array_new(false, true, sizeof(Window));
    g_auto(GStrv) lines = g_strsplit(mtree, "\n", -1);
    bool system = false;

    for (int i = 0; lines[i]; i++) {
        Window w = { };
        char kind[16];

        g_strchomp(lines[i]);
        if (strstr(lines[i], "Root memory region: ")) {
            system = g_str_has_suffix(lines[i], " system");
        }
        if (system && sscanf(lines[i], " %" SCNx64 "-%" SCNx64 " (prio %*d, "
                             "%15[a-z/])", &w.start, &w.end, kind) == 3) {
            w.end++;
            w.ram = strstr(kind, "ram");
            w.clock = strstr(lines[i], ": pl031");
            g_array_append_val(map, w);
        }
    }
    return map;
}

static const Window *window_at(const GArray *map, uint64_t addr)
{
    for (guint i = 0; i < map->len; i++) {
        const Window *w = &g_array_index(map, Window, i);

        if (addr >= w->start && addr < w->end) {
            return w;
        }
    }
    return NULL;
}

/* What the map says: every byte needs a window that is no RAM */
static Edge make_edge(const GArray *map, uint64_t addr, unsigned len)
{
    Edge e = { .addr = addr, .len = len };

    for (unsigned i = 0; i < len; i++) {
        const Window *w = window_at(map, addr + i);

        e.abort |= !w || w->ram;
        e.any |= w && w->clock;
    }
    return e;
}

static GArray *make_edges(const GArray *map)
{
    static const int offsets[] = { -8, -3, -1, 0, 1, 5 };
    static const unsigned lens[] = { 1, 2, 3, 4, 8 };
    GArray *edges = g_array_new(false, true, sizeof(Edge));
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash,
                                                       g_int64_equal, g_free,
                                                       NULL);

    for (guint i = 0; i < map->len; i++) {
        const Window *w = &g_array_index(map, Window, i);

        for (int j = 0; j < 2 * ARRAY_SIZE(offsets); j++) {
            uint64_t addr = (j % 2 ? w->end : w->start) + offsets[j / 2];
            const Window *first = window_at(map, addr);

            /* Where one window ends the next begins; KVM has no exit for RAM */
            if (!g_hash_table_add(seen, g_memdup2(&addr, sizeof(addr))) ||
                (first && first->ram)) {
                continue;
            }
            for (int k = 0; k < ARRAY_SIZE(lens); k++) {
                Edge e = make_edge(map, addr, lens[k]);

                g_array_append_val(edges, e);
            }
        }
    }
    return edges;
}

/*
 * What the monitor reads there, in the same order: it goes to the same devices
 * another way. Where it is told of an error, the guest must be.
 */
static void ask_monitor(Contract *c, GArray *edges)
{
    for (guint i = 0; i < edges->len; i++) {
        Edge *e = &g_array_index(edges, Edge, i);
        g_autofree char *command = g_strdup_printf("xp /%uxb 0x%" PRIx64,
                                                   e->len, e->addr);
        g_autofree char *text = contract_hmp(c, command);
        const char *p = strchr(text, ':');
        char *end;

        if (!p || strstr(text, "Cannot access") || strstr(text, "private")) {
            e->abort = true;
            continue;
        }
        for (unsigned byte = 0; byte < e->len; byte++, p = end) {
            e->value |= g_ascii_strtoull(p + 1, &end, 16) << (8 * byte);
        }
        contract_check(!e->abort, "%s is answered '%s'", command, text);
    }
}

static unsigned count_aborts(const GArray *edges)
{
    unsigned n = 0;

    for (guint i = 0; i < edges->len; i++) {
        n += g_array_index(edges, Edge, i).abort;
    }
    return n;
}

/* All @edges by reads or by writes; the values of reads are looked at */
static void try_edges(const GArray *edges, bool write)
{
    g_autoptr(GString) conf = g_string_new(NULL);
    unsigned aborts = count_aborts(edges), n, wrong = 0, looked_at = 0;
    g_autoptr(GArray) reads = NULL;
    g_autoptr(Contract) c = NULL;

    for (guint i = 0; i < edges->len; i++) {
        const Edge *e = &g_array_index(edges, Edge, i);

        if (write) {
            g_string_append_printf(conf, "exit = mmio-write 0x%" PRIx64
                                   " %u 0x%" PRIx64 "\n", e->addr, e->len,
                                   i & 1 ? 0 : UINT64_MAX);
        } else {
            g_string_append_printf(conf, "exit = mmio-read 0x%" PRIx64
                                   " %u\n", e->addr, e->len);
        }
    }
    c = contract_start(&(ContractArgs) { .conf = conf->str });
    contract_wait_long(c, "MILESTONE", 1);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_active(c);

    /* A device may refuse a write of a width that it lets be read */
    n = contract_count(c, "INJECT_ABORT");
    contract_check(write ? n >= aborts && n < edges->len : n == aborts,
                   "%u aborts of %u %s, not %u", n, edges->len,
                   write ? "writes" : "reads", aborts);
    reads = contract_mmio_reads(c);
    contract_check(write || reads->len == edges->len, "%u of %u reads",
                   reads->len, edges->len);
    for (guint i = 0; i < reads->len && i < edges->len && wrong < 5; i++) {
        const Edge *e = &g_array_index(edges, Edge, i);
        const ContractRead *r = &g_array_index(reads, ContractRead, i);

        if (!e->abort && !e->any) {
            looked_at++;
            wrong += !contract_check(r->gpa == e->addr && r->data == e->value,
                                     "%u bytes at 0x%" PRIx64 " are 0x%" PRIx64
                                     ", not 0x%" PRIx64, e->len, e->addr,
                                     r->data, e->value);
        }
    }
    contract_check(write || looked_at > 100, "only %u values", looked_at);
    g_test_message("summary: MMIO %s at the edges of all windows: %u, aborts: "
                   "%u, values looked at: %u", write ? "writes" : "reads",
                   edges->len, n, looked_at);
}

static void test_edges(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = "-S" });
    g_autofree char *mtree = contract_hmp(c, "info mtree -f");
    g_autoptr(GArray) map = parse_map(mtree);
    g_autoptr(GArray) edges = make_edges(map);
    g_autoptr(GArray) writes = make_edges(map);

    scenarios++;
    contract_check(edges->len > 500, "%u accesses from '%s'", edges->len,
                   mtree);
    ask_monitor(c, edges);
    contract_quit(c);
    try_edges(edges, false);
    try_edges(writes, true);
}

/* The simulator complains if QEMU touches the page that is private */
static void test_into_ram(const void *data)
{
    static const uint64_t reads[] = { 0x3ffffffc, 0x4ffffffc };
    g_autoptr(Contract) c = NULL;

    scenarios++;
    c = contract_start(&(ContractArgs) {
        .conf = "exit = mmio-read 0x3ffffffc 8\n"
                "exit = mmio-write 0x3fffffff 2 0x4141\n"
                "exit = mmio-read 0x4ffffffc 8\n"
                "exit = mmio-write 0x4fffffff 8 0x4141414141414141\n",
    });
    contract_wait_long(c, "MILESTONE", 1);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    contract_check(contract_count(c, "INJECT_ABORT") == 4, "%u aborts",
                   contract_count(c, "INJECT_ABORT"));
    for (int i = 0; i < ARRAY_SIZE(reads); i++) {
        contract_expect_read(c, reads[i], 0);
    }
}

static void test_hypercalls(const void *data)
{
    static const unsigned rounds[] = { 100, 200, 1000, 100000 };
    g_autofree char *conf = g_strdup_printf(
        "list-calls = no\nexit-rounds = %u\n"
        "exit = hypercall 0+0x9e3779b97f4a7c15%%0xfffffffffffffff1\n",
        rounds[contract_level()]);
    g_autoptr(Contract) c = NULL;

    scenarios++;
    contract_limit_cpu(600);
    c = contract_start(&(ContractArgs) { .conf = conf });
    contract_wait_long(c, "MILESTONE", 20);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
}

/* What SMCCC divides numbers by: fast, 64 bits, the owner; the rest is free */
static unsigned add_hypercalls(GString *conf)
{
    static const uint16_t functions[] = {
        0, 1, 2, 3, 8, 9, 0xe, 0x12, 0x1f, 0x190, 0x199, 0xff01, 0xffff,
    };
    unsigned n = 0;

    for (unsigned type = 0; type < 4; type++) {
        for (unsigned owner = 0; owner < 64; owner += owner < 8 ? 1 : 11) {
            for (int i = 0; i < ARRAY_SIZE(functions); i++, n++) {
                g_string_append_printf(conf, "exit = hypercall 0x%x\n",
                                       type << 30 | owner << 24 |
                                       functions[i]);
            }
        }
    }
    return n;
}

/*
 * KVM would hand RSI_HOST_CALL over without its immediate.  None of the calls
 * is served: PSCI, which is KVM's, does not end the machine this way either.
 */
static void test_answers(const void *data)
{
    g_autoptr(GString) conf = g_string_new(NULL);
    unsigned n = add_hypercalls(conf), done = 0, right = 0;
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = conf->str,
    });
    QListEntry *e;

    scenarios++;
    contract_wait_long(c, "MILESTONE", 1);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    QLIST_FOREACH_ENTRY(qdict_get_qlist(contract_report(c), "calls"), e) {
        QDict *call = qobject_to(QDict, qlist_entry_obj(e));
        QNum *x0 = qobject_to(QNum, qdict_get(call, "x0"));
        uint64_t value;

        if (g_str_equal(qdict_get_str(call, "call"), "EXIT_DONE")) {
            done++;
            right += x0 && qnum_get_try_uint(x0, &value) &&
                     value == UINT64_MAX;
        }
    }
    contract_check(n > 500 && done == n && right == n,
                   "%u of %u answers to %u calls are -1", right, done, n);
    g_test_message("summary: hypercalls of each SMCCC owner: %u, answered with "
                   "-1: %u", n, right);
}

/* One of them ends the Realm, whatever the others say after it */
static void test_events(const void *data)
{
    g_autoptr(GString) conf = g_string_new("off-exit = reset\n"
        "exit = memory-fault shared 0x44000000 0x1000\n"
        "exit = memory-fault private 0x44000000 0x1000\n");
    g_autoptr(Contract) c = NULL;
    QDict *event;

    scenarios++;
    for (int i = 0; i < 50; i++) {
        g_string_append(conf, i % 3 ? "exit = system-event shutdown\n"
                                    : "exit = system-event reset\n");
    }
    c = contract_start(&(ContractArgs) {
        .conf = conf->str, .object = ",reboot=exit",
        .more = "-S -smp 8 -no-shutdown",
    });
    contract_qmp_ok(c, "cont");
    qobject_unref(contract_event(c, "SHUTDOWN"));
    contract_expect_state(c, "shutdown");
    event = contract_pending_event(c, "SHUTDOWN");
    contract_check(!event, "a second SHUTDOWN event");
    qobject_unref(event);
    contract_quit(c);
    contract_expect_no_complaints(c);
}

typedef struct Fatal {
    const char *name, *exit, *message;
    const char *fails;          /* the call of the last conversion that fails */
} Fatal;

#define TELLING "what tells KVM"

/* Half a conversion cannot be undone: the machine stops, QEMU stays */
static const Fatal fatal[] = {
    { "a range up to the end of all addresses",
      "exit = memory-fault shared 0xfffffffffffff000 0x1000", "that wraps" },
    { "a range that begins at the end of all addresses",
      "exit = memory-fault private 0xffffffffffffffff 0xffffffffffffffff",
      "that wraps" },
    { "a size of one byte", "exit = memory-fault private 0x44000000 1",
      "no multiple of 4 KiB" },
    { "all flags", "exit = memory-fault 0xffffffffffffffff 0x44000000 0x1000",
      "unknown flags 0xffffffffffffffff" },
    { "attributes that are refused, to private",
      "exit = memory-fault shared 0x44000000 0x1000\n"
      "exit = memory-fault private 0x44000000 0x1000\n",
      "cannot make [0x44000000, 0x44001000) private", TELLING },
    { "a shared copy that cannot be dropped",
      "exit = memory-fault shared 0x44000000 0x1000\n"
      "exit = memory-fault private 0x44000000 0x1000\n",
      "cannot make [0x44000000, 0x44001000) private for the Realm: Cannot "
      "allocate memory", "SHARED_DISCARD" },
};

static void test_fatal(const void *data)
{
    const Fatal *t = data;
    const ContractGeneration *g = contract_generation();
    g_autoptr(GString) conf = g_string_new(t->exit);
    g_autoptr(Contract) c = NULL;

    if (!g_strcmp0(t->fails, TELLING) && !g->tell) {
        g_test_skip("KVM is told nothing that it could refuse");
        return;
    } else if (!g_strcmp0(t->fails, TELLING)) {
        /* Before both conversions there is the launch, unless nothing is told */
        g_string_append_printf(conf, "fail = %s#%u@EINVAL", g->tell,
                               g->from_start ? 2 : 3);
    } else if (t->fails) {
        /* Only generation A has copies of the images to drop */
        g_string_append_printf(conf, "fail = %s#%u@ENOMEM", t->fails,
                               g->implicit ? 1 : 3);
    }
    c = contract_start(&(ContractArgs) { .conf = conf->str, .more = "-S" });
    scenarios++;
    contract_qmp_ok(c, "cont");
    qobject_unref(contract_event(c, "STOP"));
    contract_expect_state(c, "internal-error");
    contract_check(strstr(contract_stderr(c), t->message), "'%s' should have "
                   "'%s'", contract_stderr(c), t->message);
    contract_quit(c);
    contract_expect_no_complaints(c);
}

static void test_run_errno(const void *data)
{
    const char *name = data;
    g_autofree char *conf = g_strdup_printf("fail = RUN#2@%s\n"
        "exit = mmio-read 0x9000018 4\n", name);
    bool again = g_str_equal(name, "EINTR") || g_str_equal(name, "EAGAIN");
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = conf, .more = "-S",
    });

    scenarios++;
    contract_qmp_ok(c, "cont");
    if (again) {
        contract_wait_calls(c, "MMIO_READ_RESULT", 1);
        contract_expect_state(c, "running");
        contract_quit(c);
        contract_expect_silence(c);
    } else {
        qobject_unref(contract_event(c, "STOP"));
        contract_expect_state(c, "internal-error");
        contract_quit(c);
        contract_check(strstr(contract_stderr(c), "vCPU 0 cannot go on: "
                              "KVM_RUN: "), "'%s'", contract_stderr(c));
    }
    contract_expect_active(c);
}

static void test_summary(const void *data)
{
    g_test_message("summary: hostile scenarios: %u; bound of memory: the "
                   "guest's RAM and %u KiB", scenarios, BOUND_KIB);
}

static void add_tests(void)
{
    static const char *const errnos[] = {
        "EINTR", "EAGAIN", "ENOMEM", "EINVAL", "EPERM", "EBUSY", "ENXIO",
        "EFAULT", "ENOTTY", "EOPNOTSUPP",
    };

    for (int i = 0; i < ARRAY_SIZE(alternations); i++) {
        contract_add_each("hostile", alternations[i].name, test_alternation,
                          &alternations[i]);
    }
    contract_add_each("hostile", "conversions of anything in any order",
                      test_random, NULL);
    contract_add_each("hostile", "MMIO of each width at the edges of all "
                      "windows", test_edges, NULL);
    contract_add_each("hostile", "an access that ends in RAM is an abort",
                      test_into_ram, NULL);
    contract_add_each("hostile", "hypercalls with any number are not "
                      "supported", test_hypercalls, NULL);
    contract_add_each("hostile", "no hypercall of any owner is served",
                      test_answers, NULL);
    contract_add_each("hostile", "a storm of system events is one end",
                      test_events, NULL);
    for (int i = 0; i < ARRAY_SIZE(fatal); i++) {
        g_autofree char *name = g_strconcat(fatal[i].name,
                                            " stops the machine", NULL);

        contract_add_each("hostile", name, test_fatal, &fatal[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(errnos); i++) {
        g_autofree char *name = g_strdup_printf("KVM_RUN with %s is no end of "
                                                "QEMU", errnos[i]);

        contract_add_each("hostile", name, test_run_errno, errnos[i]);
    }
    contract_add("hostile", "the summary", test_summary, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
