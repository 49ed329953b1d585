/*
 * Contract tests: every option that the manual lists
 *
 * docs/system/arm/cca-options.csv says for each option whether it can be used
 * with a Realm. Here each of its rows is a test, so that the manual is right.
 * QTEST_CCA_OPTIONS is the path of the file; the manual tells its format.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/un.h>
#include "qemu/units.h"
#include "qobject/qjson.h"
#include "rme-contract.h"
#include "rme-contract-effects.h"
#include "rme-contract-names.h"

#define EARLY "(early)"
#define EACH "{each}"
#define ANSWER " => "
#define SCENARIO "(scenario "

enum { SUBJECT, OPTION, STATUS, TEXT, TRIED, COLUMNS };

/* A line of CSV (RFC 4180, no line breaks in cells) to its cells */
static GPtrArray *parse_line(const char *p)
{
    GPtrArray *cells = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) cell = g_string_new(NULL);
    bool quoted = false;

    for (; *p && *p != '\r' && *p != '\n'; p++) {
        if (*p == '"' && quoted && p[1] == '"') {
            g_string_append_c(cell, *p++);
        } else if (*p == '"') {
            quoted = !quoted;
        } else if (*p == ',' && !quoted) {
            g_ptr_array_add(cells, g_strdup(cell->str));
            g_string_truncate(cell, 0);
        } else {
            g_string_append_c(cell, *p);
        }
    }
    g_ptr_array_add(cells, g_strdup(cell->str));
    g_ptr_array_add(cells, NULL);
    return cells;
}

static int listen_at(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(fd, (void *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

/*
 * What the last cell says: settings of the host, options, and what is asked of
 * the monitor once QEMU runs
 */
typedef struct Trial {
    GString *host, *words;
    char *options;          /* @words with the paths of things */
    char *test;             /* a test that exists, or NULL */
    char *event;            /* that must come, or NULL */
    GPtrArray *commands;    /* with QMP: or HMP: in front */
    bool early;
    int socket;
} Trial;

/* Does *@text have @place, which then becomes @path? */
static bool put_in(char **text, const char *place, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(*text, place, -1);

    g_free(*text);
    *text = g_strjoinv(path, parts);
    return g_strv_length(parts) > 1;
}

/* The same for the options and all commands of @t */
static bool put_path(Trial *t, const char *place, const char *path)
{
    bool has = put_in(&t->options, place, path);

    for (guint i = 0; i < t->commands->len; i++) {
        has |= put_in((char **)&t->commands->pdata[i], place, path);
    }
    return has;
}

static void put_file(Trial *t, const char *place, size_t size)
{
    const char *path = contract_file(place, "", 0);

    if (put_path(t, place, path)) {
        g_assert_cmpint(truncate(path, size), ==, 0);
    }
}

/* {file}, {ram}, {socket}: paths of things that are made for the test */
static void make_things(Trial *t)
{
    const char *socket = contract_file("socket", "", 0);

    t->options = g_strdup(t->words->str);
    put_file(t, "{file}", 64 * KiB);
    put_file(t, "{ram}", 256 * MiB);
    t->socket = -1;
    if (put_path(t, "{socket}", socket)) {
        unlink(socket);
        t->socket = listen_at(socket);
    }
}

static void end_segment(Trial *t, const char *key, const GString *text)
{
    if (!key) {
        g_string_append(t->words, text->str);
    } else if (g_str_equal(key, "HOST:")) {
        g_string_append_printf(t->host, "%s\n", text->str);
    } else if (g_str_equal(key, "TEST:")) {
        t->test = g_strdup(text->str);
    } else if (g_str_equal(key, "EVENT:")) {
        t->event = g_strdup(text->str);
    } else {
        g_ptr_array_add(t->commands, g_strdup_printf("%s %s", key, text->str));
    }
}

static Trial parse_trial(const char *cell)
{
    static const char *const keys[] = { "HOST:", "QMP:", "HMP:", "TEST:",
                                        "EVENT:" };
    g_auto(GStrv) words = g_strsplit(cell, " ", -1);
    g_autoptr(GString) text = g_string_new(NULL);
    const char *key = NULL;
    Trial t = {
        .host = g_string_new(NULL),
        .words = g_string_new(NULL),
        .commands = g_ptr_array_new_with_free_func(g_free),
    };

    for (int i = 0; words[i]; i++) {
        bool is_key = false;

        for (int k = 0; k < ARRAY_SIZE(keys); k++) {
            is_key |= g_str_equal(words[i], keys[k]);
        }
        if (is_key) {
            end_segment(&t, key, text);
            g_string_truncate(text, 0);
            key = words[i];
        } else if (g_str_equal(words[i], EARLY)) {
            t.early = true;
        } else {
            g_string_append_printf(text, "%s%s", text->len ? " " : "",
                                   words[i]);
        }
    }
    end_segment(&t, key, text);
    make_things(&t);
    return t;
}

static void free_trial(Trial *t)
{
    g_string_free(t->host, true);
    g_string_free(t->words, true);
    g_free(t->options);
    g_free(t->test);
    g_free(t->event);
    g_ptr_array_unref(t->commands);
    if (t->socket >= 0) {
        close(t->socket);
    }
}

static ContractArgs trial_args(const Trial *t)
{
    return (ContractArgs) {
        .conf = t->host->str,
        .more = t->options,
        .no_accel = strstr(t->options, "-accel ") != NULL,
        .no_kernel = strstr(t->options, "-kernel ") ||
                     strstr(t->options, "-bios "),
    };
}

/* Is @text, with ... for what varies, in @is? */
static bool has_text(const char *is, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "...", -1);

    for (int i = 0; parts[i] && is; i++) {
        is = strstr(is, parts[i]);
        is = is ? is + strlen(parts[i]) : NULL;
    }
    return is != NULL;
}

/* What the monitor objects to, or NULL; @answer: all that it says, if not */
static char *run_command(Contract *c, const char *command, char **answer)
{
    char *text = NULL;

    *answer = NULL;
    if (g_str_has_prefix(command, "HMP:")) {
        text = contract_hmp(c, command + strlen("HMP: "));
        *answer = g_strdup(text);
        if (!*g_strstrip(text)) {
            g_clear_pointer(&text, g_free);
        }
    } else {
        QDict *rsp = contract_qmp_json(c, command + strlen("QMP: "));
        QDict *error = rsp ? qdict_get_qdict(rsp, "error") : NULL;

        if (error || !rsp) {
            text = g_strdup(rsp ? qdict_get_str(error, "desc") : "(no answer)");
        } else {
            GString *json = qobject_to_json(QOBJECT(rsp));

            *answer = g_string_free(json, false);
        }
        qobject_unref(rsp);
    }
    return text;
}

/* COMMAND => TEXT: the answer has the text */
static void expect_answer(Contract *c, const char *line)
{
    g_auto(GStrv) parts = g_strsplit(line, ANSWER, 2);
    g_autofree char *answer = NULL;
    g_autofree char *error = run_command(c, parts[0], &answer);

    contract_check(answer && has_text(answer, parts[1]), "%s\n   is answered "
                   "'%s'\n   should be '%s'", parts[0], answer ?: error,
                   parts[1]);
}

/* All commands but, where one is to be refused, the last must be obeyed */
static void run_commands(Contract *c, const Trial *t, const char *refusal)
{
    for (guint i = 0; i < t->commands->len; i++) {
        const char *command = g_ptr_array_index(t->commands, i);
        g_autofree char *error = NULL, *answer = NULL;

        if (strstr(command, ANSWER)) {
            expect_answer(c, command);
            continue;
        }
        error = run_command(c, command, &answer);
        if (refusal && i == t->commands->len - 1) {
            contract_check(error && has_text(error, refusal),
                           "%s\n   is answered '%s'\n   should be '%s'",
                           command, error ?: "without an error", refusal);
        } else {
            contract_check(!error, "%s is answered '%s'", command, error);
        }
    }
}

/* The build that is launched is slow here, and does what the other one does */
static void for_dry_runs(void (*func)(const ContractArgs *args,
                                      const char *binary, const void *opaque),
                         const ContractArgs *args, const void *opaque)
{
    func(args, contract_native_qemu(), opaque);
    if (contract_level() >= CONTRACT_FULL) {
        func(args, getenv("QTEST_QEMU_BINARY"), opaque);
    }
}

static void dry_success(const ContractArgs *args, const char *binary,
                        const void *opaque)
{
    contract_expect_dry_success(args, binary);
}

static void dry_refusal(const ContractArgs *args, const char *binary,
                        const void *launch)
{
    contract_expect_dry_refusal(args, binary, launch);
}

/* The same words as a launch, but where the row is about one host */
static void try_dry_refusal(const Trial *t, const char *launch)
{
    ContractArgs args = trial_args(t);

    if (t->host->len) {
        g_autofree char *host = g_strdelimit(g_strdup(t->host->str), "\n",
                                             ' ');

        g_test_message("summary: refused by a host with %sand not by dry runs, "
                       "which know none: %s", host, t->options);
    } else {
        for_dry_runs(dry_refusal, &args, launch);
    }
}

/* A running Realm goes on after the refusal; else it is as @row says */
static void expect_running(const Trial *t, char *const *row,
                           const char *refusal, const char *warning)
{
    ContractArgs args = trial_args(t);
    bool unpredictable = contract_is_unpredictable(t->options);
    g_autoptr(Contract) c = contract_start(&args);

    run_commands(c, t, refusal);
    if (t->event) {
        qobject_unref(contract_event(c, t->event));
    }
    if (!refusal && !unpredictable) {
        contract_expect_effects(c, &args, row[TEXT]);
    }
    contract_quit(c);
    contract_expect_active(c);
    if (warning) {
        contract_expect_warning(c, warning);
    } else {
        contract_expect_silence(c);
    }
    if (unpredictable) {
        for_dry_runs(dry_refusal, &args,
                     "qemu-system-aarch64: " CONTRACT_UNPREDICTABLE);
    } else {
        for_dry_runs(dry_success, &args, NULL);
    }
}

/*
 * One line, exit status 1, and nothing that a Realm is made of. What is not
 * applicable may be accepted by a @dry run, which makes no PCI devices.
 */
static void expect_no_start(const Trial *t, const char *refusal, bool dry)
{
    ContractArgs args = trial_args(t);
    g_autoptr(Contract) c = contract_run(&args);

    contract_expect_error_like(c, refusal, has_text);
    contract_expect_no_complaints(c);
    contract_check(!contract_count(c, "REALM_CREATE") &&
                   !contract_count(c, "FIRST_RUN"), "a guest was made first");
    contract_check(!t->early || !contract_count(c, "REALM_CONFIG"),
                   "the host was probed first");
    if (dry) {
        try_dry_refusal(t, contract_stderr(c));
    }
}

/* "REASON: MESSAGE" of what is not applicable */
static const char *quoted(const char *text)
{
    const char *colon = strstr(text, ": ");

    return colon ? colon + 2 : text;
}

static void try_row(char *const *row, const char *trial)
{
    const char *warning = NULL;
    bool refused = g_str_equal(row[STATUS], "refused");
    bool accepted = g_str_equal(row[STATUS], "accepted");
    Trial t = parse_trial(trial);

    if (g_str_has_prefix(row[TEXT], "warns: ")) {
        warning = row[TEXT] + strlen("warns: ");
    }
    if (t.test) {
        contract_check(contract_has_test(t.test), "there is no test '%s'",
                       t.test);
    } else if (!refused && !accepted) {
        expect_no_start(&t, quoted(row[TEXT]), false);
    } else if (refused && !t.commands->len) {
        expect_no_start(&t, row[TEXT], true);
    } else {
        expect_running(&t, row, refused ? row[TEXT] : NULL, warning);
    }
    free_trial(&t);
}

/* What is accepted is tried at once, what is refused one by one */
static void try_each(char *const *row)
{
    const char *const *types = contract_devices();
    g_autoptr(GString) all = g_string_new(NULL);

    for (int i = 0; types[i]; i++) {
        g_auto(GStrv) parts = g_strsplit(row[TRIED], EACH, -1);
        g_autofree char *trial = g_strjoinv(types[i], parts);

        if (!contract_device_matches(types[i], row[OPTION])) {
            continue;
        }
        g_string_append_printf(all, "%s%s", all->len ? " " : "", trial);
        if (g_str_equal(row[STATUS], "refused")) {
            try_row(row, trial);
        }
    }
    if (!contract_check(all->len, "no device is one of %s", row[OPTION])) {
        return;
    }
    if (!g_str_equal(row[STATUS], "refused")) {
        try_row(row, all->str);
    }
}

/* "(scenario NAME)": the first word of the option is in its files */
static bool check_scenario(char *const *row)
{
    const char *text = strstr(row[TEXT], SCENARIO);
    g_auto(GStrv) name = text ? g_strsplit(text + strlen(SCENARIO), ")", 2) :
                                NULL;
    g_auto(GStrv) words = g_strsplit_set(row[OPTION], " ,:", 2);

    if (!text || !getenv("QTEST_CCA_SCENARIOS")) {
        return false;
    }
    contract_check(contract_scenario_has(name[0], words[0]),
                   "scenario '%s' has no '%s'", name[0], words[0]);
    return true;
}

/* Why a row is not for this base, NULL if it is */
static const char *not_here(char *const *row)
{
    bool later = g_strv_contains(contract_devices(), "arm-smmuv3");

    if (strstr(row[OPTION], "(from QEMU 10.2 on)")) {
        return later ? NULL : "this base has not got it";
    }
    return later && strstr(row[OPTION], "(before QEMU 10.2)") ?
           "another row is for this base" : NULL;
}

static void test_row(const void *data)
{
    char *const *row = data;
    bool has_scenario = check_scenario(row);

    if (not_here(row)) {
        g_test_skip(not_here(row));
    } else if (strstr(row[TRIED], EACH)) {
        try_each(row);
    } else if (*row[TRIED]) {
        try_row(row, row[TRIED]);
    } else if (!has_scenario) {
        g_autofree char *reason = g_strconcat("no way to try it here: ",
                                              row[TEXT], NULL);
        g_test_skip(reason);
    }
}

/* Is @type what a row tries, or a family that has one? */
static bool has_row(const GPtrArray *rows, const char *type)
{
    g_autofree char *own = g_strconcat("-device ", type, NULL);

    for (guint i = 0; i < rows->len; i++) {
        const GPtrArray *cells = g_ptr_array_index(rows, i);
        char *const *row = (char **)cells->pdata;
        const char *p = row[TRIED];

        while ((p = strstr(p, own))) {
            p += strlen(own);
            if (!*p || *p == ' ' || *p == ',') {
                return true;
            }
        }
        if ((!*row[TRIED] || strstr(row[TRIED], EACH)) &&
            contract_device_matches(type, row[OPTION])) {
            return true;
        }
    }
    return false;
}

static void test_devices(const void *rows)
{
    const char *const *types = contract_devices();

    contract_check(types[0], "there are no devices");
    for (int i = 0; types[i]; i++) {
        contract_check(has_row(rows, types[i]), "the options have no row for "
                       "-device %s", types[i]);
    }
}

/* A row that says nothing, or twice the same, is a mistake in the manual */
static void check_row(char *const *row, guint cells, int line, GHashTable *seen)
{
    static const char *const all[] = { "accepted", "refused", "not applicable",
                                       NULL };
    g_autofree char *id = NULL;

    if (cells != COLUMNS) {
        g_error("line %d of the options: %u cells, not %d", line, cells,
                COLUMNS);
    }
    if (!g_strv_contains(all, row[STATUS])) {
        g_error("line %d of the options: '%s'?", line, row[STATUS]);
    }
    if (!*row[TEXT] && !g_str_equal(row[STATUS], "accepted")) {
        g_error("line %d of the options gives no reason", line);
    }
    if (!*row[TRIED] && !strstr(row[TEXT], SCENARIO)) {
        g_error("line %d of the options says what nobody tries", line);
    }
    id = g_strconcat(row[SUBJECT], ": ", row[OPTION], NULL);
    if (!g_hash_table_add(seen, g_steal_pointer(&id))) {
        g_error("line %d of the options: '%s' has a row already", line,
                row[OPTION]);
    }
}

static void add_row(char *const *row)
{
    g_autofree char *name = g_strdup_printf("%s: %s: %s", row[STATUS],
                                            row[SUBJECT], row[OPTION]);

    /* A path for glib */
    g_strdelimit(name, "/", '|');
    if (!*row[TRIED] || strstr(row[TRIED], "HOST:") ||
        strstr(row[TRIED], "TEST:")) {
        contract_add("options", name, test_row, row);
    } else {
        contract_add_each("options", name, test_row, row);
    }
}

static void test_nothing(const void *data)
{
    g_test_skip("QTEST_CCA_OPTIONS is not set: no list of options");
}

static void add_tests(void)
{
    const char *path = getenv("QTEST_CCA_OPTIONS");
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal,
                                                       g_free, NULL);
    GPtrArray *rows = g_ptr_array_new();    /* for the whole run */
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!path) {
        contract_add("options", "all", test_nothing, NULL);
        return;
    }
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        g_error("cannot read %s", path);
    }
    lines = g_strsplit(text, "\n", -1);
    for (int i = 1; lines[0] && lines[i] && *lines[i]; i++) {
        GPtrArray *row = parse_line(lines[i]);

        check_row((char **)row->pdata, row->len - 1, i + 1, seen);
        add_row((char **)row->pdata);
        g_ptr_array_add(rows, row);
    }
    contract_add("options", "every device has a row", test_devices, rows);
}

int main(int argc, char **argv)
{
    contract_set_program(argv[0]);
    return contract_main(argc, argv, add_tests);
}
