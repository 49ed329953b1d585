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
#include "hw/arm/rme-generation.h"
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

static bool kernel_names_realm_cap(void)
{
    return kvm_cap_param_read("kvm_cap_arm_rmi", NULL) ||
           kvm_cap_param_read("kvm_cap_arm_rme", NULL);
}

/*
 * A VM that is no Realm, whose width the host certainly has. A kernel with
 * Realms but without a usable RMM refuses their type as one without Realms
 * does; what it cannot hide is the ioctl. A negative errno if there is no such
 * VM either.
 */
static int knows_populate(int kvm_fd)
{
    int bits = ioctl(kvm_fd, KVM_CHECK_EXTENSION,
                     (unsigned long)KVM_CAP_ARM_VM_IPA_SIZE);
    int fd = rme_abi_create_vm(kvm_fd, MAX(bits, 0));
    bool known;

    if (fd < 0) {
        return fd;
    }
    known = rme_abi_populate_is_known(fd);
    close(fd);
    return known;
}

static void set_no_realm_error(int kvm_fd, int err, Error **errp)
{
    struct utsname name = { .release = "?" };
    int known;

    uname(&name);
    if (err == -EPERM || err == -ENXIO ||
        (err == -EINVAL && kernel_names_realm_cap())) {
        error_setg(errp, "this kernel (%s) knows Arm CCA Realms but found no "
                   "RMM to run them: the firmware must start one whose RMI "
                   "version the kernel accepts (KVM_CREATE_VM for a Realm: "
                   "%s)", name.release, strerror(-err));
        return;
    }
    known = err == -EINVAL ? knows_populate(kvm_fd) : err;
    if (known > 0) {
        error_setg(errp, "this kernel (%s) knows Arm CCA Realms but makes "
                   "none: the firmware must start an RMM whose RMI version the "
                   "kernel accepts, and KVM must run in a mode that has Realms, "
                   "see the kernel's log (KVM_CREATE_VM for a Realm: %s; an "
                   "ordinary VM knows KVM_ARM_RMI_POPULATE)", name.release,
                   strerror(-err));
    } else if (!known) {
        error_setg(errp, "this kernel (%s) has no Arm CCA Realms: "
                   "KVM_CREATE_VM refuses the Realm type, and "
                   "KVM_ARM_RMI_POPULATE is unknown to it; boot a kernel with "
                   "the Arm CCA host support, which is more than a driver for "
                   "the RMM", name.release);
    } else {
        error_setg_errno(errp, -known, "cannot create a throw-away Realm VM to "
                         "probe this kernel (%s): KVM_CREATE_VM", name.release);
    }
}

/* What a Realm's RAM is made of */
static bool check_private_memory(int kvm_fd, int vm_fd, const RmeAbi *abi,
                                 Error **errp)
{
    if (abi->ops->memory->fits(vm_fd) &&
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
    unsigned long request = rme_abi_populate_request(vm_fd);
    bool ok = request ?
              rme_abi_populate_probe(vm_fd, request, abi, errp) :
              rme_abi_cap_probe(vm_fd, verbose, abi, errp);

    return ok && check_private_memory(kvm_fd, vm_fd, abi, errp);
}

/*
 * KVM uses 52-bit addresses if it has more than 48 bits for a guest, and sets
 * the LPA2 flag of Realms then, in generations that do. There is no other sign.
 * A Realm VM that exists can lower what it says, so it is asked before the
 * first.
 */
static bool uses_lpa2(int kvm_fd)
{
    return ioctl(kvm_fd, KVM_CHECK_EXTENSION,
                 (unsigned long)KVM_CAP_ARM_VM_IPA_SIZE) > 48;
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
    bool ok, lpa2;

    assert(ipa_bits <= RME_IPA_BITS_MAX);
    if (!check_page_size(errp)) {
        return false;
    }
    lpa2 = uses_lpa2(kvm_fd);
    for (int i = 0; i < ARRAY_SIZE(types) && fd == -EINVAL; i++) {
        fd = probe_realm_vm(kvm_fd, types[i], ipa_bits, &max);
        *abi = (RmeAbi) { .vm_type = types[i], .ipa_max = max, .lpa2 = lpa2 };
    }
    if (fd < 0) {
        set_no_realm_error(kvm_fd, fd, errp);
        return false;
    }

    ok = probe_vm(kvm_fd, fd, verbose, abi, errp);
    close(fd);
    if (ok) {
        trace_kvm_rme_probe(rme_generation(abi->ops->generation)->name,
                            abi->cap, abi->cap_origin ?: "nowhere", abi->lpa2,
                            abi->mec_items, abi->mec_count);
    }
    return ok;
}
