/*
 * Contract tests: Realms one after the other and at once, and what is left
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "rme-contract-internal.h"

#define SHARE "exit = memory-fault shared 0x44000000 0x100000\n" \
              "exit = touch shared 0x44000000 0x100000\n" \
              "exit = memory-fault private 0x44000000 0x100000\n"
/* The allocator's own; a descriptor or a VM has no such margin */
#define BOUND_KIB 4096

static unsigned one_by_one, at_once, queries;

/* Whatever QEMU leaves behind has a name in one of these */
static unsigned files_left(void)
{
    static const char *const dirs[] = { "/dev/shm", "/tmp", "/var/tmp" };
    unsigned n = 0;

    for (int i = 0; i < ARRAY_SIZE(dirs); i++) {
        g_autoptr(GDir) dir = g_dir_open(dirs[i], 0, NULL);

        while (dir && g_dir_read_name(dir)) {
            n++;
        }
    }
    return n;
}

static int64_t open_vms(Contract *c)
{
    return qdict_get_try_int(contract_report(c), "open-vms", -1);
}

static Contract *start(void)
{
    return contract_start(&(ContractArgs) {
        .conf = "mec = present\nmec-count = 4\n" SHARE,
        .object = ",mec-policy=private,measurement-log=on", .more = "-smp 2",
    });
}

/* quit is the end: no vCPU and no memory of QEMU's own survives it */
static void judge(Contract *c)
{
    contract_expect_silence(c);
    contract_expect_active(c);
    contract_check(open_vms(c) == 1, "%" PRId64 " VMs are open", open_vms(c));
}

static void test_sequence(const void *data)
{
    static const unsigned counts[] = { 2, 4, 25, 500 };
    unsigned before = files_left(), fds = 0, n = counts[contract_level()];

    for (unsigned i = 0; i < n; i++) {
        g_autoptr(Contract) c = start();
        unsigned is;

        contract_wait_calls(c, "MILESTONE", 1);
        is = contract_open_files(c);
        fds = fds ?: is;
        contract_check(is == fds, "%u files are open, at first %u", is, fds);
        contract_quit(c);
        judge(c);
        one_by_one++;
    }
    contract_check(files_left() == before, "%u files are left, before %u",
                   files_left(), before);
    g_test_message("summary: Realms one after the other: %u, each with %u open "
                   "files; files left: %d", one_by_one, fds,
                   (int)(files_left() - before));
}

static void test_at_once(const void *data)
{
    static const unsigned counts[] = { 2, 2, 5, 20 };
    unsigned before = files_left(), n = counts[contract_level()];
    g_autofree Contract **c = g_new(Contract *, n);

    for (unsigned i = 0; i < n; i++) {
        c[i] = start();
    }
    for (unsigned i = 0; i < n; i++) {
        contract_wait_calls(c[i], "MILESTONE", 1);
        contract_expect_state(c[i], "running");
    }
    for (unsigned i = 0; i < n; i++) {
        contract_quit(c[i]);
        judge(c[i]);
        contract_free(c[i]);
        at_once++;
    }
    contract_check(files_left() == before, "%u files are left, before %u",
                   files_left(), before);
    g_test_message("summary: Realms at once: %u; files left: %d", at_once,
                   (int)(files_left() - before));
}

static int64_t rss_anon(Contract *c)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", c->pid);
    g_autofree char *text = NULL;
    const char *line = NULL;

    if (g_file_get_contents(path, &text, NULL, NULL)) {
        line = strstr(text, "\nRssAnon:");
    }
    contract_check(line, "no RssAnon in %s", path);
    return line ? atol(line + strlen("\nRssAnon:")) : 0;
}

/* Each of them makes a dozen throw-away Realms, with MECIDs of their own */
static void test_queries(const void *data)
{
    static const unsigned counts[] = { 2, 3, 10, 30 };
    g_autoptr(Contract) c = start();
    unsigned fds, n = counts[contract_level()];
    int64_t anon;

    contract_wait_calls(c, "MILESTONE", 1);
    contract_qmp_ok(c, "query-cca-capabilities");
    fds = contract_open_files(c);
    anon = rss_anon(c);
    for (unsigned i = 0; i < n; i++) {
        contract_qmp_ok(c, "query-cca-capabilities");
        contract_qmp_ok(c, "query-cca");
        contract_qmp_ok(c, "stop");
        contract_qmp_ok(c, "cont");
        queries++;
    }
    contract_check(contract_open_files(c) == fds, "%u files, before %u",
                   contract_open_files(c), fds);
    /* The simulator keeps a line for each VM */
    anon = rss_anon(c) - anon;
    contract_check(anon < BOUND_KIB, "RssAnon grew by %" PRId64 " KiB", anon);
    contract_quit(c);
    judge(c);
    g_test_message("summary: queries of capabilities by one QEMU: %u, RssAnon "
                   "%+" PRId64 " KiB", queries, anon);
}

static void add_tests(void)
{
    contract_add("soak", "Realms one after the other leave nothing",
                 test_sequence, NULL);
    contract_add("soak", "Realms at once leave nothing", test_at_once, NULL);
    contract_add("soak", "queries leave nothing", test_queries, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
