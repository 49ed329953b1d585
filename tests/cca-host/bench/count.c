/*
 * Plugin for qemu-user: instructions and system calls of a program, and those
 * of them that the simulator executes in the place of the kernel
 *
 * The time of a program under qemu-user is mostly that of its translation, and
 * an emulated instruction costs what it never costs a processor. What can be
 * compared is how many there are.
 *
 *   -plugin libcount.so,out=FILE
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <qemu-plugin.h>

#include "../sim-own.h"

/* prctl() of arm64 */
#define NR_PRCTL 167

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Count {
    uint64_t insns;         /* so far */
    uint64_t syscalls;
    uint64_t own_insns;     /* of those the simulator's, see sim-own.h */
    uint64_t own_syscalls;
} Count;

typedef struct Thread {
    Count n;
    uint64_t inside;        /* 1: in the simulator */
    uint64_t insns_since;   /* what insns was when it came in there */
} Thread;

static struct qemu_plugin_scoreboard *threads;
static qemu_plugin_u64 insns;
static Count *out;

static void on_tb(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(
        tb, QEMU_PLUGIN_INLINE_ADD_U64, insns, qemu_plugin_tb_n_insns(tb));
}

static Thread *thread(unsigned vcpu)
{
    return qemu_plugin_scoreboard_find(threads, vcpu);
}

/* A reader sees sums that may be a system call old, and no older */
static void publish(void)
{
    Count sum = { 0 };

    for (int i = 0; i < qemu_plugin_num_vcpus(); i++) {
        Thread *t = thread(i);

        sum.insns += t->n.insns;
        sum.syscalls += t->n.syscalls;
        sum.own_insns += t->n.own_insns +
                         (t->inside ? t->n.insns - t->insns_since : 0);
        sum.own_syscalls += t->n.own_syscalls;
    }
    *out = sum;
}

static void on_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t num,
                       uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                       uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    Thread *t = thread(vcpu);

    if (num == NR_PRCTL && a1 == SIM_OWN_PRCTL) {
        if (a2 == SIM_OWN_ENTER) {
            t->insns_since = t->n.insns;
        } else {
            t->n.own_insns += t->n.insns - t->insns_since;
        }
        t->inside = a2 == SIM_OWN_ENTER;
    } else {
        t->n.syscalls++;
        t->n.own_syscalls += t->inside;
    }
    publish();
}

static int map_out(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

    if (fd < 0 || ftruncate(fd, sizeof(*out))) {
        perror(path);
        return -1;
    }
    out = mmap(NULL, sizeof(*out), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return out == MAP_FAILED ? -1 : 0;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                                           const qemu_info_t *info, int argc,
                                           char **argv)
{
    if (argc != 1 || strncmp(argv[0], "out=", 4) || map_out(argv[0] + 4)) {
        fprintf(stderr, "libcount: out=FILE is needed\n");
        return -1;
    }
    threads = qemu_plugin_scoreboard_new(sizeof(Thread));
    insns = qemu_plugin_scoreboard_u64_in_struct(threads, Thread, n.insns);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_tb);
    qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    return 0;
}
