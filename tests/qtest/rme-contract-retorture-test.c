/*
 * Contract tests: every call of the launch after a reset, failing
 *
 * The first launch is the subject of rme-contract-torture-test.c. Here it goes
 * well, the guest reboots, and one call of what follows fails. As there are two
 * good ends: the same Realm all the same, or one line and status 1.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "rme-contract-internal.h"

#define REBOOT "exit = system-event reset\n"

static const struct {
    const char *name;
    int value;
} errnos[] = {
    { "ENOMEM", ENOMEM }, { "EINVAL", EINVAL }, { "EBUSY", EBUSY },
    { "ENXIO", ENXIO }, { "EINTR", EINTR }, { "EPERM", EPERM },
    { "EAGAIN", EAGAIN }, { "EFAULT", EFAULT },
};

/*
 * Calls of other parts of QEMU, whose own reset takes a failure for a bug of
 * its own: as in the first launch, an abort() is counted and listed.
 */
static const char *const may_abort[] = {
    "DEVICE_HAS_ATTR", "DEVICE_GET_ATTR", "DEVICE_SET_ATTR",
    "VCPU_HAS_DEVICE_ATTR", "VCPU_SET_DEVICE_ATTR", "SET_GSI_ROUTING",
    "SET_MP_STATE", "GET_ONE_REG", "SET_ONE_REG", "CHECK_EXTENSION",
    "CHECK_EXTENSION_VM",
};

/* Of good runs: how often each call is made, without and with a reboot */
typedef struct Learnt {
    QDict *once, *twice;
    char *rim;
} Learnt;

static Learnt *learnt(void)
{
    static Learnt generations[CONTRACT_GENERATIONS];

    return &generations[contract_generation() - contract_generations];
}

static unsigned injected, survived, refused, aborted;
static GString *aborts;

static int64_t launches(Contract *c)
{
    QDict *rsp = contract_ask(c, "{\"execute\": \"query-cca\"}");
    QDict *ret = rsp ? qdict_get_qdict(rsp, "return") : NULL;
    int64_t n = ret ? qdict_get_try_int(ret, "launches", 0) : -1;

    qobject_unref(rsp);
    return n;
}

/* Runs QEMU until there were @n launches, or it has ended: then false */
static Contract *run(const char *conf, int64_t n, bool *runs)
{
    Contract *c = contract_start(&(ContractArgs) {
        .conf = conf, .more = "-S -smp 2 -device virtio-rng-pci",
    });
    int64_t end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC, is;

    qobject_unref(contract_ask(c, "{\"execute\": \"cont\"}"));
    do {
        is = launches(c);
    } while (is >= 0 && is < n && g_get_monotonic_time() < end);
    *runs = is == n;
    if (is >= 0) {
        contract_check(is == n, "%" PRId64 " launches after a minute", is);
        qobject_unref(contract_ask(c, "{\"execute\": \"quit\"}"));
    }
    contract_wait(c);
    return c;
}

static QDict *points(Contract *c)
{
    QDict *all = qdict_get_qdict(contract_report(c), "fail-points");

    return all ? qobject_ref(all) : NULL;
}

static bool learn(void)
{
    g_autoptr(Contract) once = NULL, twice = NULL;
    bool runs;

    if (learnt()->twice) {
        return true;
    }
    aborts = aborts ?: g_string_new(NULL);
    once = run("", 1, &runs);
    learnt()->once = points(once);
    twice = run(REBOOT, 2, &runs);
    contract_expect_silence(twice);
    contract_expect_no_complaints(twice);
    learnt()->twice = points(twice);
    learnt()->rim = contract_rim(twice);
    return contract_check(runs && learnt()->once && learnt()->twice &&
                          learnt()->rim, "no good reboot");
}

static bool can_abort(const char *call)
{
    for (int i = 0; i < ARRAY_SIZE(may_abort); i++) {
        if (g_str_equal(may_abort[i], call)) {
            return true;
        }
    }
    return false;
}

static bool has_aborted(Contract *c, const char *call)
{
    int status = contract_status(c);

    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT ||
        !can_abort(call)) {
        return false;
    }
    aborted++;
    g_string_append_printf(aborts, "%s%s", aborts->len ? ", " : "", call);
    return true;
}

static void judge_refusal(Contract *c, const char *call, const char *fail,
                          int e)
{
    int status = contract_status(c);
    const char *err = contract_stderr(c);

    refused++;
    contract_check(WIFEXITED(status) && WEXITSTATUS(status) == 1,
                   "%s: wait status 0x%x: '%s'", fail, status, err);
    contract_check(*err, "%s: ends without a word", fail);
    contract_check(can_abort(call) || strstr(err, strerror(errnos[e].value)) ||
                   strstr(err, "activate"), "%s: does not say why: '%s'", fail,
                   err);
}

static void try_fault(const char *call, int64_t nth, int e)
{
    g_autofree char *fail = g_strdup_printf("fail = %s#%" PRId64 "@%s\n", call,
                                            nth, errnos[e].name);
    g_autofree char *conf = g_strconcat(REBOOT, fail, NULL);
    g_autofree char *is = NULL;
    g_autoptr(Contract) c = NULL;
    bool runs;

    c = run(conf, 2, &runs);
    injected++;
    if (has_aborted(c, call)) {
        return;
    }
    if (!runs) {
        judge_refusal(c, call, fail, e);
        return;
    }
    survived++;
    contract_check(contract_status(c) == 0, "%s: wait status 0x%x", fail,
                   contract_status(c));
    is = contract_rim(c);
    contract_check(!g_strcmp0(is, learnt()->rim) ||
                   strstr(contract_stderr(c), "measuring with sha256"),
                   "%s: another Realm, without a word", fail);
}

/* A call of the second launch: the first one, or the last, or one between them */
static void test_call(const void *data)
{
    const QDictEntry *entry;
    unsigned shift = 0;

    if (!learn()) {
        return;
    }
    for (entry = qdict_first(learnt()->twice); entry;
         entry = qdict_next(learnt()->twice, entry)) {
        const char *call = qdict_entry_key(entry);
        int64_t first = qdict_get_try_int(learnt()->once, call, 0) + 1;
        int64_t last = qdict_get_int(learnt()->twice, call);
        unsigned from = contract_level() == CONTRACT_ALL ? 0 : shift % 3;
        unsigned to = contract_level() == CONTRACT_ALL ? 2 : from;

        if (first > last || g_str_equal(call, "RUN") ||
            g_str_equal(call, "RMI_POPULATE") ||
            g_str_has_prefix(call, "LARGE_")) {
            continue;
        }
        shift++;
        if (contract_level() < CONTRACT_FULL && shift % 4) {
            continue;
        }
        for (unsigned i = from; i <= to; i++) {
            try_fault(call, i == 0 ? first : i == 1 ? last :
                      (first + last) / 2,
                      (shift + i) % ARRAY_SIZE(errnos));
        }
    }
}

/* Another Realm may have taken it, while this one had none */
static void test_mecid(const void *data)
{
    g_autoptr(Contract) c = NULL;
    g_autofree char *conf = g_strconcat("mec = present\nmec-count = 4\n"
                                        "fail = REALM_CREATE#2@ENOMEM\n",
                                        REBOOT, NULL);

    c = contract_start(&(ContractArgs) {
        .conf = conf, .object = ",mec-policy=private", .more = "-S",
    });
    contract_send(c, "{\"execute\": \"cont\"}");
    contract_wait(c);
    contract_check(strstr(contract_stderr(c), "no private MECID is free (this "
                          "host has 4 in all): stop another Realm or use "
                          "mec-policy=shared: "), "says '%s'",
                   contract_stderr(c));
    contract_check(WIFEXITED(contract_status(c)) &&
                   WEXITSTATUS(contract_status(c)) == 1, "wait status 0x%x",
                   contract_status(c));
}

/* With one MECID, the old Realm has to be gone before there is a new one */
static void test_one_mecid(const void *data)
{
    g_autofree char *conf = g_strconcat("mec = present\nmec-count = 2\n"
                                        "mec-in-use = 1\n", REBOOT, NULL);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = conf, .object = ",mec-policy=private", .more = "-S",
    });

    contract_qmp_ok(c, "cont");
    contract_wait_calls(c, "REALM_ACTIVATE", 2);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_no_complaints(c);
}

static void test_summary(const void *data)
{
    contract_check(injected >= 5 && survived && refused,
                   "%u faults, %u survived, %u refused", injected, survived,
                   refused);
    g_test_message("summary: faults of a launch after a reset: %u; the same "
                   "Realm %u, ended with a line %u, aborted %u (%s)", injected,
                   survived, refused, aborted,
                   aborts && aborts->len ? aborts->str : "none");
}

static void add_tests(void)
{
    contract_add_each("retorture", "a launch after a reset may fail anywhere",
                      test_call, NULL);
    contract_add("retorture", "a MECID that is taken while there is no Realm "
                 "ends QEMU", test_mecid, NULL);
    contract_add("retorture", "one private MECID is enough for a reboot",
                 test_one_mecid, NULL);
    contract_add("retorture", "the summary of the faults after a reset",
                 test_summary, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
