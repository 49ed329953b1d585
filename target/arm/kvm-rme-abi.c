/*
 * Probing a host kernel for Arm CCA Realms
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <linux/kvm.h>

#include "qapi/error.h"
#include "system/kvm-param.h"
#include "kvm-rme-abi.h"
#include "kvm-rme-uapi.h"
#include "trace.h"

/* Largest IPA size that any Realm can have (RmiFeatureRegister0.S2SZ, LPA2) */
#define RME_PROBE_IPA_MAX RME_IPA_BITS_MAX
#define RME_PROBE_IPA_MIN 32

static int probe_create_vm(int kvm_fd, unsigned type)
{
    int fd = RETRY_ON_EINTR(ioctl(kvm_fd, KVM_CREATE_VM,
                                  (unsigned long)type));

    trace_kvm_rme_probe_vm(type, fd < 0 ? -errno : 0);
    return fd < 0 ? -errno : fd;
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
        fd = probe_create_vm(kvm_fd, vm_type | bits);
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

static bool probe_vm(int vm_fd, RmeAbi *abi, Error **errp)
{
    const char *generation = probe_generation_b(vm_fd, abi->vm_type);

    if (generation) {
        error_setg(errp, "this kernel's Realm ABI is of generation %s, which "
                   "this QEMU cannot drive yet: it drives generation A (host "
                   "series v8 to v11, NVIDIA 6.17 and 6.18 kernels)",
                   generation);
        return false;
    }
    if (!rme_abi_cap_probe(vm_fd, abi)) {
        error_setg(errp, "this kernel creates Realm VMs but answers neither "
                   "the KVM_ENABLE_CAP actions of host series v8 to v11 nor "
                   "KVM_ARM_RMI_POPULATE of later ones: its Realm ABI is "
                   "unknown to this QEMU");
        return false;
    }
    return true;
}

bool kvm_rme_abi_probe(int kvm_fd, unsigned ipa_bits, RmeAbi *abi,
                       Error **errp)
{
    /* Newest first: a kernel accepts one of them */
    static const unsigned types[] = {
        RME_VM_TYPE_REALM_V14, RME_VM_TYPE_REALM,
    };
    unsigned max = 0;
    int fd = -EINVAL;
    bool ok;

    assert(ipa_bits <= RME_PROBE_IPA_MAX);
    for (int i = 0; i < ARRAY_SIZE(types) && fd == -EINVAL; i++) {
        fd = probe_realm_vm(kvm_fd, types[i], ipa_bits, &max);
        *abi = (RmeAbi) { .vm_type = types[i] };
    }
    if (fd < 0) {
        set_no_realm_error(fd, errp);
        return false;
    }

    ok = probe_vm(fd, abi, errp);
    close(fd);
    if (ok && max < ipa_bits) {
        error_setg(errp, "the Realm needs an IPA space of %u bits (guest "
                   "addresses of %u bits and the shared bit), this host's RMM "
                   "supports %u: use -machine highmem-mmio=off or less "
                   "memory, or lay the machine out for this host with "
                   "ipa-bits=%u", ipa_bits, ipa_bits - 1, max, max);
        ok = false;
    }
    if (ok) {
        trace_kvm_rme_probe(abi->ops->name, abi->cap, abi->cap_origin,
                            abi->mec_items, abi->mec_count);
    }
    return ok;
}
