/*
 * Probing a host kernel for Arm CCA Realms
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <linux/kvm.h>

#include "qapi/error.h"
#include "system/kvm-param.h"
#include "kvm-rme-abi.h"
#include "kvm-rme-uapi.h"
#include "trace.h"

/* The host's limit may be below what a Realm can have, RME_IPA_BITS_MIN */
#define RME_PROBE_IPA_MIN 32

int rme_abi_ioctl(int fd, unsigned long request, uintptr_t arg)
{
    int ret, tries = 0;

    do {
        ret = ioctl(fd, request, arg);
    } while (ret < 0 && (errno == EINTR || errno == EAGAIN) &&
             ++tries < RME_RETRIES);
    return ret < 0 ? -errno : ret;
}

int rme_abi_create_vm(int kvm_fd, unsigned type)
{
    int fd = rme_abi_ioctl(kvm_fd, KVM_CREATE_VM, type);

    trace_kvm_rme_probe_vm(type, MIN(fd, 0));
    return fd;
}

/*
 * Create a Realm VM of @ipa_bits or, where that is refused as invalid, of the
 * next smaller size that is not: KVM has no other way to ask for the limit.
 * Returns a file descriptor and sets @max to the size, or a negative errno.
 */
static int probe_realm_vm(int kvm_fd, unsigned vm_type, unsigned ipa_bits,
                          unsigned *max)
{
    unsigned bits;
    int fd = -EINVAL;

    for (bits = ipa_bits; bits >= RME_PROBE_IPA_MIN; bits--) {
        fd = rme_abi_create_vm(kvm_fd, vm_type | bits);
        if (fd != -EINVAL) {
            *max = bits;
            break;
        }
    }
    return fd;
}

/* An unknown VM ioctl is EINVAL; one that is implemented reads its argument */
static bool probe_ioctl_exists(int vm_fd, unsigned long request)
{
    return ioctl(vm_fd, request, NULL) < 0 && errno == EFAULT;
}

/* Name of a generation B kernel, or NULL */
static const char *probe_generation_b(int vm_fd, unsigned vm_type)
{
    if (probe_ioctl_exists(vm_fd, RME_POPULATE_IOCTL_V12)) {
        return "B (host series v12)";
    }
    if (probe_ioctl_exists(vm_fd, RME_POPULATE_IOCTL_V13)) {
        return vm_type == RME_VM_TYPE_REALM ? "B (host series v13)" :
                                              "B (host series v14 or later)";
    }
    return NULL;
}

static bool kernel_names_realm_cap(void)
{
    return kvm_cap_param_read("kvm_cap_arm_rmi", NULL) ||
           kvm_cap_param_read("kvm_cap_arm_rme", NULL);
}

static void set_no_realm_error(int err, Error **errp)
{
    struct utsname name = { .release = "?" };

    uname(&name);
    if (err == -EPERM || err == -ENXIO ||
        (err == -EINVAL && kernel_names_realm_cap())) {
        error_setg(errp, "this kernel (%s) knows Arm CCA Realms but found no "
                   "RMM to run them: the firmware must start one whose RMI "
                   "version the kernel accepts (KVM_CREATE_VM for a Realm: "
                   "%s)", name.release, strerror(-err));
    } else if (err == -EINVAL) {
        error_setg(errp, "this kernel (%s) has no Arm CCA Realms: "
                   "KVM_CREATE_VM refuses the Realm type; boot a kernel with "
                   "the Arm CCA host support", name.release);
    } else {
        error_setg_errno(errp, -err, "cannot create a throw-away Realm VM to "
                         "probe this kernel (%s): KVM_CREATE_VM", name.release);
    }
}

/* What a Realm's RAM is made of; asked of the kinds of VM that will have it */
static bool check_private_memory(int kvm_fd, int vm_fd, Error **errp)
{
    int attributes = ioctl(vm_fd, KVM_CHECK_EXTENSION,
                           (unsigned long)KVM_CAP_MEMORY_ATTRIBUTES);

    if (attributes > 0 && (attributes & KVM_MEMORY_ATTRIBUTE_PRIVATE) &&
        ioctl(kvm_fd, KVM_CHECK_EXTENSION,
              (unsigned long)KVM_CAP_GUEST_MEMFD) > 0 &&
        ioctl(kvm_fd, KVM_CHECK_EXTENSION,
              (unsigned long)KVM_CAP_USER_MEMORY2) > 0) {
        return true;
    }
    error_setg(errp, "this kernel has no private guest memory "
               "(KVM_CAP_GUEST_MEMFD, KVM_CAP_USER_MEMORY2 and "
               "KVM_CAP_MEMORY_ATTRIBUTES), which a Realm's RAM is made of: "
               "enable CONFIG_KVM_PRIVATE_MEM in it");
    return false;
}

static bool check_page_size(Error **errp)
{
    if (qemu_real_host_page_size() == RME_GRANULE_SIZE) {
        return true;
    }
    error_setg(errp, "this host's kernel uses pages of %zu KiB, and a Realm "
               "shares and measures memory in pages of 4 KiB: boot a kernel "
               "with 4 KiB pages", (size_t)(qemu_real_host_page_size() / KiB));
    return false;
}

static bool probe_vm(int kvm_fd, int vm_fd, bool verbose, RmeAbi *abi,
                     Error **errp)
{
    const char *generation = probe_generation_b(vm_fd, abi->vm_type);

    if (generation) {
        error_setg(errp, "this kernel's Realm ABI is of generation %s, which "
                   "this QEMU cannot drive yet: it drives generation A (host "
                   "series v8 to v11, NVIDIA 6.17 and 6.18 kernels)",
                   generation);
        return false;
    }
    return rme_abi_cap_probe(vm_fd, verbose, abi, errp) &&
           check_private_memory(kvm_fd, vm_fd, errp);
}

bool kvm_rme_abi_probe_host(int kvm_fd, unsigned ipa_bits, bool verbose,
                            RmeAbi *abi, Error **errp)
{
    /* Newest first: a kernel accepts one of them */
    static const unsigned types[] = {
        RME_VM_TYPE_REALM_V14, RME_VM_TYPE_REALM,
    };
    unsigned max = 0;
    int fd = -EINVAL;
    bool ok;

    assert(ipa_bits <= RME_IPA_BITS_MAX);
    if (!check_page_size(errp)) {
        return false;
    }
    for (int i = 0; i < ARRAY_SIZE(types) && fd == -EINVAL; i++) {
        fd = probe_realm_vm(kvm_fd, types[i], ipa_bits, &max);
        *abi = (RmeAbi) { .vm_type = types[i], .ipa_max = max };
    }
    if (fd < 0) {
        set_no_realm_error(fd, errp);
        return false;
    }

    ok = probe_vm(kvm_fd, fd, verbose, abi, errp);
    close(fd);
    if (ok) {
        trace_kvm_rme_probe(abi->ops->name, abi->cap, abi->cap_origin,
                            abi->mec_items, abi->mec_count);
    }
    return ok;
}
