/*
 * Contract tests: nothing asks KVM to write-protect memory of a Realm
 *
 * No log of dirty pages and no read-only memory slot, whoever wants one: a host
 * oopses. The simulator complains of each.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qobject/qlist.h"
#include "rme-contract.h"

#define CONFIG  0x4010008000ULL     /* slot 1 of PCI */
#define BAR     0x10000000ULL

static void expect_no_log(Contract *c)
{
    static const char *const calls[] = {
        "GET_DIRTY_LOG", "CLEAR_DIRTY_LOG", "RESET_DIRTY_RINGS",
        "VHOST_SET_LOG",
    };

    for (int i = 0; i < ARRAY_SIZE(calls); i++) {
        unsigned n = contract_count(c, calls[i]);

        contract_check(n == 0, "%u times %s", n, calls[i]);
    }
    contract_expect_active(c);
}

typedef struct Command {
    const char *text;
    bool refused;
} Command;

#define QMP(name, args) "{\"execute\": \"" name "\", \"arguments\": {" args "}}"
#define CAPABILITY(name) \
    QMP("migrate-set-capabilities", "\"capabilities\": [{\"capability\": \"" \
        name "\", \"state\": true}]")
#define MIGRATE QMP("migrate", "\"uri\": \"exec:cat>/dev/null\"")
#define DIRTY_RATE(mode) QMP("calc-dirty-rate", "\"calc-time\": 1, " \
                             "\"mode\": \"" mode "\"")
#define SCREENDUMP QMP("screendump", "\"filename\": \"/dev/null\"")

/* Capabilities are no fault by themselves; the migration after each is one */
static const Command commands[] = {
    { SCREENDUMP, false },
    { MIGRATE, true },
    { CAPABILITY("postcopy-ram"), false },
    { MIGRATE, true },
    { DIRTY_RATE("page-sampling"), true },
    { DIRTY_RATE("dirty-bitmap"), true },
    { DIRTY_RATE("dirty-ring"), true },
    { QMP("set-vcpu-dirty-limit", "\"dirty-rate\": 1"), true },
    { QMP("cancel-vcpu-dirty-limit", ""), false },
    { "{\"execute\": \"migrate-start-postcopy\"}", true },
    { "{\"execute\": \"x-colo-lost-heartbeat\"}", true },
    { SCREENDUMP, false },
};

/* With a display that is refreshed, and vhost */
static void test_commands(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .more = "-device virtio-gpu-pci -device vhost-vsock-pci,guest-cid=3",
    });

    contract_wait_calls(c, "FIRST_RUN", 1);
    for (int i = 0; i < ARRAY_SIZE(commands); i++) {
        QDict *rsp = contract_qmp_json(c, commands[i].text);

        contract_check(rsp && qdict_haskey(rsp, "error") ==
                       commands[i].refused, "%s is %s", commands[i].text,
                       commands[i].refused ? "obeyed" : "refused");
        qobject_unref(rsp);
    }
    g_free(contract_hmp(c, "savevm x"));
    contract_quit(c);
    expect_no_log(c);
}

/* The guest maps the ROM of a card: a slot as any other */
static void test_rom(const void *conf)
{
    g_autofree uint8_t *data = contract_pattern(64 * KiB, 1);
    g_autofree char *more = g_strdup_printf(
        "-device virtio-rng-pci,addr=1,romfile=%s",
        contract_file("rom", data, 64 * KiB));
    g_autofree char *exits = g_strdup_printf(
        "%s"
        "exit = mmio-write 0x%llx 4 0x%llx\n"
        "exit = mmio-write 0x%llx 2 2\n"
        "exit = mmio-write 0x%llx 2 0\n", (const char *)conf,
        CONFIG + 0x30, BAR | 1, CONFIG + 4, CONFIG + 4);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = exits, .more = more,
    });
    QList *calls;
    const QListEntry *e;
    unsigned slots = 0;

    contract_wait_calls(c, "EXIT_DONE", 3);
    contract_quit(c);
    contract_expect_silence(c);
    expect_no_log(c);
    calls = qdict_get_qlist(contract_report(c), "calls");
    QLIST_FOREACH_ENTRY(calls, e) {
        QDict *call = qobject_to(QDict, qlist_entry_obj(e));

        if (g_str_equal(qdict_get_str(call, "call"), "MEMSLOT") &&
            qdict_get_int(call, "gpa") == BAR) {
            contract_check(qdict_get_int(call, "flags") == 0, "flags 0x%"
                           PRIx64, qdict_get_int(call, "flags"));
            slots++;
        }
    }
    /* made and removed */
    contract_check(slots == 2, "%u calls for the slot of the ROM", slots);
}

/* What is refused leaves nothing behind: neither a name, a slot, nor memory */
static void test_hotplug(const void *data)
{
    const char *type = data;
    g_autofree char *add = g_strdup_printf(
        QMP("device_add", "\"driver\": \"%s\", \"id\": \"x\", "
            "\"bus\": \"r\", \"romfile\": \"\""), type);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .more = "-device pcie-root-port,id=r",
    });
    g_autofree char *blocks = NULL, *blocks_after = NULL;
    g_autofree char *tree = NULL, *tree_after = NULL;
    QDict *rsp;

    contract_wait_calls(c, "FIRST_RUN", 1);
    blocks = contract_hmp(c, "info ramblock");
    tree = contract_hmp(c, "info qtree");
    for (int i = 0; i < 4; i++) {
        QDict *error;
        const char *text;

        rsp = contract_qmp_json(c, add);
        error = rsp ? qdict_get_qdict(rsp, "error") : NULL;
        text = error ? qdict_get_str(error, "desc") : "";
        contract_check(g_str_has_prefix(text, "a Realm cannot have the device ")
                       && strstr(text, "use virtio-gpu-pci"), "'%s'", text);
        qobject_unref(rsp);
    }
    blocks_after = contract_hmp(c, "info ramblock");
    tree_after = contract_hmp(c, "info qtree");
    contract_check(!g_strcmp0(blocks_after, blocks), "RAM blocks:\n%s",
                   blocks_after);
    contract_check(!g_strcmp0(tree_after, tree), "devices:\n%s", tree_after);
    rsp = contract_qmp_json(c, QMP("device_add", "\"driver\": "
                                   "\"virtio-rng-pci\", \"id\": \"x\", "
                                   "\"bus\": \"r\""));
    contract_check(rsp && !qdict_haskey(rsp, "error"), "the slot is not free");
    qobject_unref(rsp);
    contract_quit(c);
    contract_expect_silence(c);
    expect_no_log(c);
}

static void add_tests(void)
{
    contract_add("dirty", "no command turns a log of dirty pages on",
                 test_commands, NULL);
    contract_add("dirty", "the ROM of a card is a plain slot", test_rom, "");
    contract_add("dirty", "so it is where KVM offers read-only slots",
                 test_rom, "readonly-mem = yes\n");
    contract_add("dirty", "series v7: the ROM of a card is a plain slot",
                 test_rom, "personality = v7\n");
    contract_add("dirty", "device_add of bochs-display leaves nothing behind",
                 test_hotplug, "bochs-display");
    contract_add("dirty", "device_add of secondary-vga leaves nothing behind",
                 test_hotplug, "secondary-vga");
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
