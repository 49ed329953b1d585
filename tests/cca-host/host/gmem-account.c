/*
 * Where the kernel counts the pages of a guest_memfd
 *
 *   gmem-account CGROUP MIB
 *
 * Joins the cgroup (a directory of cgroup2), fills a guest_memfd of a VM of KVM
 * and prints how much each line of memory.stat has grown by, in MiB.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *const names[] = {
    "anon", "file", "shmem", "unevictable", "inactive_file", "active_file",
};
#define COUNT ((int)(sizeof(names) / sizeof(names[0])))

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static FILE *open_in(const char *dir, const char *file, const char *mode)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, file);
    f = fopen(path, mode);
    if (!f) {
        fail(path);
    }
    return f;
}

static void join(const char *cgroup)
{
    FILE *f = open_in(cgroup, "cgroup.procs", "w");

    if (fprintf(f, "%d", getpid()) < 0 || fclose(f)) {
        fail("cgroup.procs");
    }
}

static void count(const char *cgroup, long long *bytes)
{
    FILE *f = open_in(cgroup, "memory.stat", "r");
    char name[64];
    long long value;

    while (fscanf(f, "%63s %lld", name, &value) == 2) {
        for (int i = 0; i < COUNT; i++) {
            if (!strcmp(name, names[i])) {
                bytes[i] = value;
            }
        }
    }
    fclose(f);
}

static int make_gmem(unsigned long long size)
{
    struct kvm_create_guest_memfd args = { .size = size };
    int kvm = open("/dev/kvm", O_RDWR);
    int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
    int fd = vm < 0 ? -1 : ioctl(vm, KVM_CREATE_GUEST_MEMFD, &args);

    if (fd < 0) {
        fail("guest_memfd");
    }
    return fd;
}

int main(int argc, char **argv)
{
    long long before[COUNT] = { 0 }, after[COUNT] = { 0 };
    unsigned long long size;
    int fd;

    if (argc != 3 || sscanf(argv[2], "%llu", &size) != 1) {
        fprintf(stderr, "usage: gmem-account CGROUP MIB\n");
        return EXIT_FAILURE;
    }
    size <<= 20;
    join(argv[1]);
    fd = make_gmem(size);
    count(argv[1], before);
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size)) {
        fail("fallocate");
    }
    sleep(3);       /* the kernel sums up memory.stat every two seconds */
    count(argv[1], after);
    for (int i = 0; i < COUNT; i++) {
        /* Rounded: a few pages wait in lists of the CPUs to be counted */
        printf("%s %lld\n", names[i],
               (after[i] - before[i] + (1 << 19)) >> 20);
    }
    return EXIT_SUCCESS;
}
