/*
 * Benchmarks of Realms: a table of medians, and counted instructions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_BENCH_RME_BENCH_H
#define TESTS_BENCH_RME_BENCH_H

/* More variants of one thing are never compared */
#define BENCH_MAX_VARIANTS  4

/**
 * BenchFunc: do the thing that is measured
 * @variant: which variant of it, an index
 * @n: how often
 */
typedef void BenchFunc(unsigned variant, unsigned n);

/**
 * bench_runs: the only argument of a benchmark
 * @argc: as main() has it
 * @argv: as main() has it
 * @runs: what it is without an argument
 *
 * Returns: the number of runs; ends the process with status 2 if it is none
 */
unsigned bench_runs(int argc, char **argv, unsigned runs);

/**
 * bench_start: to be called before anything else in main()
 *
 * The process forks: the child returns and is measured, the parent is its
 * tracer, which counts instructions in bench_instructions(), and ends with the
 * child's exit status.
 */
void bench_start(void);

/** bench_now_ns: CPU time of this thread in nanoseconds */
double bench_now_ns(void);

/**
 * bench_cpu_ns: CPU time of one time, the median of interleaved runs
 * @func: what is measured
 * @variants: how many variants there are, %BENCH_MAX_VARIANTS at most
 * @n: how often it is done in one run
 * @runs: number of runs, after one that warms up; see bench_runs()
 * @ns: set to nanoseconds for each variant
 *
 * In each run all variants have their turn, so that a change in the load of
 * the machine hits all of them.  It is the time of this thread, not of the
 * clock on the wall.
 */
void bench_cpu_ns(BenchFunc *func, unsigned variants, unsigned n,
                  unsigned runs, double *ns);

/**
 * bench_instructions: how many instructions does one time take?
 * @func: what is measured; it should not copy much, as each round of a
 *        string instruction counts
 * @variants: how many variants there are
 * @n: how often it is done; the average is returned
 * @result: set to instructions for each variant
 *
 * The process is single-stepped: the result does not depend on the load of
 * the machine.  Only this thread is counted, and nothing in the kernel.
 *
 * Returns: false where it cannot be counted; bench_why_not() says why
 */
bool bench_instructions(BenchFunc *func, unsigned variants, unsigned n,
                        double *result);

/**
 * bench_system_calls: how many system calls does one time take?
 *
 * As bench_instructions(), but system calls of this thread are counted.
 */
bool bench_system_calls(BenchFunc *func, unsigned variants, unsigned n,
                        double *result);

/** bench_why_not: the reason for bench_instructions() to return false */
const char *bench_why_not(void);

#endif /* TESTS_BENCH_RME_BENCH_H */
