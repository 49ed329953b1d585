/*
 * Contract tests: accesses of a running Realm to addresses without a device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "rme-contract.h"

#define HOLE "0xa800000"
#define HOLE_READ "exit = mmio-read " HOLE " 8\n"
#define HOLE_WRITE "exit = mmio-write " HOLE " 4 1\n"
#define UART_FLAGS "exit = mmio-read 0x9000018 4\n"
#define UART_IDLE 0x90

typedef struct Hole {
    const char *name, *conf, *exit;
    const char *is;             /* external-abort of query-cca after it */
    unsigned aborts;
    uint64_t data;              /* that a read gives, if it is no abort */
    unsigned requests;          /* of an abort; refused ones count */
} Hole;

static const Hole holes[] = {
    { "a read of an address without a device is an abort", "", HOLE_READ,
      "injected", 1, 0, 1 },
    { "a write to an address without a device is an abort", "", HOLE_WRITE,
      "injected", 1, 0, 1 },
    { "a read of three such addresses is three aborts", "",
      HOLE_READ HOLE_READ HOLE_READ, "injected", 3, 0, 3 },
    { "an access that begins in front of RAM and ends in it is an abort", "",
      "exit = mmio-read 0x3ffffffc 8\n", "injected", 1, 0, 1 },
    { "a read of the PCI window without a device is no abort, as with PCI", "",
      "exit = mmio-read 0x8000000000 8\n", "unknown", 0, UINT64_MAX },
    { "a read of a device is no abort", "", UART_FLAGS, "unknown", 0,
      UART_IDLE },
    { "a write to a device is no abort", "",
      "exit = mmio-write 0x9000000 4 0x41\n", "unknown" },
    { "series v7 takes no abort, and the guest reads zero",
      "personality = v7\n", HOLE_READ, "ignored", 0, 0, 1 },
    { "a host that takes no abort is asked once", "personality = v7\n",
      HOLE_READ HOLE_WRITE HOLE_READ, "ignored", 0, 0, 1 },
    { "what is in front of RAM and in it reads zero on series v7",
      "personality = v7\n", "exit = mmio-read 0x3ffffffc 8\n", "ignored", 0,
      0, 1 },
    { "an abort that KVM refuses is none, and the guest reads zero",
      "fail = SET_VCPU_EVENTS@EINVAL\n", HOLE_READ, "ignored", 0, 0, 1 },
    { "an abort that is not permitted is none, and the guest reads zero",
      "fail = SET_VCPU_EVENTS@EPERM\n", HOLE_READ, "ignored", 0, 0, 1 },
    { "an abort that fails is none, and the guest reads zero",
      "fail = SET_VCPU_EVENTS@EIO\n", HOLE_READ, "ignored", 0, 0, 1 },
    { "what the host showed first is what it does",
      "fail = SET_VCPU_EVENTS#2@EIO\n", HOLE_READ HOLE_READ, "injected", 1, 0,
      2 },
    { "an abort on version 11, which hides capabilities",
      "whitelist-caps = yes\n", HOLE_READ, "injected", 1, 0, 1 },
    { "a completion that is put off is none, and the guest reads zero",
      "fail = COMPLETE_MMIO@EAGAIN\n", HOLE_READ, "unknown" },
};

/* What query-cca says, to be freed */
static char *external_abort(Contract *c)
{
    QDict *rsp = contract_qmp(c, "{'execute': 'query-cca'}");
    QDict *info = rsp ? qdict_get_qdict(rsp, "return") : NULL;
    char *is = g_strdup(info ? qdict_get_try_str(info, "external-abort") :
                               NULL);

    qobject_unref(rsp);
    return is;
}

static void expect_abort_is(Contract *c, const char *is)
{
    g_autofree char *text = NULL, *hmp = NULL, *line = NULL;

    /* the report may have a call before QEMU has its answer */
    for (int i = 0; i < 500 && g_strcmp0(text, is); i++) {
        if (i) {
            g_usleep(10000);
        }
        g_free(text);
        text = external_abort(c);
    }
    contract_equal("external-abort", text, is);
    hmp = contract_hmp(c, "info cca");
    line = g_strdup_printf("external abort of addresses without a device: %s",
                           is);
    contract_check(strstr(hmp, line), "HMP: %s", hmp);
}

/* The last result of a read in the report */
static uint64_t read_result(Contract *c)
{
    QDict *report = contract_report(c);
    QList *calls = report ? qdict_get_qlist(report, "calls") : NULL;
    const QListEntry *entry;
    uint64_t value = 0xbad;

    if (!contract_check(calls, "no report")) {
        return value;
    }
    QLIST_FOREACH_ENTRY(calls, entry) {
        QDict *call = qobject_to(QDict, qlist_entry_obj(entry));
        const QNum *data = qobject_to(QNum, qdict_get(call, "data"));

        if (data && g_str_equal(qdict_get_str(call, "call"),
                                "MMIO_READ_RESULT")) {
            qnum_get_try_uint(data, &value);
        }
    }
    return value;
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;

    while ((text = strstr(text, what))) {
        text++;
        n++;
    }
    return n;
}

static void test_hole(const void *data)
{
    const Hole *t = data;
    g_autofree char *conf = g_strconcat(t->conf, t->exit, NULL);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = conf, .more = "-S",
    });
    unsigned reads = count(t->exit, "mmio-read"), n;
    int64_t requests;
    QDict *counters;

    expect_abort_is(c, "unknown");
    contract_qmp_ok(c, "cont");
    contract_wait_calls(c, "MMIO_READ_RESULT", reads);
    contract_wait_calls(c, "EXIT_DONE", count(t->exit, "mmio-write"));
    expect_abort_is(c, t->is);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);

    n = contract_count(c, "INJECT_ABORT");
    contract_check(n == t->aborts, "%u aborts, not %u", n, t->aborts);
    counters = qdict_get_qdict(contract_report(c), "counters");
    requests = qdict_get_try_int(counters, "SET_VCPU_EVENTS", 0);
    contract_check(requests == t->requests, "%" PRId64 " requests, not %u",
                   requests, t->requests);
    if (reads) {
        contract_check(read_result(c) == t->data, "it reads 0x%" PRIx64
                       ", not 0x%" PRIx64, read_result(c), t->data);
    }
}

typedef struct Bad {
    const char *name, *conf, *message;
    bool all;                   /* generations */
} Bad;

static const Bad bad[] = {
    { "an access that cannot be completed stops the VM",
      HOLE_READ "fail = COMPLETE_MMIO@EIO",
      "rme-guest 'rme0': vCPU 0 cannot go on: KVM_RUN: Input/output error",
      true },
    /* From version 14 on its vCPUs sleep for ever then, and nobody is told */
    { "a Realm that goes off under an access is off",
      "exit = realm-off\n" HOLE_READ,
      "rme-guest 'rme0': all vCPUs have left the Realm, and none with a "
      "power-off or a reset: the RMM stopped it" },
};

static void test_bad(const void *data)
{
    const Bad *t = data;
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = t->conf,
    });

    contract_expect_state(c, "internal-error");
    contract_check(strstr(contract_stderr(c), t->message),
                   "stderr '%s' should have '%s'", contract_stderr(c),
                   t->message);
    contract_check(contract_count(c, "INJECT_ABORT") == 0, "an abort");
    contract_quit(c);
    contract_expect_no_complaints(c);
}

/*
 * To complete an access is to kick oneself, and what kicks at that moment is no
 * other one. A vCPU that lost a kick sits in KVM_RUN, and "stop" waits for it.
 */
static void test_kicks(const void *data)
{
    static const unsigned counts[] = { 20, 50, 200, 1000 };
    unsigned n = counts[contract_level()], done, aborts;
    g_autofree char *conf = g_strdup_printf("completion-ms = 3\n"
                                            "exit-rounds = %u\n" HOLE_READ
                                            "exit = kicked\n", 2 * n);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .conf = conf });
    GRand *rand = g_rand_new_with_seed(n);

    contract_limit_cpu(600);
    for (done = 0; done < n; done++) {
        g_autofree char *state = NULL;

        contract_qmp_ok(c, "stop");
        state = contract_run_state(c);
        if (!contract_check(!g_strcmp0(state, "paused"), "stop %u of %u: %s",
                            done, n, state)) {
            break;
        }
        contract_qmp_ok(c, "cont");
        g_usleep(g_rand_int_range(rand, 0, 4000));
    }
    g_rand_free(rand);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    aborts = contract_count(c, "INJECT_ABORT");
    contract_check(aborts > n / 2, "%u aborts in %u stops", aborts, n);
    g_test_message("summary: stops while an access to nothing is completed: "
                   "%u, with %u aborts, no kick lost", done, aborts);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(holes); i++) {
        contract_add_conf("abort", holes[i].name, holes[i].conf, test_hole,
                          &holes[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        if (bad[i].all) {
            contract_add_each("abort", bad[i].name, test_bad, &bad[i]);
        } else {
            contract_add("abort", bad[i].name, test_bad, &bad[i]);
        }
    }
    contract_add_each("abort", "no kick is lost while an access is completed",
                      test_kicks, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
