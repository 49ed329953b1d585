/*
 * Running cases, and reading the simulator's report
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

bool probe_v7;

static bool broken;
static const char *report_path;
static char *report;

void probe_fail(const char *file, int line, const char *fmt, ...)
{
    const char *base = strrchr(file, '/');
    va_list ap;

    broken = true;
    printf("# %s:%d: ", base ? base + 1 : file, line);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

long probe_ok(const char *file, int line, const char *what, long ret)
{
    if (ret < 0) {
        probe_fail(file, line, "%s: %s", what, strerror(-ret));
    }
    return ret;
}

void probe_err(const char *file, int line, const char *what, long ret,
               int err)
{
    if (ret != -err) {
        probe_fail(file, line, "%s: expected '%s', got %s", what,
                   strerror(err), ret < 0 ? strerror(-ret) : "success");
    }
}

const char *report_text(void)
{
    free(report);
    report = NULL;
    if (!g_file_get_contents(report_path, &report, NULL, NULL)) {
        return "";
    }
    return report;
}

bool report_has(const char *text)
{
    return strstr(report_text(), text) != NULL;
}

void report_snapshot(void)
{
    g_autofree char *path = g_strdup_printf("%s.mid.json", report_path);

    CHECK(g_file_set_contents(path, report_text(), -1, NULL));
}

char *report_last_rim(void)
{
    const char *last = g_strrstr(report_text(), "\"rim\": \"");

    if (!last) {
        return NULL;
    }
    last += strlen("\"rim\": \"");
    return g_strndup(last, strcspn(last, "\""));
}

unsigned complaints(void)
{
    const char *p = strstr(report_text(), "\"complaint-count\": ");

    return p ? atoi(p + strlen("\"complaint-count\": ")) : 0;
}

bool last_complaint_has(const char *text)
{
    const char *p = strstr(report_text(), "\"complaints\": [");
    const char *last = NULL;

    while (p) {
        p = strstr(p + 1, "\"text\": ");
        last = p ?: last;
    }
    return last && strstr(last, text);
}

static unsigned run_group(const ProbeGroup *g)
{
    unsigned failed = 0;

    probe_v7 = strstr(g->conf, "personality = v7");
    probe_begin_group(g->conf);
    for (const ProbeCase *c = g->cases; c->name; c++) {
        const char *verdict;

        broken = false;
        c->fn();
        verdict = broken ? "not ok" : "ok";
        printf("%s - %s: %s\n", verdict, g->name, c->name);
        fflush(stdout);
        failed += broken;
    }
    return failed;
}

/* Writes DIR/GROUP.conf for each group, and lists groups and case counts */
static int write_confs(const ProbeGroup *groups, const char *dir)
{
    for (const ProbeGroup *g = groups; g->name; g++) {
        g_autofree char *path = g_strdup_printf("%s/%s.conf", dir, g->name);
        g_autofree char *text = g_strdup_printf("%sreport = %s/%s.json\n",
                                                g->conf, dir, g->name);
        unsigned n = 0;

        if (!g_file_set_contents(path, text, -1, NULL)) {
            fprintf(stderr, "prober: cannot write %s\n", path);
            return 2;
        }
        while (g->cases[n].name) {
            n++;
        }
        printf("%s %u\n", g->name, n);
    }
    return 0;
}

/* A "b-" group is one of "-b1" to "-b5", with the version's `abi` */
static const ProbeGroup *expand(const ProbeGroup *groups)
{
    GArray *all = g_array_new(TRUE, FALSE, sizeof(*groups));

    for (const ProbeGroup *g = groups; g->name; g++) {
        bool of_b = g_str_has_prefix(g->name, "b-");

        for (unsigned n = 1; n <= (of_b ? 5 : 1); n++) {
            ProbeGroup one = *g;

            if (of_b) {
                one.name = g_strdup_printf("%s-b%u", g->name, n);
                one.conf = g_strdup_printf("abi = B%u\n%s", n, g->conf);
            }
            g_array_append_val(all, one);
        }
    }
    return (const ProbeGroup *)(void *)g_array_free(all, FALSE);
}

int probe_main(int argc, char **argv, const ProbeGroup *groups)
{
    groups = expand(groups);
    if (argc == 3 && !strcmp(argv[1], "confs")) {
        return write_confs(groups, argv[2]);
    }
    for (const ProbeGroup *g = groups; argc == 4 && g->name; g++) {
        if (!strcmp(argv[1], "run") && !strcmp(argv[2], g->name)) {
            report_path = argv[3];
            return run_group(g) != 0;
        }
    }
    fprintf(stderr, "usage: prober confs DIR | run GROUP REPORT\n");
    return 2;
}
