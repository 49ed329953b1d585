/*
 * Contract tests: the life of a Realm, from -S to its end
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/stat.h>
#include "qemu/units.h"
#include "rme-contract-internal.h"

#define OFF "exit = system-event shutdown\n"
#define REBOOT "exit = system-event reset\n"
#define SHARE "exit = memory-fault shared 0x44000000 0x1000\n" \
              "exit = memory-fault private 0x44000000 0x1000\n"
/* A reset ends the Realm; what it does else is in rme-contract-reboot-test.c */
#define EXIT ",reboot=exit"
#define TERMINATING "cpus are not resettable, terminating"
#define STOPPING "cpus are not resettable, stopping"
#define NEEDS_RESET "Resetting the Virtual Machine is required"

/* NULL: nothing on stderr, else one line that ends with @message */
static void expect_line(Contract *c, const char *message)
{
    const char *err = contract_stderr(c);
    g_autofree char *end = g_strconcat(message ?: "", "\n", NULL);

    if (!message) {
        contract_expect_silence(c);
        return;
    }
    contract_check(g_str_has_suffix(err, end) &&
                   strchr(err, '\n') == strrchr(err, '\n'),
                   "stderr '%s' should be one line that ends with '%s'", err,
                   message);
}

static void expect_end(Contract *c, int status)
{
    contract_wait(c);
    contract_check(WIFEXITED(contract_status(c)) &&
                   WEXITSTATUS(contract_status(c)) == status,
                   "wait status 0x%x: %s", contract_status(c),
                   contract_stderr(c));
}

/* Its text, for QMP as for HMP; "" is no error */
static char *error_of(Contract *c, const char *command)
{
    QDict *rsp = contract_qmp(c, "{'execute': %s}", command);
    QDict *err = rsp ? qdict_get_qdict(rsp, "error") : NULL;
    char *text = g_strdup(err ? qdict_get_str(err, "desc") : "");

    qobject_unref(rsp);
    return text;
}

static void expect_refused(Contract *c, const char *command,
                           const char *message)
{
    g_autofree char *text = error_of(c, command);

    contract_check(strstr(text, message), "%s: '%s' should have '%s'", command,
                   text, message);
}

/* The answer of a QEMU that stays must not be taken for another one's */
static void start(Contract *c, bool stays)
{
    if (stays) {
        contract_qmp_ok(c, "cont");
    } else {
        contract_send(c, "{\"execute\": \"cont\"}");
    }
}

/* The guest turns its Realm off or resets it */
typedef struct End {
    const char *name;
    const char *exits;
    const char *options;
    const char *reason;
    const char *line;           /* on stderr */
    const char *state;          /* QEMU stays in it; NULL: it ends */
} End;

static const End ends[] = {
    { "a reboot ends QEMU with one message and guest-reset", REBOOT, "",
      "guest-reset", TERMINATING },
    { "a reboot of four vCPUs is one message, too", REBOOT, "-smp 4",
      "guest-reset", TERMINATING },
    { "a reboot with -no-reboot is what the user wants", REBOOT, "-no-reboot",
      "guest-reset" },
    { "a reboot with reboot=shutdown is what the user wants", REBOOT,
      "-action reboot=shutdown", "guest-reset" },
    { "a reboot with reboot=reset ends QEMU, too", REBOOT,
      "-action reboot=reset", "guest-reset", TERMINATING },
    { "a reboot with shutdown=pause stops the machine", REBOOT,
      "-action shutdown=pause", "guest-reset", STOPPING, "shutdown" },
    { "a reboot with -no-reboot -no-shutdown stops the machine", REBOOT,
      "-no-reboot -no-shutdown", "guest-reset", NULL, "shutdown" },
    { "a power-off ends QEMU", OFF, "", "guest-shutdown" },
    { "a power-off with -no-reboot ends QEMU", OFF, "-no-reboot",
      "guest-shutdown" },
    { "a power-off with shutdown=pause stops the machine", OFF,
      "-action shutdown=pause", "guest-shutdown", NULL, "shutdown" },
    { "a power-off with shutdown=poweroff ends QEMU", OFF,
      "-action shutdown=poweroff", "guest-shutdown" },
    /* conversions first, so that all vCPUs are in KVM when it happens */
    { "other vCPUs leave after a power-off", SHARE OFF, "-smp 4 -no-shutdown",
      "guest-shutdown", NULL, "shutdown" },
    { "other vCPUs leave after a power-off as in series v8",
      "off-exit = unknown\n" SHARE OFF, "-smp 4 -no-shutdown",
      "guest-shutdown", NULL, "shutdown" },
    { "a second reset after a reboot is no second message",
      "off-exit = reset\n" SHARE REBOOT, "-smp 4 -no-shutdown",
      "guest-reset", STOPPING, "shutdown" },
};

static void test_end(const void *data)
{
    const End *t = data;
    g_autofree char *more = g_strconcat("-S ", t->options, NULL);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = t->exits, .object = EXIT, .more = more,
    });
    unsigned launches;

    contract_expect_state(c, "prelaunch");
    start(c, t->state != NULL);
    contract_expect_shutdown(c, t->reason);
    if (t->state) {
        contract_expect_state(c, t->state);
        expect_refused(c, "cont", NEEDS_RESET);
        contract_expect_state(c, t->state);
        contract_quit(c);
    } else {
        expect_end(c, 0);
    }
    expect_line(c, t->line);
    launches = contract_count(c, "REALM_ACTIVATE");
    contract_check(launches == 1, "%u launches", launches);
    contract_expect_no_complaints(c);
}

/*
 * What a device on pcie.0 does to the machine: device 2 has its BAR 0 at the
 * start of the PCI window.
 */
#define CONFIG "0x40100100"     /* ECAM of device 2, and two digits */
#define BAR "0x100000"          /* and two digits */
#define ENABLE_BAR "exit = mmio-write " CONFIG "10 4 0x10000000\n" \
                   "exit = mmio-write " CONFIG "04 4 2\n"
#define PANIC ENABLE_BAR "exit = mmio-write " BAR "00 1 1\n"
#define UNLOCK "exit = mmio-write " BAR "0c 2 0x80\n" \
               "exit = mmio-write " BAR "0c 2 0x86\n"
/* its clock at 1 MHz and no interrupt, short timers, go */
#define WATCHDOG ENABLE_BAR "exit = mmio-write " CONFIG "60 2 5\n" \
                 UNLOCK "exit = mmio-write " BAR "00 4 1\n" \
                 UNLOCK "exit = mmio-write " BAR "04 4 1\n" \
                 "exit = mmio-write " CONFIG "68 1 2\n"

typedef struct Action {
    const char *name;
    const char *exits;
    const char *options;
    const char *event;
    const char *action;         /* in that event */
    const char *state;          /* then QEMU is in it; NULL: it ends */
    const char *reason;         /* of its end, NULL: it ends without */
    int status;
    const char *line;
} Action;

#define PVPANIC "-device pvpanic-pci,addr=2 "
#define I6300 "-device i6300esb,addr=2 "

static const Action actions[] = {
    { "a panic ends QEMU", PANIC, PVPANIC, "GUEST_PANICKED", "poweroff",
      NULL, "guest-panic" },
    { "a panic with panic=exit-failure ends QEMU with a failure", PANIC,
      PVPANIC "-action panic=exit-failure", "GUEST_PANICKED", "poweroff",
      NULL, "guest-panic", 1 },
    { "a panic with panic=pause stops the machine, and it can go on", PANIC,
      PVPANIC "-action panic=pause", "GUEST_PANICKED", "pause",
      "guest-panicked" },
    { "a panic with panic=none is an event", PANIC,
      PVPANIC "-action panic=none", "GUEST_PANICKED", "run", "running" },
    { "a watchdog cannot reset a Realm", WATCHDOG, I6300, "WATCHDOG", "reset",
      NULL, "guest-reset", 0, TERMINATING },
    { "a watchdog with watchdog=poweroff ends QEMU", WATCHDOG,
      I6300 "-action watchdog=poweroff", "WATCHDOG", "poweroff" },
    { "a watchdog with watchdog=shutdown asks the guest", WATCHDOG,
      I6300 "-action watchdog=shutdown", "WATCHDOG", "shutdown", "running" },
    { "a watchdog with watchdog=pause stops the machine, and it can go on",
      WATCHDOG, I6300 "-action watchdog=pause", "WATCHDOG", "pause",
      "watchdog" },
    { "a watchdog with watchdog=none is an event", WATCHDOG,
      I6300 "-action watchdog=none", "WATCHDOG", "none", "running" },
    { "a watchdog with watchdog=inject-nmi finds no NMI", WATCHDOG,
      I6300 "-action watchdog=inject-nmi", "WATCHDOG", "inject-nmi",
      "running" },
    { "a watchdog with watchdog=debug says so", WATCHDOG,
      I6300 "-action watchdog=debug", "WATCHDOG", "debug", "running",
      .line = "watchdog: timer fired" },
};

static void expect_action(Contract *c, const Action *t)
{
    QDict *event = contract_event(c, t->event);
    QDict *data = event ? qdict_get_qdict(event, "data") : NULL;

    contract_equal("action", data ? qdict_get_try_str(data, "action") : NULL,
                   t->action);
    qobject_unref(event);
}

static void test_action(const void *data)
{
    const Action *t = data;
    g_autofree char *more = g_strconcat("-S ", t->options, NULL);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = t->exits, .object = EXIT, .more = more,
    });

    start(c, t->state != NULL);
    expect_action(c, t);
    if (t->state) {
        contract_expect_state(c, t->state);
        contract_qmp_ok(c, "stop");
        contract_qmp_ok(c, "cont");
        contract_expect_state(c, "running");
        contract_quit(c);
    } else {
        if (t->reason) {
            contract_expect_shutdown(c, t->reason);
        }
        expect_end(c, t->status);
    }
    expect_line(c, t->line);
    contract_check(contract_count(c, "REALM_ACTIVATE") == 1,
                   "launched again");
    contract_expect_no_complaints(c);
}

typedef struct State {
    const char *state;
    const char *conf;
    const char *options;
    const char *commands[4];
    const char *cont;           /* error of cont; "": works */
    bool failed;                /* something is on stderr */
} State;

static const State states[] = {
    { "prelaunch", NULL, "-S", { NULL }, "" },
    { "running", NULL, "-S", { "cont" }, "" },
    { "paused", NULL, "-S", { "cont", "stop" }, "" },
    { "internal-error", "exit = errno ENXIO", "-S", { "cont" }, NEEDS_RESET,
      true },
    { "shutdown", OFF, "-S -no-shutdown", { "cont" }, NEEDS_RESET },
    { "guest-panicked", PANIC, PVPANIC "-S -action panic=pause", { "cont" },
      "" },
};

static Contract *start_in(const State *t)
{
    Contract *c = contract_start(&(ContractArgs) {
        .conf = t->conf, .object = EXIT, .more = t->options,
    });

    for (int i = 0; t->commands[i]; i++) {
        contract_qmp_ok(c, t->commands[i]);
    }
    contract_expect_state(c, t->state);
    return c;
}

static void test_quit(const void *data)
{
    const State *t = data;
    g_autoptr(Contract) c = start_in(t);

    contract_quit(c);
    if (!t->failed) {
        contract_expect_silence(c);
    }
    contract_expect_no_complaints(c);
}

static void test_cont(const void *data)
{
    const State *t = data;
    g_autoptr(Contract) c = start_in(t);
    g_autofree char *text = error_of(c, "cont");

    contract_equal("error of cont", text, t->cont);
    contract_expect_state(c, *t->cont ? t->state : "running");
    contract_quit(c);
    contract_check(contract_count(c, "REALM_ACTIVATE") == 1,
                   "%u launches", contract_count(c, "REALM_ACTIVATE"));
    contract_expect_no_complaints(c);
}

/* Before the start it is a reset; then QEMU ends or, if it must stay, stays */
static void test_reset(const void *data)
{
    const State *t = data;
    g_autoptr(Contract) c = start_in(t);
    const char *err;
    unsigned n = 0;

    if (g_str_equal(t->state, "prelaunch")) {
        contract_qmp_ok(c, "system_reset");
        qobject_unref(contract_event(c, "RESET"));
        contract_expect_state(c, "prelaunch");
        contract_quit(c);
        contract_expect_silence(c);
        return;
    }
    if (strstr(t->options, "-no-shutdown")) {
        contract_qmp_ok(c, "system_reset");
        contract_expect_state(c, "shutdown");
        contract_quit(c);
    } else {
        contract_send(c, "{\"execute\": \"system_reset\"}");
        expect_end(c, 0);
    }
    for (err = contract_stderr(c); (err = strstr(err, "cpus are not"));
         err++) {
        n++;
    }
    contract_check(n == 1, "%u messages: '%s'", n, contract_stderr(c));
    contract_check(contract_count(c, "REALM_ACTIVATE") == 1, "launched again");
    contract_expect_no_complaints(c);
}

static void test_monitor(const void *data)
{
    const State *t = data;
    g_autofree char *options = g_strconcat(t->options,
                                           " -device virtio-gpu-pci",
                                           NULL);
    State with_display = *t;
    g_autoptr(Contract) c = NULL;
    const char *file = contract_file("screen", "", 0);
    g_autofree char *command = g_strdup_printf("screendump %s", file);
    g_autofree char *text = NULL, *image = NULL;
    QDict *rsp, *err;

    with_display.options = options;
    c = start_in(&with_display);
    text = contract_hmp(c, command);
    contract_equal("screendump", text, "");
    contract_check(g_file_get_contents(file, &image, NULL, NULL) &&
                   g_str_has_prefix(image, "P6"), "no image");

    contract_qmp_ok(c, "system_powerdown");
    expect_refused(c, "inject-nmi", "machine does not provide NMIs");
    expect_refused(c, "system_wakeup",
                   "wake-up from suspend is not supported by this guest");
    rsp = contract_qmp(c, "{'execute': 'object-del', 'arguments': "
                       "{'id': 'rme0'}}");
    err = rsp ? qdict_get_qdict(rsp, "error") : NULL;
    contract_equal("object-del", err ? qdict_get_str(err, "desc") : NULL,
                   "object 'rme0' is in use, can not be deleted");
    qobject_unref(rsp);
    contract_expect_state(c, t->state);
    contract_quit(c);
    contract_expect_no_complaints(c);
}

static void add_states(const char *name, ContractFunc *func)
{
    for (int i = 0; i < ARRAY_SIZE(states); i++) {
        g_autofree char *text = g_strdup_printf(name, states[i].state);

        contract_add("life", text, func, &states[i]);
    }
}

static char *steps_after(const char *commands)
{
    g_auto(GStrv) words = g_strsplit(commands, " ", -1);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .more = "-S -smp 2",
    });
    QDict *realm;
    g_autofree char *steps = NULL;

    for (int i = 0; words[i]; i++) {
        contract_qmp_ok(c, words[i]);
        if (g_str_equal(words[i], "system_reset")) {
            qobject_unref(contract_event(c, "RESET"));
        }
    }
    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    contract_expect_active(c);
    steps = contract_steps(c);
    realm = contract_realm(c);
    return g_strdup_printf("%s: %s", steps,
                           realm ? qdict_get_try_str(realm, "rim") : "");
}

static void test_reset_before_start(const void *data)
{
    g_autofree char *plain = steps_after("cont");
    g_autofree char *reset = steps_after("system_reset cont");
    g_autofree char *twice = steps_after("system_reset system_reset cont");

    contract_equal("after a reset", reset, plain);
    contract_equal("after two resets", twice, plain);
}

/* Both ends of a new pipe that -chardev pipe reads; freed by the test */
static int monitor_pipe(const char *name, char **option)
{
    const char *path = contract_file(name, "", 0);
    g_autofree char *in = g_strconcat(name, ".in", NULL);
    g_autofree char *out = g_strconcat(name, ".out", NULL);
    const char *in_path = contract_file(in, "", 0);
    const char *out_path = contract_file(out, "", 0);
    int fd;

    g_assert(!unlink(in_path) && !unlink(out_path));
    g_assert(!mkfifo(in_path, 0600) && !mkfifo(out_path, 0600));
    fd = open(in_path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    *option = g_strdup_printf("-chardev pipe,id=%s,path=%s -mon chardev=%s",
                              name, path, name);
    return fd;
}

static void type(int fd, const char *text)
{
    g_assert_cmpint(write(fd, text, strlen(text)), ==, strlen(text));
}

/*
 * Two monitors are read at once: the main loop has not come to the reset when
 * cont makes it impossible.
 */
static void test_reset_and_cont(const void *data)
{
    g_autofree char *a = NULL, *b = NULL, *more = NULL;
    int fd_a = monitor_pipe("reset", &a), fd_b = monitor_pipe("cont", &b);
    g_autoptr(Contract) c = NULL;
    unsigned vms;

    more = g_strdup_printf("-S %s %s", a, b);
    c = contract_start(&(ContractArgs) { .more = more });
    type(fd_a, "system_reset");
    type(fd_b, "cont");
    contract_expect_state(c, "prelaunch");
    g_usleep(200000);
    vms = contract_count(c, "CREATE_VM");
    kill(c->pid, SIGSTOP);
    type(fd_a, "\n");
    type(fd_b, "\n");
    kill(c->pid, SIGCONT);

    qobject_unref(contract_event(c, "RESET"));
    contract_expect_state(c, "running");
    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    /* A reset that comes later makes another VM, whose Realm runs as well */
    contract_check(contract_count(c, "CREATE_VM") == vms &&
                   contract_count(c, "FIRST_RUN") == 1, "it was done later");
    close(fd_a);
    close(fd_b);
}

/* -S is a pause, and so is stop before the first cont */
static void test_start_twice(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = "-S" });

    contract_qmp_ok(c, "stop");
    contract_expect_state(c, "prelaunch");
    contract_check(!contract_count(c, "REALM_CREATE"), "launched");
    contract_qmp_ok(c, "cont");
    contract_qmp_ok(c, "cont");
    contract_expect_state(c, "running");
    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
}

/* The VM is "paused" when the guest's end is dealt with, and keeps that state */
static void test_end_while_stopping(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = SHARE "exit = kicked\n" REBOOT, .object = EXIT,
        .more = "-S -smp 4 -no-shutdown",
    });

    contract_qmp_ok(c, "cont");
    contract_wait_calls(c, "WAIT_KICKED", 1);
    contract_qmp_ok(c, "stop");
    contract_expect_shutdown(c, "guest-reset");
    contract_expect_state(c, "paused");
    contract_qmp_ok(c, "cont");
    contract_expect_state(c, "shutdown");
    expect_refused(c, "cont", NEEDS_RESET);
    contract_quit(c);
    expect_line(c, STOPPING);
    contract_check(contract_count(c, "REALM_ACTIVATE") == 1, "launched again");
    contract_expect_no_complaints(c);
}

/* The action can be changed while the Realm runs */
static void test_set_action(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = REBOOT, .object = EXIT, .more = "-S",
    });
    QDict *rsp = contract_qmp(c, "{'execute': 'set-action', 'arguments': "
                              "{'reboot': 'shutdown', 'shutdown': 'pause'}}");

    contract_check(rsp && qdict_haskey(rsp, "return"), "set-action");
    qobject_unref(rsp);
    contract_qmp_ok(c, "cont");
    contract_expect_shutdown(c, "guest-reset");
    contract_expect_state(c, "shutdown");
    contract_quit(c);
    contract_expect_silence(c);
}

/*
 * Without -S the main loop launches the Realm.  0.1 ms for a page make it take
 * longer than a second.
 */
#define IMAGE_MIB 48
#define SLOW "populate-cost = 100000\n"

static Contract *start_launching(const char *object, const char *more)
{
    g_autofree uint8_t *image = contract_pattern(IMAGE_MIB * MiB, 1);
    const char *file = contract_file("image", image, IMAGE_MIB * MiB);
    g_autofree char *options = g_strdup_printf("%s -device loader,file=%s,"
        "force-raw=on,addr=0x48800000", more ?: "", file);

    return contract_start_launching(&(ContractArgs) {
        .conf = SLOW, .object = object, .more = options,
    });
}

static int64_t to_populate(Contract *c, int64_t *populated)
{
    QDict *rsp = contract_qmp(c, "{'execute': 'query-cca'}");
    QDict *info = rsp ? qdict_get_qdict(rsp, "return") : NULL;
    int64_t total = info ? qdict_get_try_int(info, "to-populate", -1) : -1;

    *populated = info ? qdict_get_try_int(info, "populated", -1) : -1;
    qobject_unref(rsp);
    return total;
}

/* It is not just begun, nor is it over */
static void wait_for_middle(Contract *c)
{
    int64_t populated;

    for (int i = 0; i < 600; i++) {
        int64_t total = to_populate(c, &populated);

        if (populated > 0 && populated < total) {
            return;
        }
        g_usleep(5000);
    }
    contract_fail("the monitor does not see the launch");
}

/* QEMU ends in silence, and its Realm was active, without a complaint */
static void end_well(Contract *c)
{
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
}

static void test_alive(const void *unused)
{
    g_autoptr(Contract) c = start_launching(NULL, NULL);
    int64_t populated, last = 0, longest = 0;
    unsigned answers = 0;
    QDict *event;

    for (bool launching = true; launching; answers++) {
        int64_t since = g_get_monotonic_time();
        g_autofree char *state = contract_run_state(c);

        longest = MAX(longest, g_get_monotonic_time() - since);
        launching = state && g_str_equal(state, "prelaunch");
        if (launching && to_populate(c, &populated) > 0) {
            contract_check(populated >= last, "progress goes back");
            last = populated;
        }
        g_usleep(10000);
    }
    g_test_message("summary: a launch of %d MiB with 0.1 ms a page: %u answers "
                   "of the monitor, the slowest took %" PRId64 " ms", IMAGE_MIB,
                   answers, longest / 1000);
    contract_check(answers > 10 && last > 0, "%u answers during the launch",
                   answers);
    contract_check(longest < 1000000, "an answer took %" PRId64 " ms",
                   longest / 1000);
    event = contract_event(c, "CCA_LAUNCH_PROGRESS");
    if (event) {
        QDict *data = qdict_get_qdict(event, "data");

        contract_check(qdict_get_int(data, "populated") <=
                       qdict_get_int(data, "to-populate"), "progress");
    }
    qobject_unref(event);
    contract_check(to_populate(c, &populated) == -1, "progress when it is over");
    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_expect_state(c, "running");
    end_well(c);
}

static void test_launching_quit(const void *unused)
{
    g_autoptr(Contract) c = start_launching(NULL, NULL);

    wait_for_middle(c);
    contract_quit(c);
    contract_expect_silence(c);
    contract_check(!contract_count(c, "FIRST_RUN"), "the Realm ran");
    contract_expect_no_complaints(c);
}

static void test_launching_stop(const void *unused)
{
    g_autoptr(Contract) c = start_launching(NULL, NULL);
    int64_t populated;

    wait_for_middle(c);
    contract_qmp_ok(c, "stop");
    while (to_populate(c, &populated) > 0) {
        g_usleep(10000);
    }
    contract_expect_state(c, "prelaunch");
    g_usleep(100000);
    contract_expect_state(c, "prelaunch");
    /* Where the first KVM_RUN activates a Realm, that is no part of its life */
    contract_check(contract_generation()->implicit ||
                   !contract_count(c, "FIRST_RUN"), "the Realm ran");
    contract_qmp_ok(c, "cont");
    contract_expect_state(c, "running");
    contract_wait_calls(c, "FIRST_RUN", 1);
    end_well(c);
}

static void test_launching_cont(const void *unused)
{
    g_autoptr(Contract) c = start_launching(NULL, NULL);
    g_autofree char *state = NULL;

    wait_for_middle(c);
    contract_qmp_ok(c, "cont");
    state = contract_run_state(c);
    contract_equal("state after cont", state, "running");
    contract_wait_calls(c, "FIRST_RUN", 1);
    end_well(c);
}

static void test_launching_reset(const void *unused)
{
    g_autoptr(Contract) c = start_launching(EXIT, NULL);

    wait_for_middle(c);
    contract_send(c, "{\"execute\": \"system_reset\"}");
    contract_wait(c);
    expect_line(c, "cpus are not resettable, terminating");
    contract_check(!contract_count(c, "FIRST_RUN"), "the Realm ran");
    contract_expect_no_complaints(c);
}

/* With the machine as the reset leaves it, and the same images */
static void test_launching_again(const void *unused)
{
    g_autoptr(Contract) c = start_launching(NULL, NULL);

    wait_for_middle(c);
    contract_qmp_ok(c, "system_reset");
    qobject_unref(contract_event(c, "RESET"));
    contract_wait_calls(c, "REALM_ACTIVATE", 1);
    contract_expect_state(c, "running");
    end_well(c);
}

static void test_launching_device(const void *unused)
{
    g_autoptr(Contract) c = start_launching(NULL,
                                              "-device pcie-root-port,id=rp");
    QDict *rsp;

    wait_for_middle(c);
    rsp = contract_qmp(c, "{'execute': 'device_add', 'arguments': {"
                       "'driver': 'virtio-rng-pci', 'bus': 'rp'}}");
    contract_check(rsp && qdict_haskey(rsp, "return"), "device_add");
    qobject_unref(rsp);
    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_expect_state(c, "running");
    end_well(c);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(ends); i++) {
        contract_add_each("life", ends[i].name, test_end, &ends[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(actions); i++) {
        contract_add_each("life", actions[i].name, test_action, &actions[i]);
    }
    add_states("quit in state %s ends QEMU", test_quit);
    add_states("cont in state %s launches nothing twice", test_cont);
    add_states("system_reset in state %s launches nothing twice", test_reset);
    add_states("monitor commands in state %s", test_monitor);
    contract_add_each("life", "resets before the start change nothing",
                 test_reset_before_start, NULL);
    contract_add_each("life", "a reset that cont overtakes is done first",
                 test_reset_and_cont, NULL);
    contract_add_each("life", "stop before the start and two starts are one launch",
                 test_start_twice, NULL);
    contract_add_each("life", "a Realm that ends while it is stopped does not go on",
                 test_end_while_stopping, NULL);
    contract_add_each("life", "actions can be set before the end",
                 test_set_action, NULL);
    contract_add_each("life", "the monitor answers while a Realm is launched",
                 test_alive, NULL);
    contract_add_each("life", "quit in the middle of a launch ends QEMU",
                 test_launching_quit, NULL);
    contract_add_each("life", "stop in the middle of a launch starts nothing",
                 test_launching_stop, NULL);
    contract_add_each("life", "cont in the middle of a launch waits for its end",
                 test_launching_cont, NULL);
    contract_add_each("life", "a reset in the middle of a launch ends QEMU",
                 test_launching_reset, NULL);
    contract_add_each("life", "a reset in the middle of a launch begins again",
                 test_launching_again, NULL);
    contract_add_each("life", "a device in the middle of a launch is there",
                 test_launching_device, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
