/*
 * The module parameters that NVIDIA kernels export for the Realm capability
 *
 * linux-nvidia-6.17: kvm_cap_arm_rme; 6.18 and 7.0: kvm_cap_arm_rmi.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim-backend.h"
#include "sim-host.h"

#define PARAMETERS "/sys/module/kvm/parameters/"
#define RMI PARAMETERS "kvm_cap_arm_rmi"
#define RME PARAMETERS "kvm_cap_arm_rme"

bool sim_sysfs_owns(const char *path)
{
    return !strcmp(path, RMI) || !strcmp(path, RME);
}

/* 0 or -errno */
static int may_open(const char *path, bool write)
{
    const SimConfig *c = sim_config();

    if (!strcmp(path, RMI) ? !c->sysfs_rmi : !c->sysfs_rme) {
        return -ENOENT;
    }
    return write ? -EACCES : -c->sysfs_errno;
}

int sim_sysfs_open(const char *path, int flags)
{
    const char *text = sim_config()->sysfs_text;
    int ret = may_open(path, (flags & O_ACCMODE) != O_RDONLY);
    int fd;

    sim_report_call(NULL, "SYSFS_READ", ret, "\"path\": \"%s\"", path);
    if (ret) {
        return ret;
    }
    fd = memfd_create("cca-sim-parameter", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
        lseek(fd, 0, SEEK_SET) != 0) {
        return -errno;
    }
    return fd;
}

int sim_host_access(const char *path, int how)
{
    if (sim_sysfs_owns(path)) {
        return may_open(path, how & W_OK);
    }
    /* in run mode the real device answers */
    if (!strcmp(path, "/dev/kvm") && !sim_config()->run_mode) {
        return 0;
    }
    return 1;
}

static FILE *open_stream(const char *path, const char *mode, const char *name)
{
    FILE *(*real)(const char *path, const char *mode);
    int fd;

    if (!sim_configured() || !path || !sim_sysfs_owns(path)) {
        *(void **)&real = dlsym(RTLD_NEXT, name);
        return real(path, mode);
    }
    fd = sim_sysfs_open(path, mode[0] == 'r' ? O_RDONLY : O_WRONLY);
    if (fd < 0) {
        errno = -fd;
        return NULL;
    }
    return fdopen(fd, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    return open_stream(path, mode, "fopen");
}

FILE *fopen64(const char *path, const char *mode)
{
    return open_stream(path, mode, "fopen64");
}
