/*
 * Benchmarks of Realms: a table of medians, and counted instructions
 *
 * Virtual machines often have no performance counters, and a loaded machine
 * has no steady clock.  So instructions are counted by single-stepping.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/ptrace.h>
#include <sys/wait.h>
#include "qemu/atomic.h"
#include "qemu/cutils.h"
#include "rme-bench.h"

#define MAX_RUNS    101

/* Shared with the tracer */
static struct {
    const char *why_not;
    /* PTRACE_SINGLESTEP or PTRACE_SYSCALL while stops are counted, or 0 */
    int request;
    uint64_t stops;
} *tracer;

/* Count the stops of the child until it clears @request; its wait status */
static int count_stops(pid_t pid)
{
    int request = qatomic_read(&tracer->request), status = 0;
    uint64_t n = 0;

    while (qatomic_read(&tracer->request)) {
        if (ptrace(request, pid, NULL, NULL) ||
            waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status)) {
            break;
        }
        n++;
    }
    qatomic_set(&tracer->stops, n);
    return status;
}

static G_NORETURN void trace(pid_t pid)
{
    for (;;) {
        unsigned long sig = 0;
        int status;

        if (waitpid(pid, &status, __WALL) != pid) {
            exit(1);
        }
        if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP) {
            status = qatomic_read(&tracer->request) ? count_stops(pid)
                                                    : status;
        } else if (WIFSTOPPED(status)) {
            sig = WSTOPSIG(status);
        }
        if (!WIFSTOPPED(status)) {
            exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
        }
        ptrace(PTRACE_CONT, pid, NULL, sig);
    }
}

void bench_start(void)
{
    pid_t pid;

    tracer = mmap(NULL, sizeof(*tracer), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(tracer != MAP_FAILED);
#ifndef __x86_64__
    /* Elsewhere a pair of exclusive load and store would never succeed */
    tracer->why_not = "instructions are counted on x86-64 only";
    return;
#endif
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid) {
        trace(pid);
    }
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL)) {
        tracer->why_not = "this environment does not allow ptrace()";
    }
}

static uint64_t stops(int request, BenchFunc *func, unsigned variant,
                      unsigned n)
{
    qatomic_set(&tracer->request, request);
    raise(SIGSTOP);
    if (n) {
        func(variant, n);
    }
    qatomic_set(&tracer->request, 0);
    /* The last stop: the store above, or if it is calls that stop, this one */
    getppid();
    return qatomic_read(&tracer->stops);
}

static bool count(int request, BenchFunc *func, unsigned variants, unsigned n,
                  double *result)
{
    if (tracer->why_not) {
        return false;
    }
    for (unsigned v = 0; v < variants; v++) {
        uint64_t empty = stops(request, func, v, 0);

        result[v] = (stops(request, func, v, n) - empty) / (double)n;
    }
    return true;
}

bool bench_instructions(BenchFunc *func, unsigned variants, unsigned n,
                        double *result)
{
    return count(PTRACE_SINGLESTEP, func, variants, n, result);
}

bool bench_system_calls(BenchFunc *func, unsigned variants, unsigned n,
                        double *result)
{
    if (!count(PTRACE_SYSCALL, func, variants, n, result)) {
        return false;
    }
    for (unsigned v = 0; v < variants; v++) {
        /* It stops on the way in and on the way out */
        result[v] /= 2;
    }
    return true;
}

const char *bench_why_not(void)
{
    return tracer->why_not;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

double bench_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * 1e9 + ts.tv_nsec;
}

void bench_cpu_ns(BenchFunc *func, unsigned variants, unsigned n,
                  unsigned runs, double *ns)
{
    double all[BENCH_MAX_VARIANTS][MAX_RUNS];

    g_assert_cmpuint(variants, <=, BENCH_MAX_VARIANTS);
    g_assert_cmpuint(runs, <=, MAX_RUNS);
    for (unsigned r = 0; r <= runs; r++) {
        for (unsigned v = 0; v < variants; v++) {
            double start = bench_now_ns();

            func(v, n);
            if (r) {
                all[v][r - 1] = (bench_now_ns() - start) / n;
            }
        }
    }
    for (unsigned v = 0; v < variants; v++) {
        qsort(all[v], runs, sizeof(double), compare);
        ns[v] = all[v][runs / 2];
    }
}

unsigned bench_runs(int argc, char **argv, unsigned runs)
{
    if (argc > 2 || (argc == 2 && qemu_strtoui(argv[1], NULL, 10, &runs)) ||
        !runs) {
        fprintf(stderr, "usage: %s [RUNS]\n", argv[0]);
        exit(2);
    }
    return MIN(runs, MAX_RUNS);
}
