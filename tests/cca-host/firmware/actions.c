/*
 * What the fw_cfg file opt/cca/command can ask for after the checks.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "actions.h"
#include "arch.h"
#include "fwcfg.h"
#include "hostile.h"
#include "lib.h"
#include "machine.h"
#include "masters.h"
#include "psci.h"
#include "report.h"
#include "rsi.h"

/**
 * struct action - a name of opt/cca/command
 * @realm: outside a Realm it is skipped
 */
struct action {
    const char *name;
    void (*run)(void);
    bool realm;
};

static void do_nothing(void)
{
}

static void do_poweroff(void)
{
    report_end();
    psci_system_off();
}

static void do_reset(void)
{
    report_end();
    note("PSCI SYSTEM_RESET");
    psci_system_reset();
}

static void do_spin(void)
{
    report_end();
    note("spinning until somebody stops this machine");
    for (;;) {
        relax();
    }
}

static void do_exception(void)
{
    note("an undefined instruction follows");
    asm volatile("udf #0");
}

static void do_hostcall(void)
{
    static struct rsi_host_call call __attribute__((aligned(256)));

    /* SMCCC_VERSION, which KVM answers itself; or nobody does */
    call.gprs[0] = 0x80000000u;
    check(rsi_host_call(&call) == RSI_SUCCESS, "RSI_HOST_CALL comes back");
    check((int32_t)call.gprs[0] == -1 || call.gprs[0] >> 16 == 1,
          "the host answers it with %lx", call.gprs[0]);
}

static const struct action actions[] = {
    { "only", do_nothing, false },
    { "poweroff", do_poweroff, false },
    { "reset", do_reset, false },
    { "spin", do_spin, false },
    { "exception", do_exception, false },
    { "hostcall", do_hostcall, true },
    { "touch-empty", hostile_touch_empty, true },
    { "touch-alias", hostile_touch_alias, true },
    { "touch-nowhere", hostile_touch_nowhere, true },
    { "set-bad-range", hostile_set_bad_range, true },
    { "set-holes", hostile_set_holes, true },
    { "set-devices", hostile_set_devices, true },
    { "set-all", hostile_set_all, true },
    { "host-calls", hostile_host_calls, true },
    { "psci", hostile_psci, false },
    { "cpu-on", hostile_cpu_on, true },
    { "cpu-on-destroyed", hostile_cpu_on_destroyed, true },
    { "reset-storm", hostile_reset_storm, false },
    { "fw-cfg", hostile_fw_cfg, true },
    { "convert-race", hostile_race, true },
    { "convert-many", hostile_many, true },
    { "off-elsewhere", hostile_off_elsewhere, true },
    { "dma-race", hostile_dma_race, true },
    { "dma-targets", hostile_dma_targets, true },
    { "dma-ring", hostile_dma_ring, true },
    { "dma-msi", hostile_dma_msi, true },
    { "msi", hostile_msi, true },
    { "mmio-abort", hostile_mmio_abort, true },
    { "masters", masters_test, false },
    { "mmio-edges", hostile_mmio_edges, false },
};

static char command[256];
static bool only;

static const struct action *find_action(const char *name, size_t n)
{
    for (unsigned i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strlen(actions[i].name) == n &&
            !memcmp(actions[i].name, name, n)) {
            return &actions[i];
        }
    }
    return NULL;
}

/* Calls @each for every name; one that is not known is NULL. */
static void for_each_name(void (*each)(const struct action *))
{
    for (const char *p = command; *p; ) {
        size_t n = 0;

        while (p[n] && p[n] != '+') {
            n++;
        }
        each(find_action(p, n));
        p += n + (p[n] == '+');
    }
}

static void look_at(const struct action *a)
{
    if (!a) {
        check(false, "a name in opt/cca/command is not known: %s", command);
    } else if (a->run == do_nothing) {
        only = true;
    }
}

static void run_one(const struct action *a)
{
    if (!a || a->run == do_nothing) {
        return;
    }
    if (a->realm && !machine.realm) {
        skip("%s: only for a Realm", a->name);
        return;
    }
    note("action %s", a->name);
    a->run();
}

void actions_load(void)
{
    if (fw_cfg_present() &&
        fw_cfg_string("opt/cca/command", command, sizeof(command))) {
        for_each_name(look_at);
    }
}

bool actions_only(void)
{
    return only;
}

void actions_run(void)
{
    for_each_name(run_one);
    do_poweroff();
    __builtin_unreachable();
}
