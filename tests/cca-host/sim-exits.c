/*
 * Contract mode: exits that a setting scripts
 *
 * `exit = KIND [ARGUMENT...]` lines are delivered in order by KVM_RUN of
 * vCPU 0 of the first Realm that is ACTIVE.  README.md lists the kinds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim-contract.h"

typedef struct ExitKind ExitKind;

struct ExitKind {
    const char *name;
    int nargs;
    int (*deliver)(struct kvm_run *run, char **arg);
};

static guint next_exit;
static bool result_pending;

static uint64_t number(const char *text)
{
    char *end;
    uint64_t v = g_ascii_strtoull(text, &end, 0);

    if (end == text || *end) {
        sim_config_die("'%s' in an `exit` line is not a number", text);
    }
    return v;
}

/* memory-fault private|shared|FLAGS GPA SIZE */
static int memory_fault(struct kvm_run *run, char **arg)
{
    run->exit_reason = KVM_EXIT_MEMORY_FAULT;
    run->memory_fault.flags =
        !strcmp(arg[0], "private") ? KVM_MEMORY_EXIT_FLAG_PRIVATE :
        !strcmp(arg[0], "shared") ? 0 : number(arg[0]);
    run->memory_fault.gpa = number(arg[1]);
    run->memory_fault.size = number(arg[2]);
    return -EFAULT;
}

static void mmio(struct kvm_run *run, const char *gpa, const char *len)
{
    run->exit_reason = KVM_EXIT_MMIO;
    run->mmio.phys_addr = number(gpa);
    run->mmio.len = number(len);
    memset(run->mmio.data, 0, sizeof(run->mmio.data));
    if (run->mmio.len > sizeof(run->mmio.data)) {
        sim_config_die("an MMIO access of %s bytes", len);
    }
}

/* mmio-read GPA LENGTH */
static int mmio_read(struct kvm_run *run, char **arg)
{
    mmio(run, arg[0], arg[1]);
    run->mmio.is_write = 0;
    return 0;
}

/* mmio-write GPA LENGTH VALUE */
static int mmio_write(struct kvm_run *run, char **arg)
{
    uint64_t value = number(arg[2]);

    mmio(run, arg[0], arg[1]);
    run->mmio.is_write = 1;
    memcpy(run->mmio.data, &value, sizeof(value));
    return 0;
}

/* system-event shutdown|reset|crash|wakeup|suspend */
static int system_event(struct kvm_run *run, char **arg)
{
    static const char *const names[] = { "shutdown", "reset", "crash",
                                         "wakeup", "suspend" };

    run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
    run->system_event.ndata = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(arg[0], names[i])) {
            run->system_event.type = KVM_SYSTEM_EVENT_SHUTDOWN + i;
            return 0;
        }
    }
    sim_config_die("unknown system event '%s'", arg[0]);
}

static int shutdown_exit(struct kvm_run *run, char **arg)
{
    run->exit_reason = KVM_EXIT_SHUTDOWN;
    return 0;
}

/* hypercall NUMBER */
static int hypercall(struct kvm_run *run, char **arg)
{
    run->exit_reason = KVM_EXIT_HYPERCALL;
    run->hypercall.nr = number(arg[0]);
    run->hypercall.flags = KVM_HYPERCALL_EXIT_SMC;
    return 0;
}

/* internal-error SUBERROR */
static int internal_error(struct kvm_run *run, char **arg)
{
    run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
    run->internal.suberror = number(arg[0]);
    run->internal.ndata = 0;
    return 0;
}

/* reason NUMBER: any other exit reason, with no data */
static int reason(struct kvm_run *run, char **arg)
{
    run->exit_reason = number(arg[0]);
    return 0;
}

/* errno NAME */
static int plain_errno(struct kvm_run *run, char **arg)
{
    int err = sim_errno_by_name(arg[0]);

    if (!err) {
        sim_config_die("unknown errno name '%s'", arg[0]);
    }
    run->exit_reason = KVM_EXIT_UNKNOWN;
    return -err;
}

static const ExitKind kinds[] = {
    { "memory-fault", 3, memory_fault },
    { "mmio-read", 2, mmio_read },
    { "mmio-write", 3, mmio_write },
    { "system-event", 1, system_event },
    { "shutdown", 0, shutdown_exit },
    { "hypercall", 1, hypercall },
    { "internal-error", 1, internal_error },
    { "reason", 1, reason },
    { "errno", 1, plain_errno },
};

static int apply(const char *text, struct kvm_run *run)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
    GPtrArray *a = g_ptr_array_new();
    int ret = 1;

    for (unsigned i = 0; words[i]; i++) {
        if (*words[i]) {
            g_ptr_array_add(a, words[i]);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kinds) && a->len; i++) {
        if (!strcmp(kinds[i].name, a->pdata[0]) &&
            (int)a->len == kinds[i].nargs + 1) {
            ret = kinds[i].deliver(run, (char **)a->pdata + 1);
        }
    }
    g_ptr_array_unref(a);
    return ret;
}

void sim_exit_check(const char *text)
{
    struct kvm_run run = { 0 };

    if (apply(text, &run) == 1) {
        sim_config_die("`exit = %s` is not one of the exits, or has the "
                       "wrong number of arguments", text);
    }
}

int sim_exit_deliver(SimVcpu *vcpu)
{
    GPtrArray *exits = sim_config()->exits;

    if (next_exit >= exits->len) {
        return 1;
    }
    result_pending = true;
    return apply(g_ptr_array_index(exits, next_exit++), vcpu->run);
}

void sim_exit_result(SimVcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    uint64_t data;

    if (!result_pending) {
        return;
    }
    result_pending = false;
    memcpy(&data, run->mmio.data, sizeof(data));
    pthread_mutex_lock(&vcpu->vm->lock);
    if (run->exit_reason == KVM_EXIT_MMIO && !run->mmio.is_write) {
        sim_report_call(vcpu->vm, "MMIO_READ_RESULT", 0, "\"gpa\": %" PRIu64
                        ", \"data\": %" PRIu64,
                        (uint64_t)run->mmio.phys_addr, data);
    } else {
        sim_report_call(vcpu->vm, "EXIT_DONE", 0, "\"x0\": %" PRIu64,
                        vcpu->x[0]);
    }
    pthread_mutex_unlock(&vcpu->vm->lock);
}
