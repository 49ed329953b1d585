/*
 * Contract tests: the vCPUs of a Realm, how many and of which kind
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "rme-contract.h"

#define PREFIX "can't apply global host-arm-cpu."
#define RANGE(prop, value, min, max) \
    PREFIX prop "=" value ": " prop " must be between " min " and " max \
    ", not " value
#define REG "KVM_SET_ONE_REG(ID_AA64DFR0_EL1) = "
#define SVE4 "host-sve-vq = 4\nrmm-sve-vq = 4\n"

typedef struct Refused {
    const char *name;
    ContractArgs args;
    const char *message;
    bool hint;              /* QEMU says more than one line */
    const char *later;      /* in its place, from QEMU 10.1 on */
} Refused;

static const Refused refused[] = {
    { "refuses no breakpoint at all", { .cpu = ",num-breakpoints=0" },
      RANGE("num-breakpoints", "0", "2", "16") },
    { "refuses a negative number of breakpoints",
      { .cpu = ",num-breakpoints=-1" },
      RANGE("num-breakpoints", "-1", "2", "16") },
    { "refuses 17 breakpoints", { .cpu = ",num-breakpoints=17" },
      RANGE("num-breakpoints", "17", "2", "16") },
    { "refuses a word as a number of breakpoints",
      { .cpu = ",num-breakpoints=six" },
      PREFIX "num-breakpoints=six: Parameter 'num-breakpoints' expects int64" },
    { "refuses no watchpoint at all", { .cpu = ",num-watchpoints=0" },
      RANGE("num-watchpoints", "0", "2", "16") },
    { "refuses a single watchpoint", { .cpu = ",num-watchpoints=1" },
      RANGE("num-watchpoints", "1", "2", "16") },
    { "refuses a negative number of event counters",
      { .cpu = ",num-pmu-counters=-1" },
      RANGE("num-pmu-counters", "-1", "0", "31") },
    { "refuses 31 event counters where a Realm has fewer",
      { .cpu = ",num-pmu-counters=31" },
      "num-pmu-counters=31: a Realm on this host has at most 6" },
    { "refuses 16 breakpoints where only the host has them",
      { "host-bps = 15\nrmm-bps = 5", .cpu = ",num-breakpoints=16" },
      "num-breakpoints=16: a Realm on this host has at most 6" },
    { "refuses fewer breakpoints on series v7, with one line",
      { "personality = v7", .cpu = ",num-breakpoints=4" },
      "num-breakpoints: this kernel does not take the number, leave it out: "
      REG "0x30303408 on vCPU 0: Invalid argument" },
    { "refuses watchpoints that the kernel refuses, with one line",
      { "fail = SET_ONE_REG#1@EBUSY", .cpu = ",num-watchpoints=3" },
      "num-watchpoints: this kernel does not take the number, leave it out: "
      REG "0x30205408 on vCPU 0: Device or resource busy" },
    { "refuses a kernel that ignores the breakpoints",
      { "ignores = dfr0", .cpu = ",num-breakpoints=4" },
      "rme-guest 'rme0': num-breakpoints=4 was not taken: a Realm on this "
      "host has 6" },
    { "refuses a kernel that ignores the watchpoints",
      { "ignores = dfr0", .cpu = ",num-watchpoints=2" },
      "rme-guest 'rme0': num-watchpoints=2 was not taken: a Realm on this "
      "host has 4" },
    { "refuses a kernel that ignores the event counters",
      { "ignores = counters", .cpu = ",num-pmu-counters=2" },
      "num-pmu-counters=2 was not taken: a Realm on this host has 6" },
    { "refuses a kernel that ignores PMCR_EL0.N",
      { "personality = v7\nignores = counters",
        .cpu = ",num-pmu-counters=2" },
      "num-pmu-counters=2 was not taken: a Realm on this host has 6" },
    { "refuses a kernel that ignores the vector lengths",
      { "ignores = sve\n" SVE4, .cpu = ",sve512=off,sve384=off" },
      "rme-guest 'rme0': SVE vectors of 256 bits were not taken: a Realm on "
      "this host has 512" },
    { "refuses a vector length that the RMM lacks",
      { "host-sve-vq = 4\nrmm-sve-vq = 2", .cpu = ",sve512=on" },
      "cannot enable sve512", true },
    { "refuses a hole in the vector lengths",
      { SVE4, .cpu = ",sve512=on,sve256=off" },
      "cannot disable sve256", true },
    { "refuses SVE where the RMM has none",
      { "host-sve-vq = 4\nrmm-sve-vq = 0", .cpu = ",sve=on" },
      "'sve' feature not supported by KVM on this host" },
    { "refuses sve-max-vq, which is for TCG",
      { SVE4, .cpu = ",sve-max-vq=2" },
      "a Realm's vCPU has no sve-max-vq: use sve256=on" },
    { "refuses a PMU where a Realm has none",
      { "host-pmu-counters = 0", .cpu = ",pmu=on" },
      PREFIX "pmu=on: a Realm on this host has no PMU: use -cpu host,pmu=off" },
    { "refuses 32-bit vCPUs", { .cpu = ",aarch64=off" },
      "'aarch64' feature cannot be disabled unless KVM is enabled and 32-bit "
      "EL1 is supported" },
    { "refuses a CPU that is not the host's",
      { .more = "-cpu cortex-a57" },
      "a Realm's vCPUs are those of the host: use -cpu host" },
    { "refuses a 32-bit CPU", { .more = "-cpu cortex-a15" },
      "a Realm's vCPUs are those of the host: use -cpu host", true,
      "Invalid CPU model: cortex-a15\nThe valid models are: cortex-a53, "
      "cortex-a57, host, max\n" },
    { "refuses more vCPUs than KVM has",
      { "max-vcpus = 8", .more = "-smp 9" },
      "Number of SMP cpus requested (9) exceeds the maximum cpus supported by "
      "KVM (8)", true },
    { "refuses more vCPUs than the machine has", { .more = "-smp 513" },
      "Invalid SMP CPUs 513. The max CPUs supported by machine 'virt-10.0' is "
      "512", false,
      "Invalid SMP CPUs 513. The max CPUs supported by machine 'virt-10.2' is "
      "512" },
    { "refuses no vCPU", { .more = "-smp 0" },
      "Invalid CPU topology: CPU topology parameters must be greater than "
      "zero" },
};

static void test_refused(const void *data)
{
    const Refused *t = data;
    g_autoptr(Contract) c = contract_run(&t->args);
    const char *err = contract_stderr(c);

    contract_check(WIFEXITED(contract_status(c)) &&
                   WEXITSTATUS(contract_status(c)) == 1, "wait status 0x%x",
                   contract_status(c));
    contract_check(strstr(err, t->message) || (t->later && strstr(err, t->later)),
                   "stderr '%s' should have '%s'", err, t->message);
    contract_check(t->hint || strchr(err, '\n') == strrchr(err, '\n'),
                   "more than one line: '%s'", err);
    contract_check(!contract_count(c, "REALM_CREATE"), "a Realm was created");
}

typedef struct Accepted {
    const char *name;
    ContractArgs args;
    int num_bps, num_wps, counters, vl;     /* -1 without PMU, SVE */
} Accepted;

static const Accepted accepted[] = {
    { "what the host has is the default", { NULL }, 5, 3, 6, -1 },
    { "16 breakpoints and watchpoints and 31 counters are the most",
      { "host-bps = 15\nrmm-bps = 15\nhost-wps = 15\nrmm-wps = 15\n"
        "host-pmu-counters = 31\nrmm-pmu-counters = 31",
        .cpu = ",num-breakpoints=16,num-watchpoints=16,num-pmu-counters=31" },
      15, 15, 31, -1 },
    { "two breakpoints and watchpoints and a counter are the fewest",
      { .cpu = ",num-breakpoints=2,num-watchpoints=2,num-pmu-counters=1" },
      1, 1, 1, -1 },
    { "series v7 takes a number of watchpoints",
      { "personality = v7", .cpu = ",num-watchpoints=2" }, 5, 1, 6, -1 },
    { "series v7 takes the number of breakpoints that it has",
      { "personality = v7", .cpu = ",num-breakpoints=6" }, 5, 3, 6, -1 },
    { "pmu=on is the default", { .cpu = ",pmu=on" }, 5, 3, 6, -1 },
    { "pmu=off has no counters", { .cpu = ",pmu=off" }, 5, 3, -1, -1 },
    { "pauth=off can be said", { .cpu = ",pauth=off" }, 5, 3, 6, -1 },
    { "kvm-steal-time=off can be said", { .cpu = ",kvm-steal-time=off" },
      5, 3, 6, -1 },
    { "kvm-no-adjvtime=on can be said", { .cpu = ",kvm-no-adjvtime=on" },
      5, 3, 6, -1 },
    { "the longest vectors are the default", { SVE4 }, 5, 3, 6, 3 },
    { "vectors of 2048 bits are the longest",
      { "host-sve-vq = 16\nrmm-sve-vq = 16" }, 5, 3, 6, 15 },
    { "vectors of 128 bits are the shortest",
      { SVE4, .cpu = ",sve256=off,sve384=off,sve512=off" },
      5, 3, 6, 0 },
    { "sve256=on is the longest that is on",
      { SVE4, .cpu = ",sve128=on,sve256=on" }, 5, 3, 6, 1 },
};

static void expect_number(QDict *realm, const char *key, int value)
{
    int64_t is = qdict_get_try_int(realm, key, -1);

    contract_check(is == value, "%s is %" PRId64 ", not %d", key, is, value);
}

static void test_accepted(const void *data)
{
    const Accepted *t = data;
    g_autoptr(Contract) c = contract_start(&t->args);
    QDict *realm;

    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    realm = contract_realm(c);
    if (realm) {
        expect_number(realm, "num-bps", t->num_bps);
        expect_number(realm, "num-wps", t->num_wps);
        expect_number(realm, "pmu-counters", MAX(t->counters, 0));
        expect_number(realm, "sve-vl", MAX(t->vl, 0));
        contract_check(qdict_get_try_bool(realm, "pmu", false) ==
                       (t->counters >= 0), "PMU");
        contract_check(qdict_get_try_bool(realm, "sve", false) ==
                       (t->vl >= 0), "SVE");
    }
}

/* The last -cpu counts */
static char *rim_with(const char *cpu)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = cpu });
    QDict *realm;

    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    realm = contract_realm(c);
    return g_strdup(realm ? qdict_get_try_str(realm, "rim") : NULL);
}

/* With KVM, max is another name of host */
static void test_other_names(const void *data)
{
    g_autofree char *host = rim_with("-cpu host");
    g_autofree char *max = rim_with("-cpu max");

    contract_check(host, "no RIM");
    contract_equal("RIM of -cpu max", max, host);
}

/* The RMM takes RECs in the order of their MPIDRs, 16 in a cluster */
static void test_many(const void *data)
{
    const char *smp = data;
    unsigned n = atoi(smp);
    g_autofree char *more = g_strconcat("-S -smp ", smp, NULL);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = more });
    g_autoptr(GString) want = g_string_new(NULL);
    g_autofree char *steps = NULL;
    QDict *rsp = contract_qmp(c, "{'execute': 'query-cpus-fast'}");
    QList *cpus = rsp ? qdict_get_qlist(rsp, "return") : NULL;
    const QListEntry *entry;
    unsigned i = 0;

    if (!contract_check(cpus && qlist_size(cpus) == n, "not %u vCPUs", n)) {
        qobject_unref(rsp);
        return;
    }
    QLIST_FOREACH_ENTRY(cpus, entry) {
        QDict *cpu = qobject_to(QDict, qlist_entry_obj(entry));
        QDict *value = contract_qmp(c, "{'execute': 'qom-get', 'arguments': "
                                    "{'path': %s, 'property': 'mp-affinity'}}",
                                    qdict_get_str(cpu, "qom-path"));
        uint64_t is = value ? qdict_get_try_int(value, "return", -1) : -1;

        contract_check(is == (i / 16 << 8 | i % 16), "vCPU %u: MPIDR 0x%"
                       PRIx64, i, is);
        g_string_append_printf(want, ", REC %u", i++);
        qobject_unref(value);
    }
    qobject_unref(rsp);

    contract_qmp_ok(c, "cont");
    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    steps = contract_steps(c);
    g_string_append(want, ", ACTIVATE");
    contract_check(steps && g_str_has_suffix(steps, want->str),
                   "the steps are %s", steps);
}

/* The kernel has taken the number: a later one would only look as if it held */
static void test_after_realize(const void *data)
{
    static const char *const props[] = {
        "num-breakpoints", "num-watchpoints", "num-pmu-counters",
    };
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = "-S" });

    for (int i = 0; i < 2 * ARRAY_SIZE(props); i++) {
        const char *prop = props[i % ARRAY_SIZE(props)];
        QDict *rsp = contract_qmp(c, "{'execute': 'qom-set', 'arguments': "
                                  "{'path': '/machine/unattached/device[0]', "
                                  "'property': %s, 'value': 3}}", prop);
        QDict *err = rsp ? qdict_get_qdict(rsp, "error") : NULL;

        contract_check(err && strstr(qdict_get_str(err, "desc"),
                                     "after it was realized"),
                       "%s: %s", prop, err ? qdict_get_str(err, "desc") :
                                             "was set");
        qobject_unref(rsp);
        if (i == ARRAY_SIZE(props) - 1) {
            contract_qmp_ok(c, "cont");     /* and once more */
        }
    }
    contract_quit(c);
    contract_expect_active(c);
}

static void add_tests(void)
{
    static const char *const smp[] = {
        "1", "2", "3", "8", "15", "16", "17", "33",
        "16,sockets=2,clusters=2,cores=2,threads=2",
    };

    for (int i = 0; i < ARRAY_SIZE(refused); i++) {
        contract_add("cpu", refused[i].name, test_refused, &refused[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(accepted); i++) {
        contract_add("cpu", accepted[i].name, test_accepted, &accepted[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(smp); i++) {
        g_autofree char *name = g_strdup_printf("-smp %s makes its RECs in "
                                                "the order of MPIDRs", smp[i]);

        contract_add("cpu", name, test_many, smp[i]);
    }
    contract_add("cpu", "-cpu max is measured as -cpu host", test_other_names,
                 NULL);
    contract_add("cpu", "no number can be set on a vCPU that exists",
                 test_after_realize, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
