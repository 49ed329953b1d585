/*
 * Contract tests: Realms one after the other and at once, ends of Realms in
 * number, and what is left
 *
 * QTEST_CCA_SEED is the seed of what is random.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "rme-contract-internal.h"

#define SHARE "exit = memory-fault shared 0x44000000 0x100000\n" \
              "exit = touch shared 0x44000000 0x100000\n" \
              "exit = memory-fault private 0x44000000 0x100000\n"
/* The allocator's own; a descriptor or a VM has no such margin */
#define BOUND_KIB 4096

static unsigned one_by_one, at_once, queries;

/* Whatever QEMU leaves behind has a name in one of these */
static unsigned files_left(void)
{
    static const char *const dirs[] = { "/dev/shm", "/tmp", "/var/tmp" };
    unsigned n = 0;

    for (int i = 0; i < ARRAY_SIZE(dirs); i++) {
        g_autoptr(GDir) dir = g_dir_open(dirs[i], 0, NULL);

        while (dir && g_dir_read_name(dir)) {
            n++;
        }
    }
    return n;
}

static int64_t open_vms(Contract *c)
{
    return qdict_get_try_int(contract_report(c), "open-vms", -1);
}

static Contract *start(void)
{
    /* Generation B has no choice of the context */
    bool mec = !contract_generation()->implicit;

    return contract_start(&(ContractArgs) {
        .conf = mec ? "mec = present\nmec-count = 4\n" SHARE : SHARE,
        .object = mec ? ",mec-policy=private,measurement-log=on" :
                        ",measurement-log=on",
        .more = "-smp 2",
    });
}

/* quit is the end: no vCPU and no memory of QEMU's own survives it */
static void judge(Contract *c)
{
    contract_expect_silence(c);
    contract_expect_active(c);
    contract_check(open_vms(c) == 1, "%" PRId64 " VMs are open", open_vms(c));
}

static void test_sequence(const void *data)
{
    static const unsigned counts[] = { 2, 4, 25, 500 };
    unsigned before = files_left(), fds = 0, n = counts[contract_level()];

    for (unsigned i = 0; i < n; i++) {
        g_autoptr(Contract) c = start();
        unsigned is;

        contract_wait_calls(c, "MILESTONE", 1);
        is = contract_open_files(c);
        fds = fds ?: is;
        contract_check(is == fds, "%u files are open, at first %u", is, fds);
        contract_quit(c);
        judge(c);
        one_by_one++;
    }
    contract_check(files_left() == before, "%u files are left, before %u",
                   files_left(), before);
    g_test_message("summary: Realms one after the other: %u, each with %u open "
                   "files; files left: %d", one_by_one, fds,
                   (int)(files_left() - before));
}

static void test_at_once(const void *data)
{
    static const unsigned counts[] = { 2, 2, 5, 20 };
    unsigned before = files_left(), n = counts[contract_level()];
    g_autofree Contract **c = g_new(Contract *, n);

    for (unsigned i = 0; i < n; i++) {
        c[i] = start();
    }
    for (unsigned i = 0; i < n; i++) {
        contract_wait_calls(c[i], "MILESTONE", 1);
        contract_expect_state(c[i], "running");
    }
    for (unsigned i = 0; i < n; i++) {
        contract_quit(c[i]);
        judge(c[i]);
        contract_free(c[i]);
        at_once++;
    }
    contract_check(files_left() == before, "%u files are left, before %u",
                   files_left(), before);
    g_test_message("summary: Realms at once: %u; files left: %d", at_once,
                   (int)(files_left() - before));
}

/* Each of them makes a dozen throw-away Realms, with MECIDs of their own */
static void test_queries(const void *data)
{
    static const unsigned counts[] = { 2, 3, 10, 30 };
    g_autoptr(Contract) c = start();
    unsigned fds, n = counts[contract_level()];
    int64_t anon;

    contract_wait_calls(c, "MILESTONE", 1);
    contract_qmp_ok(c, "query-cca-capabilities");
    fds = contract_open_files(c);
    anon = contract_status_kib(c, "RssAnon");
    for (unsigned i = 0; i < n; i++) {
        contract_qmp_ok(c, "query-cca-capabilities");
        contract_qmp_ok(c, "query-cca");
        contract_qmp_ok(c, "stop");
        contract_qmp_ok(c, "cont");
        queries++;
    }
    contract_check(contract_open_files(c) == fds, "%u files, before %u",
                   contract_open_files(c), fds);
    /* The simulator keeps a line for each VM */
    anon = contract_status_kib(c, "RssAnon") - anon;
    contract_check(anon < BOUND_KIB, "RssAnon grew by %" PRId64 " KiB", anon);
    contract_quit(c);
    judge(c);
    g_test_message("summary: queries of capabilities by one QEMU: %u, RssAnon "
                   "%+" PRId64 " KiB", queries, anon);
}

#define QMP(name) "{\"execute\": \"" name "\"}"
#define STORM_COMMANDS 12
#define STORM_RESETS 200
/* The only line that an end may leave: "terminating" or "stopping" */
#define NOT_RESETTABLE "cpus are not resettable, "

typedef struct Storm {
    const char *name;
    const char *options;
    bool stays;             /* QEMU, when the Realm is off */
    int status;             /* another exit status than 0 that there may be */
} Storm;

static const Storm storms[] = {
    { "without options", "" },
    { "-no-reboot", "-no-reboot" },
    { "-no-shutdown", "-no-shutdown", true },
    { "-no-reboot -no-shutdown", "-no-reboot -no-shutdown", true },
    { "-action reboot=reset", "-action reboot=reset" },
    { "-action reboot=shutdown", "-action reboot=shutdown" },
    { "-action panic=none", "-action panic=none" },
    { "-action panic=none,shutdown=pause",
      "-action panic=none,shutdown=pause", true },
    { "-action panic=pause", "-action panic=pause" },
    { "-action panic=exit-failure", "-action panic=exit-failure", false, 1 },
};

static unsigned storms_run, storms_stay, storms_off;
static unsigned storm_vcpus, storm_events, storm_commands;
static int64_t storm_growth = -BOUND_KIB;

static unsigned seed(void)
{
    const char *text = getenv("QTEST_CCA_SEED");

    return text ? atoi(text) : 1;
}

/* Conversions and crashes, then what ends the Realm; then all vCPUs speak */
static char *storm_exits(GRand *rand)
{
    static const char *const ends[] = { "shutdown", "reset", "reset2" };
    bool any = g_rand_boolean(rand) || contract_generation()->implicit;
    GString *s = g_string_new(any ? "off-exit = any\n" :
                              "personality = v7\n");

    g_string_append_printf(s, "off-seed = %u\n",
                           g_rand_int_range(rand, 0, 1000));
    for (int i = g_rand_int_range(rand, 0, 60); i > 0; i--) {
        g_string_append(s, g_rand_int_range(rand, 0, 20) ? SHARE :
                           "exit = system-event crash\n");
    }
    g_string_append_printf(s, "exit = system-event %s\n",
                           ends[g_rand_int_range(rand, 0, ARRAY_SIZE(ends))]);
    return g_string_free(s, false);
}

/* Returns false once QEMU has ended */
static bool storm_commands_of_operator(Contract *c, GRand *rand, bool resets)
{
    static const char *const commands[] = {
        QMP("cont"), QMP("cont"), QMP("cont"), QMP("stop"), QMP("stop"),
        QMP("query-status"), QMP("query-cca"), QMP("system_powerdown"),
        QMP("system_wakeup"), QMP("system_reset"),
    };
    unsigned n = ARRAY_SIZE(commands) - !resets;

    for (int i = 0; i < STORM_COMMANDS; i++) {
        int at = i ? g_rand_int_range(rand, 0, n) : 0;
        QDict *rsp = contract_ask(c, commands[at]);

        storm_commands++;
        if (!rsp) {
            return false;
        }
        qobject_unref(rsp);
        g_usleep(g_rand_int_range(rand, 0, 20000));
    }
    return true;
}

/* How many SHUTDOWN events came so far, of the guest's own or of all */
static unsigned shutdowns(Contract *c, bool of_guest)
{
    QListEntry *e;
    unsigned n = 0;

    QLIST_FOREACH_ENTRY(c->events, e) {
        QDict *event = qobject_to(QDict, qlist_entry_obj(e));
        const char *reason;

        if (!g_str_equal(qdict_get_str(event, "event"), "SHUTDOWN")) {
            continue;
        }
        reason = qdict_get_str(qdict_get_qdict(event, "data"), "reason");
        n += !of_guest || g_str_equal(reason, "guest-reset") ||
             g_str_equal(reason, "guest-shutdown");
    }
    return n;
}

/* Until there is an end; false once QEMU has ended, as it must not if it stays */
static bool wait_for_end(Contract *c, const Storm *t)
{
    for (int i = 0; i < 1000 && !(t->stays && shutdowns(c, false)); i++) {
        QDict *rsp = contract_ask(c, QMP("cont"));

        qobject_unref(rsp);
        if (!rsp) {
            contract_check(!t->stays, "QEMU does not stay");
            return false;
        }
        g_usleep(10000);
    }
    return contract_check(t->stays, "QEMU does not end");
}

static void judge_storm(Contract *c, const Storm *t)
{
    g_auto(GStrv) lines = g_strsplit(contract_stderr(c), "\n", -1);
    int status;

    contract_wait(c);
    status = contract_status(c);
    contract_check(WIFEXITED(status) && (WEXITSTATUS(status) == 0 ||
                                         WEXITSTATUS(status) == t->status),
                   "wait status 0x%x: %s", status, contract_stderr(c));
    for (int i = 0; lines[i]; i++) {
        contract_check(!*lines[i] || strstr(lines[i], NOT_RESETTABLE),
                       "says '%s'", lines[i]);
    }
    /* however many vCPUs say it */
    contract_check(shutdowns(c, true) <= 1, "%u ends of one guest",
                   shutdowns(c, true));
    contract_expect_no_complaints(c);
    contract_check(contract_count(c, "REALM_ACTIVATE") == 1,
                   "launched %u times", contract_count(c, "REALM_ACTIVATE"));
    storm_events += contract_count(c, "EXIT_SYSTEM_EVENT");
}

/*
 * The state is "shutdown". A machine that did not run when its end was dealt
 * with, since it had just been stopped or a panic had paused it, is left as it
 * was, though: do_vm_stop() changes the state of one that runs only. It is
 * "shutdown" after "cont", if the end is the guest's; after a reset by the
 * operator the Realm goes on.
 */
static void judge_end(Contract *c)
{
    bool of_guest = shutdowns(c, true), off;
    g_autofree char *state = contract_run_state(c);

    for (int i = 0; i < 100 && of_guest && g_strcmp0(state, "shutdown"); i++) {
        qobject_unref(contract_qmp(c, QMP("cont")));
        g_usleep(10000);
        g_free(state);
        state = contract_run_state(c);
        of_guest = shutdowns(c, true);
    }
    off = !g_strcmp0(state, "shutdown");
    storms_off += off;
    contract_check(off || (!of_guest && (!g_strcmp0(state, "paused") ||
                                         !g_strcmp0(state, "running") ||
                                         !g_strcmp0(state, "guest-panicked"))),
                   "it is '%s' after %s", state ?: "without an answer",
                   of_guest ? "the guest's end" : "a reset");
}

/* It can be reset for ever, and nothing comes of it */
static void judge_resets(Contract *c, int64_t before)
{
    int64_t growth;

    for (int i = 0; i < STORM_RESETS; i++) {
        contract_qmp_ok(c, "system_reset");
        storm_commands++;
    }
    growth = contract_status_kib(c, "RssAnon") - before;
    storm_growth = MAX(storm_growth, growth);
    contract_check(growth < BOUND_KIB, "RssAnon grew by %" PRId64
                   " KiB", growth);
}

static void storm(const Storm *t, GRand *rand, unsigned vcpus, bool resets)
{
    g_autofree char *conf = storm_exits(rand);
    g_autofree char *more = g_strdup_printf("-S -smp %u %s", vcpus,
                                            t->options);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = conf, .object = ",reboot=exit", .more = more,
    });
    int64_t before = contract_status_kib(c, "RssAnon");

    storms_run++;
    storm_vcpus += vcpus;
    if (storm_commands_of_operator(c, rand, resets) && wait_for_end(c, t)) {
        storms_stay++;
        judge_end(c);
        judge_resets(c, before);
        contract_quit(c);
    }
    judge_storm(c, t);
}

static void test_storm(const void *data)
{
    static const unsigned counts[] = { 1, 1, 2, 30 };
    const Storm *t = data;
    GRand *rand = g_rand_new_with_seed(seed() * 100 + (t - storms));

    contract_limit_cpu(600);
    g_test_message("seed %u", seed());
    for (unsigned i = 0; i < counts[contract_level()]; i++) {
        storm(t, rand, g_rand_int_range(rand, 2, 17), i & 1);
    }
    if (contract_level() == CONTRACT_ALL) {
        storm(t, rand, 128, false);
        storm(t, rand, 128, true);
    }
    g_rand_free(rand);
}

static void test_storm_summary(const void *data)
{
    contract_check(contract_level() != CONTRACT_ALL ||
                   storm_events > 2 * storms_run,
                   "hardly ever did a second vCPU come to say something");
    g_test_message("summary: storms of resets, power-offs and panics: %u "
                   "(seed %u), of %u vCPUs with %u events, and %u commands; "
                   "%u left QEMU, %u of them in the state shutdown; RssAnon "
                   "%+" PRId64 " KiB at most", storms_run, seed(), storm_vcpus,
                   storm_events, storm_commands, storms_stay, storms_off,
                   storm_growth);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(storms); i++) {
        g_autofree char *name = g_strconcat("a storm of ends is one end: ",
                                            storms[i].name, NULL);

        contract_add_each("soak", name, test_storm, &storms[i]);
    }
    contract_add("soak", "the summary of the storms", test_storm_summary,
                 NULL);

    contract_add_each("soak", "Realms one after the other leave nothing",
                      test_sequence, NULL);
    contract_add_each("soak", "Realms at once leave nothing", test_at_once,
                      NULL);
    contract_add_each("soak", "queries leave nothing", test_queries, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
