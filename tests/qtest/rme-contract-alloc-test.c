/*
 * Contract tests: a launch that runs out of memory
 *
 * Every allocation and every mapping of a MiB or more fails, one at a time.
 * There are three good ends: the same Realm all the same, one line and status
 * 1, or the abort of GLib or of a coroutine, which the summary counts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "rme-contract.h"

#define CPU_LIMIT 20
#define IMAGE (3 * MiB)

typedef struct Machine {
    const char *name;
    bool firmware;          /* else kernel and initrd */
    const char *memory;
    const char *more;
} Machine;

/* The tables of 256 GiB are more than a MiB */
static const Machine machines[] = {
    { "a kernel and an initrd", false, "256M", "" },
    { "firmware", true, "256M", "" },
    { "256 GiB of RAM", false, "256G", "-object memory-backend-ram,id=m0,"
      "size=256G,reserve=off -machine memory-backend=m0" },
};

static unsigned injected, survived, refused, aborted;

static char *images(const Machine *m)
{
    g_autofree uint8_t *data = contract_pattern(IMAGE, 7);
    const char *image = contract_file("image", data, IMAGE);

    return m->firmware ? g_strdup_printf("-bios %s", image)
                       : g_strdup_printf("-kernel %s -initrd %s", image, image);
}

static Contract *launch(const Machine *m, const char *fail, bool *runs)
{
    g_autofree char *files = images(m);
    g_autofree char *more = g_strjoin(" ", files, m->more, NULL);
    Contract *c = contract_try(&(ContractArgs) {
        .conf = fail, .memory = m->memory, .more = more, .no_kernel = true,
    }, runs);

    contract_end(c);
    return c;
}

/*
 * g_malloc() says it and raises SIGTRAP: here the buffer of the device tree,
 * which is always a MiB. A coroutine without a stack is an abort().
 */
static bool is_abort(Contract *c)
{
    int status = contract_status(c);
    const char *text = contract_stderr(c);

    /* The second is the bitmap of a block's attributes, from 10.1 on */
    return WIFSIGNALED(status) &&
           (WTERMSIG(status) == SIGTRAP ?
                strstr(text, "failed to allocate 1048576 bytes") ||
                strstr(text, "failed to allocate 8388608 bytes") :
                WTERMSIG(status) == SIGABRT &&
                strstr(text, "failed to allocate memory for stack"));
}

/* Of two lines: hw/core/loader.c has said what its caller does not know */
static char *refusal(Contract *c)
{
    const char *text = contract_stderr(c);
    const char *end = strchr(text, '\n');

    if (g_str_has_prefix(text, "rom: file ") && end &&
        g_strstr_len(text, end - text, "Could not allocate")) {
        return g_strdup(end + 1);
    }
    return contract_error_line(c);
}

static void try_fault(const Machine *m, const char *call, unsigned nth,
                      const char *good_rim)
{
    g_autofree char *fail = g_strdup_printf("fail = %s#%u@ENOMEM", call, nth);
    g_autoptr(Contract) c = NULL;
    g_autofree char *line = NULL;
    bool runs;
    int status;

    c = launch(m, fail, &runs);
    status = contract_status(c);
    injected++;
    if (runs) {
        g_autofree char *is = contract_rim(c);

        survived++;
        contract_check(!g_strcmp0(is, good_rim),
                       "%s: another Realm, without a word", fail);
    } else if (is_abort(c)) {
        aborted++;
    } else {
        refused++;
        line = refusal(c);
        contract_check(WIFEXITED(status) && WEXITSTATUS(status) == 1 && line,
                       "%s: wait status 0x%x: '%s'", fail, status,
                       contract_stderr(c));
        g_test_message("%s: %s", fail, line);
    }
    contract_expect_no_complaints(c);
}

static void test_machine(const void *data)
{
    static const char *const calls[] = { "LARGE_ALLOC", "LARGE_MMAP" };
    const Machine *m = data;
    g_autofree char *good_rim = NULL;
    g_autoptr(Contract) c = NULL;
    QDict *points;
    bool runs;

    contract_limit_cpu(CPU_LIMIT);
    c = launch(m, "", &runs);
    contract_expect_silence(c);
    contract_expect_active(c);
    good_rim = contract_rim(c);
    points = qdict_get_qdict(contract_report(c), "fail-points");
    if (!contract_check(runs && good_rim && points, "no good launch: '%s'",
                        contract_stderr(c))) {
        return;
    }
    for (int i = 0; i < ARRAY_SIZE(calls); i++) {
        int64_t n = qdict_get_try_int(points, calls[i], 0);

        contract_check(n > 0 && n < 100, "%" PRId64 " x %s", n, calls[i]);
        for (int64_t nth = 1; nth <= n; nth++) {
            try_fault(m, calls[i], nth, good_rim);
        }
    }
}

static void test_summary(const void *data)
{
    g_test_message("summary: large allocations that fail: %u, survived: %u, "
                   "refused with one line: %u, QEMU's own abort: %u",
                   injected, survived, refused, aborted);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(machines); i++) {
        g_autofree char *name = g_strconcat("no memory for ", machines[i].name,
                                            NULL);

        /* These take long where memory is written first */
        if (contract_level() == CONTRACT_ALL) {
            contract_add_each("alloc", name, test_machine, &machines[i]);
        } else {
            contract_add("alloc", name, test_machine, &machines[i]);
        }
    }
    contract_add("alloc", "the summary", test_summary, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
