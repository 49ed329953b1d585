/*
 * The report: one JSON document that is complete after every event
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim-backend.h"
#include "sim-summary.h"

#define MAX_LISTED_COMPLAINTS 200
#define MAX_HOST_ACCESSES 256
#define MAX_EDGE_SUMMARIES 32

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int report_fd = -1;
static int trace_fd = -1;
static pid_t owner;
static off_t body_end;
static unsigned events;
static GHashTable *counters;        /* name -> count */
static GPtrArray *complaints;       /* JSON strings */
static unsigned complaint_count;
static GPtrArray *summaries;        /* JSON object of VM serial - 1 */

static struct {
    unsigned vm;
    uint64_t gpa;
} host_accesses[MAX_HOST_ACCESSES];
static int host_access_count;
static int host_access_done;

/* "%p" in @name is the process, so that each QEMU of a host has a file */
static int create_file(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "%p", -1);
    g_autofree char *pid = g_strdup_printf("%d", getpid());
    g_autofree char *path = g_strjoinv(pid, parts);
    int fd = sim_real_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
                           0644);

    if (fd < 0) {
        sim_config_die("cannot write %s: %s", path, g_strerror(errno));
    }
    return fd;
}

/* Called with the lock held; the first event makes the files */
static void start(void)
{
    const SimConfig *c = sim_config();

    if (counters) {
        return;
    }
    owner = getpid();
    counters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    complaints = g_ptr_array_new_with_free_func(g_free);
    summaries = g_ptr_array_new();
    if (c->trace) {
        trace_fd = create_file(c->trace);
    }
    if (c->report) {
        g_autofree char *head = g_strdup_printf(
            "{\"format\": 1, \"mode\": \"%s\", \"personality\": \"%s\", "
            "\"abi\": \"%s\",\n \"calls\": [", sim_backend()->name,
            c->personality == SIM_V7 ? "v7" : sim_generation()->version,
            sim_generation()->name);

        report_fd = create_file(c->report);
        body_end = pwrite(report_fd, head, strlen(head), 0);
    }
}

static char *json_quote(const char *text)
{
    GString *s = g_string_new("\"");

    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            g_string_append_printf(s, "\\%c", *text);
        } else if ((unsigned char)*text < ' ') {
            g_string_append_printf(s, "\\u%04x", *text);
        } else {
            g_string_append_c(s, *text);
        }
    }
    g_string_append_c(s, '"');
    return g_string_free(s, FALSE);
}

static void add_complaint(unsigned vm, const char *text)
{
    complaint_count++;
    if (complaints->len < MAX_LISTED_COMPLAINTS) {
        g_autofree char *quoted = json_quote(text);

        g_ptr_array_add(complaints,
                        g_strdup_printf("{\"vm\": %u, \"after-call\": %u, "
                                        "\"text\": %s}", vm, events, quoted));
    }
    if (trace_fd >= 0) {
        dprintf(trace_fd, "COMPLAINT vm %u: %s\n", vm, text);
    }
}

static void drain_host_accesses(void)
{
    int n = MIN(g_atomic_int_get(&host_access_count), MAX_HOST_ACCESSES);

    for (; host_access_done < n; host_access_done++) {
        g_autofree char *text = g_strdup_printf(
            "the host accessed private memory at guest address 0x%" PRIx64,
            host_accesses[host_access_done].gpa);

        add_complaint(host_accesses[host_access_done].vm, text);
    }
}

static void append_array(GString *s, GPtrArray *a)
{
    const char *sep = "";

    for (guint i = 0; i < a->len; i++) {
        if (g_ptr_array_index(a, i)) {
            g_string_append_printf(s, "%s\n  %s", sep,
                                   (char *)g_ptr_array_index(a, i));
            sep = ",";
        }
    }
}

static void append_closing(GString *s)
{
    const char *sep = "";
    GHashTableIter it;
    gpointer key, value;

    drain_host_accesses();
    g_string_append(s, "\n ],\n \"vms\": [");
    append_array(s, summaries);
    g_string_append(s, "\n ],\n \"complaints\": [");
    append_array(s, complaints);
    g_string_append_printf(s, "\n ],\n \"complaint-count\": %u,\n"
                           " \"counters\": {", complaint_count);
    g_hash_table_iter_init(&it, counters);
    while (g_hash_table_iter_next(&it, &key, &value)) {
        g_string_append_printf(s, "%s\"%s\": %u", sep, (char *)key,
                               GPOINTER_TO_UINT(value));
        sep = ", ";
    }
    g_string_append_printf(s, "},\n \"open-vms\": %u,\n"
                           " \"fail-points\": {", sim_open_vms());
    sim_fail_append_points(s);
    g_string_append(s, "}\n}\n");
}

/* Adds @event (may be "") and the closing part in one write */
static void write_out(const char *event)
{
    GString *s;

    if (report_fd < 0 || getpid() != owner) {
        return;
    }
    s = g_string_new(event);
    append_closing(s);
    if (pwrite(report_fd, s->str, s->len, body_end) != (ssize_t)s->len ||
        ftruncate(report_fd, body_end + s->len)) {
        sim_config_die("cannot write the report: %s", g_strerror(errno));
    }
    body_end += strlen(event);
    g_string_free(s, TRUE);
}

static void count(const char *name)
{
    gpointer n = g_hash_table_lookup(counters, name);

    g_hash_table_replace(counters, g_strdup(name),
                         GUINT_TO_POINTER(GPOINTER_TO_UINT(n) + 1));
}

static void update_summary(SimVm *vm)
{
    if (summaries->len < vm->serial) {
        g_ptr_array_set_size(summaries, vm->serial);
        /* Each event writes all of them: of very many the middle is left out */
        if (vm->serial > 2 * MAX_EDGE_SUMMARIES) {
            g_clear_pointer(&g_ptr_array_index(summaries, vm->serial - 1 -
                                               MAX_EDGE_SUMMARIES), g_free);
        }
    }
    g_free(g_ptr_array_index(summaries, vm->serial - 1));
    g_ptr_array_index(summaries, vm->serial - 1) = sim_vm_summary(vm);
}

/* A million calls of a running guest are too many for a list */
static bool listed(const SimVm *vm, const char *name)
{
    return sim_config()->list_calls || !vm || !sim_realm_is_active(vm) ||
           !strcmp(name, "FIRST_RUN") || !strcmp(name, "MILESTONE");
}

void sim_report_call(SimVm *vm, const char *name, long result,
                     const char *fields, ...)
{
    g_autofree char *more = NULL;
    g_autofree char *event = NULL;
    g_autofree char *res = NULL;
    va_list ap;

    if (!listed(vm, name)) {
        return;
    }
    va_start(ap, fields);
    more = g_strdup_vprintf(fields, ap);
    va_end(ap);
    res = result < 0 ? g_strdup_printf("\"%s\"", sim_errno_name(-result))
                     : g_strdup_printf("%ld", result);
    pthread_mutex_lock(&lock);
    start();
    event = g_strdup_printf("%s\n  {\"n\": %u, \"call\": \"%s\", \"vm\": %u"
                            "%s%s, \"result\": %s}", events ? "," : "",
                            events + 1, name, vm ? vm->serial : 0,
                            *more ? ", " : "", more, res);
    if (vm) {
        update_summary(vm);
    }
    events++;
    write_out(event);
    if (trace_fd >= 0) {
        dprintf(trace_fd, "vm %u %s %s = %s\n", vm ? vm->serial : 0, name,
                more, res);
    }
    pthread_mutex_unlock(&lock);
}

void sim_complain(SimVm *vm, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&lock);
    start();
    add_complaint(vm ? vm->serial : 0, text);
    write_out("");
    pthread_mutex_unlock(&lock);
}

void sim_report_count(const char *name)
{
    pthread_mutex_lock(&lock);
    start();
    count(name);
    if (g_atomic_int_get(&host_access_count) > host_access_done &&
        host_access_done < MAX_HOST_ACCESSES) {
        write_out("");
    }
    pthread_mutex_unlock(&lock);
}

void sim_trace(const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    if (!sim_config()->trace) {
        return;
    }
    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&lock);
    start();
    dprintf(trace_fd, "%s\n", text);
    pthread_mutex_unlock(&lock);
}

void sim_report_host_access(SimVm *vm, uint64_t gpa)
{
    int i = g_atomic_int_add(&host_access_count, 1);

    if (i < MAX_HOST_ACCESSES) {
        host_accesses[i].vm = vm->serial;
        host_accesses[i].gpa = gpa;
    }
}

void sim_report_flush(void)
{
    pthread_mutex_lock(&lock);
    if (counters) {
        write_out("");
    }
    pthread_mutex_unlock(&lock);
}

static void __attribute__((destructor)) finish(void)
{
    sim_report_flush();
}
