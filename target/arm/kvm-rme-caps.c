/*
 * QMP query-cca-capabilities: what a host can do for Arm CCA Realms
 *
 * Management software asks this once for a host, of a QEMU without a machine
 * that may have an ordinary VM already. So nothing is asked of QEMU's own VM,
 * nothing is printed, and every failure is an answer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-misc-arm.h"
#include "qemu/accel.h"
#include "hw/arm/rme-generation.h"
#include "system/kvm.h"
#include "kvm-rme-abi.h"

#define SVE_BITS_PER_VQ 128

/* The device that -accel kvm was given, if any: it may be all that we see */
static int open_kvm(Error **errp)
{
    g_autofree char *device = NULL;
    int fd;

    if (kvm_enabled()) {
        device = object_property_get_str(OBJECT(current_accel()), "device",
                                         NULL);
    }
    fd = qemu_open(device && *device ? device : "/dev/kvm", O_RDWR, errp);
    if (fd < 0) {
        error_prepend(errp, "Arm CCA Realms need KVM: ");
    }
    return fd;
}

/*
 * What the option measurement-algorithm takes, on whatever host: libvirt's
 * schema of domain capabilities wants both. What the host's RMM takes is in
 * settable-algorithms.
 */
static CcaCapabilitySectionList *sections(void)
{
    CcaCapabilitySectionList *head = NULL, **tail = &head;

    for (int i = 0; i < RME_GUEST_MEASUREMENT_ALGORITHM__MAX; i++) {
        CcaCapabilitySection *section = g_new0(CcaCapabilitySection, 1);

        section->measurement_algo = i;
        QAPI_LIST_APPEND(tail, section);
    }
    return head;
}

static void set_algorithms(CcaCapabilities *caps, const RmeAbiLimits *limits)
{
    RmeGuestMeasurementAlgorithmList **tail = &caps->settable_algorithms;

    for (int i = 0; i < ARRAY_SIZE(limits->hash); i++) {
        if (limits->hash[i] == RME_LIMIT_UNKNOWN) {
            return;
        }
    }
    caps->has_settable_algorithms = true;
    if (limits->hash[RME_HASH_SHA256]) {
        QAPI_LIST_APPEND(tail, RME_GUEST_MEASUREMENT_ALGORITHM_SHA256);
    }
    if (limits->hash[RME_HASH_SHA512]) {
        QAPI_LIST_APPEND(tail, RME_GUEST_MEASUREMENT_ALGORITHM_SHA512);
    }
}

static void set_limit(bool *has, int64_t *member, int value, int unit)
{
    *has = value != RME_LIMIT_UNKNOWN;
    *member = *has ? value * unit : 0;
}

static void set_limits(CcaCapabilities *caps, const RmeAbiLimits *limits)
{
    set_algorithms(caps, limits);
    set_limit(&caps->has_ipa_limit, &caps->ipa_limit, limits->ipa_bits, 1);
    set_limit(&caps->has_max_breakpoints, &caps->max_breakpoints,
              limits->breakpoints, 1);
    set_limit(&caps->has_max_watchpoints, &caps->max_watchpoints,
              limits->watchpoints, 1);
    set_limit(&caps->has_max_pmu_counters, &caps->max_pmu_counters,
              limits->pmu_counters, 1);
    set_limit(&caps->has_max_sve_length, &caps->max_sve_length,
              limits->sve_vq, SVE_BITS_PER_VQ);
}

static void set_host(CcaCapabilities *caps, const RmeAbi *abi)
{
    const RmeGeneration *gen = rme_generation(abi->ops->generation);

    caps->kernel_abi = abi->ops->generation;
    caps->kernel_generation = g_strdup(gen->name);
    caps->settable_personalization_value = gen->has_rpv;
    caps->has_capability = abi->cap_origin;
    caps->capability = abi->cap;
    caps->capability_origin = g_strdup(abi->cap_origin);

    caps->has_mec_supported = caps->has_private_mecids = !abi->mec_errno;
    caps->mec_supported = abi->mec_items && abi->mec_supported;
    /* One of them is for all Realms that share it */
    caps->private_mecids = caps->mec_supported && abi->mec_count ?
                           (int64_t)abi->mec_count - 1 : 0;
}

CcaCapabilities *qmp_query_cca_capabilities(Error **errp)
{
    ERRP_GUARD();
    CcaCapabilities *caps;
    RmeAbiLimits limits;
    RmeAbi abi;
    int fd = open_kvm(errp);

    if (fd < 0) {
        return NULL;
    }
    if (!kvm_rme_abi_probe_host(fd, RME_IPA_BITS_MAX, false, &abi, errp)) {
        close(fd);
        return NULL;
    }
    kvm_rme_abi_find_limits(fd, &abi, &limits);
    close(fd);

    caps = g_new0(CcaCapabilities, 1);
    caps->sections = sections();
    set_host(caps, &abi);
    set_limits(caps, &limits);
    return caps;
}
