/*
 * Contract tests: what the properties of a Realm become
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qobject/qbool.h"
#include "qobject/qnum.h"
#include "qobject/qstring.h"
#include "rme-contract.h"

#define RPV_COUNT \
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v" \
    "MDEyMzQ1Njc4OTo7PD0+Pw=="
#define RPV_COUNT_HEX \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" \
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define MEC8 "mec = present\nmec-count = 8\n"
#define NO_MEC "memory encryption contexts"
#define NEEDS(bits, less, max, advice) \
    "the Realm needs an IPA space of " bits " bits (guest " \
    "addresses of " less " bits and the shared bit), this host's RMM " \
    "supports " max ": " advice
#define WIDE(...) "rme-guest 'rme0': " NEEDS(__VA_ARGS__)
#define REFUSED(...) \
    "rme-guest 'rme0': the RMM refused the Realm's parameters (" \
    NEEDS(__VA_ARGS__) "): KVM_ENABLE_CAP(244, CREATE_REALM): No such device " \
    "or address"
#define SMALLER(max) "lay the machine out for this host with ipa-bits=" max

typedef struct Case {
    const char *name;
    ContractArgs args;
    const char *message;    /* of a refusal, or warning if @result is set */
    const char *result;     /* "KEY=VALUE ..." of the Realm, NULL: refused */
    const char *config;     /* first steps of the launch */
} Case;

/* What generation A has only: measurement-algorithm, personalization-value */
static const Case cases[] = {
    {
        "refuses sha512 where the RMM lacks it and the user wants it",
        { "rmm-hashes = sha256", .object = ",measurement-algorithm=sha512" },
        "rme-guest 'rme0': this host's RMM does not offer "
        "measurement-algorithm=sha512: KVM_ENABLE_CAP(244, CONFIG_REALM: hash "
        "SHA-512): Invalid argument",
    }, {
        "refuses sha256 where the RMM lacks it",
        { "rmm-hashes = sha512", .object = ",measurement-algorithm=sha256" },
        "rme-guest 'rme0': this host's RMM does not offer "
        "measurement-algorithm=sha256: KVM_ENABLE_CAP(244, CONFIG_REALM: hash "
        "SHA-256): Invalid argument",
    }, {
        "takes sha256 with a warning where the user wants nothing special",
        { "rmm-hashes = sha256" },
        "rme-guest 'rme0': this host's RMM does not offer sha512, measuring "
        "with sha256", "hash=sha256", "HASH 1=EINVAL, HASH 0, CREATE",
    }, {
        "measures with sha512 by default",
        { NULL }, NULL, "hash=sha512", "HASH 1, CREATE",
    }, {
        "measures with sha512",
        { .object = ",measurement-algorithm=sha512" }, NULL, "hash=sha512",
        "HASH 1, CREATE",
    }, {
        "measures with sha256",
        { .object = ",measurement-algorithm=sha256" }, NULL, "hash=sha256",
        "HASH 0, CREATE",
    }, {
        "refuses a personalization value of 63 bytes",
        { .object = ",personalization-value=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXG"
                    "BkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+" },
        "personalization-value has 63 bytes, it must be the base64 encoding "
        "of exactly 64 bytes: pad a shorter value with zero bytes at its end",
    }, {
        "refuses a personalization value of 65 bytes",
        { .object = ",personalization-value=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXG"
                    "BkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A="
        },
        "personalization-value has 65 bytes, it must be the base64 encoding "
        "of exactly 64 bytes: use a digest of a longer value, such as its "
        "SHA-512",
    }, {
        "refuses a personalization value in hexadecimal",
        { .object = ",personalization-value=deadbeef" },
        "personalization-value has 6 bytes, it must be the base64 encoding "
        "of exactly 64 bytes: convert one in hexadecimal with 'xxd -r -p | "
        "base64 -w 0', and pad a shorter value with zero bytes at its end",
    }, {
        "refuses a personalization value that is not base64",
        { .object = ",personalization-value=hello!world" },
        "personalization-value: Base64 data contains invalid characters",
    }, {
        "a personalization value arrives byte for byte",
        { .object = ",personalization-value=" RPV_COUNT }, NULL,
        "rpv=" RPV_COUNT_HEX, "HASH 1, RPV, CREATE",
    },

    /* mec-policy */
    {
        "refuses a private MECID on a kernel without MEC items",
        { .object = ",mec-policy=private" },
        "rme-guest 'rme0': mec-policy=private: this host has no " NO_MEC
        " (its kernel does not answer MEC_QUERY); use mec-policy=default",
    }, {
        "refuses a private MECID on an RMM without MEC",
        { "mec = absent", .object = ",mec-policy=private" },
        "rme-guest 'rme0': mec-policy=private: this host has no " NO_MEC
        " (its RMM has a single MECID); use mec-policy=default",
    }, {
        "refuses a private MECID likewise where the kernel would refuse it",
        { "mec = absent\nmec-refuses = yes", .object = ",mec-policy=private" },
        "rme-guest 'rme0': mec-policy=private: this host has no " NO_MEC
        " (its RMM has a single MECID); use mec-policy=default",
    }, {
        "refuses a private MECID when all are in use",
        { MEC8 "mec-in-use = 8", .object = ",mec-policy=private" },
        "rme-guest 'rme0': no private MECID is free (this host has 8 in all): "
        "stop another Realm or use mec-policy=shared: KVM_ENABLE_CAP(244, "
        "CREATE_REALM): Cannot allocate memory",
    }, {
        "refuses shared-mec=off where there is no MEC",
        { "mec = absent", .object = ",shared-mec=off" },
        "rme-guest 'rme0': mec-policy=private: this host has no " NO_MEC
        " (its RMM has a single MECID); use mec-policy=default",
    }, {
        "refuses shared-mec and mec-policy together",
        { MEC8, .object = ",shared-mec=on,mec-policy=shared" },
        "mec-policy and shared-mec cannot be used together: use mec-policy "
        "only",
    }, {
        "takes the last private MECID",
        { MEC8 "mec-in-use = 7", .object = ",mec-policy=private" }, NULL,
        "mec-policy=private mecid=7", "HASH 1, MEC 0, CREATE",
    }, {
        "shared-mec=off takes a private MECID",
        { MEC8, .object = ",shared-mec=off" }, NULL, "mec-policy=private",
        "HASH 1, MEC 0, CREATE",
    }, {
        "takes the shared MECID",
        { MEC8, .object = ",mec-policy=shared" }, NULL, "mec-policy=shared",
        "HASH 1, MEC 1, CREATE",
    }, {
        "shared-mec=on takes the shared MECID",
        { MEC8, .object = ",shared-mec=on" }, NULL, "mec-policy=shared",
        "HASH 1, MEC 1, CREATE",
    }, {
        "takes a private MECID although a signal came before the answer",
        { MEC8 "fail = MEC_QUERY#1@EINTR", .object = ",mec-policy=private" },
        NULL, "mec-policy=private", "HASH 1, MEC 0, CREATE",
    }, {
        "goes on without the shared MECID where there is no MEC",
        { "mec = absent", .object = ",mec-policy=shared" },
        "rme-guest 'rme0': mec-policy=shared: this host has no " NO_MEC
        ", going on without", "mec-policy=unset", "HASH 1, CREATE",
    }, {
        "goes on without the shared MECID where the kernel has no MEC items",
        { .object = ",mec-policy=shared" },
        "rme-guest 'rme0': mec-policy=shared: this host has no " NO_MEC
        ", going on without", "mec-policy=unset", "HASH 1, CREATE",
    }, {
        "goes on where the shared MECID is refused",
        { MEC8 "fail = CONFIG_MEC@ENXIO", .object = ",mec-policy=shared" },
        "rme-guest 'rme0': mec-policy=shared: KVM_ENABLE_CAP(244, "
        "CONFIG_REALM: shared MECID): No such device or address",
        "mec-policy=unset", "HASH 1, MEC 1=ENXIO, CREATE",
    }, {
        "says nothing of MECIDs by default",
        { MEC8 }, NULL, "mec-policy=unset", "HASH 1, CREATE",
    }, {
        "says nothing of MECIDs with mec-policy=default",
        { MEC8, .object = ",mec-policy=default" }, NULL, "mec-policy=unset",
        "HASH 1, CREATE",
    },

    /* PMU, which is off by default or missing in the others */
    {
        "refuses 32 event counters",
        { .cpu = ",num-pmu-counters=32" },
        "can't apply global host-arm-cpu.num-pmu-counters=32: "
        "num-pmu-counters must be between 0 and 31, not 32",
    }, {
        "refuses more event counters than a Realm has",
        { .cpu = ",num-pmu-counters=7" },
        "num-pmu-counters=7: a Realm on this host has at most 6",
    }, {
        "refuses event counters without a PMU",
        { .cpu = ",num-pmu-counters=4,pmu=off" },
        "num-pmu-counters=4 needs a PMU: add pmu=on",
    }, {
        "refuses a PMU without event counters on a CPU that needs some",
        { .cpu = ",num-pmu-counters=0" },
        "num-pmu-counters=0: this host's CPU lacks FEAT_HPMN0 for a PMU "
        "without event counters, use pmu=off",
    }, {
        "has what the RMM has by default",
        { "rmm-bps = 3\nrmm-wps = 1\nrmm-pmu-counters = 6" }, NULL,
        "num-bps=3 num-wps=1 pmu=true pmu-counters=6 sve=false",
    }, {
        "has all breakpoints, watchpoints and counters on demand",
        { .cpu = ",num-breakpoints=6,num-watchpoints=4,num-pmu-counters=6" },
        NULL, "num-bps=5 num-wps=3 pmu=true pmu-counters=6",
    }, {
        "has the fewest breakpoints, watchpoints and counters on demand",
        { .cpu = ",num-breakpoints=2,num-watchpoints=2,num-pmu-counters=1" },
        NULL, "num-bps=1 num-wps=1 pmu=true pmu-counters=1",
    }, {
        "sets the counters on series v7, which has PMCR_EL0 only",
        { "personality = v7", .cpu = ",num-pmu-counters=4" }, NULL,
        "pmu=true pmu-counters=4",
    }, {
        "has no PMU with pmu=off",
        { .cpu = ",pmu=off" }, NULL, "pmu=false pmu-counters=0",
    }, {
        "has no PMU where the host has none",
        { "host-pmu-counters = 0" }, NULL, "pmu=false",
    },
};

/* What each generation has: ipa-bits, vCPUs */
static const Case each[] = {
    {
        "refuses an IPA space of 32 bits",
        { .object = ",ipa-bits=32" },
        "ipa-bits=32 is out of range: it must be 0 (automatic) or from 33 to "
        "52, the shared bit included",
    }, {
        "refuses an IPA space of 53 bits",
        { .object = ",ipa-bits=53" },
        "ipa-bits=53 is out of range: it must be 0 (automatic) or from 33 to "
        "52, the shared bit included",
    }, {
        "refuses more memory than ipa-bits leave",
        { .object = ",ipa-bits=33", .memory = "4G" },
        "Addressing limited to 32 bits, but memory exceeds it by 1073741824 "
        "bytes",
    }, {
        "refuses the default map on an RMM of 40 bits",
        { "rmm-ipa-limit = 40" },
        WIDE("41", "40", "40", "use -machine highmem-mmio=off, or "
             SMALLER("40")),
    }, {
        "refuses an IPA space that the RMM lacks",
        { "rmm-ipa-limit = 48", .object = ",ipa-bits=49" },
        WIDE("49", "48", "48", SMALLER("48")),
    }, {
        "refuses an IPA space that only CREATE finds too wide",
        { "personality = v7\nrmm-ipa-limit = 40" },
        REFUSED("41", "40", "40", "use -machine highmem-mmio=off, or "
                SMALLER("40")),
    }, {
        "refuses an IPA space of 52 bits that only CREATE finds too wide",
        { "personality = v7", .object = ",ipa-bits=52" },
        REFUSED("52", "51", "48", SMALLER("48")),
    }, {
        "the default map fits an RMM of just 41 bits",
        { "rmm-ipa-limit = 41" }, NULL, "ipa-bits=41",
    }, {
        "the default map does not shrink with the host",
        { "rmm-ipa-limit = 48", .object = ",ipa-bits=0" }, NULL, "ipa-bits=41",
    }, {
        "highmem-mmio=off fits an RMM of 40 bits",
        { "rmm-ipa-limit = 40", .machine = ",highmem-mmio=off" }, NULL,
        "ipa-bits=40",
    }, {
        "ipa-bits lay the machine out for an RMM of 40 bits",
        { "rmm-ipa-limit = 40", .object = ",ipa-bits=40" }, NULL,
        "ipa-bits=40",
    }, {
        "the smallest IPA space holds as much memory as fits below 4 GiB",
        { "rmm-ipa-limit = 33", .object = ",ipa-bits=33", .memory = "3G" },
        NULL, "ipa-bits=33 ripas-bytes=3221225472",
    }, {
        "the largest IPA space works on a host that has it",
        { "ipa-limit = 52\nrmm-ipa-limit = 52", .object = ",ipa-bits=52" },
        NULL, "ipa-bits=52",
    }, {
        "an IPA space of 48 bits works where 48 are the limit at CREATE",
        { "personality = v7", .object = ",ipa-bits=48" }, NULL, "ipa-bits=48",
    },

    /* vCPU */
    {
        "refuses more breakpoints than a Realm has",
        { .cpu = ",num-breakpoints=7" },
        "num-breakpoints=7: a Realm on this host has at most 6",
    }, {
        "refuses more watchpoints than a Realm has",
        { .cpu = ",num-watchpoints=5" },
        "num-watchpoints=5: a Realm on this host has at most 4",
    }, {
        "refuses more breakpoints than the RMM has, whatever the host has",
        { "host-bps = 15\nrmm-bps = 3", .cpu = ",num-breakpoints=5" },
        "num-breakpoints=5: a Realm on this host has at most 4",
    }, {
        "refuses a single breakpoint",
        { .cpu = ",num-breakpoints=1" },
        "can't apply global host-arm-cpu.num-breakpoints=1: num-breakpoints "
        "must be between 2 and 16, not 1",
    }, {
        "refuses 17 watchpoints",
        { .cpu = ",num-watchpoints=17" },
        "can't apply global host-arm-cpu.num-watchpoints=17: num-watchpoints "
        "must be between 2 and 16, not 17",
    }, {
        "has the vector length of the RMM",
        { "host-sve-vq = 4\nrmm-sve-vq = 2" }, NULL, "sve=true sve-vl=1",
    }, {
        "has a smaller vector length on demand",
        { "host-sve-vq = 4\nrmm-sve-vq = 4",
          .cpu = ",sve128=on,sve256=off,sve384=off,sve512=off" }, NULL,
        "sve=true sve-vl=0",
    }, {
        "has no SVE with sve=off",
        { "host-sve-vq = 4\nrmm-sve-vq = 4", .cpu = ",sve=off" }, NULL,
        "sve=false",
    }, {
        "has no SVE where the RMM has none",
        { "host-sve-vq = 4\nrmm-sve-vq = 0" }, NULL, "sve=false",
    },
};

static char *value_text(QObject *obj)
{
    switch (obj ? qobject_type(obj) : QTYPE_NONE) {
    case QTYPE_QSTRING:
        return g_strdup(qstring_get_str(qobject_to(QString, obj)));
    case QTYPE_QBOOL:
        return g_strdup(qbool_get_bool(qobject_to(QBool, obj)) ? "true" :
                                                                "false");
    case QTYPE_QNUM:
        return qnum_to_string(qobject_to(QNum, obj));
    default:
        return g_strdup("missing");
    }
}

static void expect_result(QDict *realm, const char *result)
{
    g_auto(GStrv) words = g_strsplit(result, " ", -1);

    for (int i = 0; words[i]; i++) {
        g_auto(GStrv) pair = g_strsplit(words[i], "=", 2);
        g_autofree char *is = value_text(qdict_get(realm, pair[0]));

        contract_equal(pair[0], is, pair[1]);
    }
}

static void test_case(const void *data)
{
    const Case *t = data;
    g_autoptr(Contract) c = NULL;
    g_autofree char *steps = NULL;
    QDict *realm;

    if (!t->result) {
        c = contract_run(&t->args);
        contract_expect_error(c, t->message);
        contract_expect_no_complaints(c);
        contract_check(!contract_count(c, "REALM_POPULATE"),
                       "an image was populated");
        return;
    }

    c = contract_start(&t->args);
    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    if (t->message) {
        contract_expect_warning(c, t->message);
    } else {
        contract_expect_silence(c);
    }
    contract_expect_active(c);
    realm = contract_realm(c);
    if (realm) {
        expect_result(realm, t->result);
    }
    steps = contract_steps(c);
    if (t->config) {
        g_autofree char *start = g_strconcat(t->config, ", RIPAS ", NULL);

        contract_check(g_str_has_prefix(steps, start), "steps '%s' should "
                       "start with '%s'", steps, start);
    }
}

static void test_outside_a_realm(const void *data)
{
    static const char *const names[] = {
        "num-breakpoints", "num-watchpoints", "num-pmu-counters",
    };

    for (int i = 0; i < ARRAY_SIZE(names); i++) {
        g_autofree char *options = g_strdup_printf(
            "-accel kvm -machine virt -cpu host,%s=4", names[i]);
        g_autofree char *message = g_strdup_printf(
            "'%s' is for Arm CCA Realms only: remove it or attach an "
            "rme-guest object to the machine", names[i]);
        g_autoptr(Contract) c = contract_run_options(NULL, options);

        contract_expect_error(c, message);
    }
}

/* Before and after the launch: the values stay what they were */
static void test_set_after_start(const void *data)
{
    static const struct {
        const char *name, *value;
    } props[] = {
        { "personalization-value", RPV_COUNT },
        { "measurement-algorithm", "sha256" },
        { "mec-policy", "private" },
    };
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .conf = MEC8 });

    for (int i = 0; i < ARRAY_SIZE(props); i++) {
        g_autofree char *desc = g_strdup_printf(
            "'%s' of rme-guest 'rme0' cannot be changed any more: set it with "
            "-object", props[i].name);
        QDict *rsp = contract_qmp(c,
            "{'execute': 'qom-set', 'arguments': {'path': '/objects/rme0', "
            "'property': %s, 'value': %s}}", props[i].name, props[i].value);
        QDict *err = rsp ? qdict_get_qdict(rsp, "error") : NULL;

        contract_equal("qom-set", err ? qdict_get_try_str(err, "desc") : NULL,
                       desc);
        qobject_unref(rsp);
    }
    contract_quit(c);
    contract_expect_active(c);
}

static void add_tests(void)
{
    contract_add("property", "vCPU properties are refused outside a Realm",
                 test_outside_a_realm, NULL);
    contract_add("property", "nothing can be set any more after the start",
                 test_set_after_start, NULL);
    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        contract_add("property", cases[i].name, test_case, &cases[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(each); i++) {
        contract_add_conf("property", each[i].name, each[i].args.conf,
                          test_case, &each[i]);
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
