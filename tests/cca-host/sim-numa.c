/*
 * NUMA nodes of the host: where memory is bound to
 *
 * In contract mode there is one node, whatever this machine is like: qemu-user
 * does not have the call, and containers forbid it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sim.h"
#include "sim-config.h"
#include "sim-host.h"
#include "sim-own.h"
#include "sim-report.h"
#include "sim-user.h"

/* Just node 0: the rest of the mask has to be empty */
static long one_node(const unsigned long *nodes, unsigned long maxnode)
{
    unsigned long words = maxnode / (sizeof(long) * CHAR_BIT) + 1, word;

    for (unsigned long i = 0; i < words; i++) {
        if (sim_copy_from_user(&word, nodes + i, sizeof(word))) {
            return -EFAULT;
        }
        if (word != (i == 0)) {
            return -EINVAL;
        }
    }
    return 0;
}

/* The one of libnuma, which is how QEMU calls it */
long mbind(void *addr, unsigned long len, int mode, const unsigned long *nodes,
           unsigned long maxnode, unsigned flags)
{
    long ret;

    if (!sim_configured()) {
        return syscall(SYS_mbind, addr, len, mode, nodes, maxnode, flags);
    }
    if (sim_config()->run_mode) {
        ret = syscall(SYS_mbind, addr, len, mode, nodes, maxnode, flags);
        ret = ret ? -errno : 0;
    } else {
        ret = one_node(nodes, maxnode);
    }
    sim_own_begin(0);
    sim_report_call(NULL, "MBIND", ret, "\"mode\": %d, \"size\": %lu",
                    mode, len);
    sim_own_end();
    errno = ret ? -ret : errno;
    return ret ? -1 : 0;
}
