/*
 * Contract tests: which memory KVM is told to be private, when, and in what
 * pieces
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qobject/qlist.h"
#include "rme-contract.h"

#define RAM(size) "-machine memory-backend=m0 -object " \
    "memory-backend-memfd,id=m0,size=" size ",share=on,reserve=off "
/* 768 MiB and 1792 MiB: they meet in the middle of a piece */
#define NODES "-object memory-backend-memfd,id=m0,size=768M,reserve=off " \
    "-numa node,memdev=m0 " \
    "-object memory-backend-memfd,id=m1,size=1792M,reserve=off " \
    "-numa node,memdev=m1 "

/* "+0x80000000/1024M" for private, "-..." for shared, "=" for no change */
static char *attributes(Contract *c)
{
    GString *s = g_string_new(NULL);
    QDict *report = contract_report(c);
    QListEntry *e;

    if (!report) {
        return g_string_free(s, false);
    }
    QLIST_FOREACH_ENTRY(qdict_get_qlist(report, "calls"), e) {
        QDict *call = qobject_to(QDict, qlist_entry_obj(e));
        int64_t size;

        if (!g_str_equal(qdict_get_str(call, "call"),
                         "SET_MEMORY_ATTRIBUTES")) {
            continue;
        }
        size = qdict_get_int(call, "size");
        g_string_append_printf(s, "%s%s%s0x%" PRIx64 "/%" PRId64 "%s",
                               s->len ? " " : "",
                               qdict_get_bool(call, "private") ? "+" : "-",
                               qdict_get_int(call, "changed") == size ? "" :
                               qdict_get_int(call, "changed") ? "~" : "=",
                               (uint64_t)qdict_get_int(call, "address"),
                               size % MiB ? size : size / MiB,
                               size % MiB ? "" : "M");
    }
    return g_string_free(s, false);
}

/* The backend is a file: QEMU punches it, and drops its mapping besides */
static unsigned discards(Contract *c)
{
    QDict *report = contract_report(c);
    QListEntry *e;
    unsigned n = 0;

    if (!report) {
        return 0;
    }
    QLIST_FOREACH_ENTRY(qdict_get_qlist(report, "calls"), e) {
        QDict *call = qobject_to(QDict, qlist_entry_obj(e));

        n += g_str_equal(qdict_get_str(call, "call"), "DISCARD_SHARED") &&
             g_str_equal(qdict_get_str(call, "how"), "fallocate");
    }
    return n;
}

typedef struct Pieces {
    const char *name;
    const char *exits;
    unsigned results;           /* exits of KVM_RUN */
    const char *memory, *more;
    const char *before;         /* the guest runs */
    const char *after;
    unsigned discards;          /* of shared copies, but for images */
} Pieces;

#define ALL "exit = memory-fault private 0x40000000 0x4000000000\n"

static const Pieces pieces[] = {
    {
        "a launch makes the GiB private that it populates, of 256 MiB", NULL, 0,
        "256M", RAM("256M"), "+0x40000000/256M", "",
    }, {
        "a launch makes the GiB private that it populates, of 1 GiB", NULL, 0,
        "1G", RAM("1G"), "+0x40000000/1024M", "",
    }, {
        "a launch makes the GiB private that it populates, of 255 GiB", NULL, 0,
        "255G", RAM("255G"), "+0x40000000/1024M", "",
    }, {
        "a launch makes each GiB private that it populates",
        NULL, 0, "4G", RAM("4G")
        "-device loader,addr=0x100000000,data=1,data-len=4 "
        "-device loader,addr=0xbffff000,data=1,data-len=4 "
        "-device loader,addr=0xc0000000,data=1,data-len=4 ",
        "+0x40000000/1024M +0x80000000/1024M +0xc0000000/1024M "
        "+0x100000000/1024M", "",
    }, {
        "two RAM blocks in the GiB of the images are made private", NULL, 0,
        "2560M", NODES, "+0x40000000/768M +0x70000000/256M", "",
    }, {
        "all RAM to private, as Linux asks first, is nothing for KVM",
        ALL ALL, 2, "255G", RAM("255G"), "+0x40000000/1024M", "",
    }, {
        "the first use of a GiB makes it private, and no other use",
        ALL "exit = touch private 0x100005000 0x3000\n"
        "exit = touch private 0x13ffff000 0x1000\n"
        "exit = touch private 0x100000000 0x1000\n", 2,
        "255G", RAM("255G"), "+0x40000000/1024M", "+0x100000000/1024M", 1,
    }, {
        "a use where two GiB meet makes both private",
        "exit = touch private 0xbffff000 0x2000\n", 2, "4G", RAM("4G"),
        "+0x40000000/1024M", "+0x80000000/1024M +0xc0000000/1024M", 2,
    }, {
        "the last GiB ends where RAM ends",
        "exit = touch private 0x10e3ff000 0x2000\n", 1, "3300M", RAM("3300M"),
        "+0x40000000/1024M", "+0x100000000/228M", 1,
    }, {
        "the GiB of another RAM block",
        "exit = touch private 0xdffff000 0x2000\n"
        "exit = touch private 0x80000000 0x1000\n", 2, "2560M", NODES,
        "+0x40000000/768M +0x70000000/256M",
        "+0xc0000000/512M +0x80000000/1024M", 2,
    }, {
        "a request for a GiB or less is taken for a use",
        "exit = memory-fault private 0x90000000 0x40000000\n", 1, "4G",
        RAM("4G"), "+0x40000000/1024M", "+0x80000000/1024M +0xc0000000/1024M",
        2,
    }, {
        "a page to shared and back in a GiB that was not used",
        "exit = memory-fault shared 0x90000000 0x1000\n"
        "exit = memory-fault private 0x90000000 0x1000\n"
        "exit = touch private 0x90000000 0x1000\n", 2, "4G", RAM("4G"),
        "+0x40000000/1024M",
        "+0x80000000/1024M -0x90000000/4096 +0x90000000/4096", 2,
    }, {
        "a GiB to shared that was not used is nothing for KVM, and comes back",
        "exit = memory-fault shared 0x80000000 0x40000000\n"
        "exit = touch shared 0x80000000 0x2000\n"
        "exit = memory-fault private 0x80000000 0x40000000\n"
        "exit = touch private 0x80000000 0x2000\n", 2, "4G", RAM("4G"),
        "+0x40000000/1024M", "+0x80000000/1024M", 1,
    }, {
        "all RAM to shared, most of it not used, is two pieces for KVM",
        "exit = touch private 0xc0000000 0x1000\n"
        "exit = memory-fault shared 0x7fe00000 0xffffffff000\n"
        "exit = memory-fault private 0x7fe00000 0xffffffff000\n", 3,
        "3G", RAM("3G"), "+0x40000000/1024M",
        "+0xc0000000/1024M -0x7fe00000/2M -0xc0000000/1024M "
        "+0x7fe00000/2M +0x80000000/1024M +0xc0000000/1024M", 4,
    }, {
        "a hole and a device are nothing for KVM",
        "exit = memory-fault shared 0x8000000000 0x1000\n"
        "exit = memory-fault private 0x9000000 0x1000\n", 2, "4G", RAM("4G"),
        "+0x40000000/1024M", "",
    }, {
        "a shared use without a request is dropped with the first private one",
        "exit = touch shared 0x80000000 0x200000\n"
        "exit = touch private 0xb0000000 0x1000\n", 1, "4G", RAM("4G"),
        "+0x40000000/1024M", "+0x80000000/1024M", 1,
    },
};

static void test_pieces(const void *data)
{
    const Pieces *t = data;
    const ContractGeneration *g = contract_generation();
    g_autofree char *more = g_strconcat("-S ", t->more, NULL);
    g_autofree char *want = g_strconcat(t->before, *t->after ? " " : "",
                                        t->after, NULL);
    g_autofree char *is = NULL;
    g_autoptr(Contract) c = NULL;
    unsigned images, n;

    if (g->from_start) {
        g_test_skip("all memory is private from the start");
        return;
    }
    c = contract_start(&(ContractArgs) {
        .conf = t->exits, .memory = t->memory, .more = more,
    });

    n = contract_count(c, "SET_MEMORY_ATTRIBUTES");
    contract_check(!n, "%u calls before the launch", n);
    contract_qmp_ok(c, "cont");
    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_wait_calls(c, "EXIT_DONE", t->results);
    if (t->exits) {
        contract_wait_calls(c, "MILESTONE", 1);
    }
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    is = attributes(c);
    contract_equal("calls of KVM_SET_MEMORY_ATTRIBUTES", is, want);
    n = contract_count(c, "EXIT_MEMORY_FAULT");
    contract_check(n == t->results, "%u exits, not %u", n, t->results);
    /* Only generation A populates from copies, which are dropped then */
    images = g->implicit ? 0 : contract_count(c, "REALM_POPULATE");
    n = discards(c) - images;
    contract_check(n == t->discards, "%u discards, not %u", n, t->discards);
}

/* Pages that KVM passes over cost as much as those that change */
static void test_no_page_for_nothing(const void *unused)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .memory = "64G", .more = RAM("64G"), .conf = "exit-rounds = 60\n" ALL
        "exit = touch private 0x80000000+0x40000000%0xf80000000 0x2000\n"
        "exit = memory-fault shared 0x80004000+0x40000000%0xf80000000 0x4000\n"
        "exit = memory-fault private 0x80004000+0x40000000%0xf80000000 0x4000\n"
    });
    QDict *realm;

    contract_wait_calls(c, "MILESTONE", 20);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    realm = contract_realm(c);
    if (realm) {
        int64_t passed = qdict_get_int(realm, "attribute-pages");
        int64_t changed = qdict_get_int(realm, "attribute-changed");
        int64_t calls = qdict_get_int(realm, "attribute-calls");

        g_test_message("summary: attributes of 61 GiB and 60 conversions there "
                       "and back: %" PRId64 " calls, %" PRId64 " pages passed, "
                       "%" PRId64 " changed", calls, passed, changed);
        contract_check(calls == 61 + 2 * 60, "%" PRId64 " calls", calls);
        contract_check(passed == changed && passed == 61 * 262144 + 2 * 60 * 4,
                       "%" PRId64 " pages passed, %" PRId64 " changed", passed,
                       changed);
    }
}

/*
 * Every other page is shared, and then all are taken back by one request: KVM
 * is told page by page, but not for ever. What is left then goes in one call.
 */
#define PATTERN_PAGES 600
#define RUNS_MAX 256

static void test_pattern(const void *unused)
{
    const ContractGeneration *g = contract_generation();
    const unsigned size = 2 * PATTERN_PAGES * 4096;
    const unsigned rest = 2 * PATTERN_PAGES - 2 * (RUNS_MAX - 1);
    g_autoptr(GString) conf = g_string_new("attribute-waste = yes\n");
    g_autoptr(Contract) c = NULL;
    unsigned images = g->implicit ? 0 : 2, n;
    QDict *realm;

    for (unsigned i = 0; i < PATTERN_PAGES; i++) {
        g_string_append_printf(conf, "exit = memory-fault shared 0x%x 0x1000\n",
                               0x44000000 + i * 0x2000);
    }
    g_string_append_printf(conf, "exit = memory-fault private 0x44000000 0x%x\n",
                           size);
    c = contract_start(&(ContractArgs) { .conf = conf->str });
    contract_wait_calls(c, "EXIT_DONE", PATTERN_PAGES + 1);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    n = contract_count(c, "DISCARD_SHARED") - images;
    contract_check(n == RUNS_MAX, "%u pieces of the shared copy are dropped", n);
    realm = contract_realm(c);
    if (realm && g->tell) {
        unsigned launch = g->from_start ? 0 : 1;
        int64_t wasted = qdict_get_int(realm, "attribute-pages") -
                         qdict_get_int(realm, "attribute-changed");

        n = contract_count(c, g->tell) - launch - PATTERN_PAGES;
        contract_check(n == RUNS_MAX, "%u calls", n);
        contract_check(wasted == rest - (PATTERN_PAGES - (RUNS_MAX - 1)),
                       "%" PRId64 " pages that do not change", wasted);
    }
}

/*
 * KVM works on a piece for seconds: 10 us for a page.  The monitor is asked
 * when a piece is done, and answers before the next one is.
 */
typedef struct Alive {
    const char *name, *exits;
    unsigned calls;
} Alive;

#define USES(n) \
    "exit = touch private 0x80000000 0x1000\n" \
    "exit = touch private 0xc0000000 0x1000\n" \
    "exit = touch private 0x100000000 0x1000\n"

static const Alive alive[] = {
    { "while the guest uses all of its RAM", ALL USES(3), 4 },
    { "while all RAM turns shared in one conversion",
      USES(3) "exit = memory-fault shared 0x80000000 0xc0000000\n", 7 },
    { "while all RAM turns private in one conversion",
      USES(3) "exit = memory-fault shared 0x80000000 0xc0000000\n"
      "exit = memory-fault private 0x80000000 0xc0000000\n", 10 },
};

static void test_alive(const void *data)
{
    const Alive *t = data;
    g_autofree char *conf = g_strconcat("attribute-cost = 10000\n", t->exits,
                                        NULL);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = conf, .memory = "4G", .more = RAM("4G"),
    });
    unsigned between = 0;
    QDict *realm;

    for (unsigned n = t->calls - 2; n < t->calls; n++) {
        g_autofree char *state = NULL;

        contract_wait_calls(c, "SET_MEMORY_ATTRIBUTES", n);
        state = contract_run_state(c);
        contract_equal("run state", state, "running");
        between += contract_count(c, "SET_MEMORY_ATTRIBUTES") == n;
    }
    contract_check(between, "the monitor answers only when all is done");
    contract_wait_calls(c, "MILESTONE", 1);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    realm = contract_realm(c);
    if (realm) {
        contract_check(qdict_get_int(realm, "attribute-calls") == t->calls,
                       "%" PRId64 " calls", qdict_get_int(realm,
                                                          "attribute-calls"));
        contract_check(qdict_get_int(realm, "attribute-largest") == 262144,
                       "%" PRId64 " pages in one call",
                       qdict_get_int(realm, "attribute-largest"));
    }
}

static void test_launch_fails(const void *unused)
{
    g_autoptr(Contract) c = contract_run(&(ContractArgs) {
        .conf = "fail = SET_MEMORY_ATTRIBUTES#1@ENOMEM", .memory = "4G",
    });

    contract_expect_error(c, "rme-guest 'rme0': KVM does not make the memory "
                          "around [0x40080000, 0x40082000) private: "
                          "KVM_SET_MEMORY_ATTRIBUTES: Cannot allocate memory");
}

typedef struct Stops {
    const char *name, *conf, *message;
} Stops;

static const Stops stops[] = {
    { "attributes that KVM refuses at the first use stop the VM",
      "fail = SET_MEMORY_ATTRIBUTES#2@ENOMEM\n",
      "cannot make [0x90000000, 0x90001000) private for the Realm: Cannot "
      "allocate memory" },
    { "a shared copy that cannot be dropped at the first use stops the VM",
      "fail = SHARED_DISCARD#3@EIO\n",
      "cannot make [0x90000000, 0x90001000) private for the Realm: "
      "Input/output error" },
};

static void test_stops(const void *data)
{
    const Stops *t = data;
    g_autofree char *conf = g_strconcat(t->conf, "exit = touch private "
                                        "0x90000000 0x1000\n", NULL);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = conf, .memory = "4G", .more = "-S",
    });

    contract_qmp_ok(c, "cont");
    qobject_unref(contract_event(c, "STOP"));
    contract_expect_state(c, "internal-error");
    contract_check(strstr(contract_stderr(c), t->message), "'%s' should have "
                   "'%s'", contract_stderr(c), t->message);
    contract_quit(c);
}

/* What a machine asks of the system, 16 = KVM_CAP_SYNC_MMU */
typedef struct Sync {
    const char *name, *conf, *options;
    bool system;
} Sync;

#define PLAIN "-machine virt,gic-version=3 -accel kvm -cpu host -m 256M " \
              "-nodefaults -display none -S"
#define REALM PLAIN " -object rme-guest,id=rme0 " \
              "-machine confidential-guest-support=rme0"

static const Sync syncs[] = {
    { "an ordinary VM is asked for KVM_CAP_SYNC_MMU, the system is not",
      "", PLAIN },
    { "a Realm is asked for KVM_CAP_SYNC_MMU, the system is not", "", REALM },
    { "the system is asked for KVM_CAP_SYNC_MMU where a Realm hides it",
      "whitelist-caps = yes\n", REALM, true },
};

static void test_sync(const void *data)
{
    const Sync *t = data;
    const char *trace = contract_file("trace", "", 0);
    g_autofree char *conf = g_strdup_printf("%strace = %s\n", t->conf, trace);
    g_autoptr(Contract) c = contract_start_options(conf, t->options);
    g_autofree char *text = NULL;

    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_no_complaints(c);
    if (!g_file_get_contents(trace, &text, NULL, NULL)) {
        contract_fail("no %s", trace);
        return;
    }
    contract_check(strstr(text, "CHECK_EXTENSION_VM 16 = "), "no VM is asked");
    contract_check(!strstr(text, "CHECK_EXTENSION 16 = ") == !t->system,
                   "the system is %sasked", t->system ? "not " : "");
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(pieces); i++) {
        contract_add_each("memory", pieces[i].name, test_pieces, &pieces[i]);
    }
    contract_add("memory", "no page is passed to KVM that does not change",
                 test_no_page_for_nothing, NULL);
    contract_add_each("memory", "a pattern of pages is taken back in a bounded "
                      "number of calls", test_pattern, NULL);
    for (int i = 0; i < ARRAY_SIZE(alive); i++) {
        g_autofree char *name = g_strconcat("the monitor answers ",
                                            alive[i].name, NULL);

        contract_add("memory", name, test_alive, &alive[i]);
    }
    contract_add("memory", "attributes that KVM refuses end the launch",
                 test_launch_fails, NULL);
    for (int i = 0; i < ARRAY_SIZE(stops); i++) {
        contract_add("memory", stops[i].name, test_stops, &stops[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(syncs); i++) {
        contract_add("memory", syncs[i].name, test_sync, &syncs[i]);
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
