/*
 * Contract tests: a power-off of several vCPUs, whoever leaves how and when
 *
 * QTEST_CCA_SEED is added to the seeds of the simulated host.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qobject/qlist.h"
#include "rme-contract.h"

/* Conversions first, so that all vCPUs are in KVM when it happens */
#define SHARE "exit = memory-fault shared 0x44000000 0x1000\n" \
              "exit = memory-fault private 0x44000000 0x1000\n" \
              "exit = mmio-read 0x9000018 4\n"

typedef struct Off {
    const char *name;
    const char *conf;
    const char *event;          /* shutdown or reset */
    unsigned vcpus;
    bool stays;
} Off;

static const Off offs[] = {
    { "a power-off of 2 vCPUs as series v7 does it",
      "personality = v7\n", "shutdown", 2 },
    { "a power-off of 2 vCPUs as series v7 does it, with -no-shutdown",
      "personality = v7\n", "shutdown", 2, true },
    { "a power-off of 8 vCPUs as series v7 does it",
      "personality = v7\n", "shutdown", 8 },
    { "a power-off of 8 vCPUs as series v7 does it, with -no-shutdown",
      "personality = v7\n", "shutdown", 8, true },
    { "a reset of 8 vCPUs as series v7 does it", "personality = v7\n", "reset",
      8 },
    { "a power-off of 8 vCPUs as series v8 does it, with -no-shutdown",
      "off-exit = unknown\n", "shutdown", 8, true },
    { "a power-off of 8 vCPUs as series v10 does it, with -no-shutdown", "",
      "shutdown", 8, true },
};

static unsigned runs, left, early;

static unsigned seed(void)
{
    const char *text = getenv("QTEST_CCA_SEED");

    return text ? atoi(text) : 1;
}

/* How many other vCPUs left, and how many of them before the event */
static void count_exits(Contract *c)
{
    QDict *report = contract_report(c);
    QList *calls = report ? qdict_get_qlist(report, "calls") : NULL;
    const QListEntry *entry;
    unsigned so_far = 0;

    if (!contract_check(calls, "no report")) {
        return;
    }
    QLIST_FOREACH_ENTRY(calls, entry) {
        QDict *call = qobject_to(QDict, qlist_entry_obj(entry));
        const char *name = qdict_get_str(call, "call");

        if (g_str_equal(name, "EXIT")) {
            so_far++;
        } else if (g_str_equal(name, "EXIT_SYSTEM_EVENT")) {
            early += so_far;
        }
    }
    left += so_far;
}

static void power_off(const Off *t, unsigned nr)
{
    g_autofree char *reason = g_strconcat("guest-", t->event, NULL);
    g_autofree char *more = g_strdup_printf("-S -smp %u %s", t->vcpus,
                                            t->stays ? "-no-shutdown" : "");
    g_autofree char *conf = g_strdup_printf("%soff-seed = %u\n" SHARE
                                            "exit = system-event %s\n",
                                            t->conf, nr, t->event);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = conf, .object = ",reboot=exit", .more = more,
    });

    contract_send(c, "{\"execute\": \"cont\"}");
    contract_expect_shutdown(c, reason);
    if (t->stays) {
        contract_expect_state(c, "shutdown");
        contract_quit(c);
    } else {
        contract_wait(c);
    }
    contract_check(contract_status(c) == 0, "seed %u: wait status 0x%x", nr,
                   contract_status(c));
    /* of a reset there is one line, of a power-off none */
    contract_check(!strstr(contract_stderr(c), "KVM") &&
                   (g_str_equal(t->event, "reset") || !*contract_stderr(c)),
                   "seed %u: says '%s'", nr, contract_stderr(c));
    contract_expect_no_complaints(c);
    count_exits(c);
    runs++;
}

static void test_off(const void *data)
{
    static const unsigned counts[] = { 2, 4, 12, 60 };
    const Off *t = data;

    for (unsigned i = 0; i < counts[contract_level()]; i++) {
        power_off(t, seed() * 1000 + i);
    }
}

static void test_summary(const void *data)
{
    contract_check(left && early, "of %u power-offs no other vCPU left (%u) or "
                   "none early (%u)", runs, left, early);
    g_test_message("summary: power-offs and resets of several vCPUs: %u, in "
                   "which %u other vCPUs left KVM_RUN, %u of them before the "
                   "one that did it", runs, left, early);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(offs); i++) {
        contract_add_conf("off", offs[i].name, offs[i].conf, test_off,
                          &offs[i]);
    }
    contract_add("off", "the summary of the power-offs", test_summary, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
