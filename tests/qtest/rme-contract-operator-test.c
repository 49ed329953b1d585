/*
 * Contract tests: an operator who does anything at any time
 *
 * Commands in random order, on Realms that run, fail or end.  After each of
 * them QEMU answers, or it has ended in a way that the last one explains.
 *
 * QTEST_CCA_SEED is the seed of all of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "rme-contract-internal.h"

#define COMMANDS 14
#define HMP(line) "{\"execute\": \"human-monitor-command\", \"arguments\": " \
                  "{\"command-line\": \"" line "\"}}"
#define QMP(name) "{\"execute\": \"" name "\"}"
#define QMP_ARGS(name, args) "{\"execute\": \"" name "\", \"arguments\": {" \
                             args "}}"

#define REFUSED 1           /* at any time */
#define REFUSED_LATER 2     /* once the Realm was launched */
#define STARTS 4
#define RESETS 8
#define QUITS 16

typedef struct Command {
    const char *text;
    unsigned flags;
    unsigned weight;
} Command;

static const Command commands[] = {
    { QMP("cont"), STARTS, 6 },
    { QMP("stop"), 0, 6 },
    { QMP("system_reset"), RESETS, 2 },
    { QMP("system_powerdown"), 0, 2 },
    { QMP("quit"), QUITS, 1 },
    { QMP_ARGS("device_add", "\"driver\": \"virtio-rng-pci\", \"bus\": "
               "\"rp0\", \"id\": \"rng\""), 0, 3 },
    { QMP_ARGS("device_del", "\"id\": \"rng\""), 0, 3 },
    { QMP_ARGS("device_add", "\"driver\": \"virtio-balloon-pci\", \"bus\": "
               "\"rp0\""), REFUSED, 1 },
    { QMP_ARGS("object-add", "\"qom-type\": \"rme-guest\", \"id\": \"rme1\""),
      REFUSED, 2 },
    { QMP_ARGS("object-del", "\"id\": \"rme0\""), REFUSED, 2 },
    { QMP_ARGS("migrate", "\"uri\": \"exec:cat>/dev/null\""), REFUSED, 2 },
    { QMP_ARGS("pmemsave", "\"val\": 1073741824, \"size\": 4096, "
               "\"filename\": \"/dev/null\""), REFUSED_LATER, 2 },
    { QMP_ARGS("memsave", "\"val\": 0, \"size\": 16, "
               "\"filename\": \"/dev/null\""), REFUSED_LATER, 2 },
    { QMP_ARGS("dump-guest-memory", "\"paging\": false, \"protocol\": "
               "\"file:/dev/null\""), REFUSED_LATER, 2 },
    { QMP_ARGS("screendump", "\"filename\": \"/dev/null\""), 0, 2 },
    { QMP("inject-nmi"), REFUSED, 1 },
    { QMP("system_wakeup"), REFUSED, 1 },
    { QMP("query-cca"), 0, 4 },
    { QMP("query-cca-capabilities"), 0, 1 },
    { QMP("query-cpus-fast"), 0, 2 },
    { QMP("query-memory-devices"), 0, 1 },
    { QMP("query-pci"), 0, 1 },
    { QMP("query-migrate"), 0, 1 },
    { HMP("info cca"), 0, 2 },
    { HMP("info registers -a"), 0, 2 },
    { HMP("info mtree -f"), 0, 1 },
    { HMP("info qtree"), 0, 1 },
    { HMP("info cpus"), 0, 1 },
    { HMP("x/4x 0x40000000"), 0, 1 },
    { HMP("xp/4x 0x40000000"), 0, 2 },
    { HMP("gva2gpa 0x40000000"), 0, 1 },
    { HMP("savevm x"), 0, 1 },
    { HMP("gdbserver tcp::0"), 0, 1 },
    { HMP("nmi"), 0, 1 },
};

typedef struct Stage {
    const char *name;
    const char *conf;
    const char *more;
    bool ends;              /* QEMU, once the Realm was launched */
    int status;             /* then */
} Stage;

#define LOAD "exit = memory-fault shared 0x44000000+0x1000%0x8000000 0x3000\n" \
             "exit = touch shared 0x44000000+0x1000%0x8000000 0x3000\n" \
             "exit = memory-fault private 0x44000000+0x1000%0x8000000 0x3000\n"

static const Stage stages[] = {
    { "a Realm that is well", NULL, "" },
    { "a Realm under load", "list-calls = no\nexit-rounds = 1000000\n" LOAD,
      "" },
    { "a launch that fails", "fail = REALM_ACTIVATE@EIO", "", true, 1 },
    { "a run that fails", "exit = errno ENXIO", "" },
    { "a conversion that fails", "exit = memory-fault shared 0x44000000 "
      "0x1000\nfail = GMEM_PUNCH@EIO", "" },
    { "a Realm that is off", "exit = system-event shutdown", "-no-shutdown" },
    { "a Realm that ends", "exit = system-event shutdown", "", true },
    { "a Realm that wants a reset", "exit = system-event reset",
      "-no-shutdown" },
};

static unsigned sequences, sent;

static unsigned seed(void)
{
    const char *text = getenv("QTEST_CCA_SEED");

    return text ? atoi(text) : 1;
}

static const Command *choose(GRand *rand)
{
    unsigned sum = 0, at;

    for (int i = 0; i < ARRAY_SIZE(commands); i++) {
        sum += commands[i].weight;
    }
    at = g_rand_int_range(rand, 0, sum);
    for (int i = 0; ; i++) {
        if (at < commands[i].weight) {
            return &commands[i];
        }
        at -= commands[i].weight;
    }
}

typedef struct Sequence {
    Contract *c;
    const Stage *stage;
    GString *log;           /* of what was done */
    bool launched;
    bool may_end;
    unsigned resets;
} Sequence;

/* Returns false once QEMU has ended */
static bool do_command(Sequence *s, const Command *cmd)
{
    bool error;
    QDict *rsp;

    g_string_append_printf(s->log, "\n    %s", cmd->text);
    sent++;
    s->launched |= cmd->flags & STARTS;
    s->resets += !!(cmd->flags & RESETS);
    s->may_end |= cmd->flags & QUITS || (s->launched && s->stage->ends);
    rsp = contract_ask(s->c, cmd->text);
    if (!rsp) {
        return false;
    }
    error = qdict_haskey(rsp, "error");
    contract_check(error || !(cmd->flags & REFUSED ||
                              (s->launched && cmd->flags & REFUSED_LATER)),
                   "not refused:%s", s->log->str);
    qobject_unref(rsp);
    return true;
}

static void judge_end(Sequence *s)
{
    int status;

    contract_wait(s->c);
    status = contract_status(s->c);
    contract_check(s->may_end, "ended by itself:%s\n%s", s->log->str,
                   contract_stderr(s->c));
    /* quit may be faster than what ends it otherwise */
    contract_check(WIFEXITED(status) &&
                   (WEXITSTATUS(status) == 0 ||
                    (s->launched && WEXITSTATUS(status) == s->stage->status)),
                   "wait status 0x%x:%s\n%s", status, s->log->str,
                   contract_stderr(s->c));
}

static void test_sequence(const Stage *stage, GRand *rand)
{
    Sequence s = { .stage = stage, .log = g_string_new(NULL) };
    g_autofree char *more = g_strconcat(
        "-S -smp 2 -device pcie-root-port,id=rp0 "
        "-device virtio-gpu-pci ", stage->more, NULL);
    bool alive = true;

    sequences++;
    s.c = contract_start(&(ContractArgs) {
        .conf = stage->conf, .more = more,
    });
    for (int i = 0; i < COMMANDS && alive; i++) {
        alive = do_command(&s, choose(rand));
    }
    if (alive) {
        const Command last = { QMP("quit"), QUITS };

        do_command(&s, &last);
    }
    judge_end(&s);
    contract_expect_no_complaints(s.c);
    /* A reset by the guest is one more */
    contract_check(contract_count(s.c, "REALM_ACTIVATE") <= 2 + s.resets,
                   "launched %u times:%s",
                   contract_count(s.c, "REALM_ACTIVATE"), s.log->str);
    contract_free(s.c);
    g_string_free(s.log, true);
}

/* 40 sequences in CI, 400 of everything */
static void test_stage(const void *data)
{
    static const unsigned counts[] = { 1, 1, 5, 50 };
    const Stage *stage = data;
    GRand *rand = g_rand_new_with_seed(seed() * 100 + (stage - stages));

    contract_limit_cpu(600);
    g_test_message("seed %u", seed());
    for (unsigned i = 0; i < counts[contract_level()]; i++) {
        test_sequence(stage, rand);
    }
    g_rand_free(rand);
}

static void test_summary(const void *data)
{
    g_test_message("summary: operator sequences: %u (seed %u), commands: %u",
                   sequences, seed(), sent);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(stages); i++) {
        g_autofree char *name = g_strconcat("any commands in any order on ",
                                            stages[i].name, NULL);

        contract_add("operator", name, test_stage, &stages[i]);
    }
    contract_add("operator", "the summary", test_summary, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}
