/*
 * Settings of the simulated host: the file and its keys
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "sim-backend.h"

/*
 * For a host whose every QEMU is to have the simulated KVM, through
 * /etc/ld.so.preload: libvirt gives QEMU no environment.
 */
#define DEFAULT_FILE "/etc/cca-sim.conf"

static SimConfig config;
static bool begun;
static bool loaded;
static const char *file_name;
static unsigned line_number;

void sim_config_die(const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    fprintf(stderr, "cca-sim: %s:%u: %s\n", file_name ?: "CCA_SIM_CONF",
            line_number, text);
    _exit(SIM_CONFIG_EXIT);
}

static unsigned number(const char *value, unsigned max)
{
    guint64 n;

    if (!g_ascii_string_to_unsigned(value, 10, 0, max, &n, NULL)) {
        sim_config_die("'%s' is not a number from 0 to %u", value, max);
    }
    return n;
}

static bool yes_no(const char *value)
{
    if (!strcmp(value, "yes")) {
        return true;
    }
    if (strcmp(value, "no")) {
        sim_config_die("'%s' is neither yes nor no", value);
    }
    return false;
}

/* The index of @value in the NULL-terminated @names */
static unsigned choice(const char *value, const char *const *names)
{
    for (unsigned i = 0; names[i]; i++) {
        if (!strcmp(value, names[i])) {
            return i;
        }
    }
    sim_config_die("'%s' is not one of the values of this key", value);
}

static int errno_value(const char *value)
{
    int err = sim_errno_by_name(value);

    if (!err) {
        sim_config_die("unknown errno name '%s'", value);
    }
    return err;
}

static void set_personality(const char *value)
{
    static const char *const names[] = { "v10", "v7", NULL };

    config.personality = choice(value, names);
    if (config.personality == SIM_V7) {
        /* as it was observed: too wide a space fails at CREATE only */
        config.ipa_limit = 52;
        config.rmm_ipa_limit = 48;
        config.off_exit = SIM_OFF_OBSERVED;
    }
}

/* Called before any other setting is: what it gives are defaults */
static void set_abi(const char *value)
{
    const SimGeneration *g;

    for (config.abi = 0; config.abi < SIM_ABIS; config.abi++) {
        g = sim_generation_of(config.abi);
        if (!strcmp(g->name, value)) {
            config.cap = g->cap;
            config.sysfs_rme = g->sysfs_rme;
            config.sysfs_rmi = g->sysfs_rmi;
            config.rmm_pmu_counters = g->rmm_pmu;
            config.off_exit = g->off_sleeps ? SIM_OFF_SLEEP
                                            : SIM_OFF_SHUTDOWN;
            return;
        }
    }
    sim_config_die("'%s' is not one of the values of this key", value);
}

static void set_lpa2(const char *value)
{
    config.lpa2 = yes_no(value);
    if (config.lpa2) {
        config.ipa_limit = config.rmm_ipa_limit = 52;
    }
}

static void set_sysfs(const char *value)
{
    static const char *const names[] = { "none", "rme", "rmi", "both", NULL };
    unsigned n = choice(value, names);

    config.sysfs_rme = n & 1;
    config.sysfs_rmi = n & 2;
}

static void set_hashes(const char *value)
{
    static const char *const names[] = { "none", "sha256", "sha512", "both",
                                         NULL };
    unsigned n = choice(value, names);

    config.rmm_sha256 = n & 1;
    config.rmm_sha512 = n & 2;
}

/* NAME[#nth][@errno] */
static void add_fail(const char *value)
{
    SimFailRule *rule = g_new0(SimFailRule, 1);
    g_autofree char *copy = g_strdup(value);
    char *at = strchr(copy, '@');
    char *nth;

    rule->err = EINVAL;
    if (at) {
        *at = 0;
        rule->err = strcmp(at + 1, "NOTHING") ? errno_value(at + 1) : 0;
    }
    nth = strchr(copy, '#');
    if (nth) {
        *nth = 0;
        rule->nth = number(nth + 1, 1000000);
    }
    if (!sim_fail_known(copy)) {
        sim_config_die("no call is named '%s'", copy);
    }
    if (!rule->err && !sim_fail_can_do_nothing(copy)) {
        sim_config_die("'%s' cannot succeed and do nothing", copy);
    }
    rule->name = g_strdup(copy);
    g_ptr_array_add(config.fails, rule);
}

typedef struct NumberKey {
    const char *key;
    unsigned *target;
    unsigned max;
} NumberKey;

static const NumberKey number_keys[] = {
    { "cap", &config.cap, 4095 },
    { "host-page-size", &config.host_page_size, 65536 },
    { "attribute-cost", &config.attribute_cost, 1000000 },
    { "populate-cost", &config.populate_cost, 1000000 },
    { "ipa-limit", &config.ipa_limit, 52 },
    { "rmm-ipa-limit", &config.rmm_ipa_limit, 52 },
    { "max-vcpus", &config.max_vcpus, 512 },
    { "host-bps", &config.host_bps, 15 },
    { "host-wps", &config.host_wps, 15 },
    { "rmm-bps", &config.rmm_bps, 15 },
    { "rmm-wps", &config.rmm_wps, 15 },
    { "host-pmu-counters", &config.host_pmu_counters, 31 },
    { "rmm-pmu-counters", &config.rmm_pmu_counters, 31 },
    { "host-sve-vq", &config.host_sve_vq, 16 },
    { "rmm-sve-vq", &config.rmm_sve_vq, 16 },
    { "mec-count", &config.mec_count, 65536 },
    { "mec-in-use", &config.mec_in_use, 65536 },
    { "exit-rounds", &config.exit_rounds, 100000000 },
    { "off-seed", &config.off_seed, 1000000 },
    { "completion-ms", &config.completion_ms, 1000 },
    { "populate-most", &config.populate_most, 1000000 },
};

static bool set_number(const char *key, const char *value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(number_keys); i++) {
        if (!strcmp(key, number_keys[i].key)) {
            *number_keys[i].target = number(value, number_keys[i].max);
            return true;
        }
    }
    return false;
}

static void set(const char *key, const char *value)
{
    static const char *const modes[] = { "contract", "run", NULL };
    static const char *const hashes[] = { "sha256", "sha512", NULL };
    static const char *const mecs[] = { "no-items", "absent", "present",
                                        NULL };
    static const char *const accesses[] = { "complain", "abort", NULL };
    static const char *const offs[] = { "shutdown", "unknown", "reset", "any",
                                        "observed", "sleep", NULL };
    static const char *const ignored[] = { "nothing", "dfr0", "counters",
                                           "sve", NULL };

    if (set_number(key, value)) {
        return;
    } else if (!strcmp(key, "mode")) {
        config.run_mode = choice(value, modes);
    } else if (!strcmp(key, "personality")) {
        set_personality(value);
    } else if (!strcmp(key, "abi")) {
        /* set_abi() has seen it already */
    } else if (!strcmp(key, "rmm")) {
        config.rmm = yes_no(value);
    } else if (!strcmp(key, "unrelated-cap")) {
        unsigned cap = number(value, 4095);

        g_array_append_val(config.unrelated_caps, cap);
    } else if (!strcmp(key, "guest-memfd")) {
        config.guest_memfd = yes_no(value);
    } else if (!strcmp(key, "hugetlbfs")) {
        config.hugetlbfs = yes_no(value);
    } else if (!strcmp(key, "readonly-mem")) {
        config.readonly_mem = yes_no(value);
    } else if (!strcmp(key, "whitelist-caps")) {
        config.whitelist_caps = yes_no(value);
    } else if (!strcmp(key, "sysfs")) {
        set_sysfs(value);
    } else if (!strcmp(key, "sysfs-text")) {
        config.sysfs_text = g_strcompress(value);
    } else if (!strcmp(key, "sysfs-errno")) {
        config.sysfs_errno = errno_value(value);
    } else if (!strcmp(key, "rmm-hashes")) {
        set_hashes(value);
    } else if (!strcmp(key, "kernel-hash")) {
        config.kernel_hash = choice(value, hashes);
    } else if (!strcmp(key, "lpa2")) {
        set_lpa2(value);
    } else if (!strcmp(key, "mec")) {
        config.mec = choice(value, mecs);
    } else if (!strcmp(key, "mec-refuses")) {
        config.mec_refuses = yes_no(value);
    } else if (!strcmp(key, "report")) {
        config.report = g_strdup(value);
    } else if (!strcmp(key, "trace")) {
        config.trace = g_strdup(value);
    } else if (!strcmp(key, "attribute-waste")) {
        config.attribute_waste = yes_no(value);
    } else if (!strcmp(key, "list-calls")) {
        config.list_calls = yes_no(value);
    } else if (!strcmp(key, "measure")) {
        config.measure = yes_no(value);
    } else if (!strcmp(key, "own-costs")) {
        config.own_costs = g_strdup(value);
    } else if (!strcmp(key, "host-access")) {
        config.abort_on_host_access = choice(value, accesses);
    } else if (!strcmp(key, "off-exit")) {
        config.off_exit = choice(value, offs);
    } else if (!strcmp(key, "ignores")) {
        config.ignores = choice(value, ignored);
    } else if (!strcmp(key, "fail")) {
        add_fail(value);
    } else if (!strcmp(key, "exit")) {
        g_ptr_array_add(config.exits, g_strdup(value));
    } else if (g_str_has_prefix(key, "run.")) {
        g_hash_table_insert(config.run_settings, g_strdup(key + 4),
                            g_strdup(value));
    } else {
        sim_config_die("unknown key '%s'", key);
    }
}

static void set_defaults(void)
{
    config = (SimConfig) {
        .rmm = true,
        .host_page_size = 4096,
        .guest_memfd = true,
        .ipa_limit = 48,
        .rmm_ipa_limit = 48,
        .max_vcpus = 512,
        .host_bps = 5,
        .host_wps = 3,
        .rmm_bps = 5,
        .rmm_wps = 3,
        .host_pmu_counters = 6,
        .rmm_sha256 = true,
        .rmm_sha512 = true,
        .mec_count = 1,
        .list_calls = true,
        .attribute_waste = true,
        .measure = true,
        .exit_rounds = 1,
        .off_seed = getpid(),
        .unrelated_caps = g_array_new(FALSE, FALSE, sizeof(unsigned)),
        .fails = g_ptr_array_new(),
        .exits = g_ptr_array_new(),
        .run_settings = g_hash_table_new(g_str_hash, g_str_equal),
    };
    set_abi("A");
}

static char *read_file(const char *path)
{
    GString *s = g_string_new(NULL);
    char buf[4096];
    ssize_t n;
    int fd = sim_real_open(path, O_RDONLY | O_CLOEXEC, 0);

    if (fd < 0) {
        sim_config_die("cannot open the settings file: %s",
                       g_strerror(errno));
    }
    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        g_string_append_len(s, buf, n);
    }
    sim_real_close(fd);
    return g_string_free(s, FALSE);
}

/* @first: only what gives other settings their defaults */
static void parse(char *text, bool first)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (unsigned i = 0; lines[i]; i++) {
        char *line = g_strstrip(lines[i]);
        char *eq;

        line_number = i + 1;
        if (*line == '#' || *line == '\0') {
            continue;
        }
        eq = strchr(line, '=');
        if (!eq) {
            sim_config_die("'%s' is not a `key = value` line", line);
        }
        *eq = '\0';
        g_strchomp(line);
        if (!first) {
            set(line, g_strchug(eq + 1));
        } else if (!strcmp(line, "abi")) {
            set_abi(g_strchug(eq + 1));
        }
    }
}

static void check(void)
{
    if (!config.sysfs_text) {
        config.sysfs_text = g_strdup_printf("%u\n", config.cap);
    }
    if (config.host_page_size < 4096 ||
        (config.host_page_size & (config.host_page_size - 1))) {
        sim_config_die("`host-page-size` %u is no page size",
                       config.host_page_size);
    }
    if (config.personality == SIM_V7 && config.abi != SIM_ABI_A) {
        sim_config_die("`personality = v7` is one of `abi = A`");
    }
    if (config.mec == SIM_MEC_PRESENT && config.mec_count < 2) {
        sim_config_die("`mec = present` needs `mec-count` of 2 or more");
    }
    for (guint i = 0; i < config.exits->len; i++) {
        sim_exit_check(g_ptr_array_index(config.exits, i));
    }
}

/* The file to read, or NULL: this process is to be left alone */
static const char *settings_file(void)
{
    const char *path = getenv("CCA_SIM_CONF");
    const char *program = (const char *)(uintptr_t)getauxval(AT_EXECFN);
    g_autofree char *name = g_path_get_basename(program ?: "");

    if (path) {
        return path;
    }
    return g_str_has_prefix(name, "qemu-system-") &&
           !sim_real_access(DEFAULT_FILE, F_OK) ? DEFAULT_FILE : NULL;
}

/* Early, so that a bad file is seen even if /dev/kvm is never opened */
static void __attribute__((constructor)) load(void)
{
    g_autofree char *text = NULL;

    /* what is called below may open files itself, for messages for example */
    if (begun) {
        return;
    }
    begun = true;
    file_name = settings_file();
    if (!file_name) {
        return;
    }
    set_defaults();
    text = read_file(file_name);
    parse(text, true);
    parse(text, false);
    check();
    loaded = true;
}

bool sim_configured(void)
{
    load();
    return loaded;
}

const SimConfig *sim_config(void)
{
    load();
    if (!loaded) {
        sim_config_die("neither CCA_SIM_CONF nor " DEFAULT_FILE
                       " names settings");
    }
    return &config;
}

const char *sim_config_run(const char *key)
{
    return g_hash_table_lookup(sim_config()->run_settings, key);
}
