/*
 * Contract tests: QEMU on a simulated host with Arm CCA
 *
 * QTEST_QEMU_BINARY is an arm64 QEMU under a library that plays the KVM of a
 * CCA host (scripts/stages/50-contract makes it; QTEST_CCA_SIM says that it
 * is one, without it the tests are skipped). A test says what the host is
 * like, starts QEMU with -accel kvm, and reads what QEMU asked of the kernel
 * in the report of the simulator.
 *
 * Checks do not end a test: one failure must not hide the others.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_RME_CONTRACT_H
#define TESTS_QTEST_RME_CONTRACT_H

#include "qobject/qdict.h"

#define GUEST_RAM_BASE 0x40000000ULL

typedef struct Contract Contract;

/**
 * ContractArgs: how a QEMU is started; what is NULL is left out
 * @conf: settings of the simulated host, lines of `key = value'
 * @machine: more for -machine, with a comma in front
 * @object: more for -object rme-guest,id=rme0, with a comma in front
 * @cpu: more for -cpu host, with a comma in front
 * @memory: for -m, 256M if NULL
 * @no_kernel: leave out -kernel with an image of two pages
 * @no_accel: leave out -accel kvm
 * @more: further options
 */
typedef struct ContractArgs {
    const char *conf;
    const char *machine;
    const char *object;
    const char *cpu;
    const char *memory;
    const char *more;
    bool no_kernel;
    bool no_accel;
} ContractArgs;

/**
 * ContractGeneration: a generation of the kernel's interface
 * @name: in names of tests
 * @abi: setting of the simulated host
 * @kernel_abi: in queries, and of a dry run
 * @title: in messages
 * @implicit: the first populate creates, the first KVM_RUN activates; nothing
 *     can be chosen, and RIPAS is not the VMM's
 * @tell: the call that tells KVM what is private, NULL if there is none
 * @from_start: guest_memfd is private from the start, and a launch tells nothing
 * @waits: KVM comes back with a request until all of it is done, and no part of
 *     a hole can be
 * @sets_lpa2: the LPA2 flag depends on the host
 * @writes_first: what turns shared is written by the host, all of it
 * @has_pmu: vCPUs have a PMU that nobody asked for, with 6 event counters
 * @by_block: measures each block of RAM, in an order that is not known: there is
 *     no prediction of firmware, which is such a block, or of several backends
 */
typedef struct ContractGeneration {
    const char *name;
    const char *abi;
    const char *kernel_abi;
    const char *title;
    const char *tell;
    bool from_start;
    bool waits;
    bool implicit;
    bool sets_lpa2;
    bool writes_first;
    bool has_pmu;
    bool by_block;
} ContractGeneration;

#define CONTRACT_GENERATIONS 6
extern const ContractGeneration contract_generations[CONTRACT_GENERATIONS];

/*
 * The one that the current test is for, A if it says nothing. All hosts that a
 * test starts are of that one, unless the test's settings say otherwise.
 */
const ContractGeneration *contract_generation(void);

/* Reports a failure of the current test and goes on */
void contract_fail(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

/* Fails the current test unless @cond; returns @cond */
#define contract_check(cond, ...) \
    ((cond) ? true : (contract_fail(__VA_ARGS__), false))

bool contract_equal(const char *what, const char *is, const char *should_be);

/* Path (owned by the test) of a new file in the directory of the test */
const char *contract_file(const char *name, const void *data, size_t size);

/* @size bytes in which no two pages are equal */
uint8_t *contract_pattern(size_t size, unsigned seed);

/*
 * contract_start: start QEMU, go through the QMP handshake and wait until a
 * launch is over
 */
Contract *contract_start(const ContractArgs *args);

/* contract_start_launching: like it, but the launch goes on meanwhile */
Contract *contract_start_launching(const ContractArgs *args);

/* contract_start_options: like it, with these options and nothing else */
Contract *contract_start_options(const char *conf, const char *options);

/* contract_run: start QEMU, which must end by itself */
Contract *contract_run(const ContractArgs *args);

/* contract_run_options: like it, with these options and nothing else */
Contract *contract_run_options(const char *conf, const char *options);

/* The options of contract_start(), to be freed */
char *contract_options(const ContractArgs *args);

/* How a dry run ended, and what it printed */
typedef struct ContractDryRun {
    char *out, *err;
    int status;
} ContractDryRun;

/* The build for this machine, QTEST_DRY_RUN_BINARY */
const char *contract_native_qemu(void);

/* Run it with -nodefaults and @options, which ask for a dry run */
ContractDryRun *contract_dry_run(const char *binary, const char *options);
void contract_dry_run_free(ContractDryRun *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ContractDryRun, contract_dry_run_free)

/* The same of -object, for a dry run for the current generation; to be freed */
char *contract_dry_object(const char *object);

/* It must refuse @args as a launch does, which had @launch on stderr */
void contract_expect_dry_refusal(const ContractArgs *args, const char *binary,
                                 const char *launch);

/* It must have a measurement for @args */
void contract_expect_dry_success(const ContractArgs *args, const char *binary);

/*
 * Start QEMU, and wait until a vCPU runs (@runs) or QEMU has ended. It is not
 * talked to; contract_end() ends it.
 */
Contract *contract_try(const ContractArgs *args, bool *runs);
void contract_end(Contract *c);

/* Wait for the end of QEMU; a hang is a failure */
void contract_wait(Contract *c);

/* QMP quit; the exit status must be 0 */
void contract_quit(Contract *c);

/* Ends QEMU if it still runs */
void contract_free(Contract *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Contract, contract_free)

/* A QMP command whose answer is not waited for; JSON with double quotes */
void contract_send(Contract *c, const char *command);

/* What QMP answers, without events; NULL after a failure */
QDict *contract_qmp(Contract *c, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* The same, where NULL because QEMU ended is no failure; JSON as it is sent */
QDict *contract_ask(Contract *c, const char *command);

/* The same with a command that is complete; JSON with double quotes */
QDict *contract_qmp_json(Contract *c, const char *command);

/* Its "return" must be there; dropped */
void contract_qmp_ok(Contract *c, const char *command);

/* Text of an HMP command */
char *contract_hmp(Contract *c, const char *command);

/* Data of the next event @name, which may have come already; NULL: failure */
QDict *contract_event(Contract *c, const char *name);

/* The next event @name if it has come already, or NULL */
QDict *contract_pending_event(Contract *c, const char *name);

/* One SHUTDOWN event comes, with that @reason, and no second one */
void contract_expect_shutdown(Contract *c, const char *reason);

/* What query-status says, to be freed; NULL without an answer */
char *contract_run_state(Contract *c);
/* The run state must become @state */
void contract_expect_state(Contract *c, const char *state);

/* Wait until the report has @n calls of that name */
bool contract_wait_calls(Contract *c, const char *call, unsigned n);

/* The same for what may take an hour: the limit of CPU time is the other end */
bool contract_wait_long(Contract *c, const char *call, unsigned n);

/* How many files QEMU has open, without those of the simulator itself */
unsigned contract_open_files(Contract *c);

/* As waitpid() has it, once QEMU ended */
int contract_status(Contract *c);

/* stderr so far */
const char *contract_stderr(Contract *c);

/*
 * QEMU ended with status 1 and with one line on stderr, which ends with
 * @message. The line with which QEMU ends a failed -accel does not count.
 */
void contract_expect_error(Contract *c, const char *message);

/* The same where it is enough that @match(the line, @text) */
void contract_expect_error_like(Contract *c, const char *text,
                                bool (*match)(const char *, const char *));

/*
 * The one line on stderr that is no warning, without that of a failed -accel;
 * NULL if there is not just one
 */
char *contract_error_line(Contract *c);

/* One line of stderr ends with @message */
void contract_expect_warning(Contract *c, const char *message);

/* Nothing but, where it is due, the warning that the next function is about */
void contract_expect_silence(Contract *c);

/*
 * Have @options, of the current generation, a measurement that neither a launch
 * can know, which warns, nor a dry run, which refuses with the same words?
 */
#define CONTRACT_UNPREDICTABLE \
    "a kernel of generation B1 (host series v12) measures each block of RAM, in " \
    "an order that nobody else knows: the measurement of a Realm with firmware " \
    "or with several memory backends cannot be computed"
bool contract_is_unpredictable(const char *options);

/* The report; read again at each call while QEMU runs */
QDict *contract_report(Contract *c);

/*
 * The Realm that QEMU made out of the machine (not a scratch VM), the last one
 * if it was reset, or NULL; as the report, it is there until anything else of
 * the report is asked for.
 */
QDict *contract_realm(Contract *c);

/* Its measurement, to be freed; NULL if there is none */
char *contract_rim(Contract *c);

/* A number of /proc/PID/status of QEMU, "RssAnon" for example, in KiB */
int64_t contract_status_kib(Contract *c, const char *key);

/* How often KVM was asked for it, in whatever VM */
unsigned contract_count(Contract *c, const char *call);

/*
 * The steps of the launch in their order, without addresses that depend on
 * the size of the generated DTB: "HASH 1, CREATE, RIPAS 0x40000000+0x10000000,
 * POPULATE 0x40080000+0x2000, REC 0, ACTIVATE". A failing one has "=ERRNO".
 */
char *contract_steps(Contract *c);

/*
 * They must be those that generation A has in @should_be. Of the others nobody
 * sets a hash, and RIPAS is the kernel's, so that both are left out.
 */
void contract_expect_steps(Contract *c, const char *should_be);

typedef struct ContractRead {
    uint64_t gpa, data;
} ContractRead;

/* What the guest got by its MMIO reads, in their order; of ContractRead */
GArray *contract_mmio_reads(Contract *c);

/* The first read of @gpa got @data */
void contract_expect_read(Contract *c, uint64_t gpa, uint64_t data);

/* SHA-256 of what was populated at @addr, whose request must start there */
const char *contract_populated_sha256(Contract *c, uint64_t addr);

/* The Realm is active, the simulator has nothing to complain about */
void contract_expect_active(Contract *c);
void contract_expect_no_complaints(Contract *c);
/* ... but for those with the words @known, if not NULL */
void contract_expect_no_complaints_but(Contract *c, const char *known);

/* Nothing was tried on the way to a Realm but on throw-away VMs */
void contract_expect_no_realm(Contract *c);

/* How much is to be tested, as scripts/test has it */
typedef enum ContractLevel {
    CONTRACT_QUICK,
    CONTRACT_NORMAL,
    CONTRACT_FULL,
    CONTRACT_ALL,
} ContractLevel;

ContractLevel contract_level(void);

/* What a QEMU that is started from now on may use: more is a hang */
void contract_limit_cpu(unsigned seconds);

/* Shall a QEMU that this test starts from now on have its default devices? */
void contract_keep_defaults(bool keep);

typedef void ContractFunc(const void *data);

/*
 * What a test whose name is a sentence is called in a path, to be freed: small
 * letters, digits and the like, and dashes for everything in between
 */
char *contract_path(const char *name);

/*
 * A test whose name is a sentence. Its path is /rme-contract/@group/ and
 * contract_path(), and the sentence is its first message. Where QTEST_CCA_SAMPLE
 * is N, every Nth is taken.
 */
void contract_add(const char *group, const char *name, ContractFunc *func,
                  const void *data);

/*
 * The same for each generation: for A as above, for the others with their name
 * behind it. Where not everything is tested: for A and, every other test, for one
 * of the others.
 */
void contract_add_each(const char *group, const char *name, ContractFunc *func,
                       const void *data);

/* For each generation at any level: what the table of generations is made of */
void contract_add_every(const char *group, const char *name, ContractFunc *func,
                        const void *data);

/*
 * The same, unless @conf, which may be NULL, asks for a personality: these are
 * kernels of generation A, and the test is added for that one only.
 */
void contract_add_conf(const char *group, const char *name, const char *conf,
                       ContractFunc *func, const void *data);

int contract_main(int argc, char **argv, void (*add_tests)(void));

#endif
