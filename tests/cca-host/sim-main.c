/*
 * The library's face: the C library functions that it takes over
 *
 * Preloaded into the VMM.  Without settings (see sim-config.c) every function
 * is the C library's own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include <linux/vhost.h>

#include "sim-backend.h"
#include "sim-host.h"
#include "sim-own.h"
#include "sim-user.h"

/*
 * System calls, not dlsym(): these run before constructors and in threads
 * that are being cancelled, and none of them has state in the C library
 * (close() and open() are cancellation points, which QEMU does not use).
 */
int sim_real_open(const char *path, int flags, unsigned mode)
{
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int sim_real_access(const char *path, int how)
{
    return syscall(SYS_faccessat, AT_FDCWD, path, how);
}

int sim_real_close(int fd)
{
    return syscall(SYS_close, fd);
}

int sim_real_ioctl(int fd, unsigned long req, void *arg)
{
    return syscall(SYS_ioctl, fd, req, arg);
}

void *sim_real_mmap(void *addr, size_t len, int prot, int flags, int fd,
                    long off)
{
    return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, off);
}

int sim_real_fallocate(int fd, int mode, long off, long len)
{
    return syscall(SYS_fallocate, fd, mode, off, len);
}

int sim_real_madvise(void *addr, size_t len, int advice)
{
    return syscall(SYS_madvise, addr, len, advice);
}

static int fail_with(int err)
{
    errno = err;
    return -1;
}

static int do_open(int dirfd, const char *path, int flags, unsigned mode)
{
    int fd;

    if (sim_configured() && path) {
        if (!strcmp(path, "/dev/kvm")) {
            sim_own_begin(1);
            fd = sim_open_kvm(flags);
            sim_own_end();
            return fd < 0 ? fail_with(-fd) : fd;
        }
        if (sim_vhost_owns(path)) {
            fd = sim_vhost_open();
            return fd < 0 ? fail_with(-fd) : fd;
        }
        if (!strcmp(path, "/dev/net/tun") && !sim_config()->run_mode) {
            fd = sim_tap_open();
            return fd < 0 ? fail_with(-fd) : fd;
        }
        if (sim_sysfs_owns(path)) {
            fd = sim_sysfs_open(path, flags);
            return fd < 0 ? fail_with(-fd) : fd;
        }
    }
    return syscall(SYS_openat, dirfd, path, flags, mode);
}

/* The mode argument exists only with these flags */
static unsigned open_mode(int flags, va_list ap)
{
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE
        ? va_arg(ap, unsigned) : 0;
}

#define OPEN_BODY(dirfd)                                \
    va_list ap;                                         \
    unsigned mode;                                      \
                                                        \
    va_start(ap, flags);                                \
    mode = open_mode(flags, ap);                        \
    va_end(ap);                                         \
    return do_open(dirfd, path, flags, mode)

int open(const char *path, int flags, ...)
{
    OPEN_BODY(AT_FDCWD);
}

int open64(const char *path, int flags, ...)
{
    OPEN_BODY(AT_FDCWD);
}

int openat(int dirfd, const char *path, int flags, ...)
{
    OPEN_BODY(dirfd);
}

int openat64(int dirfd, const char *path, int flags, ...)
{
    OPEN_BODY(dirfd);
}

int __open_2(const char *path, int flags)
{
    return do_open(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return do_open(AT_FDCWD, path, flags, 0);
}

int __openat_2(int dirfd, const char *path, int flags)
{
    return do_open(dirfd, path, flags, 0);
}

int __openat64_2(int dirfd, const char *path, int flags)
{
    return do_open(dirfd, path, flags, 0);
}

int access(const char *path, int how)
{
    if (sim_configured()) {
        int ret = sim_host_access(path, how);

        if (ret <= 0) {
            return ret ? fail_with(-ret) : 0;
        }
    }
    return sim_real_access(path, how);
}

int getpagesize(void)
{
    return sim_configured() ? sim_config()->host_page_size
                            : getauxval(AT_PAGESZ);
}

int statfs(const char *path, struct statfs *buf)
{
    int ret = syscall(SYS_statfs, path, buf);

    if (!ret && sim_configured() && sim_config()->hugetlbfs) {
        buf->f_type = HUGETLBFS_MAGIC;
    }
    return ret;
}

int statfs64(const char *path, struct statfs64 *buf)
{
    return statfs(path, (struct statfs *)buf);
}

int close(int fd)
{
    if (sim_configured()) {
        sim_lifetime_judge_close(fd);
    }
    sim_fd_forget(fd);
    sim_irqfd_closed(fd);
    return sim_real_close(fd);
}

static long dispatch(SimObject *obj, unsigned long req, void *arg)
{
    switch (obj->kind) {
    case SIM_SYSTEM:
        return sim_system_ioctl((SimSystem *)obj, req, arg);
    case SIM_VM:
        return sim_vm_ioctl((SimVm *)obj, req, arg);
    case SIM_VCPU:
        return sim_vcpu_ioctl((SimVcpu *)obj, req, arg);
    case SIM_DEVICE:
        return sim_device_ioctl((SimDevice *)obj, req, arg);
    case SIM_GMEM:
        return sim_gmem_ioctl((SimGmem *)obj, req, arg);
    case SIM_VHOST:
        return sim_vhost_ioctl((SimVhost *)obj, req, arg);
    case SIM_TAP:
        return sim_tap_ioctl(obj, req, arg);
    default:
        return -ENOTTY;
    }
}

int ioctl(int fd, unsigned long req, ...)
{
    SimObject *obj = sim_fd_get(fd);
    va_list ap;
    void *arg;
    long ret;

    va_start(ap, req);
    arg = va_arg(ap, void *);
    va_end(ap);
    if (!obj) {
        if (_IOC_TYPE(req) == VHOST_VIRTIO && sim_configured()) {
            sim_vhost_judge(req, arg);
        }
        return sim_real_ioctl(fd, req, arg);
    }
    sim_own_begin(1);
    ret = dispatch(obj, req, arg);
    sim_object_put(obj);
    sim_own_end();
    return ret < 0 ? fail_with(-ret) : ret;
}

/*
 * A guest_memfd can be mapped if it was made so.  The pages are then those of
 * the private view: nobody uses one as both here.
 */
static void *do_mmap(void *addr, size_t len, int prot, int flags, int fd,
                     long off)
{
    SimObject *obj = flags & MAP_ANONYMOUS ? NULL
                                           : sim_fd_get_kind(fd, SIM_GMEM);

    if (obj) {
        bool can = ((SimGmem *)obj)->flags & SIM_GMEM_MMAP;

        sim_object_put(obj);
        if (!can) {
            errno = ENODEV;
            return MAP_FAILED;
        }
    }
    if (sim_alloc_fails("LARGE_MMAP", len)) {
        return MAP_FAILED;
    }
    addr = sim_real_mmap(addr, len, prot, flags, fd, off);
    if (addr != MAP_FAILED && !(flags & MAP_ANONYMOUS)) {
        sim_lifetime_mapped(fd, addr, len);
    }
    return addr;
}

int munmap(void *addr, size_t len)
{
    int ret = syscall(SYS_munmap, addr, len);

    if (!ret) {
        sim_lifetime_unmapped(addr, len);
    }
    return ret;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
    return do_mmap(addr, len, prot, flags, fd, off);
}

void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t off)
{
    return do_mmap(addr, len, prot, flags, fd, off);
}

static int do_fallocate(int fd, int mode, long off, long len)
{
    SimObject *obj = sim_fd_get_kind(fd, SIM_GMEM);
    int ret;

    if (obj) {
        sim_own_begin(1);
        ret = sim_gmem_fallocate((SimGmem *)obj, mode, off, len);
        sim_object_put(obj);
        sim_own_end();
        return ret < 0 ? fail_with(-ret) : 0;
    }
    ret = sim_real_fallocate(fd, mode, off, len);
    if (!ret && (mode & FALLOC_FL_PUNCH_HOLE) && sim_configured()) {
        sim_own_begin(0);
        sim_file_punched(fd, off, len);
        sim_own_end();
    }
    return ret;
}

int fallocate(int fd, int mode, off_t off, off_t len)
{
    return do_fallocate(fd, mode, off, len);
}

int fallocate64(int fd, int mode, off64_t off, off64_t len)
{
    return do_fallocate(fd, mode, off, len);
}

/* qemu-user takes this advice and does nothing */
static int populate_write(char *addr, size_t len)
{
    for (size_t off = 0; off < len; off += SIM_PAGE_SIZE) {
        char c;

        if (sim_copy_from_user(&c, addr + off, 1) ||
            sim_copy_to_user(addr + off, &c, 1)) {
            return -EFAULT;
        }
    }
    return 0;
}

int madvise(void *addr, size_t len, int advice)
{
    bool discard = (advice == MADV_DONTNEED || advice == MADV_REMOVE) &&
                   sim_configured() && sim_shared_owns((uintptr_t)addr);
    int ret = discard ? sim_fail("SHARED_DISCARD") : 0;

    if (ret) {
        return fail_with(-ret);
    }
    ret = sim_real_madvise(addr, len, advice);
    if (!ret && sim_configured() &&
        (advice == MADV_NOHUGEPAGE || advice == MADV_HUGEPAGE)) {
        sim_huge_note((uintptr_t)addr, len, advice == MADV_HUGEPAGE);
    }
    if (!ret && advice == MADV_POPULATE_WRITE && sim_configured() &&
        !sim_config()->run_mode && sim_shared_owns((uintptr_t)addr)) {
        ret = populate_write(addr, len);
        return ret ? fail_with(-ret) : 0;
    }
    if (!ret && discard) {
        sim_own_begin(0);
        sim_shared_discarded((uintptr_t)addr, len, "madvise");
        sim_own_end();
    }
    return ret;
}
