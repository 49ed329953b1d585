/*
 * Contract tests: the measurement log
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "rme-contract.h"

#define LOG_ON ",measurement-log=on"

/*
 * RIM and steps of a launch, which must succeed without a word; QEMU knows what
 * of it is measured
 */
static char *launch(const ContractArgs *args, char **steps)
{
    g_autoptr(Contract) c = contract_start(args);
    g_autofree char *told = NULL;
    char *rim;
    QDict *vm, *rsp, *info;

    contract_wait_calls(c, "FIRST_RUN", 1);
    rsp = contract_qmp(c, "{'execute': 'query-cca'}");
    info = rsp ? qdict_get_qdict(rsp, "return") : NULL;
    told = g_strdup(info ? qdict_get_try_str(info, "rim") : NULL);
    qobject_unref(rsp);
    contract_quit(c);
    contract_expect_active(c);
    contract_expect_silence(c);
    *steps = contract_steps(c);
    vm = contract_realm(c);
    rim = g_strdup(vm ? qdict_get_try_str(vm, "rim") : NULL);
    contract_equal("RIM of query-cca", told, rim);
    return rim ?: g_strdup("none");
}

/* 16 pages, 1 MiB behind the start of the device tree, after the REC */
static void test_place(const void *data)
{
    g_autofree char *rim = NULL, *steps = NULL;

    rim = launch(&(ContractArgs) { .object = LOG_ON, .more = "-smp 2" },
                 &steps);
    contract_equal("steps", steps,
                   "HASH 1, CREATE, RIPAS 0x40000000+0x10000000, "
                   "POPULATE 0x40080000+0x2000, POPULATE 0x48000000+0x2000, "
                   "REC 0, REC 1, POPULATE 0x48100000+0x10000, ACTIVATE");
}

static void test_place_with_firmware(const void *data)
{
    g_autofree uint8_t *bytes = contract_pattern(8192, 7);
    g_autofree char *more = g_strconcat("-bios ", contract_file("fw", bytes,
                                                                8192), NULL);
    g_autofree char *rim = NULL, *steps = NULL;

    rim = launch(&(ContractArgs) {
        .object = LOG_ON, .no_kernel = true, .more = more,
    }, &steps);
    contract_equal("steps", steps,
                   "HASH 1, CREATE, RIPAS 0x40000000+0x10000000, "
                   "POPULATE 0x0+0x2000, POPULATE 0x40000000+0x2000, REC 0, "
                   "POPULATE 0x40100000+0x10000, ACTIVATE");
}

static void test_costs_nothing_when_off(const void *data)
{
    g_autofree char *none_steps = NULL, *off_steps = NULL, *on_steps = NULL;
    g_autofree char *none = NULL, *off = NULL, *on = NULL, *again = NULL;

    none = launch(&(ContractArgs) { }, &none_steps);
    off = launch(&(ContractArgs) { .object = ",measurement-log=off" },
                 &off_steps);
    on = launch(&(ContractArgs) { .object = LOG_ON }, &on_steps);
    contract_equal("RIM", off, none);
    contract_equal("steps", off_steps, none_steps);
    contract_check(strcmp(on, none), "the log changes nothing");

    g_clear_pointer(&on_steps, g_free);
    again = launch(&(ContractArgs) { .object = LOG_ON }, &on_steps);
    contract_equal("RIM of a second launch", again, on);
}

static void test_fails_to_populate(const void *data)
{
    g_autoptr(Contract) c = contract_run(&(ContractArgs) {
        .conf = "fail = REALM_POPULATE#3@EIO", .object = LOG_ON,
    });

    contract_expect_error(c, "rme-guest 'rme0': KVM_ENABLE_CAP(244, "
                          "POPULATE_REALM: [0x48100000, 0x48110000)): "
                          "Input/output error");
}

static void test_refuses_the_users_tree(const void *data)
{
    g_autofree char *more = g_strconcat("-dtb ", contract_file("dtb", "", 0),
                                        NULL);
    g_autoptr(Contract) c = contract_run(&(ContractArgs) {
        .object = LOG_ON, .more = more,
    });

    contract_expect_error(c, "rme-guest 'rme0': measurement-log=on cannot be "
                          "used with -dtb: a Realm gets the user's device "
                          "tree as it is, and only that of QEMU tells where "
                          "the log is: use one of the two");
    contract_expect_no_realm(c);
}

/* A device tree at 14 MiB, and RAM that ends where the log is to begin */
static void test_refuses_where_there_is_no_ram(const void *data)
{
    g_autofree uint8_t *bytes = contract_pattern(6 * MiB, 3);
    g_autofree char *more = g_strconcat("-initrd ",
        contract_file("initrd", bytes, 6 * MiB), NULL);
    g_autoptr(Contract) c = contract_run(&(ContractArgs) {
        .object = LOG_ON, .memory = "15M", .more = more,
    });

    contract_expect_error(c, "rme-guest 'rme0': 'measurement log' "
                          "[0x40f00000, 0x40f10000) is not in Realm RAM at "
                          "0x40f00000: load it elsewhere or use more memory");
}

static void test_refuses_an_image_in_its_place(const void *data)
{
    g_autoptr(Contract) c = contract_run(&(ContractArgs) {
        .object = LOG_ON,
        .more = "-device loader,addr=0x48108000,data=1,data-len=8",
    });

    contract_expect_error(c, "rme-guest 'rme0': 'measurement log' "
                          "[0x48100000, 0x48110000) and 'loader data' "
                          "[0x48108000, 0x48108008) overlap in Realm memory: "
                          "load one of them elsewhere");
}

/* An event of an image takes 105 bytes with SHA-512, the log has 64 KiB */
static void test_refuses_too_many_images(const void *data)
{
    g_autoptr(GString) more = g_string_new(NULL);
    g_autoptr(Contract) c = NULL;

    for (unsigned i = 0; i < 640; i++) {
        g_string_append_printf(more, "-device loader,addr=0x%x,data=1,"
                               "data-len=8 ", 0x44000000 + i * 16);
    }
    c = contract_run(&(ContractArgs) { .object = LOG_ON, .more = more->str });
    contract_expect_error(c, "rme-guest 'rme0': the measurement log of 643 "
                          "images needs 68148 bytes and has room for 65536: "
                          "load fewer images with -device loader, or use "
                          "measurement-log=off");
}

static void test_cannot_be_changed_later(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = "-S" });
    QDict *rsp = contract_qmp(c, "{'execute': 'qom-set', 'arguments': "
                              "{'path': '/objects/rme0', 'property': "
                              "'measurement-log', 'value': true}}");
    QDict *error = rsp ? qdict_get_qdict(rsp, "error") : NULL;

    contract_equal("answer", error ? qdict_get_try_str(error, "desc") : NULL,
                   "'measurement-log' of rme-guest 'rme0' cannot be changed "
                   "any more: set it with -object");
    qobject_unref(rsp);
    contract_quit(c);
}

static void add_tests(void)
{
    contract_add("log", "is behind the device tree of a kernel", test_place,
                 NULL);
    contract_add("log", "is behind the device tree of a firmware",
                 test_place_with_firmware, NULL);
    contract_add("log", "costs nothing when it is off",
                 test_costs_nothing_when_off, NULL);
    contract_add("log", "reports that it cannot be populated",
                 test_fails_to_populate, NULL);
    contract_add("log", "refuses a device tree of the user's",
                 test_refuses_the_users_tree, NULL);
    contract_add("log", "refuses a place without RAM",
                 test_refuses_where_there_is_no_ram, NULL);
    contract_add("log", "refuses an image in its place",
                 test_refuses_an_image_in_its_place, NULL);
    contract_add("log", "refuses more images than there is room for",
                 test_refuses_too_many_images, NULL);
    contract_add("log", "cannot be changed once the VM is there",
                 test_cannot_be_changed_later, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
