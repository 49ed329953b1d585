/*
 * Contract tests: dry runs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "rme-contract.h"

/* Without these numbers of the host each dry run is an error */
#define NUMBERS ",num-breakpoints=6,num-watchpoints=4,sve=off"
#define PMU ",num-pmu-counters=6"
#define NO_PMU ",pmu=off"

const char *contract_native_qemu(void)
{
    return getenv("QTEST_DRY_RUN_BINARY") ?: "./qemu-system-aarch64";
}

ContractDryRun *contract_dry_run(const char *binary, const char *options)
{
    g_autofree char *command = g_strdup_printf("%s -nodefaults "
                                               "-no-user-config %s",
                                               binary, options);
    g_auto(GStrv) argv = NULL;
    g_auto(GStrv) env = g_environ_unsetenv(g_get_environ(), "CCA_SIM_CONF");
    ContractDryRun *r = g_new0(ContractDryRun, 1);

    g_assert_true(g_shell_parse_argv(command, NULL, &argv, NULL));
    g_assert_true(g_spawn_sync(NULL, argv, env, G_SPAWN_SEARCH_PATH, NULL,
                               NULL, &r->out, &r->err, &r->status, NULL));
    return r;
}

void contract_dry_run_free(ContractDryRun *r)
{
    g_free(r->out);
    g_free(r->err);
    g_free(r);
}

char *contract_dry_object(const char *object)
{
    const ContractGeneration *g = contract_generation();

    return g == contract_generations ?
           g_strconcat(object ?: "", ",dry-run=on", NULL) :
           g_strdup_printf("%s,dry-run=on,kernel-abi=%s,lpa2=off",
                           object ?: "", g->kernel_abi);
}

/* What is set behind it comes later and counts */
static char *add_numbers(const char *options, const char *cpu, bool has_pmu)
{
    g_auto(GStrv) parts = g_strsplit(options, cpu, -1);
    const char *pmu = contract_generation()->has_pmu ? PMU : NO_PMU;
    g_autofree char *numbers = g_strconcat(cpu, NUMBERS, has_pmu ? pmu : "",
                                           NULL);

    return g_strjoinv(numbers, parts);
}

static char *dry_options(const ContractArgs *args)
{
    g_autofree char *object = contract_dry_object(args->object);
    ContractArgs dry = *args;
    g_autofree char *options = NULL, *host = NULL;
    bool has_pmu;

    dry.object = object;
    options = contract_options(&dry);
    has_pmu = !strstr(options, ",pmu=off");
    host = add_numbers(options, "-cpu host", has_pmu);
    return add_numbers(host, "-cpu max", has_pmu);
}

void contract_expect_dry_refusal(const ContractArgs *args, const char *binary,
                                 const char *launch)
{
    g_autofree char *options = dry_options(args);
    g_autoptr(ContractDryRun) r = contract_dry_run(binary, options);
    g_auto(GStrv) lines = g_strsplit(launch, "\n", 2);
    g_autofree char *line = g_strconcat(lines[0] ?: "", "\n", NULL);

    contract_check(WIFEXITED(r->status) && WEXITSTATUS(r->status) == 1,
                   "a launch is refused: %sa dry run ends with status 0x%x: "
                   "%s %s\n%s", line, r->status, binary, options, r->err);
    contract_equal("what a dry run says", r->err, line);
    contract_equal("stdout of a dry run", r->out, "");
}

void contract_expect_dry_success(const ContractArgs *args, const char *binary)
{
    g_autofree char *options = dry_options(args);
    g_autoptr(ContractDryRun) r = contract_dry_run(binary, options);

    contract_check(WIFEXITED(r->status) && !WEXITSTATUS(r->status) &&
                   strstr(r->out, "\"rim\""),
                   "a launch is accepted, a dry run ends with status 0x%x: "
                   "%s %s\n%s", r->status, binary, options, r->err);
}
