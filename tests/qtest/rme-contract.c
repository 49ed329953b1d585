/*
 * Contract tests: starting QEMU on a simulated host, and talking to it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "rme-contract-internal.h"

/*
 * A start takes half a second of CPU time, under emulation a whole one. What
 * works for ever is told by its CPU time, what waits for ever by the clock, and
 * that one has to hold on a machine that is busy with other things. Where QEMU
 * is known to be wrong, QTEST_CCA_DEADLINE has fewer seconds.
 */
#define DEADLINE (deadline_seconds * G_TIME_SPAN_SECOND)
#define CPU_SECONDS 60

#define VM "SET_MEMORY_ATTRIBUTES"

const ContractGeneration contract_generations[CONTRACT_GENERATIONS] = {
    { "A", "A", "a", "A (host series v8 to v11)", VM, .has_pmu = true },
    { "B1", "B1", "b1", "B1 (host series v12)", VM, .implicit = true,
      .sets_lpa2 = true, .has_pmu = true, .by_block = true },
    { "B2", "B2", "b2", "B2 (host series v13)", VM, .implicit = true,
      .sets_lpa2 = true },
    { "B3", "B3", "b3", "B3 (host series v14)", VM, .implicit = true,
      .sets_lpa2 = true, .writes_first = true },
    { "B4", "B4", "b4", "B4 (host series v15)", .implicit = true,
      .from_start = true, .sets_lpa2 = true },
    { "B5", "B5", "b5", "B5 (host series v16)", "GMEM_SET_ATTRIBUTES2",
      .implicit = true, .from_start = true, .waits = true },
};

static const ContractGeneration *generation = contract_generations;
static char *test_dir;
static GPtrArray *test_files;
static unsigned sample = 1;
static unsigned part, parts = 1;  /* one of so many runs, which have all tests */
static unsigned cpu_seconds = CPU_SECONDS;
static bool keep_defaults;        /* -nodefaults is left out */
static int64_t deadline_seconds = 120;

void contract_fail(const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_test_message("%s", text);
    g_test_fail();
}

bool contract_equal(const char *what, const char *is, const char *should_be)
{
    return contract_check(!g_strcmp0(is, should_be),
                          "%s\n   is        '%s'\n   should be '%s'", what,
                          is ?: "(null)", should_be ?: "(null)");
}

const char *contract_file(const char *name, const void *data, size_t size)
{
    char *path = g_build_filename(test_dir, name, NULL);

    g_assert_true(g_file_set_contents(path, data, size, NULL));
    g_ptr_array_add(test_files, path);
    return path;
}

uint8_t *contract_pattern(size_t size, unsigned seed)
{
    uint8_t *data = g_malloc(size);

    for (size_t i = 0; i < size; i++) {
        data[i] = (i >> 12) * 31 + i * 7 + seed + 1;
    }
    return data;
}

ContractLevel contract_level(void)
{
    static const char *const names[] = { "quick", "normal", "full", "all" };
    const char *level = getenv("QTEST_CCA_LEVEL");

    for (int i = 0; i < ARRAY_SIZE(names); i++) {
        if (!g_strcmp0(level, names[i])) {
            return i;
        }
    }
    return g_test_slow() ? CONTRACT_ALL : CONTRACT_NORMAL;
}

const ContractGeneration *contract_generation(void)
{
    return generation;
}

void contract_keep_defaults(bool keep)
{
    keep_defaults = keep;
}

void contract_limit_cpu(unsigned seconds)
{
    cpu_seconds = seconds;
}

static void child_setup(int qmp, const char *conf, const char *err)
{
    /* SIGXCPU ends what uses more */
    struct rlimit cpu = { cpu_seconds, cpu_seconds + 1 };
    int null = open("/dev/null", O_RDWR);
    int log = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(log, 2) < 0 ||
        setrlimit(RLIMIT_CPU, &cpu) < 0 || fcntl(qmp, F_SETFD, 0) < 0) {
        _exit(126);
    }
    setenv("CCA_SIM_CONF", conf, true);
}

static Contract *spawn(const char *conf, const char *options)
{
    static unsigned serial;
    g_autofree char *line = NULL;
    g_auto(GStrv) argv = NULL;
    Contract *c = g_new0(Contract, 1);
    int fds[2];

    c->base = g_strdup_printf("%s/run%u", test_dir, serial++);
    c->conf = g_strconcat(c->base, ".conf", NULL);
    c->report_file = g_strconcat(c->base, ".json", NULL);
    c->stderr_file = g_strconcat(c->base, ".err", NULL);
    c->events = qlist_new();
    c->input = g_string_new(NULL);

    line = g_strdup_printf("abi = %s\nattribute-waste = no\n%s\nreport = %s\n",
                           generation->abi, conf ?: "", c->report_file);
    g_assert_true(g_file_set_contents(c->conf, line, -1, NULL));
    g_free(line);

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
                    ==, 0);
    line = g_strdup_printf("%s %s -no-user-config -display none "
                           "-chardev socket,id=qmp,fd=%d "
                           "-mon chardev=qmp,mode=control %s",
                           getenv("QTEST_QEMU_BINARY"),
                           keep_defaults ? "" : "-nodefaults", fds[1],
                           options);
    g_assert_true(g_shell_parse_argv(line, NULL, &argv, NULL));
    c->command = g_strdup(line);
    c->pid = fork();
    g_assert_cmpint(c->pid, >=, 0);
    if (!c->pid) {
        child_setup(fds[1], c->conf, c->stderr_file);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(fds[1]);
    c->qmp = fds[0];
    c->deadline = g_get_monotonic_time() + DEADLINE;
    return c;
}

/* What a test does not ask for and would be warned of */
static const char *algorithm(const char *object)
{
    return !generation->implicit || (object && strstr(object, "algorithm")) ?
           "" : ",measurement-algorithm=sha256";
}

char *contract_options(const ContractArgs *args)
{
    g_autofree char *kernel = NULL;

    if (!args->no_kernel) {
        g_autofree uint8_t *data = contract_pattern(8192, 0);

        kernel = g_strdup_printf("-kernel %s",
                                 contract_file("kernel", data, 8192));
    }
    return g_strdup_printf(
        "%s -machine virt,confidential-guest-support=rme0%s "
        "-object rme-guest,id=rme0%s%s -cpu host%s -m %s %s %s",
        args->no_accel ? "" : "-accel kvm", args->machine ?: "",
        algorithm(args->object), args->object ?: "", args->cpu ?: "",
        args->memory ?: "256M", kernel ?: "", args->more ?: "");
}

/*
 * One line from QMP. NULL at its end or, with a failure of the test, when it
 * took too long.
 */
static QDict *receive(Contract *c)
{
    for (;;) {
        char *end = strchr(c->input->str, '\n');
        struct pollfd pfd = { .fd = c->qmp, .events = POLLIN };
        int64_t left = (c->deadline - g_get_monotonic_time()) / 1000;
        char buf[4096];
        ssize_t n;

        if (end) {
            QObject *obj;

            *end = '\0';
            obj = qobject_from_json(c->input->str, NULL);
            g_string_erase(c->input, 0, end + 1 - c->input->str);
            return qobject_to(QDict, obj);
        }
        if (left <= 0 || poll(&pfd, 1, left) == 0) {
            contract_fail("no answer from QMP in time: %s", c->command);
            return NULL;
        }
        n = read(c->qmp, buf, sizeof(buf));
        if (n <= 0) {
            return NULL;
        }
        g_string_append_len(c->input, buf, n);
    }
}

/* The next message that is no event */
static QDict *receive_answer(Contract *c)
{
    for (;;) {
        QDict *msg = receive(c);

        if (!msg || !qdict_haskey(msg, "event")) {
            return msg;
        }
        qlist_append(c->events, msg);
    }
}

static bool send_line(Contract *c, const char *command)
{
    g_autofree char *line = g_strconcat(command, "\n", NULL);

    return send(c->qmp, line, strlen(line), MSG_NOSIGNAL) ==
           (ssize_t)strlen(line);
}

/* A QEMU that is about to end need not answer */
void contract_send(Contract *c, const char *command)
{
    contract_check(send_line(c, command), "QMP is closed: %s", c->command);
}

QDict *contract_qmp_json(Contract *c, const char *command)
{
    QDict *answer = NULL;

    c->deadline = g_get_monotonic_time() + DEADLINE;
    if (send_line(c, command)) {
        answer = receive_answer(c);
    }
    if (!answer) {
        contract_fail("QMP is closed, no answer to %s: %s\n%s", command,
                      c->command, contract_stderr(c));
    }
    return answer;
}

QDict *contract_qmp(Contract *c, const char *fmt, ...)
{
    g_autoptr(GString) text = NULL;
    QObject *cmd;
    va_list ap;

    va_start(ap, fmt);
    cmd = qobject_from_vjsonf_nofail(fmt, ap);
    va_end(ap);
    text = qobject_to_json(cmd);
    qobject_unref(cmd);
    return contract_qmp_json(c, text->str);
}

void contract_qmp_ok(Contract *c, const char *command)
{
    QDict *rsp = contract_qmp(c, "{'execute': %s}", command);

    if (rsp && !qdict_haskey(rsp, "return")) {
        g_autoptr(GString) text = qobject_to_json(QOBJECT(rsp));

        contract_fail("%s: %s", command, text->str);
    }
    qobject_unref(rsp);
}

char *contract_hmp(Contract *c, const char *command)
{
    QDict *rsp = contract_qmp(c, "{'execute': 'human-monitor-command', "
                              "'arguments': {'command-line': %s}}", command);
    char *text = g_strdup(rsp ? qdict_get_try_str(rsp, "return") : NULL);

    qobject_unref(rsp);
    return text ?: g_strdup("");
}

QDict *contract_pending_event(Contract *c, const char *name)
{
    QList *rest = qlist_new();
    QDict *found = NULL;
    QObject *obj;

    while ((obj = qlist_pop(c->events))) {
        QDict *event = qobject_to(QDict, obj);

        if (!found && !g_strcmp0(qdict_get_try_str(event, "event"), name)) {
            found = event;
        } else {
            qlist_append_obj(rest, obj);
        }
    }
    qobject_unref(c->events);
    c->events = rest;
    return found;
}

void contract_expect_shutdown(Contract *c, const char *reason)
{
    QDict *event = contract_event(c, "SHUTDOWN");
    QDict *data = event ? qdict_get_qdict(event, "data") : NULL;

    contract_equal("cause", data ? qdict_get_try_str(data, "reason") : NULL,
                   reason);
    qobject_unref(event);
    event = contract_pending_event(c, "SHUTDOWN");
    contract_check(!event, "a second SHUTDOWN event");
    qobject_unref(event);
}

QDict *contract_event(Contract *c, const char *name)
{
    QDict *event = contract_pending_event(c, name);

    c->deadline = g_get_monotonic_time() + DEADLINE;
    while (!event) {
        QDict *msg = receive(c);

        if (!msg) {
            contract_fail("event %s did not come: %s\n%s", name, c->command,
                          contract_stderr(c));
            return NULL;
        }
        qlist_append(c->events, msg);
        event = contract_pending_event(c, name);
    }
    return event;
}

char *contract_run_state(Contract *c)
{
    QDict *rsp = contract_qmp(c, "{'execute': 'query-status'}");
    QDict *ret = rsp ? qdict_get_qdict(rsp, "return") : NULL;
    char *state = g_strdup(ret ? qdict_get_try_str(ret, "status") : NULL);

    qobject_unref(rsp);
    return state;
}

void contract_expect_state(Contract *c, const char *state)
{
    int64_t end = g_get_monotonic_time() + DEADLINE;
    g_autofree char *last = NULL;

    do {
        g_free(last);
        last = contract_run_state(c);
        if (!last || g_str_equal(last, state)) {
            break;
        }
        g_usleep(10000);
    } while (g_get_monotonic_time() < end);
    contract_equal("run state", last, state);
}

unsigned contract_open_files(Contract *c)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", c->pid);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    unsigned n = 0;

    contract_check(dir, "no %s", path);
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *link = g_build_filename(path, name, NULL);
        g_autofree char *target = g_file_read_link(link, NULL);

        /* The report, and what the simulator keeps to read user memory */
        n += !target || !(strstr(target, "cca-sim-scratch") ||
                          g_str_has_suffix(c->report_file,
                                           strrchr(target, '/') ?: target));
    }
    return n;
}

/* Did QEMU end? */
static bool ended(Contract *c)
{
    if (c->pid && waitpid(c->pid, &c->status, WNOHANG) == c->pid) {
        c->pid = 0;
    }
    return !c->pid;
}

/* How many such calls does the report have? */
static unsigned count_calls(Contract *c, const char *call)
{
    g_autofree char *what = g_strdup_printf("\"call\": \"%s\"", call);
    g_autofree char *text = NULL;
    unsigned found = 0;

    if (g_file_get_contents(c->report_file, &text, NULL, NULL)) {
        for (char *p = text; (p = strstr(p, what)); p++) {
            found++;
        }
    }
    return found;
}

static bool wait_calls(Contract *c, const char *call, unsigned n,
                       int64_t timeout)
{
    int64_t end = g_get_monotonic_time() + timeout;

    for (bool last = false; !last; g_usleep(5000)) {
        last = ended(c) || g_get_monotonic_time() > end;
        if (count_calls(c, call) >= n) {
            return true;
        }
    }
    contract_fail("call %s did not come %u times: %s\n%s", call, n,
                  c->command, contract_stderr(c));
    return false;
}

bool contract_wait_calls(Contract *c, const char *call, unsigned n)
{
    return wait_calls(c, call, n, DEADLINE);
}

bool contract_wait_long(Contract *c, const char *call, unsigned n)
{
    return wait_calls(c, call, n, 60 * DEADLINE);
}

Contract *contract_start(const ContractArgs *args)
{
    g_autofree char *options = contract_options(args);

    return contract_start_options(args->conf, options);
}

static Contract *start(const char *conf, const char *options)
{
    Contract *c = spawn(conf, options);
    QDict *greeting = receive(c);

    if (contract_check(greeting, "QEMU did not start: %s\n%s", c->command,
                       contract_stderr(c))) {
        contract_qmp_ok(c, "qmp_capabilities");
    }
    qobject_unref(greeting);
    return c;
}

Contract *contract_start_launching(const ContractArgs *args)
{
    g_autofree char *options = contract_options(args);

    return start(args->conf, options);
}

/* Without -S QEMU answers while it launches the Realm */
static void wait_for_launch(Contract *c, const char *options)
{
    int64_t end = g_get_monotonic_time() + DEADLINE;
    bool waits = g_regex_match_simple("(^| )-(S|preconfig)( |$)", options, 0, 0);

    while (!waits && g_get_monotonic_time() < end) {
        QDict *rsp = contract_ask(c, "{\"execute\": \"query-status\"}");
        QDict *ret = rsp ? qdict_get_qdict(rsp, "return") : NULL;

        waits = !ret || !g_str_equal(qdict_get_str(ret, "status"),
                                     "prelaunch");
        qobject_unref(rsp);
        g_usleep(waits ? 0 : 2000);
    }
}

Contract *contract_start_options(const char *conf, const char *options)
{
    Contract *c = start(conf, options);

    wait_for_launch(c, options);
    return c;
}

Contract *contract_run(const ContractArgs *args)
{
    g_autofree char *options = contract_options(args);

    return contract_run_options(args->conf, options);
}

Contract *contract_run_options(const char *conf, const char *options)
{
    Contract *c = spawn(conf, options);

    contract_wait(c);
    return c;
}

Contract *contract_try(const ContractArgs *args, bool *runs)
{
    g_autofree char *options = contract_options(args);
    Contract *c = spawn(args->conf, options);

    do {
        *runs = count_calls(c, "FIRST_RUN") > 0;
        if (*runs || ended(c)) {
            return c;
        }
        g_usleep(10000);
    } while (g_get_monotonic_time() < c->deadline);
    contract_wait(c);
    return c;
}

void contract_end(Contract *c)
{
    if (c->pid) {
        send_line(c, "{\"execute\": \"qmp_capabilities\"}");
        send_line(c, "{\"execute\": \"quit\"}");
    }
    contract_wait(c);
}

QDict *contract_ask(Contract *c, const char *command)
{
    c->deadline = g_get_monotonic_time() + DEADLINE;
    return send_line(c, command) ? receive_answer(c) : NULL;
}

void contract_wait(Contract *c)
{
    int64_t end = g_get_monotonic_time() + DEADLINE;

    while (!ended(c)) {
        if (g_get_monotonic_time() > end) {
            contract_fail("QEMU does not end: %s\n%s", c->command,
                          contract_stderr(c));
            kill(c->pid, SIGKILL);
            waitpid(c->pid, &c->status, 0);
            c->pid = 0;
        } else {
            g_usleep(5000);
        }
    }
    contract_check(!WIFSIGNALED(c->status) || WTERMSIG(c->status) != SIGXCPU,
                   "QEMU used %u s of CPU time: %s", cpu_seconds, c->command);
}

void contract_quit(Contract *c)
{
    contract_qmp_ok(c, "quit");
    contract_wait(c);
    contract_check(WIFEXITED(c->status) && WEXITSTATUS(c->status) == 0,
                   "wait status 0x%x after quit: %s\n%s", c->status,
                   c->command, contract_stderr(c));
}

void contract_free(Contract *c)
{
    if (c->pid > 0) {
        kill(c->pid, SIGKILL);
        waitpid(c->pid, NULL, 0);
    }
    close(c->qmp);
    qobject_unref(c->events);
    qobject_unref(c->report);
    g_string_free(c->input, true);
    g_free(c->stderr_text);
    if (!g_test_failed() || !getenv("QTEST_KEEP")) {
        g_unlink(c->conf);
        g_unlink(c->report_file);
        g_unlink(c->stderr_file);
    }
    g_free(c->conf);
    g_free(c->report_file);
    g_free(c->stderr_file);
    g_free(c->command);
    g_free(c->base);
    g_free(c);
}

typedef struct ContractTest {
    char *name;
    ContractFunc *func;
    const void *data;
    const ContractGeneration *generation;
} ContractTest;

static void free_test(void *opaque)
{
    ContractTest *test = opaque;

    g_free(test->name);
    g_free(test);
}

static void run_test(const void *opaque)
{
    const ContractTest *test = opaque;

    g_test_message("is: %s", test->name);
    if (!getenv("QTEST_CCA_SIM")) {
        g_test_skip("QTEST_CCA_SIM is not set: no simulated CCA host");
        return;
    }
    test_dir = g_dir_make_tmp("rme-contract-XXXXXX", NULL);
    test_files = g_ptr_array_new_with_free_func(g_free);
    g_assert_nonnull(test_dir);

    generation = test->generation;
    keep_defaults = false;
    test->func(test->data);

    for (guint i = 0; i < test_files->len; i++) {
        g_unlink(g_ptr_array_index(test_files, i));
    }
    g_ptr_array_unref(test_files);
    g_rmdir(test_dir);
    g_clear_pointer(&test_dir, g_free);
}

char *contract_path(const char *name)
{
    g_autofree char *lower = g_ascii_strdown(name, -1);
    GString *path = g_string_new(NULL);

    for (const char *s = lower; *s; s++) {
        if (g_ascii_isalnum(*s) || strchr("-._=+", *s)) {
            g_string_append_c(path, *s);
        } else if (path->len && path->str[path->len - 1] != '-') {
            g_string_append_c(path, '-');
        }
    }
    if (g_str_has_suffix(path->str, "-")) {
        g_string_truncate(path, path->len - 1);
    }
    return g_string_free(path, false);
}

static void add(const char *group, const char *name, ContractFunc *func,
                const void *data, const ContractGeneration *g)
{
    bool is_first = g == contract_generations;
    g_autofree char *sentence = is_first ? g_strdup(name) :
                                g_strdup_printf("%s (%s)", name, g->name);
    g_autofree char *dashes = contract_path(sentence);
    g_autofree char *path = g_strdup_printf("/rme-contract/%s/%s", group,
                                            dashes);
    ContractTest *test;
    static unsigned serial, taken;

    if (serial++ % sample || taken++ % parts != part) {
        return;
    }
    test = g_new(ContractTest, 1);
    *test = (ContractTest) {
        .name = g_strdup(sentence),
        .func = func,
        .data = data,
        .generation = g,
    };
    g_test_add_data_func_full(path, test, run_test, free_test);
}

void contract_add(const char *group, const char *name, ContractFunc *func,
                  const void *data)
{
    add(group, name, func, data, contract_generations);
}

void contract_add_each(const char *group, const char *name, ContractFunc *func,
                       const void *data)
{
    /* One more for every other test, most often the one that is used most */
    static const char *const taken[] = {
        "B3", "", "B1", "", "B2", "", "B3", "", "B4", "", "B5", "",
    };
    static unsigned n;
    const char *one = taken[n++ % ARRAY_SIZE(taken)];

    for (int i = 0; i < CONTRACT_GENERATIONS; i++) {
        const ContractGeneration *g = &contract_generations[i];

        if (!i || contract_level() == CONTRACT_ALL ||
            g_str_equal(g->name, one)) {
            add(group, name, func, data, g);
        }
    }
}

void contract_add_every(const char *group, const char *name, ContractFunc *func,
                        const void *data)
{
    for (int i = 0; i < CONTRACT_GENERATIONS; i++) {
        add(group, name, func, data, &contract_generations[i]);
    }
}

void contract_add_conf(const char *group, const char *name, const char *conf,
                       ContractFunc *func, const void *data)
{
    if (conf && strstr(conf, "personality = ")) {
        contract_add(group, name, func, data);
    } else {
        contract_add_each(group, name, func, data);
    }
}

int contract_main(int argc, char **argv, void (*add_tests)(void))
{
    g_test_init(&argc, &argv, NULL);
    /* RssAnon of QEMU would jump by 2 MiB where huge pages are for all */
    if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)) {
        g_test_message("THP stays: %s", strerror(errno));
    }
    if (getenv("QTEST_CCA_SAMPLE")) {
        sample = MAX(atoi(getenv("QTEST_CCA_SAMPLE")), 1);
    }
    if (getenv("QTEST_CCA_PART")) {
        g_assert_cmpint(sscanf(getenv("QTEST_CCA_PART"), "%u/%u", &part,
                               &parts), ==, 2);
        g_assert_cmpuint(part, <, parts);
    }
    if (getenv("QTEST_CCA_DEADLINE")) {
        deadline_seconds = MAX(atoi(getenv("QTEST_CCA_DEADLINE")), 1);
    }
    add_tests();
    return g_test_run();
}
