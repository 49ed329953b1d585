/*
 * Reading and writing the VMM's memory as a kernel does: EFAULT, no crash
 *
 * The data goes through a file, because read() and write() answer a bad
 * address with EFAULT.  process_vm_readv() would do, too, but qemu-user does
 * not have it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim-user.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int scratch(void)
{
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("cca-sim-scratch", MFD_CLOEXEC);
    }
    return fd;
}

static int copy(void *to, const void *from, size_t len)
{
    bool ok;

    pthread_mutex_lock(&lock);
    ok = pwrite(scratch(), from, len, 0) == (ssize_t)len &&
        pread(scratch(), to, len, 0) == (ssize_t)len;
    pthread_mutex_unlock(&lock);
    return ok ? 0 : -EFAULT;
}

int sim_copy_from_user(void *to, const void *from, size_t len)
{
    return copy(to, from, len);
}

int sim_copy_to_user(void *to, const void *from, size_t len)
{
    return copy(to, from, len);
}
