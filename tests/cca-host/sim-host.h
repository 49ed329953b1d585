/*
 * The host around KVM: files that the VMM looks at, memory that it frees
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_HOST_H
#define CCA_HOST_SIM_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is @path one of the module parameters that name the Realm capability? */
bool sim_sysfs_owns(const char *path);

/* Returns a descriptor with the parameter's text, or -errno */
int sim_sysfs_open(const char *path, int flags);

/* access(): 0, -errno, or 1 if the real host is to be asked */
int sim_host_access(const char *path, int how);

/* Contract mode: a descriptor is about to be closed that may be an irqfd */
void sim_irqfd_closed(int fd);

/* A hole was punched into the ordinary file behind @fd */
void sim_file_punched(int fd, uint64_t off, uint64_t len);

/* Is an allocation of @size bytes to fail?  Then errno is set */
bool sim_alloc_fails(const char *what, size_t size);

/* libnuma's, whose header need not be there */
long mbind(void *addr, unsigned long len, int mode, const unsigned long *nodes,
           unsigned long maxnode, unsigned flags);

/* What the fortified headers call when open() has no mode argument */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);

#endif
