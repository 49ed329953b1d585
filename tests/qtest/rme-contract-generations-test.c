/*
 * Contract tests: what is different in each generation of the kernel's
 * interface
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "rme-contract-internal.h"

#define PAGE 4096
#define HOST_CPU ",num-breakpoints=6,num-watchpoints=4,pmu=off,sve=off"
/* 64 bytes, the first of which is 1 */
#define RPV "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
            "AAAAAAAAAAAAAAAAAAAAA=="

static const char *query_str(Contract *c, const char *command, const char *key,
                             QDict **rsp)
{
    QDict *ret;

    *rsp = contract_qmp(c, "{'execute': %s}", command);
    ret = *rsp ? qdict_get_qdict(*rsp, "return") : NULL;
    return ret ? qdict_get_try_str(ret, key) : NULL;
}

static void expect_str(Contract *c, const char *command, const char *key,
                       const char *should_be)
{
    QDict *rsp;

    contract_equal(key, query_str(c, command, key, &rsp), should_be);
    qobject_unref(rsp);
}

static void test_queries(const void *data)
{
    const ContractGeneration *g = contract_generation();
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { NULL });
    QDict *rsp, *ret;
    QList *algorithms;

    contract_wait_calls(c, "FIRST_RUN", 1);
    expect_str(c, "query-cca", "kernel-abi", g->kernel_abi);
    expect_str(c, "query-cca", "measurement-algorithm",
               g->implicit ? "sha256" : "sha512");
    expect_str(c, "query-cca-capabilities", "kernel-abi", g->kernel_abi);
    rsp = contract_qmp(c, "{'execute': 'query-cca-capabilities'}");
    ret = rsp ? qdict_get_qdict(rsp, "return") : NULL;
    if (contract_check(ret, "no answer")) {
        contract_check(qdict_get_bool(ret, "settable-personalization-value") ==
                       !g->implicit, "personalization value");
        contract_check(qdict_haskey(ret, "capability") == !g->implicit,
                       "number of the capability");
        contract_check(qdict_get_try_int(ret, "ipa-limit", -1) == 48,
                       "ipa-limit");
        contract_check(qdict_get_try_int(ret, "max-breakpoints", -1) == 6,
                       "max-breakpoints");
        algorithms = qdict_get_qlist(ret, "settable-algorithms");
        contract_check(algorithms && qlist_size(algorithms) ==
                       (g->implicit ? 1 : 2), "settable-algorithms");
        /* Whatever the host is: libvirt's schema has a fixed pair */
        contract_check(qlist_size(qdict_get_qlist(ret, "sections")) == 2,
                       "sections");
    }
    qobject_unref(rsp);
    contract_quit(c);
    contract_expect_active(c);
}

/* What a dry run says, NULL after a failure */
static char *dry_rim(const char *options)
{
    g_autoptr(ContractDryRun) r = contract_dry_run(contract_native_qemu(),
                                                   options);
    QObject *obj = qobject_from_json(r->out, NULL);
    QDict *info = qobject_to(QDict, obj);
    char *rim = g_strdup(info ? qdict_get_try_str(info, "rim") : NULL);

    contract_check(rim, "dry run: %s\n%s", options, r->err);
    qobject_unref(obj);
    return rim;
}

typedef struct Host {
    const char *name;
    const char *conf;
    const char *lpa2;
} Host;

static const Host hosts[] = {
    { "measures what simulator, query-cca and dry run say", "", "off" },
    { "measures with LPA2 what simulator, query-cca and dry run say",
      "lpa2 = yes\n", "on" },
};

static void test_rim(const void *data)
{
    const Host *h = data;
    const ContractGeneration *g = contract_generation();
    g_autofree char *object = g_strdup_printf(
        ",dry-run=on,kernel-abi=%s,lpa2=%s", g->kernel_abi, h->lpa2);
    ContractArgs args = {
        .conf = h->conf, .cpu = HOST_CPU, .more = "-smp 2",
    };
    g_autofree char *dry_options = NULL, *dry = NULL, *simulated = NULL;
    g_autoptr(Contract) c = contract_start(&args);
    QDict *rsp, *realm;

    contract_wait_calls(c, "FIRST_RUN", 1);
    realm = contract_realm(c);
    simulated = g_strdup(realm ? qdict_get_try_str(realm, "rim") : NULL);
    contract_equal("query-cca", query_str(c, "query-cca", "rim", &rsp),
                   simulated);
    qobject_unref(rsp);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);

    args.object = object;
    dry_options = contract_options(&args);
    dry = dry_rim(dry_options);
    contract_equal("dry run", dry, simulated);
    g_test_message("summary: generation %s: RIM%s: %.8s %s", g->name,
                   g_str_equal(h->lpa2, "on") ? " with LPA2" : "",
                   simulated ?: "none", g_test_failed() ? "differs" : "x 3");
}

typedef struct Wish {
    const char *name;
    const char *object;
    const char *message;
} Wish;

/* Behind "a kernel of generation ... has no " */
static const Wish wishes[] = {
    { "refuses a personalization value", ",personalization-value=" RPV,
      "personalization-value other than zeros: remove it" },
    { "refuses mec-policy=private", ",mec-policy=private",
      "choice of the memory encryption context: remove mec-policy or "
      "shared-mec" },
    { "refuses shared-mec", ",shared-mec=on",
      "choice of the memory encryption context: remove mec-policy or "
      "shared-mec" },
    { "refuses sha512", ",measurement-algorithm=sha512",
      "choice of the algorithm: remove measurement-algorithm or make it "
      "sha256" },
};

static void test_wish(const void *data)
{
    const Wish *w = data;
    const ContractGeneration *g = contract_generation();
    g_autofree char *message = g_strdup_printf(
        "rme-guest 'rme0': a kernel of generation %s has no %s", g->title,
        w->message);
    g_autoptr(Contract) c = NULL;

    if (!g->implicit) {
        g_test_skip("has all choices");
        return;
    }
    c = contract_run(&(ContractArgs) { .object = w->object });
    contract_expect_error(c, message);
    contract_check(!contract_count(c, "REALM_CREATE"), "created first");
}

/* What a Realm has anyway is no wish */
static void test_no_wish(const void *data)
{
    g_autofree char *zeros = g_strnfill(86, 'A');
    g_autofree char *object = g_strdup_printf(
        ",personalization-value=%s==,mec-policy=default,"
        "measurement-algorithm=sha256", zeros);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .object = object,
    });

    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
}

static void test_default_algorithm(const void *data)
{
    const ContractGeneration *g = contract_generation();
    g_autofree uint8_t *image = contract_pattern(8192, 0);
    g_autofree char *options = g_strdup_printf(
        "-accel kvm -machine virt,confidential-guest-support=rme0 -cpu host "
        "-object rme-guest,id=rme0 -m 256M -kernel %s",
        contract_file("kernel", image, 8192));
    g_autofree char *warning = g_strdup_printf(
        "rme-guest 'rme0': a kernel of generation %s does not measure with "
        "sha512 but with sha256", g->title);
    g_autoptr(Contract) c = contract_start_options(NULL, options);

    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    if (g->implicit) {
        contract_expect_warning(c, warning);
    } else {
        contract_expect_silence(c);
    }
    contract_expect_active(c);
}

typedef struct Failing {
    const char *name;
    const char *conf;
    const char *message;
} Failing;

/* A failure of any step that KVM makes out of two calls is the launch's line */
static const Failing failings[] = {
    { "says in one line that creating failed", "fail = REALM_CREATE@ENXIO",
      "No such device or address" },
    { "says in one line that populating failed", "fail = REALM_POPULATE#2@EIO",
      "Input/output error" },
    { "says in one line that a REC failed", "fail = VCPU_FINALIZE_REC@ENXIO",
      "No such device or address" },
    { "says in one line that activating failed", "fail = REALM_ACTIVATE@ENXIO",
      "No such device or address" },
    { "says in one line that the first run failed", "fail = RUN#1@ENOMEM",
      "Cannot allocate memory" },
};

static void test_failing(const void *data)
{
    const Failing *f = data;
    g_autoptr(Contract) c = NULL;

    if (!contract_generation()->implicit) {
        g_test_skip("has a call for each step");
        return;
    }
    c = contract_run(&(ContractArgs) { .conf = f->conf });
    contract_expect_error(c, f->message);
}

/* A populate that does less than it was asked for goes on where it stopped */
static void test_partial(const void *data)
{
    g_autoptr(Contract) whole = contract_start(&(ContractArgs) { NULL });
    g_autoptr(Contract) parts = contract_start(&(ContractArgs) {
        .conf = "populate-most = 1",
    });
    Contract *both[] = { whole, parts };
    g_autofree char *rims[2] = { };

    for (int i = 0; i < 2; i++) {
        QDict *realm;

        contract_wait_calls(both[i], "FIRST_RUN", 1);
        contract_quit(both[i]);
        contract_expect_active(both[i]);
        realm = contract_realm(both[i]);
        rims[i] = g_strdup(realm ? qdict_get_try_str(realm, "rim") : NULL);
    }
    contract_equal("RIM", rims[1], rims[0]);
    contract_check(!contract_generation()->implicit ||
                   contract_count(parts, "REALM_POPULATE") >
                   contract_count(whole, "REALM_POPULATE"),
                   "no more calls than with whole ranges");
}

/* What a guest does first: all of its RAM, then pages and back, twice the same */
static void test_conversions(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = "exit = memory-fault private 0x40000000 0x10000000\n"
                "exit = memory-fault shared 0x44000000 0x1000\n"
                "exit = memory-fault shared 0x44000000 0x4000000\n"
                "exit = memory-fault private 0x45000000 0x1000\n"
                "exit = memory-fault private 0x44000000 0x4000000\n"
                "exit = memory-fault private 0x44000000 0x4000000\n"
                "exit = memory-fault shared 0x40000000 0x20000000\n"
                "exit = system-event shutdown\n",
        .more = "-action shutdown=pause",
    });

    contract_expect_state(c, "shutdown");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_no_complaints(c);
}

/* A request for RAM where there is none, which version 16 repeats for ever */
static void test_hole(const void *data)
{
    bool waits = contract_generation()->waits;
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = "exit = memory-fault private 0x4f000000 0x2000000\n"
                "exit = system-event shutdown\n",
        .more = "-action shutdown=pause",
    });

    contract_expect_state(c, waits ? "internal-error" : "shutdown");
    contract_quit(c);
    if (waits) {
        contract_check(strstr(contract_stderr(c), "rme-guest 'rme0': the guest "
                              "asks for RAM in [0x4f000000, 0x51000000), where "
                              "not all is its own; this kernel never lets it "
                              "go on from that\n"),
                       "%s", contract_stderr(c));
    }
    contract_expect_no_complaints(c);
}

/* EAGAIN goes away, or is the end after ten seconds */
static void test_again(const void *data)
{
    g_autoptr(Contract) once = contract_start(&(ContractArgs) {
        .conf = "exit = errno EAGAIN\nexit = errno EAGAIN\n"
                "exit = system-event shutdown\n",
        .more = "-action shutdown=pause",
    });
    g_autoptr(Contract) ever = contract_start(&(ContractArgs) {
        .conf = "exit = errno EAGAIN\nexit-rounds = 10000000\n"
                "list-calls = no\n",
    });

    contract_expect_state(once, "shutdown");
    contract_quit(once);
    contract_expect_silence(once);
    contract_expect_state(ever, "internal-error");
    contract_check(strstr(contract_stderr(ever), "vCPU 0 cannot go on: KVM_RUN: "
                          "Resource temporarily unavailable"),
                   "%s", contract_stderr(ever));
    contract_quit(ever);
}

typedef struct Refused {
    const char *name;
    const char *conf;
    const char *message;
} Refused;

#define NO_REALMS "has no Arm CCA Realms: KVM_CREATE_VM refuses the Realm type, " \
    "and KVM_ARM_RMI_POPULATE is unknown to it; boot a kernel with the Arm CCA " \
    "host support, which is more than a driver for the RMM"
#define NO_RMM "knows Arm CCA Realms but makes none: the firmware must start an " \
    "RMM whose RMI version the kernel accepts, and KVM must run in a mode that " \
    "has Realms, see the kernel's log (KVM_CREATE_VM for a Realm: Invalid " \
    "argument; an ordinary VM knows KVM_ARM_RMI_POPULATE)"

static const Refused refused[] = {
    { "tells a kernel of B1 without an RMM", "abi = B1\nrmm = no", NO_RMM },
    { "tells a kernel of B2 without an RMM",
      "abi = B2\nrmm = no\nsysfs = none", NO_RMM },
    { "tells a kernel of B3 without an RMM", "abi = B3\nrmm = no", NO_RMM },
    { "tells a kernel of B5 without an RMM", "abi = B5\nrmm = no", NO_RMM },
    { "tells a kernel with guest_memfd and without Realms", "abi = 6.18",
      NO_REALMS },
    { "tells a kernel with a driver for the RMM and without Realms",
      "abi = 7.4", NO_REALMS },
};

static bool ends_with(const char *line, const char *text)
{
    return g_str_has_suffix(line, text);
}

static void test_refused(const void *data)
{
    const Refused *r = data;
    g_autoptr(Contract) c = contract_run(&(ContractArgs) { .conf = r->conf });

    /* The release of the kernel is in front of it */
    contract_expect_error_like(c, r->message, ends_with);
    contract_expect_no_realm(c);
}

static void add_tests(void)
{
    contract_add_every("generations", "is told by the queries", test_queries,
                       NULL);
    for (int i = 0; i < ARRAY_SIZE(hosts); i++) {
        contract_add_every("generations", hosts[i].name, test_rim, &hosts[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(wishes); i++) {
        contract_add_each("generations", wishes[i].name, test_wish,
                          &wishes[i]);
    }
    contract_add_each("generations", "takes wishes for what there is",
                      test_no_wish, NULL);
    contract_add_each("generations", "has an algorithm of its own",
                      test_default_algorithm, NULL);
    for (int i = 0; i < ARRAY_SIZE(failings); i++) {
        contract_add_each("generations", failings[i].name, test_failing,
                          &failings[i]);
    }
    contract_add_each("generations", "goes on after a part", test_partial,
                      NULL);
    contract_add_every("generations", "converts memory", test_conversions,
                       NULL);
    contract_add_each("generations", "makes no RAM of a hole", test_hole, NULL);
    contract_add_each("generations", "tries EAGAIN again, and not for ever",
                      test_again, NULL);
    for (int i = 0; i < ARRAY_SIZE(refused); i++) {
        contract_add("generations", refused[i].name, test_refused,
                     &refused[i]);
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
