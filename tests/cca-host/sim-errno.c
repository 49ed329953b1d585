/*
 * Errno numbers and names
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim-config.h"

#define E(x) { #x, x }

static const struct {
    const char *name;
    int value;
} names[] = {
    E(EPERM), E(ENOENT), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(ENOEXEC),
    E(EBADF), E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT), E(EBUSY),
    E(EEXIST), E(ENODEV), E(EISDIR), E(EINVAL), E(ENFILE), E(EMFILE),
    E(ENOTTY), E(EFBIG), E(ENOSPC), E(EROFS), E(ERANGE), E(ENOSYS),
    E(EOPNOTSUPP), E(ETIMEDOUT), E(EHWPOISON),
};

int sim_errno_by_name(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(names[i].name, name)) {
            return names[i].value;
        }
    }
    return 0;
}

const char *sim_errno_name(int err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].value == err) {
            return names[i].name;
        }
    }
    return "E?";
}
