/*
 * Contract tests: what is to be seen of a Realm from outside
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "rme-contract-effects.h"

#define SVE_LIMIT "rmm-sve-vq = "

/* The longest vectors of the simulated host that @cpu leaves, in bits, or 0 */
static unsigned sve_bits(const char *cpu, const char *conf)
{
    const char *limit = conf ? strstr(conf, SVE_LIMIT) : NULL;
    unsigned vq = limit ? atoi(limit + strlen(SVE_LIMIT)) : 0;

    for (; vq && !strstr(cpu, "sve=off"); vq--) {
        g_autofree char *off = g_strdup_printf("sve%u=off", vq * 128);

        if (!strstr(cpu, off)) {
            return vq * 128;
        }
    }
    return 0;
}

/* What a dry run has to be told of the simulated host, unless @cpu says it */
static char *cpu_of_dry_run(const char *cpu, const char *conf)
{
    GString *s = g_string_new(NULL);
    unsigned sve = sve_bits(cpu, conf);

    if (!strstr(cpu, "num-breakpoints=")) {
        g_string_append(s, ",num-breakpoints=6");
    }
    if (!strstr(cpu, "num-watchpoints=")) {
        g_string_append(s, ",num-watchpoints=4");
    }
    if (!strstr(cpu, "num-pmu-counters=") && !strstr(cpu, "pmu=off")) {
        g_string_append(s, contract_generation()->has_pmu ?
                           ",num-pmu-counters=6" : ",pmu=off");
    }
    if (sve) {
        g_string_append_printf(s, ",sve%u=on", sve);
    } else if (!strstr(cpu, "sve=off")) {
        g_string_append(s, ",sve=off");
    }
    return g_string_free(s, false);
}

static char *options_of_dry_run(const ContractArgs *args)
{
    ContractArgs dry = *args;
    g_autofree char *object = contract_dry_object(args->object);
    /* The last -cpu counts */
    const char *own = args->more ? g_strrstr(args->more, "-cpu ") : NULL;
    size_t before = own ? strcspn(own + 5, " ") + 5 : 0;
    g_autofree char *cpu = own ? g_strndup(own, before) :
                                 g_strdup(args->cpu ?: "");
    g_autofree char *numbers = cpu_of_dry_run(cpu, args->conf);
    g_autofree char *all = own ? g_strdup_printf("%.*s%s%s",
                                                 (int)(own + before -
                                                       args->more),
                                                 args->more, numbers,
                                                 own + before) :
                                 g_strconcat(cpu, numbers, NULL);

    dry.object = object;
    if (own) {
        dry.more = all;
    } else {
        dry.cpu = all;
    }
    return contract_options(&dry);
}

/* The measurement that a dry run of @args tells, NULL after a failure */
static char *dry_run(const ContractArgs *args)
{
    g_autofree char *options = options_of_dry_run(args);
    g_autoptr(ContractDryRun) r = contract_dry_run(contract_native_qemu(),
                                                   options);
    QObject *obj = qobject_from_json(r->out, NULL);
    QDict *info = qobject_to(QDict, obj);
    char *rim = g_strdup(info ? qdict_get_try_str(info, "rim") : NULL);

    contract_check(rim && !r->status &&
                   (!*r->err || strstr(r->err, "warning: ")),
                   "dry run: status 0x%x: %s\n%s\n%s", r->status, options,
                   r->out, r->err);
    qobject_unref(obj);
    return rim;
}

static char *query_rim(Contract *c, const char *text)
{
    QDict *rsp = contract_qmp(c, "{'execute': 'query-cca'}");
    QDict *info = rsp ? qdict_get_qdict(rsp, "return") : NULL;
    const char *width = strstr(text, "addresses of ");
    char *rim = NULL;

    if (contract_check(info, "query-cca does not answer")) {
        contract_equal("state of query-cca", qdict_get_try_str(info, "state"),
                       "active");
        rim = g_strdup(qdict_get_try_str(info, "rim"));
        contract_check(!width || qdict_get_try_int(info, "ipa-bits", 0) ==
                       atoi(width + strlen("addresses of ")),
                       "ipa-bits is %" PRId64 ", but: %s",
                       qdict_get_try_int(info, "ipa-bits", 0), text);
    }
    qobject_unref(rsp);
    return rim;
}

/* What is the same where nothing that is measured was changed */
static char *base_rim(const ContractArgs *args)
{
    const char *bios = args->more ? strstr(args->more, "-bios ") : NULL;
    g_autofree char *more = bios ? g_strndup(bios, 6 + strcspn(bios + 6, " "))
                                 : NULL;

    return dry_run(&(ContractArgs) { .more = more, .no_kernel = bios });
}

static bool says(const char *text, const char *const *words)
{
    for (int i = 0; words[i]; i++) {
        if (strstr(text, words[i])) {
            return true;
        }
    }
    return false;
}

static void expect_measurement(const ContractArgs *args, const char *text,
                               const char *rim)
{
    static const char *const random[] = { "another one each time", NULL };
    static const char *const same[] = { "not measured", "no effect",
                                        "in any case", "another name", NULL };
    static const char *const other[] = { "measured", "another measurement",
                                         NULL };
    g_autofree char *dry = dry_run(args);

    if (says(text, random)) {
        contract_check(g_strcmp0(rim, dry), "the measurement is that of a dry "
                       "run, but: %s", text);
        return;
    }
    contract_equal("measurement of a dry run", dry, rim);
    if (says(text, same)) {
        g_autofree char *base = base_rim(args);

        contract_equal("measurement without the option", base, rim);
    } else if (says(text, other) && !strstr(args->more, "-bios ")) {
        g_autofree char *base = base_rim(args);

        contract_check(g_strcmp0(base, rim), "the measurement is that without "
                       "the option, but: %s", text);
    }
}

static void expect_slots(Contract *c, const char *text)
{
    static const char *const numbers[] = { "two memory slots",
                                           "four memory slots" };
    QDict *realm = contract_realm(c);
    QListEntry *e;
    unsigned n = 0;

    for (int i = 0; realm && i < ARRAY_SIZE(numbers); i++) {
        if (!strstr(text, numbers[i])) {
            continue;
        }
        QLIST_FOREACH_ENTRY(qdict_get_qlist(realm, "slots"), e) {
            n += qdict_get_bool(qobject_to(QDict, qlist_entry_obj(e)),
                                "private");
        }
        contract_check(n == 2 * (i + 1), "%u slots, but: %s", n, text);
    }
}

/* Adds how many objects of each type are at @path */
static void count_children(Contract *c, const char *path, GHashTable *count)
{
    QDict *rsp = contract_qmp(c, "{'execute': 'qom-list', 'arguments': "
                              "{'path': %s}}", path);
    QList *list = rsp ? qdict_get_qlist(rsp, "return") : NULL;
    QListEntry *e;

    if (contract_check(list, "no list of %s", path)) {
        QLIST_FOREACH_ENTRY(list, e) {
            QDict *child = qobject_to(QDict, qlist_entry_obj(e));
            char *type = g_strdup(qdict_get_str(child, "type"));
            gpointer n = g_hash_table_lookup(count, type);

            g_hash_table_replace(count, type,
                                 GUINT_TO_POINTER(GPOINTER_TO_UINT(n) + 1));
        }
    }
    qobject_unref(rsp);
}

/* Each -device of the command line is an object of that type */
static void expect_devices(Contract *c, const ContractArgs *args)
{
    g_autoptr(GHashTable) count = g_hash_table_new_full(g_str_hash,
                                                        g_str_equal, g_free,
                                                        NULL);
    g_auto(GStrv) argv = NULL;

    if (!args->more || !strstr(args->more, "-device ") ||
        !g_shell_parse_argv(args->more, NULL, &argv, NULL)) {
        return;
    }
    count_children(c, "/machine/peripheral", count);
    count_children(c, "/machine/peripheral-anon", count);
    for (int i = 0; argv[i] && argv[i + 1]; i++) {
        g_autofree char *name = NULL, *type = NULL;
        unsigned n;

        if (!g_str_equal(argv[i], "-device")) {
            continue;
        }
        name = g_strndup(argv[i + 1], strcspn(argv[i + 1], ","));
        type = g_strdup_printf("child<%s>", name);
        n = GPOINTER_TO_UINT(g_hash_table_lookup(count, type));
        if (contract_check(n, "the machine has no device %s", name)) {
            g_hash_table_replace(count, g_steal_pointer(&type),
                                 GUINT_TO_POINTER(n - 1));
        }
    }
}

void contract_expect_effects(Contract *c, const ContractArgs *args,
                             const char *text)
{
    g_autofree char *rim = NULL, *told = NULL;
    QDict *realm;

    if (!contract_wait_calls(c, "FIRST_RUN", 1)) {
        return;
    }
    contract_expect_state(c, "running");
    realm = contract_realm(c);
    rim = g_strdup(realm ? qdict_get_try_str(realm, "rim") : NULL);
    told = query_rim(c, text);
    contract_equal("measurement of query-cca", told, rim ?: "");
    expect_measurement(args, text, rim);
    expect_slots(c, text);
    expect_devices(c, args);
}
