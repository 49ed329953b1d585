/*
 * Contract tests: memory backends that are not the Realm's RAM, and what can be
 * changed of one that is
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "rme-contract.h"

/*
 * A BAR of ivshmem-plain, mapped by the guest through configuration space (the
 * device has slot 1 of bus 0): it is a slot like those of an ordinary VM.
 */
#define ECAM "0x40100080"
#define MAP_BAR "exit = mmio-write " ECAM "18 4 0x10000000\n" \
                "exit = mmio-write " ECAM "1c 4 0\n" \
                "exit = mmio-write " ECAM "04 2 2\n"
#define IVSHMEM " -device ivshmem-plain,memdev=x,addr=1"

typedef struct Foreign {
    const char *name, *options;
} Foreign;

static const Foreign foreign[] = {
    { "memory of a device is no memory of the Realm",
      "-object memory-backend-ram,id=x,size=1M,share=on" IVSHMEM },
    { "memory of a device may be preallocated",
      "-object memory-backend-ram,id=x,size=1M,prealloc=on" IVSHMEM },
    { "memory of a device may be a private map of a file",
      "-object memory-backend-file,id=x,size=1M,mem-path=%s" IVSHMEM },
    { "memory of a device may be a shared map of a file",
      "-object memory-backend-file,id=x,size=1M,mem-path=%s,share=on" IVSHMEM },
    { "memory of a device, and RAM that is named after it",
      "-object memory-backend-ram,id=x,size=1M,prealloc=on" IVSHMEM
      " -object memory-backend-memfd,id=m0,size=256M "
      "-machine memory-backend=m0" },
    { "memory of a device, and NUMA nodes that are named before it",
      "-object memory-backend-memfd,id=m0,size=256M -numa node,memdev=m0 "
      "-object memory-backend-ram,id=x,size=1M,prealloc=on" IVSHMEM },
    { "memory of a device, and RAM that is named by a path",
      "-object memory-backend-ram,id=x,size=1M,prealloc=on" IVSHMEM
      " -object memory-backend-memfd,id=m0,size=256M "
      "-machine memory-backend=/objects/m0" },
};

/* Flags of the memslot at @gpa, or -1 */
static int slot_flags(Contract *c, uint64_t gpa)
{
    QListEntry *e;
    int flags = -1;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(contract_report(c), "calls"), e) {
        QDict *call = qobject_to(QDict, qlist_entry_obj(e));

        if (g_str_equal(qdict_get_str(call, "call"), "MEMSLOT") &&
            qdict_get_int(call, "gpa") == gpa &&
            qdict_get_int(call, "size")) {
            flags = qdict_get_int(call, "flags");
        }
    }
    return flags;
}

#define KVM_MEM_GUEST_MEMFD 4

static void test_foreign(const void *data)
{
    const Foreign *t = data;
    g_autofree uint8_t *bytes = contract_pattern(MiB, 3);
    const char *file = contract_file("shared", bytes, MiB);
    g_auto(GStrv) parts = g_strsplit(t->options, "%s", 2);
    g_autofree char *more = g_strjoinv(file, parts);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = MAP_BAR, .more = more,
    });
    int flags;
    unsigned n;

    contract_wait_calls(c, "EXIT_DONE", 3);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    n = contract_count(c, "CREATE_GUEST_MEMFD");
    contract_check(n == 1, "%u guest_memfd", n);
    flags = slot_flags(c, 0x10000000);
    contract_check(!flags, "the BAR has a slot with flags %d", flags);
    flags = slot_flags(c, GUEST_RAM_BASE);
    contract_check(flags == KVM_MEM_GUEST_MEMFD, "RAM has flags %d", flags);
}

typedef struct Late {
    const char *name, *backend, *property, *value, *message;
} Late;

#define OFF "memory backend 'm' is the RAM of a Realm: %s=on cannot be set, " \
            "leave it off"

/* What would change the Realm's RAM when QEMU has it; value is JSON */
static const Late lates[] = {
    { "prealloc", "memory-backend-memfd,id=m", "prealloc", "true", OFF },
    { "merge", "memory-backend-memfd,id=m", "merge", "true", OFF },
    { "hugetlb", "memory-backend-memfd,id=m", "hugetlb", "true", OFF },
    { "prealloc of memory-backend-ram", "memory-backend-ram,id=m", "prealloc",
      "true", OFF },
    { "share", "memory-backend-memfd,id=m", "share", "false",
      "cannot change property value" },
    { "reserve", "memory-backend-memfd,id=m", "reserve", "false",
      "cannot change property value" },
    { "hugetlbsize", "memory-backend-memfd,id=m", "hugetlbsize", "2097152",
      "cannot change property value" },
    { "size", "memory-backend-memfd,id=m", "size", "1048576",
      "cannot change property size of memory-backend-memfd " },
    { "readonly", "memory-backend-file,id=m,share=on,mem-path=%s", "readonly",
      "true", "cannot change property 'readonly' of memory-backend-file." },
    { "mem-path", "memory-backend-file,id=m,share=on,mem-path=%s", "mem-path",
      "\"/x\"", "cannot change property 'mem-path' of memory-backend-file" },
    { "prealloc=off, which it is", "memory-backend-memfd,id=m", "prealloc",
      "false" },
    { "dump, which is none of the Realm's business",
      "memory-backend-memfd,id=m", "dump", "false" },
    /* The other backend */
    { "prealloc of a device", "memory-backend-ram,id=m", "x", "true" },
};

static char *qom_get(Contract *c, const char *id, const char *property)
{
    g_autofree char *command = g_strdup_printf(
        "{\"execute\": \"qom-get\", \"arguments\": {\"path\": \"/objects/%s\", "
        "\"property\": \"%s\"}}", id, property);
    QDict *rsp = contract_qmp_json(c, command);
    QObject *ret = rsp ? qdict_get(rsp, "return") : NULL;
    g_autoptr(GString) json = ret ? qobject_to_json(ret) : g_string_new("none");

    qobject_unref(rsp);
    return g_strdup(json->str);
}

static void test_late(const void *data)
{
    const Late *t = data;
    const char *file = contract_file("ram", "", 0);
    bool other = g_str_equal(t->property, "x");
    const char *id = other ? "x" : "m";
    const char *property = other ? "prealloc" : t->property;
    g_auto(GStrv) parts = g_strsplit(t->backend, "%s", 2);
    g_autofree char *backend = g_strjoinv(file, parts);
    g_autofree char *more = g_strdup_printf("-object %s,size=256M -machine "
        "memory-backend=m -object memory-backend-ram,id=x,size=1M", backend);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { .more = more });
    g_autofree char *before = qom_get(c, id, property), *after = NULL;
    g_autofree char *merge = qom_get(c, "m", "merge");
    g_autofree char *command = g_strdup_printf(
        "{\"execute\": \"qom-set\", \"arguments\": {\"path\": \"/objects/%s\", "
        "\"property\": \"%s\", \"value\": %s}}", id, property, t->value);
    QDict *rsp = contract_qmp_json(c, command);
    QDict *error = rsp ? qdict_get_qdict(rsp, "error") : NULL;
    g_autofree char *message = t->message && strstr(t->message, "%s") ?
        g_strdup_printf(OFF, property) : g_strdup(t->message);

    contract_equal("answer", error ? qdict_get_str(error, "desc") : "none",
                   message ?: "none");
    after = qom_get(c, id, property);
    contract_check(g_str_equal(before, after) == (message || strstr(t->name,
                   "which it is")), "%s was %s and is %s", property, before,
                   after);
    contract_equal("merge of the Realm's RAM", merge, "false");
    qobject_unref(rsp);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
}

/* Where a policy leads, and whether QEMU says that it is for half of the RAM */
typedef struct Policy {
    const char *name, *options, *error;
    bool is_bound, warns;
} Policy;

static const Policy policies[] = {
    { "policy=bind", "host-nodes=0,policy=bind", .is_bound = true,
      .warns = true },
    { "policy=interleave", "host-nodes=0,policy=interleave", .is_bound = true,
      .warns = true },
    { "policy=preferred", "host-nodes=0,policy=preferred", .is_bound = true,
      .warns = true },
    { "no policy", "" },
    { "a node that the host does not have", "host-nodes=7,policy=bind",
      "cannot bind memory to host NUMA nodes: Invalid argument" },
    { "nodes without a policy", "host-nodes=0",
      "host-nodes must be empty for policy default, or you should explicitly "
      "specify a policy other than default" },
};

#define BINDS "memory backend 'm': host-nodes= and policy= bind what the " \
    "Realm shares, and not its private memory: start QEMU under numactl"

static void test_policy(const void *data)
{
    const Policy *t = data;
    g_autofree char *more = g_strdup_printf("-object memory-backend-ram,id=m,"
        "size=256M,%s -machine memory-backend=m", t->options);
    ContractArgs args = { .more = more };
    g_autoptr(Contract) c = t->error ? contract_run(&args) :
                                       contract_start(&args);
    unsigned n;

    if (t->error) {
        contract_check(strstr(contract_stderr(c), t->error), "stderr is %s",
                       contract_stderr(c));
        contract_check(!contract_count(c, "REALM_CREATE"), "a Realm was made");
        return;
    }
    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    contract_expect_active(c);
    if (t->warns) {
        contract_expect_warning(c, BINDS);
    } else {
        contract_expect_silence(c);
    }
    n = contract_count(c, "MBIND");
    contract_check(n == t->is_bound, "%u calls of mbind()", n);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(policies); i++) {
        g_autofree char *name = g_strconcat("host nodes: ", policies[i].name,
                                            NULL);

        contract_add("backend", name, test_policy, &policies[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(foreign); i++) {
        contract_add("backend", foreign[i].name, test_foreign, &foreign[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(lates); i++) {
        g_autofree char *name = g_strconcat("qom-set of ", lates[i].name, NULL);

        contract_add("backend", name, test_late, &lates[i]);
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
