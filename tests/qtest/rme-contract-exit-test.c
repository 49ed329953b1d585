/*
 * Contract tests: what QEMU does when a running Realm leaves to it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "rme-contract.h"

#define RAM_64M "0x44000000 0x4000000"      /* away from all images */

typedef struct Conversion {
    const char *name;
    const char *exits;          /* settings of the simulated host */
    unsigned n;                 /* of exits */
    unsigned attributes;        /* calls that they may cause */
    unsigned punches;           /* of private memory */
    unsigned discards;          /* of shared memory */
    int64_t private_bytes;      /* at the end; of 256 MiB */
    const char *more;
    bool hole;                  /* RAM is asked for where there is none */
} Conversion;

#define MIB (1024 * 1024LL)

static const Conversion conversions[] = {
    {
        "all of RAM to private, as Linux asks first, does nothing",
        "exit = memory-fault private 0x40000000 0x10000000", 1,
        0, 0, 0, 256 * MIB,
    }, {
        "a GiB to private, which is more than there is, does nothing",
        "exit = memory-fault private 0x40000000 0x40000000", 1,
        0, 0, 0, 256 * MIB, .hole = true,
    }, {
        "the whole address space to private does nothing",
        "exit = memory-fault private 0 0x10000000000", 1, 0, 0, 0, 256 * MIB,
        .hole = true,
    }, {
        "the first page to private does nothing",
        "exit = memory-fault private 0x40000000 0x1000", 1, 0, 0, 0,
        256 * MIB,
    }, {
        "a hole to private does nothing",
        "exit = memory-fault private 0x8000000000 0x40000000", 1, 0, 0, 0,
        256 * MIB, .hole = true,
    }, {
        "a hole to shared does nothing",
        "exit = memory-fault shared 0x8000000000 0x40000000", 1, 0, 0, 0,
        256 * MIB,
    }, {
        "a device to shared does nothing",
        "exit = memory-fault shared 0x9000000 0x1000", 1, 0, 0, 0, 256 * MIB,
    }, {
        "a device to private does nothing",
        "exit = memory-fault private 0x9000000 0x1000", 1, 0, 0, 0, 256 * MIB,
        .hole = true,
    }, {
        "nothing to shared does nothing",
        "exit = memory-fault shared 0x44000000 0", 1, 0, 0, 0, 256 * MIB,
    }, {
        "64 MiB to shared drop the private copy once",
        "exit = memory-fault shared " RAM_64M, 1, 1, 1, 0, 192 * MIB,
    }, {
        "64 MiB to shared twice are one conversion",
        "exit = memory-fault shared " RAM_64M "\n"
        "exit = memory-fault shared " RAM_64M, 2, 1, 1, 0, 192 * MIB,
    }, {
        "64 MiB to shared and back drop the shared copy, not the private one",
        "exit = memory-fault shared " RAM_64M "\n"
        "exit = memory-fault private " RAM_64M, 2, 2, 1, 1, 256 * MIB,
    }, {
        "64 MiB to shared and twice back are two conversions",
        "exit = memory-fault shared " RAM_64M "\n"
        "exit = memory-fault private " RAM_64M "\n"
        "exit = memory-fault private " RAM_64M, 3, 2, 1, 1, 256 * MIB,
    }, {
        "a range that is mixed to private is no more than what is shared of it",
        "exit = memory-fault shared 0x44001000 0x2000\n"
        "exit = memory-fault shared 0x44008000 0x1000\n"
        "exit = memory-fault private " RAM_64M, 3, 4, 2, 2, 256 * MIB,
    }, {
        "a range that is mixed to shared is no more than what is private of it",
        "exit = memory-fault shared 0x44001000 0x2000\n"
        "exit = memory-fault shared 0x44008000 0x1000\n"
        "exit = memory-fault shared " RAM_64M, 3, 5, 5, 0, 192 * MIB,
    }, {
        "a page in the middle to shared is one page",
        "exit = memory-fault shared 0x44001000 0x1000", 1, 1, 1, 0,
        256 * MIB - 4096,
    }, {
        "a range from a hole over all RAM to shared is RAM only",
        "exit = memory-fault shared 0x30000000 0x20000000\n"
        "exit = memory-fault private 0x30000000 0x40000000", 2, 2, 1, 1,
        256 * MIB, .hole = true,
    }, {
        "the whole address space to shared is RAM only",
        "exit = memory-fault shared 0 0x10000000000", 1, 1, 1, 0, 0,
    }, {
        "a range over two RAM blocks to shared and back",
        "exit = memory-fault shared 0x47000000 0x2000000\n"
        "exit = memory-fault private 0x47000000 0x2000000", 2, 4, 2, 2,
        256 * MIB,
        "-object memory-backend-ram,id=m0,size=128M -numa node,memdev=m0 "
        "-object memory-backend-ram,id=m1,size=128M -numa node,memdev=m1",
    },
};

/* What an operator is told of the guest's shared memory */
static void expect_shared(Contract *c, int64_t bytes)
{
    g_autofree char *text = contract_hmp(c, "info cca");
    g_autofree char *line = g_strdup_printf("shared memory: %" PRId64 " KiB",
                                            bytes / 1024);
    QDict *rsp = contract_qmp(c, "{'execute': 'query-cca'}");
    QDict *info = rsp ? qdict_get_qdict(rsp, "return") : NULL;
    int64_t told = info ? qdict_get_try_int(info, "shared-memory", -1) : -1;

    contract_check(told == bytes, "query-cca: %" PRId64 " bytes are shared, "
                   "not %" PRId64, told, bytes);
    contract_check(strstr(text, line), "HMP has not '%s': %s", line, text);
    qobject_unref(rsp);
}

/* Sum of the sizes of calls; @shares: those only that make memory shared */
static uint64_t sum_of(Contract *c, const char *name, bool shares)
{
    QDict *report = contract_report(c);
    const QListEntry *entry;
    uint64_t sum = 0;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(report, "calls"), entry) {
        QDict *call = qobject_to(QDict, qlist_entry_obj(entry));

        if (!g_strcmp0(qdict_get_try_str(call, "call"), name) &&
            !(shares && qdict_get_try_bool(call, "private", true))) {
            sum += qdict_get_try_int(call, "size", 0);
        }
    }
    return sum;
}

static void test_conversion(const void *data)
{
    const Conversion *t = data;
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = t->exits, .more = t->more,
    });
    const ContractGeneration *g = contract_generation();
    unsigned slots = t->more ? 2 : 1, images, n;
    QDict *realm;

    if (t->hole && g->waits) {
        contract_expect_state(c, "internal-error");
        contract_quit(c);
        return;
    }
    contract_wait_calls(c, "EXIT_DONE", t->n);
    contract_expect_state(c, "running");
    expect_shared(c, 256 * MIB - t->private_bytes);
    contract_quit(c);
    /* The order in which B1 measures several blocks of RAM is only its own */
    if (t->more && !g_strcmp0(g->name, "B1")) {
        contract_check(strstr(contract_stderr(c), "cannot be computed"),
                       "no warning: %s", contract_stderr(c));
    } else {
        contract_expect_silence(c);
    }
    contract_expect_active(c);

    n = g->tell ? contract_count(c, g->tell) - (g->from_start ? 0 : slots) :
        t->attributes;
    contract_check(n == t->attributes, "%u changes of attributes, not %u", n,
                   t->attributes);
    n = contract_count(c, "PUNCH_PRIVATE");
    contract_check(n == t->punches, "%u punches, not %u", n, t->punches);
    if (g->tell) {
        uint64_t shared = sum_of(c, g->tell, true);
        uint64_t punched = sum_of(c, "PUNCH_PRIVATE", false);

        contract_check(punched == shared, "%" PRIu64 " bytes were punched, and %"
                       PRIu64 " turned shared", punched, shared);
    }
    /* Where contents do not come through the shared copy, none is dropped */
    images = g->implicit ? 0 : contract_count(c, "REALM_POPULATE");
    n = contract_count(c, "DISCARD_SHARED") - images;
    contract_check(n == t->discards, "%u discards, not %u", n, t->discards);
    realm = contract_realm(c);
    if (realm) {
        int64_t bytes = qdict_get_int(realm, "attribute-private-bytes");

        contract_check(bytes == t->private_bytes, "%" PRId64 " private bytes, "
                       "not %" PRId64, bytes, t->private_bytes);
    }
}

typedef struct Bad {
    const char *name;
    const char *exits;
    const char *message;    /* in stderr */
} Bad;

static const Bad bad[] = {
    { "a range that wraps stops the VM",
      "exit = memory-fault shared 0xfffffffffffff000 0x2000",
      "KVM_EXIT_MEMORY_FAULT for a range that wraps: 0xfffffffffffff000 + "
      "0x2000" },
    { "a range that is not aligned stops the VM",
      "exit = memory-fault shared 0x44000800 0x1000",
      "KVM_EXIT_MEMORY_FAULT for a range that is no multiple of 4 KiB: "
      "0x44000800 + 0x1000" },
    { "a size that is not aligned stops the VM",
      "exit = memory-fault private 0x44000000 0x1001",
      "KVM_EXIT_MEMORY_FAULT for a range that is no multiple of 4 KiB: "
      "0x44000000 + 0x1001" },
    { "attributes that cannot be changed stop the VM",
      "exit = memory-fault shared 0x44000000 0x1000\n"
      "fail = TELL@ENOMEM",     /* the one of the conversion */
      "cannot make [0x44000000, 0x44001000) shared for the Realm: Cannot "
      "allocate memory" },
    { "private memory that cannot be dropped stops the VM",
      "exit = memory-fault shared 0x44000000 0x1000\n"
      "fail = GMEM_PUNCH@EIO",
      "cannot make [0x44000000, 0x44001000) shared for the Realm: "
      "Input/output error" },
    { "an RMM error of KVM_RUN stops the VM", "exit = errno ENXIO",
      "rme-guest 'rme0': vCPU 0 cannot go on: KVM_RUN: No such device or "
      "address (the RMM does not enter the Realm: the guest used memory that "
      "it does not have, or that was taken from it)" },
    { "what the guest may not ask for stops the VM", "exit = errno EINVAL",
      "rme-guest 'rme0': vCPU 0 cannot go on: KVM_RUN: Invalid argument (the "
      "guest used the private address of a device or of its memory, or asked "
      "for RAM in the shared half of its addresses; or the Realm is not active "
      "any more)" },
    { "a fault without an exit stops the VM", "exit = errno EFAULT",
      "rme-guest 'rme0': vCPU 0 cannot go on: KVM_RUN: Bad address (the host "
      "has no memory behind a shared address that the guest used: see whether "
      "the file that it is in was truncated)" },
    { "a vCPU that may not run stops the VM", "exit = errno EPERM",
      "rme-guest 'rme0': vCPU 0 cannot go on: KVM_RUN: Operation not permitted "
      "(KVM lets this vCPU into no Realm: its REC is not complete, " },
    { "a host without memory for tables stops the VM", "exit = errno ENOMEM",
      "KVM_RUN: Cannot allocate memory (the host has no memory left for the "
      "page tables of the Realm)" },
    { "a vCPU that is not initialised stops the VM", "exit = errno ENOEXEC",
      "KVM_RUN: Exec format error (the vCPU was not initialised)" },
    { "a VM without a GIC stops", "exit = errno EOPNOTSUPP",
      "KVM_RUN: Operation not supported (the VM has no interrupt controller in "
      "the kernel)" },
    { "a VM without a GIC that is ready stops", "exit = errno EBUSY",
      "KVM_RUN: Device or resource busy (the interrupt controller in the kernel "
      "was not initialised)" },
    { "the same on later kernels", "exit = errno ENODEV",
      "KVM_RUN: No such device (the interrupt controller in the kernel was not "
      "initialised)" },
    { "an error of the RMM stops the VM", "exit = errno EIO",
      "KVM_RUN: Input/output error (the RMM or the kernel is broken, see the "
      "kernel's log)" },
    { "an error that no kernel has stops the VM", "exit = errno E2BIG",
      "KVM_RUN: Argument list too long (see the kernel's log)\n" },
    { "an internal error stops the VM", "exit = internal-error 1",
      "KVM internal error. Suberror: 1" },
    { "flags that are not known stop the VM",
      "exit = memory-fault 0x10 0x44000000 0x1000",
      "KVM_EXIT_MEMORY_FAULT with unknown flags 0x10" },
    { "flags that are not known stop the VM although others are",
      "exit = memory-fault 0x8000000000000008 0x44000000 0x1000",
      "KVM_EXIT_MEMORY_FAULT with unknown flags 0x8000000000000008" },
    { "an exit reason that is not known stops the VM", "exit = reason 250",
      "rme-guest 'rme0': vCPU 0 left with exit reason 250, which a Realm does "
      "not have" },
    { "an abort that KVM should have answered stops the VM",
      "exit = reason 28",                           /* KVM_EXIT_ARM_NISV */
      "rme-guest 'rme0': vCPU 0 left with exit reason 28, which a Realm does "
      "not have" },
    { "a failed entry stops the VM", "exit = reason 9",
      "rme-guest 'rme0': vCPU 0 left with exit reason 9, which a Realm does "
      "not have" },
    { "a system event of other guests stops the VM",
      "exit = system-event suspend",
      "rme-guest 'rme0': vCPU 0 left with system event 5, which a Realm does "
      "not have" },
    { "a Realm that is off without a word stops the VM", "exit = shutdown",
      "rme-guest 'rme0': all vCPUs have left the Realm, and none with a "
      "power-off or a reset: the RMM stopped it" },
    { "a Realm that is off without a word stops the VM on series v8",
      "exit = reason 0",
      "rme-guest 'rme0': all vCPUs have left the Realm, and none with a "
      "power-off or a reset: the RMM stopped it" },
    { "a hypercall that cannot be answered stops the VM",
      "exit = hypercall 0xc6000000\nfail = SET_ONE_REG#10@EIO",
      "rme-guest 'rme0': KVM_SET_ONE_REG(x0) = 0xffffffffffffffff on vCPU 0: "
      "Input/output error" },
};

/* QEMU must stay, so that management can look and say what it does next */
static void test_bad(const void *data)
{
    const Bad *t = data;
    const ContractGeneration *g = contract_generation();
    g_autofree char *tell = g_strdup_printf("%s#%d@", g->tell ?: "",
                                            g->from_start ? 1 : 2);
    g_auto(GStrv) parts = g_strsplit(t->exits, "TELL@", -1);
    g_autofree char *conf = g_strjoinv(tell, parts);
    g_autofree char *regs = NULL;
    g_autoptr(Contract) c = NULL;

    if (parts[0] && parts[1] && !g->tell) {
        g_test_skip("KVM is told nothing");
        return;
    }
    c = contract_start(&(ContractArgs) { .conf = conf });
    contract_expect_state(c, "internal-error");
    contract_check(strstr(contract_stderr(c), t->message),
                   "stderr '%s' should have '%s'", contract_stderr(c),
                   t->message);
    regs = contract_hmp(c, "info registers");
    contract_check(strstr(regs, "registers are not available"), "%s", regs);
    contract_quit(c);
}

typedef struct End {
    const char *name;
    const char *exits;
    const char *reason;
    const char *more;
} End;

static const End ends[] = {
    { "power-off ends QEMU as a shutdown of the guest",
      "exit = system-event shutdown", "guest-shutdown" },
    { "reset ends QEMU as a reset of the guest",
      "exit = system-event reset", "guest-reset" },
    { "power-off of four vCPUs is still a shutdown of the guest",
      "exit = system-event shutdown", "guest-shutdown", "-smp 4" },
    { "reset of four vCPUs is still a reset of the guest",
      "exit = system-event reset", "guest-reset", "-smp 4" },
    { "power-off is the same on series v7",
      "personality = v7\nexit = system-event shutdown", "guest-shutdown",
      "-smp 2" },
};

static void expect_shutdown(Contract *c, const char *reason, bool guest)
{
    QDict *event = contract_event(c, "SHUTDOWN");
    QDict *data = event ? qdict_get_qdict(event, "data") : NULL;

    if (data) {
        contract_equal("cause", qdict_get_str(data, "reason"), reason);
        contract_check(qdict_get_bool(data, "guest") == guest, "guest: %d",
                       !guest);
    }
    qobject_unref(event);
}

static void test_end(const void *data)
{
    const End *t = data;
    g_autofree char *more = g_strconcat("-S ", t->more, NULL);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = t->exits, .object = ",reboot=exit", .more = more,
    });

    contract_send(c, "{\"execute\": \"cont\"}");
    expect_shutdown(c, t->reason, true);
    contract_wait(c);
    contract_check(contract_status(c) == 0, "wait status 0x%x: %s",
                   contract_status(c), contract_stderr(c));
    if (g_str_equal(t->reason, "guest-shutdown")) {
        contract_expect_silence(c);
    }
    contract_expect_no_complaints(c);
}

/*
 * What is off stays off: neither cont nor reset may touch the Realm. The report
 * has nothing new, whether it is a launch, a conversion or a vCPU that runs.
 */
static void test_no_shutdown(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = "exit = system-event shutdown\n"
                "exit = memory-fault shared " RAM_64M,
        .object = ",reboot=exit", .more = "-S -no-shutdown",
    });
    unsigned before, after;
    QDict *rsp;

    contract_qmp_ok(c, "cont");
    expect_shutdown(c, "guest-shutdown", true);
    contract_expect_state(c, "shutdown");
    before = qlist_size(qdict_get_qlist(contract_report(c), "calls"));
    rsp = contract_qmp(c, "{'execute': 'cont'}");
    contract_check(rsp && qdict_haskey(rsp, "error"),
                   "cont of what is off is no error");
    qobject_unref(rsp);
    contract_qmp_ok(c, "stop");
    contract_expect_state(c, "shutdown");
    after = qlist_size(qdict_get_qlist(contract_report(c), "calls"));
    contract_check(after == before, "%u calls after the end of the Realm",
                   after - before);
    contract_qmp_ok(c, "system_reset");
    contract_expect_state(c, "shutdown");
    contract_quit(c);
    contract_check(contract_count(c, "REALM_ACTIVATE") == 1 &&
                   contract_count(c, "FIRST_RUN") == 1 &&
                   !contract_count(c, "EXIT_MEMORY_FAULT"),
                   "the Realm was launched again");
    contract_expect_no_complaints(c);
}

/*
 * The other vCPUs leave, too, and must not make a reset of the power-off.
 * Returns how many left: QEMU stops some before they come to it.
 */
static unsigned other_vcpus(void)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = "exit = memory-fault shared " RAM_64M "\n"
                "exit = memory-fault private " RAM_64M "\n"
                "exit = system-event shutdown",
        .more = "-S -no-shutdown -smp 4",
    });
    QDict *event;

    contract_qmp_ok(c, "cont");
    expect_shutdown(c, "guest-shutdown", true);
    contract_expect_state(c, "shutdown");
    event = contract_pending_event(c, "SHUTDOWN");
    contract_check(!event, "a second SHUTDOWN event");
    qobject_unref(event);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_no_complaints(c);
    return contract_count(c, "EXIT");
}

static void test_other_vcpus(const void *data)
{
    unsigned tries = 10, left = 0;

    while (!left && tries--) {
        left = other_vcpus();
    }
    contract_check(left, "no other vCPU left in ten tries");
}

/* A guest's panic is reported, the vCPU's registers are not */
static void test_crash(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = "exit = system-event crash", .more = "-S -no-shutdown",
    });
    QDict *event;

    contract_qmp_ok(c, "cont");
    event = contract_event(c, "GUEST_PANICKED");
    contract_check(event, "no event");
    qobject_unref(event);
    contract_quit(c);
    contract_expect_no_complaints(c);
}

static void test_reset_by_monitor(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .object = ",reboot=exit",
    });

    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_send(c, "{\"execute\": \"system_reset\"}");
    expect_shutdown(c, "host-qmp-system-reset", false);
    contract_wait(c);
    contract_check(contract_status(c) == 0, "wait status 0x%x: %s",
                   contract_status(c), contract_stderr(c));
    contract_check(contract_count(c, "REALM_ACTIVATE") == 1,
                   "activated again");
    contract_expect_no_complaints(c);
}

static void test_stop_and_cont(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { NULL });
    g_autofree char *steps = NULL, *again = NULL;

    contract_wait_calls(c, "FIRST_RUN", 1);
    steps = contract_steps(c);
    for (int i = 0; i < 3; i++) {
        contract_qmp_ok(c, "stop");
        contract_expect_state(c, "paused");
        contract_qmp_ok(c, "cont");
        contract_expect_state(c, "running");
    }
    contract_quit(c);
    again = contract_steps(c);
    contract_equal("steps", again, steps);
    contract_expect_active(c);
}

static void test_registers(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .more = "-S",
    });
    g_autofree char *text = contract_hmp(c, "info registers");

    contract_check(strstr(text, "X00=") != NULL, "before the launch: %s",
                   text);
    contract_qmp_ok(c, "cont");
    g_free(text);
    text = contract_hmp(c, "info registers");
    contract_check(strstr(text, " registers are not available: the vCPU of an "
                          "Arm CCA Realm is out of the host's reach") &&
                   !strstr(text, "X00="), "after the launch: %s", text);
    contract_quit(c);
    contract_expect_active(c);
}

#define UART_FLAGS 0x90             /* both of its FIFOs are empty */

static void test_mmio(const void *data)
{
    const char *out = contract_file("uart", "", 0);
    g_autofree char *more = g_strdup_printf("-serial file:%s", out);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = "exit = mmio-read 0x9000018 4\n"      /* flags of the UART */
                "exit = mmio-write 0x9000000 4 0x41\n"
                "exit = mmio-write 0x9000000 1 0x142\n"
                "exit = mmio-write 0x9000024 2 0x10007\n"
                "exit = mmio-read 0x9000024 4\n"      /* baud rate */
                "exit = mmio-read 0x9000fe0 1\n"      /* the PL011's number */
                "exit = mmio-read 0x8000000000 8",    /* nothing is there */
        .more = more,
    });
    g_autofree char *text = NULL;

    contract_wait_calls(c, "MMIO_READ_RESULT", 4);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    contract_expect_read(c, 0x9000018, UART_FLAGS);
    contract_expect_read(c, 0x9000024, 7);
    contract_expect_read(c, 0x9000fe0, 0x11);
    contract_expect_read(c, 0x8000000000, UINT64_MAX);
    contract_check(g_file_get_contents(out, &text, NULL, NULL),
                   "no output of the UART");
    contract_equal("output of the UART", text, "AB");
}

/* Nobody asked for the guest's calls, so nobody serves them */
static void test_hypercall(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = "exit = hypercall 0xc6000000",
    });
    QDict *report;
    QList *calls;
    const QListEntry *entry;
    bool found = false;

    contract_wait_calls(c, "EXIT_DONE", 1);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
    report = contract_report(c);
    calls = report ? qdict_get_qlist(report, "calls") : qlist_new();
    QLIST_FOREACH_ENTRY(calls, entry) {
        QDict *call = qobject_to(QDict, qlist_entry_obj(entry));
        const QNum *x0 = qobject_to(QNum, qdict_get(call, "x0"));
        uint64_t value;

        if (!g_strcmp0(qdict_get_try_str(call, "call"), "EXIT_DONE")) {
            found = true;
            contract_check(x0 && qnum_get_try_uint(x0, &value) &&
                           value == UINT64_MAX, "x0 is not -1");
        }
    }
    contract_check(found, "no answer");
}

#define STATE_CHANGE "ram_block_attributes_state_change"

/* Those who ask the RAM block and not us have the same answer */
static void test_attributes(const void *data)
{
    const char *log = contract_file("attributes", "", 0);
    g_autofree char *more = g_strdup_printf("-trace " STATE_CHANGE " -D %s", log);
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = "exit = memory-fault shared 0x44000000 0x1000\n"
                "exit = memory-fault shared 0x44003000 0x1000\n"
                "exit = memory-fault private 0x44000000 0x4000\n"
                "exit = memory-fault shared 0x44010000 0x2000",
        .more = more,
    });
    static const char *const changes[] = {
        "0x4000000 size 0x1000 from 'discarded' to 'populated'",
        "0x4003000 size 0x1000 from 'discarded' to 'populated'",
        "0x4000000 size 0x4000 from 'mixture' to 'discarded'",
        "0x4010000 size 0x2000 from 'discarded' to 'populated'",
        "0x0 size 0x10000000 from 'mixture' to 'discarded'",    /* the reset */
    };
    g_autofree char *text = NULL;
    const char *at;

    contract_wait_calls(c, "EXIT_DONE", 4);
    contract_qmp_ok(c, "system_reset");
    contract_wait_calls(c, "FIRST_RUN", 2);
    contract_quit(c);
    if (strstr(contract_stderr(c), "'" STATE_CHANGE "' does not exist")) {
        g_test_skip("this base has no RamBlockAttributes");
        return;
    }
    contract_expect_no_complaints(c);
    contract_check(g_file_get_contents(log, &text, NULL, NULL), "no log");
    at = text ?: "";
    for (int i = 0; i < ARRAY_SIZE(changes); i++) {
        at = strstr(at, changes[i]);
        contract_check(at, "no, or not in time, '%s': %s", changes[i], text);
        if (!at) {
            return;
        }
    }
}

static void add_tests(void)
{
    contract_add_each("exit", "a hypercall is not supported", test_hypercall, NULL);

    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        contract_add_each("exit", bad[i].name, test_bad, &bad[i]);
    }
    contract_add_each("exit", "the monitor cannot reset a Realm",
                 test_reset_by_monitor, NULL);
    for (int i = 0; i < ARRAY_SIZE(conversions); i++) {
        contract_add_each("exit", conversions[i].name, test_conversion,
                     &conversions[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(ends); i++) {
        contract_add_conf("exit", ends[i].name, ends[i].exits, test_end,
                          &ends[i]);
    }
    contract_add_each("exit", "with -no-shutdown QEMU stays when the Realm is off",
                 test_no_shutdown, NULL);
    /* In B they sleep */
    contract_add("exit", "the exits of other vCPUs change nothing",
                 test_other_vcpus, NULL);
    contract_add_each("exit", "a panic of the guest is an event", test_crash, NULL);
    contract_add_each("exit", "stop and cont do not launch again",
                 test_stop_and_cont, NULL);
    contract_add_each("exit", "registers are out of reach once the Realm runs",
                 test_registers, NULL);
    contract_add_each("exit", "devices are reached by MMIO", test_mmio, NULL);
    contract_add_each("exit", "the attributes of RAM blocks are told what is shared",
                 test_attributes, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
