/*
 * What the library itself costs the process that it is loaded into
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sim-backend.h"
#include "sim-own.h"

static SimOwnCosts *costs;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static __thread unsigned depth;
static __thread int64_t cpu_since;
static __thread int64_t heap_since;

static void map_file(void)
{
    const char *path = sim_config()->own_costs;
    int fd = sim_real_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0 || ftruncate(fd, sizeof(*costs))) {
        sim_config_die("cannot write %s: %s", path, g_strerror(errno));
    }
    costs = sim_real_mmap(NULL, sizeof(*costs), PROT_READ | PROT_WRITE,
                          MAP_SHARED, fd, 0);
    if (costs == MAP_FAILED) {
        sim_config_die("cannot map %s: %s", path, g_strerror(errno));
    }
    sim_real_close(fd);
}

static bool wanted(void)
{
    if (!sim_configured() || !sim_config()->own_costs) {
        return false;
    }
    pthread_once(&once, map_file);
    return true;
}

static int64_t thread_cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/*
 * Of the whole process. While a vCPU is in here the main thread goes on, and so
 * only what the main thread finds is counted.
 */
static int64_t heap_bytes(void)
{
    struct mallinfo2 m;

    if (gettid() != getpid()) {
        return 0;
    }
    m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static void start(void)
{
    syscall(SYS_prctl, SIM_OWN_PRCTL, SIM_OWN_ENTER, 0, 0, 0);
    heap_since = heap_bytes();
    cpu_since = thread_cpu_ns();
}

static void stop(void)
{
    __atomic_add_fetch(&costs->cpu_ns, thread_cpu_ns() - cpu_since,
                       __ATOMIC_RELAXED);
    __atomic_add_fetch(&costs->heap_bytes, heap_bytes() - heap_since,
                       __ATOMIC_RELAXED);
    syscall(SYS_prctl, SIM_OWN_PRCTL, SIM_OWN_LEAVE, 0, 0, 0);
}

void sim_own_begin(unsigned calls)
{
    if (wanted() && depth++ == 0) {
        __atomic_add_fetch(&costs->calls, calls, __ATOMIC_RELAXED);
        start();
    }
}

/* Leaves errno alone: the callers set it before */
void sim_own_end(void)
{
    int err = errno;

    if (wanted() && --depth == 0) {
        stop();
    }
    errno = err;
}

/* Of the program: from outside its mappings are mixed with an emulator's */
static void list_mappings(void)
{
    g_autofree char *path = g_strdup_printf("%s.maps", sim_config()->own_costs);
    g_autofree char *maps = NULL;

    if (!g_file_get_contents("/proc/self/maps", &maps, NULL, NULL) ||
        !g_file_set_contents(path, maps, -1, NULL)) {
        sim_config_die("cannot write %s", path);
    }
}

void sim_own_wait(void)
{
    if (wanted()) {
        list_mappings();
        stop();
        start();
        __atomic_add_fetch(&costs->waits, 1, __ATOMIC_RELEASE);
    }
}
