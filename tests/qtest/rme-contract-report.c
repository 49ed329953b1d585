/*
 * Contract tests: what QEMU said, and what it asked of the kernel
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "rme-contract-internal.h"

int contract_status(Contract *c)
{
    return c->status;
}

const char *contract_stderr(Contract *c)
{
    g_free(c->stderr_text);
    c->stderr_text = NULL;
    if (!g_file_get_contents(c->stderr_file, &c->stderr_text, NULL, NULL)) {
        c->stderr_text = g_strdup("");
    }
    return c->stderr_text;
}

/* What QEMU says after every error of an accelerator */
static void drop_accel_line(char *text)
{
    static const char line[] = ": failed to initialize kvm: ";
    char *last = strrchr(g_strchomp(text), '\n');

    if (last && strstr(last, line)) {
        *last = '\0';
    }
}

/* Is @message a line, or the end of one that the program's name starts? */
static bool is_message(const char *line, const char *message)
{
    g_autofree char *end = g_strconcat(": ", message, NULL);

    return g_str_has_suffix(line, end) || g_str_equal(line, message);
}

static bool has_line(const char *text, const char *message,
                     bool (*match)(const char *, const char *), unsigned *n)
{
    g_auto(GStrv) lines = g_strsplit(g_strchomp((char *)text), "\n", -1);
    bool found = false;

    for (*n = 0; lines[*n]; (*n)++) {
        found |= match(lines[*n], message);
    }
    return found;
}

void contract_expect_error_like(Contract *c, const char *message,
                                bool (*match)(const char *, const char *))
{
    g_autofree char *text = g_strdup(contract_stderr(c));
    unsigned lines;
    bool found;

    drop_accel_line(text);
    found = has_line(text, message, match, &lines);
    contract_check(c->pid == 0 && WIFEXITED(c->status) &&
                   WEXITSTATUS(c->status) == 1,
                   "exit status 1 was expected, not wait status 0x%x: %s",
                   c->status, c->command);
    contract_check(found, "stderr of %s\n   is        '%s'\n   should be "
                   "'...: %s'", c->command, text, message);
    contract_check(lines == 1, "one line was expected from %s: '%s'",
                   c->command, text);
}

void contract_expect_error(Contract *c, const char *message)
{
    contract_expect_error_like(c, message, is_message);
}

char *contract_error_line(Contract *c)
{
    g_autofree char *text = g_strdup(contract_stderr(c));
    g_auto(GStrv) lines = NULL;
    const char *line = NULL;
    unsigned n = 0;

    drop_accel_line(text);
    lines = g_strsplit(text, "\n", -1);
    for (int i = 0; lines[i]; i++) {
        if (*lines[i] && !strstr(lines[i], "warning: ")) {
            line = lines[i];
            n++;
        }
    }
    return n == 1 ? g_strdup(line) : NULL;
}

void contract_expect_warning(Contract *c, const char *message)
{
    g_autofree char *text = g_strdup(contract_stderr(c));
    g_autofree char *line = g_strconcat("warning: ", message, NULL);
    unsigned lines;

    contract_check(has_line(text, line, is_message, &lines),
                   "stderr of %s\n   is        '%s'\n   should have '...: "
                   "warning: %s'", c->command, text, message);
}

bool contract_is_unpredictable(const char *options)
{
    return contract_generation()->by_block &&
           (strstr(options, "-bios ") || strstr(options, "-numa "));
}

void contract_expect_silence(Contract *c)
{
    const char *text = contract_stderr(c);

    if (contract_is_unpredictable(c->command)) {
        contract_expect_warning(c, "rme-guest 'rme0': " CONTRACT_UNPREDICTABLE);
        return;
    }
    contract_check(!*text, "nothing was expected from %s: '%s'", c->command,
                   text);
}

QDict *contract_report(Contract *c)
{
    g_autofree char *text = NULL;
    QObject *obj = NULL;

    /* While QEMU runs the file may be caught between two writes */
    for (int i = 0; i < 20 && !obj; i++) {
        g_free(text);
        text = NULL;
        if (g_file_get_contents(c->report_file, &text, NULL, NULL)) {
            obj = qobject_from_json(text, NULL);
        }
        if (!obj) {
            g_usleep(5000);
        }
    }
    qobject_unref(c->report);
    c->report = qobject_to(QDict, obj) ?: qdict_new();
    return c->report;
}

static QList *calls(Contract *c)
{
    return qdict_get_qlist(contract_report(c), "calls");
}

static QDict *entry_dict(const QListEntry *e)
{
    return qobject_to(QDict, qlist_entry_obj(e));
}

/* The last VM with memory, which scratch VMs do not have, or the first Realm */
QDict *contract_realm(Contract *c)
{
    QList *vms = qdict_get_qlist(contract_report(c), "vms");
    QDict *found = NULL;
    bool has_memory = false;
    QListEntry *e;

    if (!vms) {
        return NULL;
    }
    QLIST_FOREACH_ENTRY(vms, e) {
        QDict *vm = entry_dict(e);

        if (!qlist_empty(qdict_get_qlist(vm, "slots"))) {
            found = vm;
            has_memory = true;
        } else if (!has_memory && !found &&
                   g_strcmp0(qdict_get_try_str(vm, "state"), "NONE")) {
            found = vm;
        }
    }
    return found && qdict_haskey(found, "state") ? found : NULL;
}

char *contract_rim(Contract *c)
{
    QDict *realm = contract_realm(c);

    return g_strdup(realm ? qdict_get_try_str(realm, "rim") : NULL);
}

int64_t contract_status_kib(Contract *c, const char *key)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", c->pid);
    g_autofree char *line = g_strdup_printf("\n%s:", key);
    g_autofree char *text = NULL;
    const char *found = NULL;

    if (g_file_get_contents(path, &text, NULL, NULL)) {
        found = strstr(text, line);
    }
    contract_check(found, "no %s in %s", key, path);
    return found ? atol(found + strlen(line)) : 0;
}

unsigned contract_count(Contract *c, const char *call)
{
    QList *list = calls(c);
    QListEntry *e;
    unsigned n = 0;

    if (!list) {
        return 0;
    }
    QLIST_FOREACH_ENTRY(list, e) {
        n += !g_strcmp0(qdict_get_try_str(entry_dict(e), "call"), call);
    }
    return n;
}

static void append_range(GString *s, QDict *call)
{
    if (qdict_haskey(call, "base")) {
        g_string_append_printf(s, " 0x%" PRIx64 "+0x%" PRIx64,
                               (uint64_t)qdict_get_int(call, "base"),
                               (uint64_t)qdict_get_int(call, "size"));
    }
}

static void append_step(GString *s, QDict *call)
{
    const char *name = qdict_get_str(call, "call");
    const char *result = qdict_get_try_str(call, "result");

    g_string_append(s, s->len ? ", " : "");
    if (g_str_equal(name, "REALM_CONFIG")) {
        const char *item = qdict_get_try_str(call, "item");

        g_string_append(s, item ?: "CONFIG");
        if (!g_strcmp0(item, "HASH") || !g_strcmp0(item, "MEC")) {
            g_string_append_printf(s, " %" PRId64,
                                   qdict_get_int(call, "value"));
        }
    } else if (g_str_equal(name, "VCPU_FINALIZE_REC")) {
        g_string_append_printf(s, "REC %" PRId64,
                               qdict_get_try_int(call, "vcpu", -1));
    } else if (g_str_equal(name, "REALM_INIT_RIPAS")) {
        g_string_append(s, "RIPAS");
        append_range(s, call);
    } else {
        g_string_append(s, name + strlen("REALM_"));
        append_range(s, call);
    }
    if (result) {
        g_string_append_printf(s, "=%s", result);
    }
}

char *contract_steps(Contract *c)
{
    QDict *realm = contract_realm(c);
    int64_t vm = realm ? qdict_get_int(realm, "vm") : -1;
    GString *s = g_string_new(NULL);
    QListEntry *e;

    if (vm < 0) {
        return g_string_free(s, false);
    }
    QLIST_FOREACH_ENTRY(qdict_get_qlist(c->report, "calls"), e) {
        QDict *call = entry_dict(e);
        const char *name = qdict_get_str(call, "call");

        if (qdict_get_int(call, "vm") == vm &&
            (g_str_has_prefix(name, "REALM_") ||
             g_str_equal(name, "VCPU_FINALIZE_REC"))) {
            append_step(s, call);
        }
    }
    return g_string_free(s, false);
}

/* Without the steps that only generation A has */
static char *implicit_steps(const char *steps)
{
    g_auto(GStrv) words = g_strsplit(steps, ", ", -1);
    GString *s = g_string_new(NULL);

    for (int i = 0; words[i]; i++) {
        if (!g_str_has_prefix(words[i], "HASH ") &&
            !g_str_has_prefix(words[i], "RIPAS ")) {
            g_string_append_printf(s, "%s%s", s->len ? ", " : "", words[i]);
        }
    }
    return g_string_free(s, false);
}

void contract_expect_steps(Contract *c, const char *should_be)
{
    g_autofree char *steps = contract_steps(c);
    g_autofree char *is = NULL, *expected = NULL;

    if (!contract_generation()->implicit) {
        contract_equal("steps", steps, should_be);
        return;
    }
    is = implicit_steps(steps);
    expected = implicit_steps(should_be);
    contract_equal("steps", is, expected);
}

static bool get_u64(QDict *call, const char *key, uint64_t *value)
{
    QNum *num = qobject_to(QNum, qdict_get(call, key));

    return num && qnum_get_try_uint(num, value);
}

GArray *contract_mmio_reads(Contract *c)
{
    GArray *reads = g_array_new(false, true, sizeof(ContractRead));
    QList *list = calls(c);
    QListEntry *e;

    if (!list) {
        return reads;
    }
    QLIST_FOREACH_ENTRY(list, e) {
        QDict *call = entry_dict(e);
        ContractRead read = { };

        if (!g_strcmp0(qdict_get_try_str(call, "call"), "MMIO_READ_RESULT")) {
            contract_check(get_u64(call, "gpa", &read.gpa) &&
                           get_u64(call, "data", &read.data),
                           "a read without address and data");
            g_array_append_val(reads, read);
        }
    }
    return reads;
}

void contract_expect_read(Contract *c, uint64_t gpa, uint64_t data)
{
    g_autoptr(GArray) reads = contract_mmio_reads(c);

    for (guint i = 0; i < reads->len; i++) {
        const ContractRead *r = &g_array_index(reads, ContractRead, i);

        if (r->gpa == gpa) {
            contract_check(r->data == data, "0x%" PRIx64 " reads 0x%" PRIx64
                           ", not 0x%" PRIx64, gpa, r->data, data);
            return;
        }
    }
    contract_fail("no read of 0x%" PRIx64 ": %s", gpa, c->command);
}

const char *contract_populated_sha256(Contract *c, uint64_t addr)
{
    QList *list = calls(c);
    QListEntry *e;

    if (!list) {
        return NULL;
    }
    QLIST_FOREACH_ENTRY(list, e) {
        QDict *call = entry_dict(e);

        if (!g_strcmp0(qdict_get_try_str(call, "call"), "REALM_POPULATE") &&
            qdict_get_try_int(call, "base", 0) == addr) {
            return qdict_get_try_str(call, "sha256");
        }
    }
    return NULL;
}

void contract_expect_no_complaints(Contract *c)
{
    contract_expect_no_complaints_but(c, NULL);
}

void contract_expect_no_complaints_but(Contract *c, const char *known)
{
    QDict *report = contract_report(c);
    QListEntry *e;

    if (!qdict_haskey(report, "complaints")) {
        /* There is none if QEMU gave up before it opened /dev/kvm */
        contract_check(!c->pid && c->status, "no report of %s", c->command);
        return;
    }
    QLIST_FOREACH_ENTRY(qdict_get_qlist(report, "complaints"), e) {
        const char *text = qdict_get_str(entry_dict(e), "text");

        contract_check(known && strstr(text, known),
                       "the simulator complains about %s: %s", c->command,
                       text);
    }
}

void contract_expect_active(Contract *c)
{
    QDict *realm = contract_realm(c);

    contract_equal("state of the Realm",
                   realm ? qdict_get_try_str(realm, "state") : "none",
                   "ACTIVE");
    contract_expect_no_complaints(c);
}

void contract_expect_no_realm(Contract *c)
{
    static const char *const forbidden[] = {
        "REALM_CREATE", "REALM_INIT_RIPAS", "REALM_POPULATE", "REALM_ACTIVATE",
        "VCPU_FINALIZE_REC", "RUN", "FIRST_RUN", "MEMSLOT",
        "CREATE_GUEST_MEMFD", "SET_MEMORY_ATTRIBUTES",
    };

    for (int i = 0; i < ARRAY_SIZE(forbidden); i++) {
        unsigned n = contract_count(c, forbidden[i]);

        contract_check(!n, "%s was called %u times: %s", forbidden[i], n,
                       c->command);
    }
    contract_expect_no_complaints(c);
}
