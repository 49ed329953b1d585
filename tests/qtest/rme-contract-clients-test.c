/*
 * Contract tests: command lines of programs and people that start Realms
 *
 * Each is launched on the simulated host as it is, run dry, and given to
 * cca-measure: it starts, and all of them tell one measurement, or it is
 * refused in one line that says what to do. The lines, which were collected in
 * November 2026 from public launchers, scripts, manuals and reports, are in
 * rme-contract-clients.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/un.h>
#include "qemu/units.h"
#include "qobject/qjson.h"
#include "rme-contract.h"
#include "rme-contract-clients.h"

/* What the simulated host has, for dry runs */
#define NUMBERS ",num-breakpoints=6,num-watchpoints=4,sve=off"
#define PMU     ",num-pmu-counters=6"
#define FLAGS   "--breakpoints 6 --watchpoints 4 --sve off"

typedef struct Output {
    char *out, *err;
    int status;
} Output;

static void output_free(Output *o)
{
    g_free(o->out);
    g_free(o->err);
    g_free(o);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Output, output_free)

static Output *run(const char *line)
{
    g_auto(GStrv) argv = NULL;
    g_auto(GStrv) env = g_environ_unsetenv(g_get_environ(), "CCA_SIM_CONF");
    Output *o = g_new0(Output, 1);

    g_assert_true(g_shell_parse_argv(line, NULL, &argv, NULL));
    g_assert_true(g_spawn_sync(NULL, argv, env, G_SPAWN_SEARCH_PATH, NULL,
                               NULL, &o->out, &o->err, &o->status, NULL));
    return o;
}

static void replace(char **text, const char *what, const char *by)
{
    g_auto(GStrv) parts = g_strsplit(*text, what, -1);

    g_free(*text);
    *text = g_strjoinv(by, parts);
}

static void put_file(char **text, const char *place, const void *data,
                     size_t size)
{
    if (strstr(*text, place)) {
        replace(text, place, contract_file(place, data, size));
    }
}

/* A socket that listens at @path, for QEMU to connect to or to inherit */
static int listen_at(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    unlink(path);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(fd, (void *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

/* @line with paths of things; *fd: a socket that a launch inherits, or -1 */
static char *with_things(const char *line, int *fd)
{
    static const uint8_t dtb[72] = {
        0xd0, 0x0d, 0xfe, 0xed, [7] = 72, [11] = 56, [15] = 72, [19] = 40,
        [23] = 17, [27] = 16, [39] = 16, [59] = 1, [67] = 2, [71] = 9,
    };
    g_autofree uint8_t *data = contract_pattern(3 * MiB, 0);
    char *text = g_strdup(line);

    *fd = -1;
    put_file(&text, "{kernel}", data, 8 * KiB);
    put_file(&text, "{initrd}", data, 20000);
    put_file(&text, "{bios}", data, 64 * KiB);
    put_file(&text, "{disk}", data, 64 * KiB);
    put_file(&text, "{dtb}", dtb, sizeof(dtb));
    put_file(&text, "{config}", client_config, strlen(client_config));
    put_file(&text, "{new}", "", 0);
    memset(data + 1 * MiB, 0xff, 2 * MiB);
    put_file(&text, "{padded}", data, 3 * MiB);
    replace(&text, "{rpv}", CLIENT_RPV);
    if (strstr(text, "{socket}") || strstr(text, "{fd}")) {
        const char *path = contract_file("socket", "", 0);
        g_autofree char *number = NULL;

        *fd = listen_at(path);
        number = g_strdup_printf("%d", *fd);
        replace(&text, "{socket}", path);
        replace(&text, "{fd}", number);
    }
    return text;
}

/* The measurement of query-cca, once the Realm runs; NULL after a failure */
static char *query_rim(Contract *c)
{
    for (int i = 0; i < 600; i++) {
        QDict *rsp = contract_qmp(c, "{'execute': 'query-cca'}");
        QDict *info = rsp ? qdict_get_qdict(rsp, "return") : NULL;
        bool active = info && !g_strcmp0(qdict_get_try_str(info, "state"),
                                         "active");
        char *rim = g_strdup(active ? qdict_get_try_str(info, "rim") : NULL);

        qobject_unref(rsp);
        if (rim || !rsp) {
            return rim;
        }
        g_usleep(50000);
    }
    contract_fail("query-cca tells no measurement");
    return NULL;
}

/* All lines of @err are warnings, with @warning among them if there is one */
static void check_warnings(const char *who, const char *err,
                           const char *warning)
{
    g_auto(GStrv) lines = g_strsplit(err, "\n", -1);

    for (int i = 0; lines[i]; i++) {
        contract_check(!*lines[i] || strstr(lines[i], "warning: ") ||
                       strstr(lines[i], "info: ") ||
                       strstr(lines[i], "char device redirected to") ||
                       strstr(lines[i], "VNC server running on "),
                       "%s: %s", who, lines[i]);
    }
    contract_check(!warning || strstr(err, warning), "%s does not warn '%s': "
                   "%s", who, warning, err);
}

/* The RIM of a launch, which the simulator computes by code of its own */
static char *launch(const Client *client, const char *line)
{
    g_autoptr(Contract) c = contract_start_options("", line);
    char *rim = query_rim(c);

    if (client->daemon) {
        contract_qmp_ok(c, "quit");
        return rim;
    }
    contract_quit(c);
    contract_expect_active(c);
    if (rim) {
        QDict *realm = contract_realm(c);

        contract_equal("measurement of query-cca", rim, realm ?
                       qdict_get_try_str(realm, "rim") : NULL);
    }
    check_warnings("a launch", contract_stderr(c), client->warning);
    return rim;
}

/* The same of a dry run. That of a configuration file is for the tool alone */
static void check_dry_run(const Client *client, const char *line,
                          const char *rim)
{
    bool has_pmu = !strstr(line, ",pmu=off");
    g_autofree char *dry = g_strdup_printf(
        "%s -no-user-config %s %s", contract_native_qemu(),
        client->defaults ? "" : "-nodefaults", line);
    g_autoptr(Output) o = NULL;
    QObject *obj;
    QDict *info;

    if (strstr(line, "-readconfig")) {
        return;
    }
    replace(&dry, "-cpu host", has_pmu ? "-cpu host" NUMBERS PMU :
                                         "-cpu host" NUMBERS);
    replace(&dry, "rme-guest,id=rme0", "rme-guest,id=rme0,dry-run=on");
    replace(&dry, "\"id\":\"rme0\"", "\"id\":\"rme0\",\"dry-run\":true");
    o = run(dry);
    obj = qobject_from_json(o->out, NULL);
    info = qobject_to(QDict, obj);
    contract_equal("measurement of a dry run", info ?
                   qdict_get_try_str(info, "rim") : o->err, rim);
    check_warnings("a dry run", o->err, client->warning);
    qobject_unref(obj);
}

/* What cca-measure says to @line, NULL where there is none */
static Output *measure(const Client *client, const char *line,
                       const char *format)
{
    const char *tool = getenv("QTEST_CCA_MEASURE");
    g_autofree char *command = g_strdup_printf(
        "python3 -B %s --qemu %s " FLAGS " %s --format %s -- "
        "qemu-system-aarch64 -no-user-config %s %s", tool,
        contract_native_qemu(), strstr(line, "pmu=off") ? "" :
        "--pmu-counters 6", format, client->defaults ? "" : "-nodefaults",
        line);

    return tool ? run(command) : NULL;
}

static void check_tool(const Client *client, const char *line, const char *rim)
{
    g_autoptr(Output) o = measure(client, line, "hex");

    if (o) {
        g_strchomp(o->out);
        contract_equal("measurement of cca-measure", o->out, rim);
        check_warnings("cca-measure", o->err, client->warning);
    }
}

static void expect_start(const Client *client, const char *line)
{
    g_autofree char *rim = launch(client, line);

    if (!rim) {
        return;
    }
    check_dry_run(client, line, rim);
    check_tool(client, line, rim);
    g_test_message("summary: client: %s: starts, one measurement in launch, "
                   "dry run and cca-measure%s", client->name,
                   client->warning ? ", with a warning" : "");
}

/* cca-measure says the same, but for what only a launch opens or needs */
static void expect_refusal(const Client *client, const char *line)
{
    g_autoptr(Contract) c = contract_run_options("", line);
    g_autoptr(Output) o = measure(client, line, "hex");
    g_autofree char *said = contract_error_line(c);

    contract_check(WIFEXITED(contract_status(c)) &&
                   WEXITSTATUS(contract_status(c)) == 1, "status 0x%x",
                   contract_status(c));
    contract_check(said && strstr(said, client->refusal), "stderr is '%s', and "
                   "should be '...%s'", contract_stderr(c), client->refusal);
    contract_check(!contract_count(c, "REALM_CREATE") &&
                   !contract_count(c, "FIRST_RUN"), "a guest was made first");
    if (o) {
        contract_check(WIFEXITED(o->status) && WEXITSTATUS(o->status) == 1 &&
                       !*o->out &&
                       strstr(o->err, client->tool ?: client->refusal) &&
                       strchr(o->err, '\n') == o->err + strlen(o->err) - 1,
                       "cca-measure: %s%s", o->out, o->err);
    }
    g_test_message("summary: client: %s: refused: ...%s", client->name,
                   client->refusal);
}

/* dumpdtb=: QEMU ends, and the file has what is measured */
static void expect_dump(const Client *client, const char *line)
{
    g_autoptr(Contract) c = contract_run_options("", line);
    g_autoptr(Output) o = measure(client, line, "inputs");
    const char *file = strstr(line, "dumpdtb=") + strlen("dumpdtb=");
    g_autofree char *path = g_strndup(file, strcspn(file, " ,"));
    g_autofree char *data = NULL, *base64 = NULL;
    size_t size = 0;

    contract_check(WIFEXITED(contract_status(c)) &&
                   !WEXITSTATUS(contract_status(c)), "status 0x%x",
                   contract_status(c));
    contract_check(g_file_get_contents(path, &data, &size, NULL) && size > 40,
                   "no device tree in %s", path);
    base64 = g_base64_encode((guchar *)data, size);
    contract_check(!o || strstr(o->out, base64), "the file is not what "
                   "cca-measure measures: %s%s", o->out, o->err);
    g_test_message("summary: client: %s: the file is the device tree that is "
                   "measured, byte for byte", client->name);
}

/*
 * QEMU 10.2 says it when it opens the disk, before it looks at devices; earlier
 * ones at the first request
 */
static bool lacks_io_uring(const char *line)
{
    g_autofree char *bad = g_strconcat(line, " -device no-device", NULL);
    g_autoptr(Contract) c = contract_run_options("", bad);

    return strstr(contract_stderr(c), "aio=io_uring was specified, but is not");
}

static void test_client(const void *data)
{
    const Client *client = data;
    int fd;
    g_autofree char *line = with_things(client->line, &fd);

    contract_keep_defaults(client->defaults);
    if (strstr(line, "aio=io_uring") && lacks_io_uring(line)) {
        g_test_skip("there is no io_uring for QEMU here");
    } else if (client->refusal) {
        expect_refusal(client, line);
    } else if (strstr(line, "dumpdtb=")) {
        expect_dump(client, line);
    } else {
        expect_start(client, line);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(clients); i++) {
        contract_add("clients", clients[i].name, test_client, &clients[i]);
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
