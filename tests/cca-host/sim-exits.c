/*
 * Contract mode: exits that a setting scripts
 *
 * `exit = KIND [ARGUMENT...]` lines are delivered in order by KVM_RUN of
 * vCPU 0 of the first Realm that is ACTIVE, `exit-rounds` times.  README.md
 * lists the kinds.  At up to 20 milestones, the last at the end, the report
 * says what the process has cost.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>

#include "sim-contract.h"

typedef struct ExitKind ExitKind;

/*
 * @act: what the guest does, for which @deliver checks only.  Returns 0, or
 * what KVM_RUN returns if it has to be done again after an exit.
 */
struct ExitKind {
    const char *name;
    int nargs;
    int (*deliver)(struct kvm_run *run, char **arg);
    int (*act)(SimVcpu *vcpu, char **arg);
};

#define MILESTONES 20

static guint next_exit;
static unsigned exit_round;
static bool result_pending;

/* BASE or BASE+STEP%SPAN: in round n it is BASE + (n * STEP) % SPAN */
uint64_t sim_exit_number(const char *text)
{
    const char *at = text;
    uint64_t v[3] = { 0, 0, 1 };
    char *end;

    for (unsigned i = 0; i < G_N_ELEMENTS(v); i++) {
        v[i] = g_ascii_strtoull(at, &end, 0);
        if (end == at) {
            break;
        }
        if (i == 0 && !*end) {
            return v[0];
        }
        if (i == 2 && !*end && v[2]) {
            return v[0] + exit_round * v[1] % v[2];
        }
        if (*end != "+%"[i]) {
            break;
        }
        at = end + 1;
    }
    sim_config_die("'%s' in an `exit` line is not a number", text);
}

/* memory-fault private|shared|FLAGS GPA SIZE */
static int memory_fault(struct kvm_run *run, char **arg)
{
    run->exit_reason = KVM_EXIT_MEMORY_FAULT;
    run->memory_fault.flags =
        !strcmp(arg[0], "private") ? KVM_MEMORY_EXIT_FLAG_PRIVATE :
        !strcmp(arg[0], "shared") ? 0 : sim_exit_number(arg[0]);
    run->memory_fault.gpa = sim_exit_number(arg[1]);
    run->memory_fault.size = sim_exit_number(arg[2]);
    return -EFAULT;
}

static void mmio(struct kvm_run *run, const char *gpa, const char *len)
{
    run->exit_reason = KVM_EXIT_MMIO;
    run->mmio.phys_addr = sim_exit_number(gpa);
    run->mmio.len = sim_exit_number(len);
    /* what is there before a read is not zero, but what was there before */
    memset(run->mmio.data, 0xa5, sizeof(run->mmio.data));
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
    uint64_t value = sim_exit_number(arg[2]);

    mmio(run, arg[0], arg[1]);
    run->mmio.is_write = 1;
    memcpy(run->mmio.data, &value, sizeof(value));
    return 0;
}

/* system-event shutdown|reset|crash|wakeup|suspend|reset2 */
static int system_event(struct kvm_run *run, char **arg)
{
    static const char *const names[] = { "shutdown", "reset", "crash",
                                         "wakeup", "suspend" };

    if (!strcmp(arg[0], "reset2")) {
        sim_system_event(run, KVM_SYSTEM_EVENT_RESET, true);
        return 0;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(arg[0], names[i])) {
            sim_system_event(run, KVM_SYSTEM_EVENT_SHUTDOWN + i, false);
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
    run->hypercall.nr = sim_exit_number(arg[0]);
    run->hypercall.flags = KVM_HYPERCALL_EXIT_SMC;
    return 0;
}

/* internal-error SUBERROR */
static int internal_error(struct kvm_run *run, char **arg)
{
    run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
    run->internal.suberror = sim_exit_number(arg[0]);
    run->internal.ndata = 0;
    return 0;
}

/* reason NUMBER: any other exit reason, with no data */
static int reason(struct kvm_run *run, char **arg)
{
    run->exit_reason = sim_exit_number(arg[0]);
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

static int check_poke(struct kvm_run *run, char **arg)
{
    if (sim_exit_number(arg[0]) % sizeof(uint64_t)) {
        sim_config_die("poke: '%s' is not a multiple of 8", arg[0]);
    }
    sim_exit_number(arg[1]);
    return 0;
}

static int check_load(struct kvm_run *run, char **arg)
{
    sim_exit_number(arg[0]);
    sim_exit_number(arg[1]);
    return 0;
}

/* touch private|shared GPA SIZE */
static int check_touch(struct kvm_run *run, char **arg)
{
    if (strcmp(arg[0], "private") && strcmp(arg[0], "shared")) {
        sim_config_die("'%s' is neither private nor shared", arg[0]);
    }
    sim_exit_number(arg[1]);
    sim_exit_number(arg[2]);
    return 0;
}

/* store GPA LENGTH VALUE: no exit: the guest writes to a page that is shared */
static int store(SimVcpu *vcpu, char **arg)
{
    SimVm *vm = vcpu->vm;
    uint64_t gpa = sim_exit_number(arg[0]);
    uint64_t value = sim_exit_number(arg[2]);
    SimSlot *slot;

    pthread_mutex_lock(&vm->lock);
    slot = sim_slot_at(vm, gpa);
    if (slot && !sim_ranges_any(&vm->priv, gpa, gpa + 1)) {
        memcpy((void *)(uintptr_t)(slot->hva + (gpa - slot->gpa)), &value,
               sim_exit_number(arg[1]));
    }
    pthread_mutex_unlock(&vm->lock);
    return 0;
}

static int check_store(struct kvm_run *run, char **arg)
{
    uint64_t length = sim_exit_number(arg[1]);

    if (!length || length > 8 ||
        sim_exit_number(arg[0]) % 4096 + length > 4096) {
        sim_config_die("`store` of %s bytes at %s", arg[1], arg[0]);
    }
    sim_exit_number(arg[2]);
    return 0;
}

/* await-msi [nowhere|there] DEVICE EVENT: the guest waits for an interrupt */
static int await_msi(SimVcpu *vcpu, char **arg)
{
    bool nowhere = !strcmp(arg[0], "nowhere");
    uint32_t devid = sim_exit_number(arg[1]);
    uint32_t data = sim_exit_number(arg[2]);
    bool came = sim_contract_await_msi(vcpu->vm, devid, data, nowhere);

    pthread_mutex_lock(&vcpu->vm->lock);
    if (!came) {
        sim_complain(vcpu->vm, "no MSI of device 0x%x, event %u went %s", devid,
                     data, arg[0]);
    }
    sim_report_call(vcpu->vm, came ? "MSI_CAME" : "MSI_DID_NOT_COME", 0,
                    "\"devid\": %u, \"event\": %u, \"where\": \"%s\"",
                    devid, data, arg[0]);
    pthread_mutex_unlock(&vcpu->vm->lock);
    return 0;
}

static int check_await_msi(struct kvm_run *run, char **arg)
{
    if (strcmp(arg[0], "nowhere") && strcmp(arg[0], "there")) {
        sim_config_die("'%s' is neither there nor nowhere", arg[0]);
    }
    sim_exit_number(arg[1]);
    sim_exit_number(arg[2]);
    return 0;
}

/* kicked: what comes next comes when the VMM wants the vCPU back */
static int wait_kicked(SimVcpu *vcpu, char **arg)
{
    pthread_mutex_lock(&vcpu->vm->lock);
    sim_report_call(vcpu->vm, "WAIT_KICKED", 0, "\"vcpu\": %u", vcpu->id);
    pthread_mutex_unlock(&vcpu->vm->lock);
    sim_contract_wait(vcpu);
    return 0;
}

/* realm-off: another vCPU turns the Realm off while this one leaves */
static int realm_off(SimVcpu *vcpu, char **arg)
{
    pthread_mutex_lock(&vcpu->vm->lock);
    vcpu->vm->realm.state = SIM_REALM_OFF;
    pthread_mutex_unlock(&vcpu->vm->lock);
    return 0;
}

static const ExitKind kinds[] = {
    { "realm-off", 0, NULL, realm_off },
    { "touch", 3, check_touch, sim_exit_touch },
    { "poke", 2, check_poke, sim_exit_poke },
    { "load", 2, check_load, sim_exit_load },
    { "store", 3, check_store, store },
    { "await-msi", 3, check_await_msi, await_msi },
    { "kicked", 0, NULL, wait_kicked },
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

#define NOT_AN_EXIT 1
#define NEXT_EXIT 2

/* @vcpu: NULL if @text is to be checked only */
static int apply(const char *text, struct kvm_run *run, SimVcpu *vcpu)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
    GPtrArray *a = g_ptr_array_new();
    int ret = NOT_AN_EXIT;

    for (unsigned i = 0; words[i]; i++) {
        if (*words[i]) {
            g_ptr_array_add(a, words[i]);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kinds) && a->len; i++) {
        if (!strcmp(kinds[i].name, a->pdata[0]) &&
            (int)a->len == kinds[i].nargs + 1) {
            if (kinds[i].deliver) {
                ret = kinds[i].deliver(run, (char **)a->pdata + 1);
            }
            if (kinds[i].act) {
                ret = NEXT_EXIT;
            }
            if (kinds[i].act && vcpu) {
                ret = kinds[i].act(vcpu, (char **)a->pdata + 1) ?: NEXT_EXIT;
            }
        }
    }
    g_ptr_array_unref(a);
    return ret;
}

void sim_exit_check(const char *text)
{
    struct kvm_run run = { 0 };

    if (apply(text, &run, NULL) == NOT_AN_EXIT) {
        sim_config_die("`exit = %s` is not one of the exits, or has the "
                       "wrong number of arguments", text);
    }
}

/* KiB of a line of /proc/self/status */
static long status_kib(const char *key)
{
    g_autofree char *text = NULL;
    char *line;

    if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL)) {
        return -1;
    }
    line = strstr(text, key);
    return line ? atol(line + strlen(key)) : -1;
}

static long gmem_kib(SimVm *vm)
{
    long sum = 0;

    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);
        struct stat st;

        if (slot->gmem && !fstat(slot->gmem->obj.fd, &st)) {
            sum += st.st_blocks / 2;
        }
    }
    return sum;
}

/* The guest's share of a round is over: what does the process cost so far? */
static void milestone(SimVm *vm)
{
    struct timespec cpu;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    pthread_mutex_lock(&vm->lock);
    sim_report_call(vm, "MILESTONE", 0, "\"rounds\": %u, \"cpu-us\": %ld, "
                    "\"rss-anon-kib\": %ld, \"rss-shmem-kib\": %ld, "
                    "\"gmem-kib\": %ld", exit_round,
                    cpu.tv_sec * 1000000L + cpu.tv_nsec / 1000,
                    status_kib("\nRssAnon:"), status_kib("\nRssShmem:"),
                    gmem_kib(vm));
    pthread_mutex_unlock(&vm->lock);
}

static bool next_round(SimVm *vm)
{
    unsigned rounds = sim_config()->exit_rounds;

    if (exit_round >= rounds) {
        return false;
    }
    exit_round++;
    if (exit_round % MAX(rounds / MILESTONES, 1) == 0) {
        milestone(vm);
    }
    if (exit_round >= rounds) {
        return false;
    }
    next_exit = 0;
    return true;
}

int sim_exit_deliver(SimVcpu *vcpu)
{
    GPtrArray *exits = sim_config()->exits;
    int ret;

    do {
        if (next_exit >= exits->len &&
            (!exits->len || !next_round(vcpu->vm))) {
            return 1;
        }
        sim_trace("exit %u: %s", next_exit,
                  (char *)g_ptr_array_index(exits, next_exit));
        vcpu->fault_touch = false;
        ret = apply(g_ptr_array_index(exits, next_exit++), vcpu->run,
                    vcpu);
    } while (ret == NEXT_EXIT);
    if (vcpu->fault_touch) {
        next_exit--;
    }
    result_pending = true;
    return ret;
}

void sim_exit_result(SimVcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    uint64_t data = 0;

    if (!result_pending) {
        return;
    }
    result_pending = false;
    pthread_mutex_lock(&vcpu->vm->lock);
    if (run->exit_reason == KVM_EXIT_MMIO && !run->mmio.is_write) {
        memcpy(&data, run->mmio.data, MIN(run->mmio.len, sizeof(data)));
        sim_report_call(vcpu->vm, "MMIO_READ_RESULT", 0, "\"gpa\": %" PRIu64
                        ", \"data\": %" PRIu64,
                        (uint64_t)run->mmio.phys_addr, data);
    } else {
        sim_report_call(vcpu->vm, "EXIT_DONE", 0, "\"x0\": %" PRIu64,
                        vcpu->x[0]);
    }
    pthread_mutex_unlock(&vcpu->vm->lock);
}
