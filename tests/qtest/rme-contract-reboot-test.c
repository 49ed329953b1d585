/*
 * Contract tests: a reset makes another Realm in the same QEMU
 *
 * The exits of the simulated guest go on in the next Realm where the last one
 * stopped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sched.h>
#include "rme-contract.h"

#define REBOOT "exit = system-event reset\n"
#define OFF "exit = system-event shutdown\n"
#define SHARE "exit = memory-fault shared 0x44000000 0x200000\n"
#define SHARE_AND_TAKE SHARE \
    "exit = memory-fault private 0x44000000 0x100000\n"

/* A member of query-cca as text, to be freed */
static char *info(Contract *c, const char *member)
{
    QDict *rsp = contract_qmp(c, "{'execute': 'query-cca'}");
    QDict *ret = rsp ? qdict_get_qdict(rsp, "return") : NULL;
    char *text;

    if (!ret || !qdict_haskey(ret, member)) {
        text = NULL;
    } else if (qdict_get_try_str(ret, member)) {
        text = g_strdup(qdict_get_str(ret, member));
    } else {
        text = g_strdup_printf("%" PRId64, qdict_get_int(ret, member));
    }
    qobject_unref(rsp);
    return text;
}

static void expect_info(Contract *c, const char *member, const char *value)
{
    g_autofree char *is = info(c, member);

    contract_equal(member, is, value);
}

static void expect_reset(Contract *c, const char *reason)
{
    QDict *event = contract_event(c, "RESET");
    QDict *data = event ? qdict_get_qdict(event, "data") : NULL;

    contract_equal("reason of RESET",
                   data ? qdict_get_try_str(data, "reason") : NULL, reason);
    qobject_unref(event);
}

/* That many Realms were launched, all with one measurement, and none leaks */
static void expect_launches(Contract *c, unsigned n)
{
    unsigned is = contract_count(c, "REALM_ACTIVATE");
    int64_t open_vms;

    contract_check(is == n, "%u launches, not %u", is, n);
    open_vms = qdict_get_try_int(contract_report(c), "open-vms", -1);
    contract_check(open_vms == 1, "%" PRId64 " VMs exist", open_vms);
    contract_expect_no_complaints(c);
}

static void expect_paused_by_nobody(Contract *c)
{
    contract_check(!contract_pending_event(c, "STOP") &&
                   !contract_pending_event(c, "SHUTDOWN"),
                   "a reset is neither a stop nor an end");
}

typedef struct Reboot {
    const char *name;
    const char *exits;
    const char *options;
    const char *reason;
    unsigned launches;
} Reboot;

/* Device 2 of pcie.0 with its BAR 0 at the start of the PCI window */
#define CONFIG "0x40100100"
#define BAR "0x100000"
#define UNLOCK "exit = mmio-write " BAR "0c 2 0x80\n" \
               "exit = mmio-write " BAR "0c 2 0x86\n"
#define WATCHDOG "exit = mmio-write " CONFIG "10 4 0x10000000\n" \
                 "exit = mmio-write " CONFIG "04 4 2\n" \
                 "exit = mmio-write " CONFIG "60 2 5\n" \
                 UNLOCK "exit = mmio-write " BAR "00 4 1\n" \
                 UNLOCK "exit = mmio-write " BAR "04 4 1\n" \
                 "exit = mmio-write " CONFIG "68 1 2\n"

static const Reboot reboots[] = {
    { "a reboot makes another Realm", REBOOT, "", "guest-reset", 2 },
    { "a reboot by SYSTEM_RESET2 makes another Realm",
      "exit = system-event reset2\n", "", "guest-reset", 2 },
    { "a reboot of four vCPUs makes another Realm", SHARE REBOOT, "-smp 4",
      "guest-reset", 2 },
    { "a second reset after a reboot is no second Realm",
      "off-exit = reset\n" SHARE REBOOT, "-smp 4", "guest-reset", 2 },
    { "three reboots make three more Realms", REBOOT REBOOT REBOOT, "-smp 2",
      "guest-reset", 4 },
    { "a reboot gives back what was shared", SHARE_AND_TAKE REBOOT, "",
      "guest-reset", 2 },
    { "a reboot with reboot=reset makes another Realm", REBOOT,
      "-action reboot=reset", "guest-reset", 2 },
    { "a reboot with -no-shutdown makes another Realm", REBOOT,
      "-no-shutdown", "guest-reset", 2 },
    { "a watchdog makes another Realm", WATCHDOG,
      "-device i6300esb,addr=2", "guest-reset", 2 },
    { "a Realm with devices makes another one with them", REBOOT,
      "-device virtio-scsi-pci -device virtio-rng-pci -device virtio-serial-pci "
      "-device nec-usb-xhci -blockdev null-co,node-name=d0 "
      "-device virtio-blk-pci,drive=d0", "guest-reset", 2 },
};

static void test_reboot(const void *data)
{
    const Reboot *t = data;
    g_autofree char *more = g_strconcat("-S ", t->options, NULL);
    g_autofree char *launches = g_strdup_printf("%u", t->launches);
    g_autofree char *first = NULL, *last = NULL, *said = NULL;
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = t->exits, .more = more,
    });

    expect_info(c, "launches", "0");
    expect_info(c, "reboot", "recreate");
    contract_qmp_ok(c, "cont");
    for (unsigned i = 1; i < t->launches; i++) {
        expect_reset(c, t->reason);
    }
    contract_wait_calls(c, "REALM_ACTIVATE", t->launches);
    contract_expect_state(c, "running");
    expect_info(c, "launches", launches);
    expect_info(c, "shared-memory", "0");
    said = info(c, "rim");
    last = contract_rim(c);
    contract_check(said && last && g_str_has_prefix(last, said),
                   "query-cca has '%s' and the RMM '%s'", said, last);
    expect_paused_by_nobody(c);
    expect_launches(c, t->launches);
    contract_quit(c);
    contract_expect_silence(c);
}

typedef struct End {
    const char *name;
    const char *object;
    const char *options;
    const char *line;           /* on stderr, or NULL */
} End;

static const End ends[] = {
    { "reboot=exit ends QEMU with one message", ",reboot=exit", "",
      "cpus are not resettable, terminating" },
    { "reboot=exit with -no-reboot ends QEMU in silence", ",reboot=exit",
      "-no-reboot", NULL },
    { "-no-reboot ends QEMU in silence", "", "-no-reboot", NULL },
    { "-action reboot=shutdown ends QEMU in silence", "",
      "-action reboot=shutdown", NULL },
};

static void test_end(const void *data)
{
    const End *t = data;
    g_autofree char *more = g_strconcat("-S ", t->options, NULL);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = REBOOT, .object = t->object, .more = more,
    });

    contract_send(c, "{\"execute\": \"cont\"}");
    contract_expect_shutdown(c, "guest-reset");
    contract_wait(c);
    contract_check(WIFEXITED(contract_status(c)) &&
                   !WEXITSTATUS(contract_status(c)), "wait status 0x%x",
                   contract_status(c));
    if (t->line) {
        contract_check(strstr(contract_stderr(c), t->line), "'%s' lacks '%s'",
                       contract_stderr(c), t->line);
    } else {
        contract_expect_silence(c);
    }
    contract_check(contract_count(c, "REALM_ACTIVATE") == 1, "launched again");
}

typedef struct State {
    const char *state;
    const char *conf;
    const char *options;
    const char *commands[4];
    const char *then;           /* the state after the reset */
    bool failed;                /* something is on stderr */
} State;

static const State states[] = {
    { "running", NULL, "-S", { "cont" }, "running" },
    { "paused", SHARE, "-S", { "cont", "stop" }, "prelaunch" },
    { "internal-error", "exit = errno ENXIO\n", "-S", { "cont" },
      "prelaunch", true },
    { "shutdown", OFF, "-S -no-shutdown", { "cont" }, "prelaunch" },
};

static void test_state(const void *data)
{
    const State *t = data;
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = t->conf, .more = t->options,
    });

    for (int i = 0; t->commands[i]; i++) {
        contract_qmp_ok(c, t->commands[i]);
    }
    contract_expect_state(c, t->state);
    contract_qmp_ok(c, "system_reset");
    expect_reset(c, "host-qmp-system-reset");
    contract_expect_state(c, t->then);
    if (!g_str_equal(t->then, "running")) {
        expect_info(c, "state", "probed");
        expect_info(c, "launches", "1");
        /* Not yet launched, it can be reset as often as one likes */
        contract_qmp_ok(c, "system_reset");
        expect_reset(c, "host-qmp-system-reset");
        contract_qmp_ok(c, "cont");
    }
    contract_expect_state(c, "running");
    contract_wait_calls(c, "REALM_ACTIVATE", 2);
    expect_info(c, "launches", "2");
    expect_launches(c, 2);
    contract_quit(c);
    if (!t->failed) {
        contract_expect_silence(c);
    }
}

/* The second one comes while the first is under way, or is one with it */
static void test_twice(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = "-S" });
    g_autofree char *launches = NULL;

    contract_qmp_ok(c, "cont");
    contract_qmp_ok(c, "system_reset");
    contract_qmp_ok(c, "system_reset");
    contract_wait_calls(c, "REALM_ACTIVATE", 2);
    contract_expect_state(c, "running");
    launches = info(c, "launches");
    contract_check(launches && (atoi(launches) == 2 || atoi(launches) == 3),
                   "%s launches", launches);
    expect_launches(c, launches ? atoi(launches) : 0);
    contract_quit(c);
}

#define LOAD "exit = memory-fault shared 0x44000000+0x1000%0x8000000 0x3000\n" \
             "exit = touch shared 0x44000000+0x1000%0x8000000 0x3000\n" \
             "exit = memory-fault private 0x44000000+0x1000%0x8000000 0x3000\n"

/* While a vCPU converts memory all the time */
static void test_load(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = "list-calls = no\nexit-rounds = 1000000\n" LOAD,
        .more = "-S -smp 2",
    });

    contract_qmp_ok(c, "cont");
    for (unsigned i = 0; i < 10; i++) {
        g_usleep(i * 5000);
        contract_qmp_ok(c, "system_reset");
        expect_reset(c, "host-qmp-system-reset");
    }
    contract_expect_state(c, "running");
    expect_info(c, "launches", "11");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_no_complaints(c);
}

/* Whoever chose that a reboot ends the VM may do so at any time */
static void test_set_action(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = "-S" });
    QDict *rsp;

    contract_qmp_ok(c, "cont");
    contract_qmp_ok(c, "system_reset");
    expect_reset(c, "host-qmp-system-reset");
    contract_wait_calls(c, "REALM_ACTIVATE", 2);
    rsp = contract_qmp(c, "{'execute': 'set-action', 'arguments': "
                       "{'reboot': 'shutdown'}}");
    contract_check(rsp && qdict_haskey(rsp, "return"), "set-action");
    qobject_unref(rsp);
    contract_send(c, "{\"execute\": \"system_reset\"}");
    contract_expect_shutdown(c, "host-qmp-system-reset");
    contract_wait(c);
    contract_expect_silence(c);
}

#define INITRD_SIZE (64 * 1024)

typedef struct Change {
    const char *name;
    enum { REPLACE, REMOVE, WRITE, TRUNCATE } how;
    const char *error;          /* of the end of QEMU, or NULL */
} Change;

static const Change changes[] = {
    { "a reboot has the images of the start if their path has other ones",
      REPLACE, NULL },
    { "a reboot has the images of the start if they are removed", REMOVE,
      NULL },
    { "a reboot with an image that was written to tells of it", WRITE, NULL },
    { "a reboot with an image of another size ends with one line", TRUNCATE,
      "had 65536 when QEMU was started: its file was changed" },
};

static void change(const char *path, int how)
{
    g_autofree uint8_t *bytes = contract_pattern(INITRD_SIZE, 7);
    int fd;

    if (how == REMOVE || how == REPLACE) {
        g_assert(!unlink(path));
    }
    if (how == REMOVE) {
        return;
    }
    fd = open(path, O_WRONLY | (how == REPLACE ? O_CREAT : 0), 0600);
    g_assert(fd >= 0);
    if (how == TRUNCATE) {
        g_assert(!ftruncate(fd, INITRD_SIZE / 2));
    } else {
        g_assert(write(fd, bytes, INITRD_SIZE) == INITRD_SIZE);
    }
    close(fd);
}

static void test_change(const void *data)
{
    const Change *t = data;
    g_autofree uint8_t *bytes = contract_pattern(INITRD_SIZE, 3);
    const char *path = contract_file("initrd", bytes, INITRD_SIZE);
    g_autofree char *more = g_strdup_printf("-S -initrd %s", path);
    g_autofree char *before = NULL, *after = NULL;
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = more });
    QDict *event;

    contract_qmp_ok(c, "cont");
    before = contract_rim(c);
    change(path, t->how);
    if (t->error) {
        contract_send(c, "{\"execute\": \"system_reset\"}");
        contract_wait(c);
        contract_check(WIFEXITED(contract_status(c)) &&
                       WEXITSTATUS(contract_status(c)) == 1 &&
                       strstr(contract_stderr(c), t->error),
                       "wait status 0x%x: '%s'", contract_status(c),
                       contract_stderr(c));
        return;
    }
    contract_qmp_ok(c, "system_reset");
    contract_wait_calls(c, "REALM_ACTIVATE", 2);
    after = contract_rim(c);
    contract_check(before && after && (t->how == WRITE) ==
                   !g_str_equal(before, after), "the RIM was %s and is %s",
                   before, after);
    if (t->how == WRITE) {
        event = contract_event(c, "CCA_MEASUREMENT_CHANGED");
        contract_check(event && qdict_get_qdict(event, "data") &&
                       qdict_get_int(qdict_get_qdict(event, "data"),
                                     "launches") == 2, "no such event");
        qobject_unref(event);
        contract_expect_warning(c, "rme-guest 'rme0': the initial measurement "
                                "of launch 2 is not that of the one before: a "
                                "file that an image came from was changed");
    }
    expect_launches(c, 2);
    contract_quit(c);
    if (t->how != WRITE) {
        contract_expect_silence(c);
    }
}

/*
 * A launch hashes in threads, one less than there are processors. An emulator
 * that runs QEMU keeps something of each thread that ended, so there is to be
 * none. Returns what is to be undone.
 */
static cpu_set_t use_one_processor(void)
{
    cpu_set_t before, one;

    g_assert(!sched_getaffinity(0, sizeof(before), &before));
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &before)) {
            CPU_SET(i, &one);
            break;
        }
    }
    g_assert(!sched_setaffinity(0, sizeof(one), &one));
    return before;
}

static void test_leaks(const void *data)
{
    unsigned n = contract_level() == CONTRACT_ALL ? 1000 :
                 contract_level() == CONTRACT_FULL ? 100 : 20;
    cpu_set_t before = use_one_processor();
    g_autoptr(Contract) c = NULL;
    unsigned files = 0;
    int64_t anon = 0, shmem = 0;

    contract_limit_cpu(1000);
    c = contract_start(&(ContractArgs) {
        .conf = "list-calls = no\n",
        .more = "-S -smp 2 -device virtio-rng-pci -device virtio-scsi-pci",
    });
    g_assert(!sched_setaffinity(0, sizeof(before), &before));
    contract_qmp_ok(c, "cont");
    for (unsigned i = 0; i < n + 2; i++) {
        if (i == 2) {
            files = contract_open_files(c);
            anon = contract_status_kib(c, "RssAnon");
            shmem = contract_status_kib(c, "RssShmem");
        }
        contract_qmp_ok(c, "system_reset");
        expect_reset(c, "host-qmp-system-reset");
    }
    contract_expect_state(c, "running");
    contract_check(contract_open_files(c) == files, "%u files, before %u",
                   contract_open_files(c), files);
    anon = contract_status_kib(c, "RssAnon") - anon;
    shmem = contract_status_kib(c, "RssShmem") - shmem;
    contract_check(anon < 2048 + 8 * n, "RssAnon grew by %" PRId64 " KiB",
                   anon);
    contract_check(shmem < 2048, "RssShmem grew by %" PRId64 " KiB", shmem);
    contract_expect_no_complaints(c);
    contract_quit(c);
    contract_expect_silence(c);
    g_test_message("summary: %u resets of one QEMU: RssAnon %+" PRId64
                   " KiB, RssShmem %+" PRId64 " KiB, %u files before and after",
                   n, anon, shmem, files);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(reboots); i++) {
        contract_add_each("reboot", reboots[i].name, test_reboot, &reboots[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(ends); i++) {
        contract_add_each("reboot", ends[i].name, test_end, &ends[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(states); i++) {
        g_autofree char *name = g_strdup_printf(
            "system_reset in state %s makes another Realm", states[i].state);

        contract_add_each("reboot", name, test_state, &states[i]);
    }
    contract_add_each("reboot", "two resets at once are one or two more Realms",
                      test_twice, NULL);
    contract_add_each("reboot", "system_reset while memory is converted makes "
                      "another Realm", test_load, NULL);
    contract_add_each("reboot", "actions can be set between two resets",
                      test_set_action, NULL);
    for (int i = 0; i < ARRAY_SIZE(changes); i++) {
        contract_add_each("reboot", changes[i].name, test_change, &changes[i]);
    }
    contract_add_each("reboot", "hundreds of resets leak nothing", test_leaks,
                      NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
