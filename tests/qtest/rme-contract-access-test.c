/*
 * Contract tests: the host does not look at what the Realm did not share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qobject/qjson.h"
#include "rme-contract.h"

#define SHARED_PAGE "exit = memory-fault shared 0x44000000 0x1000"
#define PRIVATE(page) \
    "guest page " page " is private to the Realm: the host sees only pages " \
    "that the guest shared"
#define NO(what) \
    "a Realm has no " what ": its registers and its private memory are out " \
    "of the host's reach, look at it from inside the guest"
#define NO_MIGRATION "an Arm CCA Realm cannot be migrated or saved"
#define NO_STATE NO("state that can be saved or loaded")
#define NO_VIRTUAL NO("access to virtual memory")

typedef struct Refusal {
    const char *name;
    const char *command;    /* HMP, or QMP if it starts with a brace */
    const char *message;
    bool once_shared;       /* not before 0x44000000 is shared */
} Refusal;

/* @FILE@ is a file that must stay as it is */
static const Refusal refusals[] = {
    { "x", "x /4wx 0x40080000", NO_VIRTUAL },
    { "x as instructions", "x /2i 0x40080000", NO_VIRTUAL },
    { "x of a page that is shared", "x /wx 0x44000000", NO_VIRTUAL },
    { "xp", "xp /4wx 0x40080000", PRIVATE("0x40080000") },
    { "xp as instructions", "xp /2i 0x40080000", PRIVATE("0x40080000") },
    { "xp of the page before a shared one", "xp /8bx 0x43fffffc",
      PRIVATE("0x43fff000"), true },
    { "xp of the page after a shared one", "xp /8bx 0x44000ffc",
      PRIVATE("0x44001000"), true },
    { "sum", "sum 0x40080000 16", PRIVATE("0x40080000") },
    { "gva2gpa", "gva2gpa 0x40080000", NO_VIRTUAL },
    { "gpa2hva", "gpa2hva 0x40080000", PRIVATE("0x40080000") },
    { "gpa2hpa", "gpa2hpa 0x40080000", PRIVATE("0x40080000") },
    { "memsave", "memsave 0x40080000 4096 \"@FILE@\"", NO_VIRTUAL },
    { "memsave over QMP",
      "{'execute': 'memsave', 'arguments': {'val': 1074266112, 'size': 4096, "
      "'filename': '@FILE@'}}", NO_VIRTUAL },
    { "pmemsave", "pmemsave 0x40080000 4096 \"@FILE@\"",
      PRIVATE("0x40080000") },
    { "pmemsave of all RAM", "pmemsave 0 0x50000000 \"@FILE@\"",
      PRIVATE("0x40000000") },
    { "pmemsave beyond the end of the address space",
      "{'execute': 'pmemsave', 'arguments': {'val': 1074266112, "
      "'size': 9223372036854775807, 'filename': '@FILE@'}}",
      PRIVATE("0x40080000") },
    { "pmemsave over QMP",
      "{'execute': 'pmemsave', 'arguments': {'val': 1074266112, 'size': 4096, "
      "'filename': '@FILE@'}}", PRIVATE("0x40080000") },
    { "dump-guest-memory", "dump-guest-memory \"@FILE@\"",
      NO("dump of its memory") },
    { "dump-guest-memory with paging", "dump-guest-memory -p \"@FILE@\"",
      NO("dump of its memory") },
    { "dump-guest-memory in the background", "dump-guest-memory -d \"@FILE@\"",
      NO("dump of its memory") },
    { "dump-guest-memory in format zlib", "dump-guest-memory -z \"@FILE@\"",
      NO("dump of its memory") },
    { "dump-guest-memory of a shared page",
      "dump-guest-memory \"@FILE@\" 0x44000000 4096",
      NO("dump of its memory") },
    { "dump-guest-memory over QMP",
      "{'execute': 'dump-guest-memory', 'arguments': {'paging': false, "
      "'protocol': 'file:@FILE@'}}", NO("dump of its memory") },
    { "dump-guest-memory in the background over QMP",
      "{'execute': 'dump-guest-memory', 'arguments': {'paging': false, "
      "'detach': true, 'format': 'kdump-zlib', 'protocol': 'file:@FILE@'}}",
      NO("dump of its memory") },
    { "gdbserver", "gdbserver", NO("gdbstub") },
    { "gdbserver on a socket", "gdbserver \"unix:@FILE@,server=on,wait=off\"",
      NO("gdbstub") },
    { "savevm", "savevm before", NO_MIGRATION },
    { "loadvm", "loadvm before", NO_STATE },
    { "migrate to a socket", "migrate -d tcp:127.0.0.1:1", NO_MIGRATION },
    { "migrate to a file over QMP",
      "{'execute': 'migrate', 'arguments': {'uri': 'file:@FILE@'}}",
      NO_MIGRATION },
    { "migrate to a command over QMP",
      "{'execute': 'migrate', 'arguments': {'uri': 'exec:cat'}}",
      NO_MIGRATION },
    { "migrate to a file descriptor over QMP",
      "{'execute': 'migrate', 'arguments': {'uri': 'fd:0'}}", NO_MIGRATION },
    { "migrate to a socket over QMP",
      "{'execute': 'migrate', 'arguments': {'uri': 'unix:@FILE@'}}",
      NO_MIGRATION },
    { "xen-save-devices-state",
      "{'execute': 'xen-save-devices-state', 'arguments': "
      "{'filename': '@FILE@'}}", NO_STATE },
    { "xen-load-devices-state",
      "{'execute': 'xen-load-devices-state', 'arguments': "
      "{'filename': '@FILE@'}}", NO_STATE },
    { "calc-dirty-rate by samples",
      "{'execute': 'calc-dirty-rate', 'arguments': {'calc-time': 1}}",
      NO("log of dirty pages") },
    { "calc-dirty-rate by the kernel's bitmap",
      "{'execute': 'calc-dirty-rate', 'arguments': {'calc-time': 1, "
      "'mode': 'dirty-bitmap'}}", NO("log of dirty pages") },
};

/* Output of an HMP command, or the error of a QMP command */
static char *answer(Contract *c, const char *command)
{
    QDict *rsp, *error;
    char *text = NULL;

    if (command[0] != '{') {
        return contract_hmp(c, command);
    }
    rsp = contract_qmp(c, command, NULL);
    if (rsp) {
        error = qdict_get_qdict(rsp, "error");
        text = g_strdup(error ? qdict_get_str(error, "desc") : "no error");
    }
    qobject_unref(rsp);
    return text ?: g_strdup("");
}

static void expect_answer(Contract *c, const char *command,
                          const char *message)
{
    g_autofree char *text = answer(c, command);
    const char *found = strstr(text, message);

    contract_check(found && !strstr(found + 1, message), "'%s' answers '%s'",
                   command, text);
}

static void test_refusal(const void *data)
{
    static const char keep[] = "as it was";
    const Refusal *t = data;
    const char *file = contract_file("kept", keep, sizeof(keep));
    g_auto(GStrv) parts = g_strsplit(t->command, "@FILE@", 2);
    g_autofree char *command = g_strjoinv(file, parts);
    g_autofree char *after = NULL;
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = SHARED_PAGE, .more = "-S",
    });

    if (!t->once_shared) {
        expect_answer(c, command, t->message);
        contract_expect_state(c, "prelaunch");
    }
    contract_qmp_ok(c, "cont");
    contract_wait_calls(c, "EXIT_DONE", 1);
    expect_answer(c, command, t->message);
    contract_expect_state(c, "running");
    if (g_file_get_contents(file, &after, NULL, NULL)) {
        contract_equal("file", after, keep);
    } else {
        contract_fail("the file is gone");
    }
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
}

/* Background snapshots, COLO and postcopy are ways to migrate */
static void test_capability(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { NULL });

    qobject_unref(contract_qmp(c, "{'execute': 'migrate-set-capabilities', "
                               "'arguments': {'capabilities': [{"
                               "'capability': %s, 'state': true}]}}",
                               (const char *)data));
    expect_answer(c, "migrate -d tcp:127.0.0.1:1", NO_MIGRATION);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_active(c);
}

/* As a job, the error is in query-jobs */
static void test_snapshot_job(const void *data)
{
    const char *command = data;
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { NULL });
    g_autoptr(GString) text = NULL;
    QDict *rsp;

    qobject_unref(contract_qmp(c, "{'execute': %s, 'arguments': {"
                               "'job-id': 'j', 'tag': 't', 'vmstate': 'n', "
                               "'devices': []}}", command));
    for (int i = 0; i < 100; i++) {
        rsp = contract_qmp(c, "{'execute': 'query-jobs'}");
        text = rsp ? qobject_to_json(QOBJECT(rsp)) : NULL;
        qobject_unref(rsp);
        if (!text || strstr(text->str, "concluded")) {
            break;
        }
        g_string_free(g_steal_pointer(&text), true);
        g_usleep(10000);
    }
    contract_check(text && strstr(text->str, g_str_equal(command,
                   "snapshot-load") ? NO_STATE : NO_MIGRATION), "%s: %s",
                   command, text ? text->str : "does not end");
    contract_quit(c);
    contract_expect_active(c);
}

/* Shared pages can be read, and hold what is not there yet: zeros */
static void test_shared(const void *data)
{
    const char *file = contract_file("page", "", 0);
    g_autofree char *save = g_strdup_printf("pmemsave 0x44000000 4096 \"%s\"",
                                            file);
    g_autofree char *page = NULL, *text = NULL, *zero = g_malloc0(4096);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = SHARED_PAGE,
    });
    gsize size = 0;

    contract_wait_calls(c, "EXIT_DONE", 1);
    expect_answer(c, "xp /wx 0x44000000", "0000000044000000: 0x00000000");
    expect_answer(c, "xp /i 0x44000000", "0x44000000:");
    expect_answer(c, "sum 0x44000000 4096", "00000");
    expect_answer(c, "gpa2hva 0x44000000", "Host virtual address for "
                  "0x44000000 (mach-virt.ram) is 0x");
    text = contract_hmp(c, save);
    contract_equal("answer", text, "");
    contract_check(g_file_get_contents(file, &page, &size, NULL) &&
                   size == 4096 && !memcmp(page, zero, size),
                   "%zu bytes were saved", (size_t)size);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
}

/* What is taken back is out of reach again */
static void test_taken_back(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = SHARED_PAGE "\nexit = memory-fault private 0x44000000 0x1000",
    });

    contract_wait_calls(c, "EXIT_DONE", 2);
    expect_answer(c, "xp /wx 0x44000000", PRIVATE("0x44000000"));
    contract_quit(c);
    contract_expect_active(c);
}

/* A device is not the Realm's memory */
static void test_device(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { NULL });

    expect_answer(c, "xp /wx 0x9000fe0", "0000000009000fe0: 0x00000011");
    contract_quit(c);
    contract_expect_active(c);
}

typedef struct Option {
    const char *name;
    const char *more;
    const char *message;
} Option;

static const Option options[] = {
    { "-s", "-s", NO("gdbstub") },
    { "-S -s", "-S -s", NO("gdbstub") },
    { "-gdb", "-gdb tcp::0", NO("gdbstub") },
    { "-incoming", "-incoming tcp:127.0.0.1:0",
      "a Realm cannot be migrated: remove -incoming" },
    { "-incoming defer", "-incoming defer",
      "a Realm cannot be migrated: remove -incoming" },
    { "-loadvm", "-loadvm before", NO_STATE },
    { "-only-migratable", "-only-migratable",
      "a Realm cannot be migrated: remove -only-migratable" },
};

static void test_option(const void *data)
{
    const Option *t = data;
    g_autoptr(Contract) c = contract_run(&(ContractArgs) { .more = t->more });

    contract_expect_error(c, t->message);
}

/* Shared memory that is gone under QEMU's feet */
static void test_truncated(const void *data)
{
    const char *file = contract_file("ram", "", 0);
    g_autofree char *more = g_strdup_printf(
        "-object memory-backend-file,id=m,mem-path=%s,size=256M,share=on "
        "-machine memory-backend=m", file);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = SHARED_PAGE, .more = more,
    });

    contract_wait_calls(c, "EXIT_DONE", 1);
    contract_check(truncate(file, 0) == 0, "truncate: %s", strerror(errno));
    contract_send(c, "{\"execute\": \"human-monitor-command\", \"arguments\": "
                  "{\"command-line\": \"xp /wx 0x44000010\"}}");
    contract_wait(c);
    contract_expect_error(c, "guest RAM 'm' at offset 0x0000000004000010 cannot "
                          "be accessed (SIGBUS): the file behind it was "
                          "truncated or has no space left, or the page is "
                          "private");
}

/*
 * The virtio-mmio transport that gets the first device, and what a guest does
 * to start a disk on it with a ring in a page that it shares
 */
#define DISK(offset, value) "\nexit = mmio-write 0xa003e" offset " 4 " value
#define DISK_STARTS \
    "exit = memory-fault shared 0x4c000000 0x1000" \
    DISK("70", "0") DISK("70", "3") \
    /* VERSION_1 and ACCESS_PLATFORM */ \
    DISK("24", "1") DISK("20", "3") DISK("70", "0xb") \
    /* 4 entries; the first access is to the flags of its used ring */ \
    DISK("30", "0") DISK("38", "4") DISK("80", "0x4c000000") DISK("84", "0") \
    DISK("90", "0x4c000100") DISK("94", "0") \
    DISK("a0", "0x4c000200") DISK("a4", "0") \
    DISK("44", "1") DISK("70", "0xf")

/* The same where an iothread looks for a request, beyond the images */
static void test_truncated_iothread(const void *data)
{
    const char *file = contract_file("ram", "", 0);
    g_autofree char *more = g_strdup_printf(
        "-S -object memory-backend-file,id=m,mem-path=%s,size=256M,share=on "
        "-machine memory-backend=m -object iothread,id=t "
        "-drive if=none,id=d,driver=null-co,read-zeroes=on "
        "-device virtio-blk-device,drive=d,iothread=t", file);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = DISK_STARTS, .more = more,
    });

    contract_check(truncate(file, 192 * MiB) == 0, "truncate: %s",
                   strerror(errno));
    contract_send(c, "{\"execute\": \"cont\"}");
    contract_wait(c);
    contract_expect_error(c, "guest RAM 'm' at offset 0x000000000c000200 cannot "
                          "be accessed (SIGBUS): the file behind it was "
                          "truncated or has no space left, or the page is "
                          "private");
}

static void add_tests(void)
{
    static const char *const capabilities[] = {
        "background-snapshot", "x-colo", "postcopy-ram", "events",
    };

    for (int i = 0; i < ARRAY_SIZE(refusals); i++) {
        contract_add("refused", refusals[i].name, test_refusal, &refusals[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(options); i++) {
        contract_add("refused", options[i].name, test_option, &options[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(capabilities); i++) {
        g_autofree char *name = g_strdup_printf("migration with %s",
                                                capabilities[i]);

        contract_add("refused", name, test_capability, capabilities[i]);
    }
    contract_add("refused", "snapshot-save", test_snapshot_job,
                 "snapshot-save");
    contract_add("refused", "snapshot-load", test_snapshot_job,
                 "snapshot-load");
    contract_add("access", "shared pages can be read", test_shared, NULL);
    contract_add("access", "what is taken back cannot be read",
                 test_taken_back, NULL);
    contract_add("access", "devices can be read", test_device, NULL);
    contract_add("access", "a file that was truncated ends QEMU with a message",
                 test_truncated, NULL);
    contract_add("access", "a file that was truncated under an iothread, too",
                 test_truncated_iothread, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
