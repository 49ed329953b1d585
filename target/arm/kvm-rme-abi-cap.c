/*
 * Arm CCA Realms, kernel generation A: actions of KVM_ENABLE_CAP
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include <linux/kvm.h>

#include "qapi/error.h"
#include "qemu/error-report.h"
#include "system/kvm.h"
#include "system/kvm-param.h"
#include "hw/core/cpu.h"
#include "kvm-rme-abi.h"
#include "kvm-rme-uapi.h"
#include "trace.h"

/*
 * The one door for KVM_ENABLE_CAP. @what names the action and its operands.
 */
static int rme_action(const RmeAbi *abi, uint64_t action, const void *arg,
                      const char *what, Error **errp)
{
    int ret, tries = 0;

    do {
        ret = kvm_vm_enable_cap(kvm_state, abi->cap, 0, action,
                                (uintptr_t)arg);
    } while ((ret == -EINTR || ret == -EAGAIN) && ++tries < RME_RETRIES);

    trace_kvm_rme_action(what, ret);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM_ENABLE_CAP(%u, %s)", abi->cap, what);
    }
    return MIN(ret, 0);
}

static int cap_set_rpv(const RmeAbi *abi, const uint8_t *rpv, Error **errp)
{
    struct rme_config cfg = { .cfg = RME_CONFIG_RPV };

    memcpy(cfg.rpv, rpv, sizeof(cfg.rpv));
    return rme_action(abi, RME_CAP_CONFIG_REALM, &cfg,
                      "CONFIG_REALM: personalization value", errp);
}

static int cap_set_hash(const RmeAbi *abi, RmeHashAlgo algo, Error **errp)
{
    struct rme_config cfg = {
        .cfg = RME_CONFIG_HASH_ALGO,
        .hash_algo = algo,
    };

    return rme_action(abi, RME_CAP_CONFIG_REALM, &cfg,
                      algo == RME_HASH_SHA256 ? "CONFIG_REALM: hash SHA-256" :
                                                "CONFIG_REALM: hash SHA-512",
                      errp);
}

static int cap_set_mec(const RmeAbi *abi, bool shared, Error **errp)
{
    struct rme_config cfg = {
        .cfg = RME_CONFIG_MEC,
        .shared_mec = shared,
    };

    assert(abi->mec_items);
    return rme_action(abi, RME_CAP_CONFIG_REALM, &cfg,
                      shared ? "CONFIG_REALM: shared MECID" :
                               "CONFIG_REALM: private MECID", errp);
}

static int cap_create(const RmeAbi *abi, Error **errp)
{
    return rme_action(abi, RME_CAP_CREATE_REALM, NULL, "CREATE_REALM", errp);
}

static int cap_init_ripas(const RmeAbi *abi, uint64_t base, uint64_t size,
                          Error **errp)
{
    struct rme_init_ripas arg = { .base = base, .size = size };
    g_autofree char *what = g_strdup_printf("INIT_RIPAS_REALM: [0x%" PRIx64
                                            ", 0x%" PRIx64 ")",
                                            base, base + size);

    return rme_action(abi, RME_CAP_INIT_RIPAS_REALM, &arg, what, errp);
}

static int cap_populate(const RmeAbi *abi, uint64_t *base, uint64_t *size,
                        const void *source, bool measure, Error **errp)
{
    struct rme_populate arg = {
        .base = *base,
        .size = *size,
        .flags = measure ? RME_POPULATE_MEASURE : 0,
    };
    g_autofree char *what = g_strdup_printf("POPULATE_REALM: [0x%" PRIx64
                                            ", 0x%" PRIx64 ")",
                                            *base, *base + *size);
    int ret = rme_action(abi, RME_CAP_POPULATE_REALM, &arg, what, errp);

    /* All or nothing: this generation does not report partial progress */
    if (ret == 0) {
        *base += *size;
        *size = 0;
    }
    return ret;
}

static int cap_create_rec(const RmeAbi *abi, CPUState *cpu, Error **errp)
{
    int feature = RME_VCPU_REC;
    int ret = kvm_vcpu_ioctl(cpu, KVM_ARM_VCPU_FINALIZE, &feature);

    trace_kvm_rme_create_rec(cpu->cpu_index, ret);
    if (ret < 0) {
        /* Never again: KVM keeps a half made REC and warns at the next try */
        error_setg_errno(errp, -ret, "KVM_ARM_VCPU_FINALIZE(REC) of vCPU %d",
                         cpu->cpu_index);
    }
    return ret;
}

static int cap_activate(const RmeAbi *abi, Error **errp)
{
    return rme_action(abi, RME_CAP_ACTIVATE_REALM, NULL, "ACTIVATE_REALM",
                      errp);
}

static const RmeAbiOps rme_abi_cap_ops = {
    .generation = RME_KERNEL_ABI_A,
    .memory = &rme_memory_vm,
    .contents_are_shared = true,
    .vcpu_features = 1U << RME_VCPU_REC,
    .set_rpv = cap_set_rpv,
    .set_hash = cap_set_hash,
    .set_mec = cap_set_mec,
    .create = cap_create,
    .init_ripas = cap_init_ripas,
    .populate = cap_populate,
    .create_rec = cap_create_rec,
    .activate = cap_activate,
};

/*
 * With all arguments zero the CONFIG action reads its structure at address 0
 * and answers EFAULT. No other capability does: it refuses or, on this
 * throw-away VM, is enabled without harm. Returns 0 if it is this one, -EINVAL
 * if it is another, or the errno of a call that never gets through.
 */
static int cap_answers(int vm_fd, unsigned cap)
{
    struct kvm_enable_cap arg = { .cap = cap };
    int ret = rme_abi_ioctl(vm_fd, KVM_ENABLE_CAP, (uintptr_t)&arg);

    if (ret == -EINTR || ret == -EAGAIN) {
        return ret;
    }
    return ret == -EFAULT &&
           ioctl(vm_fd, KVM_CHECK_EXTENSION, (unsigned long)cap) > 0 ?
           0 : -EINVAL;
}

static bool cap_from_param(int vm_fd, const char *param, bool verbose,
                           RmeAbi *abi)
{
    Error *err = NULL;
    int cap = kvm_cap_param_read(param, &err);

    if (cap == -EINVAL && verbose) {
        warn_reportf_err(err, "probing for the Realm capability instead: ");
        return false;
    }
    if (cap < 0) {
        /* Unreadable, as in a sandbox: traced by the reader, not a problem */
        error_free(err);
        return false;
    }
    if (cap == 0) {
        return false;
    }
    if (cap_answers(vm_fd, cap) < 0) {
        if (verbose) {
            warn_report("the kernel says %s=%d, but capability %d does not "
                        "answer as the Realm capability does: probing for it "
                        "instead", param, cap, cap);
        }
        return false;
    }
    abi->cap = cap;
    abi->cap_origin = param;
    return true;
}

/* Returns 0 if there is one, else as cap_answers() */
static int cap_from_scan(int vm_fd, RmeAbi *abi)
{
    /* Where the series had it, newest first; then the neighbourhood */
    static const unsigned known[] = { 245, 244, 243, 240 };
    const unsigned first = 200, last = 320;
    unsigned cap = 0;
    int ret = -EINVAL;

    for (int i = 0; i < ARRAY_SIZE(known) && ret == -EINVAL; i++) {
        cap = known[i];
        ret = cap_answers(vm_fd, cap);
    }
    for (unsigned n = first; n <= last && ret == -EINVAL; n++) {
        cap = n;
        ret = cap_answers(vm_fd, cap);
    }
    if (ret == 0) {
        abi->cap = cap;
        abi->cap_origin = "probe";
    }
    return ret;
}

/*
 * Can a vCPU be a REC? The feature bit moved between postings, and the other
 * ones answer it with ENOENT or EINVAL.
 */
static int cap_vcpu_is_rec(int vm_fd)
{
    struct kvm_vcpu_init init = { };
    int fd, ret;

    ret = rme_abi_ioctl(vm_fd, KVM_ARM_PREFERRED_TARGET, (uintptr_t)&init);
    if (ret < 0) {
        return ret;
    }
    fd = rme_abi_ioctl(vm_fd, KVM_CREATE_VCPU, 0);
    if (fd < 0) {
        return fd;
    }
    init.features[0] = 1U << KVM_ARM_VCPU_PSCI_0_2 | 1U << RME_VCPU_REC;
    ret = rme_abi_ioctl(fd, KVM_ARM_VCPU_INIT, (uintptr_t)&init);
    close(fd);
    return ret;
}

/* NVIDIA's MEC items; a kernel without them refuses the query with EINVAL */
static void cap_query_mec(int vm_fd, RmeAbi *abi)
{
    struct rme_config cfg = { .cfg = RME_CONFIG_MEC_QUERY };
    struct kvm_enable_cap arg = {
        .cap = abi->cap,
        .args = { RME_CAP_CONFIG_REALM, (uintptr_t)&cfg },
    };
    int ret = rme_abi_ioctl(vm_fd, KVM_ENABLE_CAP, (uintptr_t)&arg);

    if (ret == 0) {
        abi->mec_items = true;
        abi->mec_supported = cfg.mec_query.supported;
        abi->mec_count = cfg.mec_query.count;
    } else {
        abi->mec_errno = ret == -EINVAL ? 0 : -ret;
    }
}

bool rme_abi_cap_probe(int vm_fd, bool verbose, RmeAbi *abi, Error **errp)
{
    int ret = 0;

    if (!cap_from_param(vm_fd, "kvm_cap_arm_rmi", verbose, abi) &&
        !cap_from_param(vm_fd, "kvm_cap_arm_rme", verbose, abi)) {
        ret = cap_from_scan(vm_fd, abi);
    }
    if (ret == -EINTR || ret == -EAGAIN) {
        error_setg_errno(errp, -ret, "KVM_ENABLE_CAP never gets through on a "
                         "throw-away Realm VM");
        return false;
    }
    ret = ret ?: cap_vcpu_is_rec(vm_fd);
    if (ret == -EINVAL || ret == -ENOENT) {
        error_setg(errp, "this kernel creates Realm VMs but answers neither "
                   "the KVM_ENABLE_CAP actions of host series v8 to v11 nor "
                   "KVM_ARM_RMI_POPULATE of later ones: its Realm ABI is "
                   "unknown to this QEMU");
        return false;
    }
    if (ret < 0) {
        error_setg_errno(errp, -ret, "cannot create a throw-away vCPU of a "
                         "Realm to probe this kernel");
        return false;
    }
    cap_query_mec(vm_fd, abi);
    abi->ops = &rme_abi_cap_ops;
    return true;
}
