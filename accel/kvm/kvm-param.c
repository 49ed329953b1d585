/*
 * Capability numbers that a kernel publishes as KVM module parameters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "system/kvm-param.h"
#include "trace.h"

#define KVM_PARAM_DIR "/sys/module/kvm/parameters/"

int kvm_cap_param_read(const char *name, Error **errp)
{
    g_autofree char *path = g_strconcat(KVM_PARAM_DIR, name, NULL);
    char text[32];
    unsigned long value;
    ssize_t len;
    int fd, err;

    fd = RETRY_ON_EINTR(open(path, O_RDONLY | O_CLOEXEC));
    if (fd < 0) {
        err = errno;
        trace_kvm_cap_param(name, -err);
        if (err == ENOENT || err == ENOTDIR) {
            return 0;
        }
        error_setg_errno(errp, err, "cannot read %s", path);
        return -err;
    }

    len = RETRY_ON_EINTR(read(fd, text, sizeof(text) - 1));
    err = errno;
    close(fd);
    if (len < 0) {
        trace_kvm_cap_param(name, -err);
        error_setg_errno(errp, err, "cannot read %s", path);
        return -err;
    }
    text[len] = '\0';
    g_strchomp(text);

    if (!g_ascii_isdigit(text[0]) || qemu_strtoul(text, NULL, 10, &value) ||
        value < 1 || value > KVM_CAP_PARAM_MAX) {
        trace_kvm_cap_param(name, -EINVAL);
        error_setg(errp, "%s holds '%s' where a capability number between 1 "
                   "and %d was expected", path, text, KVM_CAP_PARAM_MAX);
        return -EINVAL;
    }

    trace_kvm_cap_param(name, value);
    return value;
}
