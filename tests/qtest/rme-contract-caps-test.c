/*
 * Contract tests: what a host can do, as management software asks for it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/utsname.h>
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "rme-contract.h"
#include "rme-libvirt-probe.h"

#define NO_MACHINE "-S -machine none"
#define NO_MACHINE_KVM NO_MACHINE ",accel=kvm:tcg"

/* Begins each answer: libvirt's schema wants both, whatever the host has */
#define SECTIONS "'sections': [{'measurement-algo': 'sha256'}, " \
                 "{'measurement-algo': 'sha512'}], "
#define GENERATION "'kernel-abi': 'a', " \
                   "'kernel-generation': 'A (host series v8 to v11)', " \
                   "'settable-personalization-value': true, "
#define CAP(n, from) "'capability': " #n ", 'capability-origin': '" from "', "
#define CAP_244 CAP(244, "kvm_cap_arm_rme")
#define HASHES "'settable-algorithms': ['sha256', 'sha512'], "
#define IPA(n) "'ipa-limit': " #n ", "
#define MEC(has, n) "'mec-supported': " #has ", 'private-mecids': " #n ", "
#define DEBUG(b, w) "'max-breakpoints': " #b ", 'max-watchpoints': " #w ", "
#define PMU_SVE(p, s) "'max-pmu-counters': " #p ", 'max-sve-length': " #s

static QDict *query(Contract *c)
{
    return contract_qmp(c, "{'execute': 'query-cca-capabilities'}");
}

static void expect_return(QDict *rsp, const char *json)
{
    QObject *should_be = qobject_from_json(json, NULL);
    QObject *is = rsp ? qdict_get(rsp, "return") : NULL;

    g_assert_nonnull(should_be);
    if (!is || !qobject_is_equal(is, should_be)) {
        g_autoptr(GString) a = rsp ? qobject_to_json(QOBJECT(rsp)) : NULL;
        g_autoptr(GString) b = qobject_to_json(should_be);

        contract_equal("answer", a ? a->str : NULL, b->str);
    }
    qobject_unref(should_be);
}

static void expect_error(QDict *rsp, const char *desc)
{
    QDict *error = rsp ? qdict_get_qdict(rsp, "error") : NULL;

    if (contract_check(error, "there is no error but an answer")) {
        contract_equal("class", qdict_get_try_str(error, "class"),
                       "GenericError");
        contract_equal("description", qdict_get_try_str(error, "desc"), desc);
    }
}

typedef struct Answer {
    const char *name;
    const char *conf;
    const char *json;
} Answer;

#define ANSWER(text) "{" SECTIONS GENERATION text "}"
#define USUAL_HOST \
    ANSWER(CAP_244 HASHES IPA(48) MEC(false, 0) DEBUG(6, 4) PMU_SVE(6, 0))

static const Answer answers[] = {
    { "a host of series v10", "", USUAL_HOST },
    { "a host that has no number in sysfs", "sysfs = none",
      ANSWER(CAP(244, "probe") HASHES IPA(48) MEC(false, 0) DEBUG(6, 4)
             PMU_SVE(6, 0)) },
    { "a host of series v11, which hides capabilities of a Realm VM",
      "sysfs = rmi\ncap = 245\nwhitelist-caps = yes",
      ANSWER(CAP(245, "kvm_cap_arm_rmi") HASHES IPA(48) MEC(false, 0)
             DEBUG(6, 4) PMU_SVE(6, 0)) },
    { "a host of series v7, which takes too wide an address space first",
      "personality = v7", USUAL_HOST },
    { "a parameter that is no number is not complained about",
      "sysfs = both\nsysfs-text = garbage\\n",
      ANSWER(CAP(244, "probe") HASHES IPA(48) MEC(false, 0) DEBUG(6, 4)
             PMU_SVE(6, 0)) },
    { "a parameter with another number is not complained about",
      "sysfs-text = 248\\n",
      ANSWER(CAP(244, "probe") HASHES IPA(48) MEC(false, 0) DEBUG(6, 4)
             PMU_SVE(6, 0)) },
    { "an RMM with SHA-256 only", "rmm-hashes = sha256",
      ANSWER(CAP_244 "'settable-algorithms': ['sha256'], " IPA(48)
             MEC(false, 0) DEBUG(6, 4) PMU_SVE(6, 0)) },
    { "an RMM with SHA-512 only", "rmm-hashes = sha512",
      ANSWER(CAP_244 "'settable-algorithms': ['sha512'], " IPA(48)
             MEC(false, 0) DEBUG(6, 4) PMU_SVE(6, 0)) },
    { "an RMM with a narrow address space", "rmm-ipa-limit = 40",
      ANSWER(CAP_244 HASHES IPA(40) MEC(false, 0) DEBUG(6, 4)
             PMU_SVE(6, 0)) },
    { "an RMM with the widest address space",
      "ipa-limit = 52\nrmm-ipa-limit = 52",
      ANSWER(CAP_244 HASHES IPA(52) MEC(false, 0) DEBUG(6, 4)
             PMU_SVE(6, 0)) },
    { "memory encryption contexts", "mec = present\nmec-count = 8",
      ANSWER(CAP_244 HASHES IPA(48) MEC(true, 7) DEBUG(6, 4)
             PMU_SVE(6, 0)) },
    { "MEC items and an RMM without contexts", "mec = absent",
      USUAL_HOST },
    { "limits of the RMM that are below the host's",
      "rmm-bps = 3\nrmm-wps = 1\nrmm-pmu-counters = 2\n"
      "host-sve-vq = 16\nrmm-sve-vq = 4",
      ANSWER(CAP_244 HASHES IPA(48) MEC(false, 0) DEBUG(4, 2)
             PMU_SVE(2, 512)) },
    { "a host without a PMU and with SVE",
      "host-pmu-counters = 0\nhost-sve-vq = 1\nrmm-sve-vq = 16",
      ANSWER(CAP_244 HASHES IPA(48) MEC(false, 0) DEBUG(6, 4)
             PMU_SVE(0, 128)) },
    /* A host that is short of something says nothing about its limits */
    { "no memory for a Realm", "fail = REALM_CREATE@ENOMEM",
      ANSWER(CAP_244 HASHES MEC(false, 0) DEBUG(6, 4) PMU_SVE(6, 0)) },
    { "all memory encryption contexts in use",
      "mec = present\nmec-count = 4\nmec-in-use = 4",
      ANSWER(CAP_244 HASHES MEC(true, 3) DEBUG(6, 4) PMU_SVE(6, 0)) },
    { "an RMM that refuses every Realm", "fail = REALM_CREATE@ENXIO",
      ANSWER(CAP_244 HASHES MEC(false, 0) DEBUG(6, 4) PMU_SVE(6, 0)) },
    { "no memory to set an algorithm", "fail = CONFIG_HASH#2@ENOMEM",
      ANSWER(CAP_244 IPA(48) MEC(false, 0) DEBUG(6, 4) PMU_SVE(6, 0)) },
    { "no memory for MEC_QUERY", "fail = MEC_QUERY@ENOMEM",
      ANSWER(CAP_244 HASHES IPA(48) DEBUG(6, 4) PMU_SVE(6, 0)) },
    { "no memory for the vCPU that is read", "fail = VCPU_INIT#3@ENOMEM",
      ANSWER(CAP_244 HASHES IPA(48) "'mec-supported': false, "
             "'private-mecids': 0") },
    { "registers that cannot be read",
      "fail = GET_ONE_REG@EIO\nhost-sve-vq = 4\nrmm-sve-vq = 4",
      ANSWER(CAP_244 HASHES IPA(48) "'mec-supported': false, "
             "'private-mecids': 0") },
};

static void test_answer(const void *data)
{
    const Answer *t = data;
    g_autoptr(Contract) c = contract_start_options(t->conf, NO_MACHINE_KVM);
    unsigned before = contract_open_files(c), after;
    QDict *rsp = query(c);

    expect_return(rsp, t->json);
    qobject_unref(rsp);
    after = contract_open_files(c);
    contract_check(after == before, "%u files are open, %u were before", after,
                   before);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_no_complaints(c);
}

typedef struct Unavailable {
    const char *name;
    const char *conf;
    const char *message;    /* %s is the release of the host's kernel */
} Unavailable;

#define NO_RMM "this kernel (%s) knows Arm CCA Realms but found no RMM to " \
    "run them: the firmware must start one whose RMI version the kernel " \
    "accepts (KVM_CREATE_VM for a Realm: "
#define UNKNOWN_ABI "this kernel creates Realm VMs but answers neither the " \
    "KVM_ENABLE_CAP actions of host series v8 to v11 nor " \
    "KVM_ARM_RMI_POPULATE of later ones: its Realm ABI is unknown to this QEMU"
#define NO_VCPU "cannot create a throw-away vCPU of a Realm to probe this " \
    "kernel: "
#define NO_RMM_B "this kernel (%s) knows Arm CCA Realms but makes none: the " \
    "firmware must start an RMM whose RMI version the kernel accepts, and KVM " \
    "must run in a mode that has Realms, see the kernel's log (KVM_CREATE_VM " \
    "for a Realm: Invalid argument; an ordinary VM knows KVM_ARM_RMI_POPULATE)"
#define NO_REALMS "this kernel (%s) has no Arm CCA Realms: KVM_CREATE_VM " \
    "refuses the Realm type, and KVM_ARM_RMI_POPULATE is unknown to it; boot " \
    "a kernel with the Arm CCA host support, which is more than a driver for " \
    "the RMM"
#define NO_PRIVATE_MEMORY "this kernel has no private guest memory " \
    "(KVM_CAP_GUEST_MEMFD, KVM_CAP_USER_MEMORY2 and " \
    "KVM_CAP_MEMORY_ATTRIBUTES), which a Realm's RAM is made of: enable " \
    "CONFIG_KVM_PRIVATE_MEM in it"

static const Unavailable unavailable[] = {
    { "a kernel without Realms", "abi = none\nsysfs = none", NO_REALMS },
    { "a kernel with guest_memfd and without Realms", "abi = 6.18", NO_REALMS },
    { "a kernel with a driver for the RMM and without Realms", "abi = 7.4",
      NO_REALMS },
    { "firmware without an RMM", "rmm = no",
      NO_RMM "Operation not permitted)" },
    { "a later kernel without an RMM", "abi = B2\nrmm = no\nsysfs = rmi",
      NO_RMM "Invalid argument)" },
    { "a kernel of series v12 without an RMM", "abi = B1\nrmm = no", NO_RMM_B },
    { "a kernel of series v14 without an RMM", "abi = B3\nrmm = no", NO_RMM_B },
    { "an unknown interface", "cap = 3000\nsysfs = none", UNKNOWN_ABI },
    { "pages of 64 KiB", "host-page-size = 65536",
      "this host's kernel uses pages of 64 KiB, and a Realm shares and "
      "measures memory in pages of 4 KiB: boot a kernel with 4 KiB pages" },
    { "no private memory", "fail = CHECK_EXTENSION@EINVAL",
      NO_PRIVATE_MEMORY },
    { "no memory attributes", "fail = CHECK_EXTENSION_VM#2@EINVAL",
      NO_PRIVATE_MEMORY },
    { "no access to KVM", "fail = OPEN_KVM@EACCES",
      "Arm CCA Realms need KVM: Could not open '/dev/kvm': Permission denied" },
    { "no KVM", "fail = OPEN_KVM@ENOENT",
      "Arm CCA Realms need KVM: Could not open '/dev/kvm': No such file or "
      "directory" },
    { "no memory for a VM", "fail = CREATE_VM@ENOMEM",
      "cannot create a throw-away Realm VM to probe this kernel (%s): "
      "KVM_CREATE_VM: Cannot allocate memory" },
    { "no memory for a vCPU", "fail = CREATE_VCPU@ENOMEM",
      NO_VCPU "Cannot allocate memory" },
    { "no memory to initialise a vCPU", "fail = VCPU_INIT@ENOMEM",
      NO_VCPU "Cannot allocate memory" },
    { "no target for a vCPU", "fail = PREFERRED_TARGET@ENODEV",
      NO_VCPU "No such device" },
    { "vCPUs that are no RECs", "fail = VCPU_INIT@ENOENT", UNKNOWN_ABI },
    { "signals that never end", "fail = ENABLE_CAP@EINTR",
      "KVM_ENABLE_CAP never gets through on a throw-away Realm VM: "
      "Interrupted system call" },
    { "a Realm capability that does not answer", "fail = REALM_CONFIG@EINVAL",
      UNKNOWN_ABI },
};

/* With KVM off, so that each of the calls is one of the query */
static void test_unavailable(const void *data)
{
    const Unavailable *t = data;
    g_auto(GStrv) parts = g_strsplit(t->message, "%s", -1);
    g_autoptr(Contract) c = contract_start_options(t->conf, NO_MACHINE);
    unsigned before = contract_open_files(c), after;
    g_autofree char *message = NULL;
    struct utsname name;
    QDict *rsp = query(c);

    uname(&name);
    message = g_strjoinv(name.release, parts);
    expect_error(rsp, message);
    qobject_unref(rsp);
    after = contract_open_files(c);
    contract_check(after == before, "%u files are open, %u were before", after,
                   before);
    contract_quit(c);
    contract_expect_silence(c);
}

/* Whatever fails, and when: an answer or an error that says so, no leak */
static void test_each_failure(const void *data)
{
    static const char *const errors[] = { "ENOMEM", "EINVAL" };
    const char *call = data;

    for (int i = 0; i < ARRAY_SIZE(errors); i++) {
        for (int nth = 1; nth <= (g_test_slow() ? 8 : 3); nth++) {
            g_autofree char *conf = g_strdup_printf("fail = %s#%d@%s", call,
                                                    nth, errors[i]);
            g_autoptr(Contract) c = contract_start_options(conf, NO_MACHINE);
            unsigned before = contract_open_files(c);
            QDict *rsp = query(c);
            QDict *error = rsp ? qdict_get_qdict(rsp, "error") : NULL;

            if (error) {
                contract_equal(conf, qdict_get_try_str(error, "class"),
                               "GenericError");
            } else {
                contract_check(rsp && qdict_haskey(rsp, "return"),
                               "no answer with %s", conf);
            }
            qobject_unref(rsp);
            contract_check(contract_open_files(c) == before,
                           "files are left open with %s", conf);
            contract_quit(c);
            contract_expect_silence(c);
        }
    }
}

/* How many calls the report has of the VM that QEMU itself runs */
static unsigned calls_of_own_vm(Contract *c)
{
    QList *list = qdict_get_qlist(contract_report(c), "calls");
    int64_t own = -1;
    unsigned n = 0;
    QListEntry *e;

    if (!list) {
        return 0;
    }
    QLIST_FOREACH_ENTRY(list, e) {
        QDict *call = qobject_to(QDict, qlist_entry_obj(e));
        int64_t vm = qdict_get_try_int(call, "vm", -1);

        if (own < 0 &&
            !g_strcmp0(qdict_get_try_str(call, "call"), "CREATE_VM")) {
            own = vm;
        }
        n += own >= 0 && vm == own;
    }
    return n;
}

static void test_own_vm_is_left_alone(const void *data)
{
    g_autoptr(Contract) c = contract_start_options("", NO_MACHINE_KVM);
    unsigned before = calls_of_own_vm(c), after;
    QDict *rsp = query(c);

    expect_return(rsp, USUAL_HOST);
    qobject_unref(rsp);
    after = calls_of_own_vm(c);
    contract_check(before > 0 && after == before,
                   "QEMU's VM has %u calls, %u before", after, before);
    contract_quit(c);
    contract_expect_silence(c);
}

static void test_while_a_realm_runs(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { });
    QDict *rsp;

    contract_wait_calls(c, "FIRST_RUN", 1);
    rsp = query(c);
    expect_return(rsp, USUAL_HOST);
    qobject_unref(rsp);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_active(c);
    contract_expect_silence(c);
}

/* What libvirt asks of a QEMU on that host, answers in order */
static GPtrArray *replay(const char *conf)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(Contract) c = contract_start_options(conf, LIBVIRT_PROBE_OPTIONS
                                                   ",accel=kvm:tcg");

    for (int i = 0; i < ARRAY_SIZE(libvirt_probe); i++) {
        const char *args = libvirt_probe[i].arguments;
        QDict *rsp = args ?
            contract_qmp(c, "{'execute': %s, 'arguments': %p}",
                         libvirt_probe[i].execute,
                         qobject_from_json(args, NULL)) :
            contract_qmp(c, "{'execute': %s}", libvirt_probe[i].execute);
        g_autoptr(GString) text = qobject_to_json(QOBJECT(rsp));

        g_ptr_array_add(all, g_string_free(g_steal_pointer(&text), false));
        qobject_unref(rsp);
    }
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_no_complaints(c);
    return all;
}

/*
 * The host's Realms show in the one query that asks for them and nowhere else,
 * and that there is a type goes with that there is a query.
 */
static void test_libvirt_probe(const void *data)
{
    g_autoptr(GPtrArray) with = replay("");
    g_autoptr(GPtrArray) without = replay("abi = none\nsysfs = none");

    for (int i = 0; i < ARRAY_SIZE(libvirt_probe); i++) {
        const char *a = g_ptr_array_index(with, i);
        const char *b = g_ptr_array_index(without, i);

        if (g_str_equal(libvirt_probe[i].execute, "query-cca-capabilities")) {
            contract_check(strstr(a, "\"sections\"") &&
                           strstr(b, "\"GenericError\""), "%s\n%s", a, b);
        } else {
            contract_equal(libvirt_probe[i].execute, a, b);
        }
        if (g_str_equal(libvirt_probe[i].execute, "qom-list-types")) {
            contract_check(strstr(a, "\"rme-guest\""), "no type rme-guest");
        }
    }
}

static void add_tests(void)
{
    static const char *const calls[] = {
        "CREATE_VM", "CHECK_EXTENSION", "CHECK_EXTENSION_VM", "REALM_CONFIG",
        "CONFIG_HASH", "MEC_QUERY", "REALM_CREATE", "CREATE_VCPU",
        "PREFERRED_TARGET", "VCPU_INIT", "GET_ONE_REG",
    };

    for (int i = 0; i < ARRAY_SIZE(answers); i++) {
        contract_add("caps", answers[i].name, test_answer, &answers[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(unavailable); i++) {
        contract_add("caps-unavailable", unavailable[i].name,
                     test_unavailable, &unavailable[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(calls); i++) {
        g_autofree char *name = g_strdup_printf("%s fails", calls[i]);

        contract_add("caps-each-failure", name, test_each_failure, calls[i]);
    }
    contract_add("caps", "the VM of QEMU itself is left alone",
                 test_own_vm_is_left_alone, NULL);
    contract_add("caps", "the same answer while a Realm runs",
                 test_while_a_realm_runs, NULL);
    contract_add("caps", "what libvirt asks, with and without Realms",
                 test_libvirt_probe, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
