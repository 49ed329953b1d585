/*
 * Contract tests: every call of a launch, failing in every way
 *
 * A good launch tells how often each call is made (the simulator counts them);
 * then each of them fails, one at a time and all of a kind, with every errno
 * that a kernel may come up with.  There are three good ends: the same Realm
 * all the same, one line and status 1, or, for those calls that are none of
 * the Realm's, QEMU's own abort(), which the summary lists.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qobject/qlist.h"
#include "rme-contract.h"

/* A start uses less than one second of CPU time, under emulation two */
#define CPU_LIMIT 10

static const struct {
    const char *name;
    int value;
} errnos[] = {
    { "EINTR", EINTR }, { "EAGAIN", EAGAIN }, { "ENOMEM", ENOMEM },
    { "EINVAL", EINVAL }, { "EPERM", EPERM }, { "EBUSY", EBUSY },
    { "ENXIO", ENXIO }, { "EFAULT", EFAULT }, { "ENOTTY", ENOTTY },
    { "EOPNOTSUPP", EOPNOTSUPP },
};

#define RETRIED 1       /* after EINTR and EAGAIN */
#define GENERIC 2       /* made by other parts of QEMU: may abort */
#define ANY_TEXT 4      /* the line need not have the errno's text */
#define TWO_LINES 8     /* a function of QEMU's reports it itself first */
#define ANY_LINES 16    /* a reset that fails dumps the registers */
#define EXPLICIT 32     /* not where Realms are created and activated implicitly */
#define FIRST_RUN 64    /* of the first KVM_RUN there: EINTR would be success */

typedef struct Call {
    const char *name;
    unsigned flags;
    const char *text;   /* the line says this as well */
    const char *implicit;   /* and this, where it is a part of another call */
} Call;

#define POPULATE "KVM_ARM_RMI_POPULATE of [0x4"
#define ACTIVATE "KVM and the RMM do not activate the Realm"

static const Call calls[] = {
    { "OPEN_KVM" },
    { "CREATE_VM" },
    { "CREATE_VCPU" },
    { "VCPU_INIT" },
    { "SET_USER_MEMORY_REGION2", 0, "KVM_SET_USER_MEMORY_REGION2" },
    { "CREATE_GUEST_MEMFD", 0, "guest_memfd" },
    { "SET_MEMORY_ATTRIBUTES", 0, "KVM_SET_MEMORY_ATTRIBUTES" },
    { "GET_ONE_REG" },
    { "SET_ONE_REG" },
    { "ENABLE_CAP", EXPLICIT },
    { "CONFIG_HASH", EXPLICIT | RETRIED, "CONFIG_REALM: hash SHA-" },
    { "CONFIG_RPV", EXPLICIT | RETRIED, "CONFIG_REALM: personalization value" },
    { "CONFIG_MEC", EXPLICIT | RETRIED, "CONFIG_REALM: private MECID" },
    { "MEC_QUERY", EXPLICIT },
    { "REALM_CONFIG", EXPLICIT },
    { "REALM_CREATE", RETRIED, "CREATE_REALM", POPULATE },
    { "REALM_INIT_RIPAS", RETRIED | FIRST_RUN,
      "INIT_RIPAS_REALM: [0x40000000, 0x50000000)", ACTIVATE },
    { "REALM_POPULATE", RETRIED, "POPULATE_REALM: [0x4", POPULATE },
    { "REALM_ACTIVATE", RETRIED | FIRST_RUN, "ACTIVATE_REALM", ACTIVATE },
    { "VCPU_FINALIZE_REC", FIRST_RUN, "KVM_ARM_VCPU_FINALIZE(REC) of vCPU ",
      ACTIVATE },
    { "SHARED_DISCARD", EXPLICIT | TWO_LINES, "cannot drop the shared copy of [0x4" },
    { "GET_API_VERSION", GENERIC },
    { "CHECK_EXTENSION", GENERIC | ANY_TEXT },
    { "CHECK_EXTENSION_VM", GENERIC | ANY_TEXT },
    { "GET_VCPU_MMAP_SIZE", GENERIC },
    { "PREFERRED_TARGET", GENERIC },
    { "POPULATE_V12", ANY_TEXT },
    { "POPULATE_V13", ANY_TEXT },
    { "CREATE_DEVICE", GENERIC },
    { "DEVICE_HAS_ATTR", GENERIC },
    { "DEVICE_GET_ATTR", GENERIC },
    { "DEVICE_SET_ATTR", GENERIC },
    { "VCPU_HAS_DEVICE_ATTR", GENERIC },
    { "VCPU_SET_DEVICE_ATTR", GENERIC },
    { "VCPU_FINALIZE", GENERIC },
    { "SET_GSI_ROUTING", GENERIC },
    { "SET_MP_STATE", GENERIC | ANY_LINES },
};

/* The launch that is tortured: all that a Realm can be configured with */
static const ContractArgs good = {
    .conf = "mec = present\nmec-count = 4\n",
    .object = ",mec-policy=private,personalization-value="
              "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v"
              "MDEyMzQ1Njc4OTo7PD0+Pw==",
    .cpu = ",num-breakpoints=4,num-pmu-counters=4",
    .more = "-smp 2",
};

/* Where nothing can be chosen, and the number of breakpoints cannot either */
static const ContractArgs good_implicit = {
    .more = "-smp 2",
};

/* True lines of places that do not have the errno any more */
static const char *const generic_lines[] = {
    "Failed to retrieve host CPU features",
    "the ID registers of a throw-away vCPU cannot be read",
    "this kernel has no private guest memory",
    "its Realm ABI is unknown to this QEMU",
    "kvm version too old",
    "Unable to determine GIC version supported by host",
    "its kernel does not answer MEC_QUERY",
    "this host's RMM supports ",
};

/* Of a good launch: how often each call is made, and the RIM */
typedef struct Learnt {
    GHashTable *points;
    char *rim;
} Learnt;

static Learnt *learnt(void)
{
    static Learnt generations[CONTRACT_GENERATIONS];

    return &generations[contract_generation() - contract_generations];
}

static unsigned injected, survived, refused, aborted;
static unsigned injected_into[CONTRACT_GENERATIONS];
static GHashTable *aborts;      /* call -> how often */

static Contract *launch(const char *fail, bool *runs)
{
    ContractArgs args = contract_generation()->implicit ? good_implicit : good;
    g_autofree char *conf = g_strconcat(args.conf ?: "", fail, NULL);
    Contract *c;

    args.conf = conf;
    c = contract_try(&args, runs);
    contract_end(c);
    return c;
}

static bool learn(void)
{
    g_autoptr(Contract) c = NULL;
    const QDictEntry *e;
    QDict *report;
    bool runs;

    if (learnt()->points) {
        return true;
    }
    aborts = aborts ?: g_hash_table_new(g_str_hash, g_str_equal);
    contract_limit_cpu(CPU_LIMIT);
    c = launch("", &runs);
    contract_expect_silence(c);
    contract_expect_active(c);
    learnt()->rim = contract_rim(c);
    report = qdict_get_qdict(contract_report(c), "fail-points");
    if (!contract_check(runs && learnt()->rim && report, "no good launch")) {
        return false;
    }
    learnt()->points = g_hash_table_new(g_str_hash, g_str_equal);
    for (e = qdict_first(report); e; e = qdict_next(report, e)) {
        g_hash_table_insert(learnt()->points, g_strdup(qdict_entry_key(e)),
                            GUINT_TO_POINTER(qdict_get_int(
                                report, qdict_entry_key(e))));
    }
    return true;
}

static unsigned how_often(const char *call)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(learnt()->points, call));
}

/* EINVAL is the RMM's word for a hash that it does not know */
static bool is_other_hash(Contract *c, int err)
{
    return err == EINVAL && strstr(contract_stderr(c), "does not offer sha512, "
                                   "measuring with sha256");
}

/*
 * KVM on Arm never fails a VM's CHECK_EXTENSION. If it did, accel/kvm would ask
 * the system instead, which has a PMU where a Realm has none, and the RMM would
 * refuse the vCPU.
 */
static const char *known_complaint(const Call *call)
{
    return !strcmp(call->name, "CHECK_EXTENSION_VM") &&
           !contract_generation()->has_pmu ? "a vCPU has a PMU" : NULL;
}

/* The interrupt controller is saved when a machine stops, here at its end */
static bool is_of_the_end(const char *line)
{
    return strstr(line, "KVM_SET_DEVICE_ATTR failed: Group 4 ");
}

/* It went on: then with the same Realm, and with warnings at most */
static void expect_survived(Contract *c, const Call *call, const char *fail,
                            int err)
{
    g_auto(GStrv) lines = g_strsplit(contract_stderr(c), "\n", -1);
    g_autofree char *is = contract_rim(c);

    survived++;
    for (int i = 0; lines[i] && !(call->flags & ANY_LINES); i++) {
        contract_check(!*lines[i] || strstr(lines[i], "warning: ") ||
                       is_of_the_end(lines[i]),
                       "%s: launched with '%s'", fail, lines[i]);
    }
    contract_check(!g_strcmp0(is, learnt()->rim) || is_other_hash(c, err),
                   "%s: another Realm, without a word", fail);
}

static const char *text_of(const Call *call)
{
    return contract_generation()->implicit && call->implicit ?
           call->implicit : call->text;
}

static bool is_generic(const char *line)
{
    for (int i = 0; i < ARRAY_SIZE(generic_lines); i++) {
        if (strstr(line, generic_lines[i])) {
            return true;
        }
    }
    return false;
}

static void expect_refused(Contract *c, const Call *call, const char *fail,
                           int err)
{
    g_autofree char *line = call->flags & TWO_LINES ?
        g_strdup(strchr(contract_stderr(c), '\n') + 1) :
        contract_error_line(c);

    refused++;
    if (call->flags & ANY_LINES) {
        contract_check(strstr(contract_stderr(c), strerror(err)),
                       "%s: does not say why: '%s'", fail,
                       contract_stderr(c));
        return;
    }
    if (strstr(contract_stderr(c), "Please upgrade to at least kernel 4.5.") ||
        strstr(contract_stderr(c), "Are you using assigned devices?")) {
        return;     /* second lines of accel/kvm and system/physmem.c */
    }
    if (!contract_check(line, "%s: one line was expected: '%s'", fail,
                        contract_stderr(c))) {
        return;
    }
    if (is_generic(line)) {
        return;
    }
    /* A Realm that was not activated is dead when it is tried again */
    contract_check(call->flags & ANY_TEXT || strstr(line, strerror(err)) ||
                   (err == EAGAIN && strstr(line, ACTIVATE)),
                   "%s: does not say why: '%s'", fail, line);
    contract_check(!text_of(call) || strstr(line, text_of(call)),
                   "%s: does not say '%s': '%s'", fail, text_of(call), line);
}

static void try_fault(const Call *call, unsigned nth, int e)
{
    g_autofree char *fail = nth ?
        g_strdup_printf("fail = %s#%u@%s", call->name, nth, errnos[e].name) :
        g_strdup_printf("fail = %s@%s", call->name, errnos[e].name);
    bool again = errnos[e].value == EINTR || errnos[e].value == EAGAIN;
    bool first_run = contract_generation()->implicit && call->flags & FIRST_RUN;
    g_autoptr(Contract) c = NULL;
    int64_t open_vms;
    bool runs;
    int status;

    if (first_run && errnos[e].value == EINTR) {
        return;
    }
    c = launch(fail, &runs);
    status = contract_status(c);
    injected++;
    injected_into[contract_generation() - contract_generations]++;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
        call->flags & GENERIC) {
        aborted++;
        g_hash_table_insert(aborts, (gpointer)call->name, GUINT_TO_POINTER(
            1 + GPOINTER_TO_UINT(g_hash_table_lookup(aborts, call->name))));
        return;
    }
    if (runs) {
        contract_check(WIFEXITED(status) && !WEXITSTATUS(status),
                       "%s: wait status 0x%x after quit", fail, status);
        expect_survived(c, call, fail, errnos[e].value);
    } else if (contract_check(WIFEXITED(status) && WEXITSTATUS(status) == 1,
                              "%s: wait status 0x%x: '%s'", fail, status,
                              contract_stderr(c))) {
        expect_refused(c, call, fail, errnos[e].value);
    }
    contract_check(runs || !nth || !again || !(call->flags & RETRIED) ||
                   first_run,
                   "%s: not tried again", fail);
    /* The simulator takes what it was told to fail for a failure */
    if (!is_other_hash(c, errnos[e].value)) {
        contract_expect_no_complaints_but(c, known_complaint(call));
    }
    open_vms = qdict_get_try_int(contract_report(c), "open-vms", 0);
    contract_check(open_vms <= 1, "%s: %" PRId64 " VMs were not closed", fail,
                   open_vms);
}

/*
 * With --all each of them, but of calls that are made hundreds of times (the
 * registers of the GIC) the first, the last and some in between. Else a fixed
 * choice: three of each call, with other errnos for the next call.
 */
static bool is_chosen(unsigned nth, unsigned of, int e, unsigned shift)
{
    unsigned first = shift * 3 % ARRAY_SIZE(errnos);
    unsigned k = (e + ARRAY_SIZE(errnos) - first) % ARRAY_SIZE(errnos);

    if (contract_level() == CONTRACT_ALL) {
        return of <= 64 || nth <= 4 || nth > of - 4 || nth % (of / 16) == 0;
    }
    if (contract_level() < CONTRACT_FULL) {
        return shift % 3 == 0 && nth == 1 && k == 0;
    }
    return of == 1 ? nth == 1 && k < 3 :
           (nth == 1 && k == 0) || (nth == of && k == 1) ||
           (nth == 0 && k == 2);
}

static void test_call(const void *data)
{
    const Call *call = data;
    unsigned n, before = injected;

    if (!learn()) {
        return;
    }
    if (contract_generation()->implicit && call->flags & EXPLICIT) {
        g_test_skip("there is no such call");
        return;
    }
    n = how_often(call->name);
    if (!n && contract_generation()->implicit) {
        g_test_skip("a launch makes no such call here");
        return;
    }
    contract_check(n, "%s is not called in a good launch", call->name);
    /* 0: all of them */
    for (unsigned nth = 0; nth <= n; nth++) {
        for (int e = 0; e < ARRAY_SIZE(errnos); e++) {
            if (is_chosen(nth, n, e, call - calls)) {
                try_fault(call, nth, e);
            }
        }
    }
    g_test_message("%s: %u calls, %u faults", call->name, n,
                   injected - before);
}

/*
 * A call of this generation tells that it succeeded and nothing else.  When
 * that is not true QEMU cannot know; but the measurement is another one than
 * QEMU says, so that no verifier takes this Realm for the one that was meant.
 */
static void test_nothing(const void *data)
{
    const char *fail = data;
    g_autoptr(Contract) c = NULL;
    g_autofree char *is = NULL;
    bool runs;

    if (!learn()) {
        return;
    }
    c = launch(fail, &runs);
    injected++;
    injected_into[contract_generation() - contract_generations]++;
    survived++;
    is = contract_rim(c);
    contract_check(runs, "no launch: '%s'", contract_stderr(c));
    contract_check(is && strcmp(is, learnt()->rim), "the measurement is the same");
    contract_expect_silence(c);
    contract_expect_active(c);
}

/* A call that nobody thought of must not stay untested */
static void test_complete(const void *data)
{
    GHashTableIter it;
    gpointer name;

    if (!learn()) {
        return;
    }
    g_hash_table_iter_init(&it, learnt()->points);
    while (g_hash_table_iter_next(&it, &name, NULL)) {
        /* The subjects of the hostile and of the alloc test */
        bool known = g_str_equal(name, "RUN") ||
                     g_str_has_prefix(name, "LARGE_") ||
                     g_str_equal(name, "RMI_POPULATE"); /* is REALM_POPULATE */

        for (int i = 0; i < ARRAY_SIZE(calls); i++) {
            known |= g_str_equal(calls[i].name, name);
        }
        contract_check(known, "%s is in a launch, but is not tried",
                       (char *)name);
    }
}

static int by_name(gconstpointer a, gconstpointer b, gpointer opaque)
{
    return strcmp(a, b);
}

static void test_summary(const void *data)
{
    g_autoptr(GString) list = g_string_new(NULL);
    g_autoptr(GList) keys = aborts ? g_hash_table_get_keys(aborts) : NULL;

    keys = g_list_sort_with_data(keys, by_name, NULL);
    for (GList *l = keys; l; l = l->next) {
        g_string_append_printf(list, "%s%s %u", list->len ? ", " : "",
                               (char *)l->data, GPOINTER_TO_UINT(
                                   g_hash_table_lookup(aborts, l->data)));
    }
    g_test_message("summary: faults injected: %u, survived: %u, refused with "
                   "one line: %u, QEMU's own abort: %u (%s)", injected,
                   survived, refused, aborted, list->len ? list->str : "none");
    for (int i = 0; i < CONTRACT_GENERATIONS; i++) {
        if (injected_into[i]) {
            g_test_message("summary: generation %s: torture: %u faults",
                           contract_generations[i].name, injected_into[i]);
        }
    }
}

static void add_tests(void)
{
    contract_add_each("torture", "each call of a launch is tried",
                      test_complete, NULL);
    for (int i = 0; i < ARRAY_SIZE(calls); i++) {
        g_autofree char *name = g_strdup_printf("a failing %s", calls[i].name);

        contract_add_each("torture", name, test_call, &calls[i]);
    }
    contract_add("torture", "an INIT_RIPAS that does nothing is measured",
                 test_nothing, "fail = REALM_INIT_RIPAS#1@NOTHING");
    contract_add("torture", "a POPULATE that does nothing is measured",
                 test_nothing, "fail = REALM_POPULATE#2@NOTHING");
    contract_add("torture", "the summary", test_summary, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
