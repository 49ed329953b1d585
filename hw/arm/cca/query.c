/*
 * QMP query-cca: what is known about the Realm of this machine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "hw/arm/cca/report.h"
#include "hw/arm/rme-shared.h"
#include "hw/boards.h"
#include "qapi/qapi-commands-misc-arm.h"

static CcaImageList *images(const RmeGuest *guest)
{
    CcaImageList *head = NULL, **tail = &head;

    for (guint i = 0; i < rme_plan_n_blobs(guest->plan); i++) {
        QAPI_LIST_APPEND(tail, rme_report_image(guest, i));
    }
    return head;
}

static RmeGuestMeasurementAlgorithm algorithm(const RmeGuest *guest)
{
    if (!guest->plan) {
        return guest->config.algorithm;
    }
    return rme_plan_params(guest->plan)->hash_algo == RME_HASH_SHA256 ?
        RME_GUEST_MEASUREMENT_ALGORITHM_SHA256 :
        RME_GUEST_MEASUREMENT_ALGORITHM_SHA512;
}

static CcaExternalAbort external_abort(const RmeGuestHost *host)
{
    switch (qatomic_read(&host->external_abort)) {
    case RME_EXTERNAL_ABORT_INJECTED:
        return CCA_EXTERNAL_ABORT_INJECTED;
    case RME_EXTERNAL_ABORT_IGNORED:
        return CCA_EXTERNAL_ABORT_IGNORED;
    default:
        return CCA_EXTERNAL_ABORT_UNKNOWN;
    }
}

static void set_host(CcaInfo *info, const RmeGuest *guest)
{
    const RmeGuestHost *host = &guest->host;

    if (guest->state == RME_STATE_NEW) {
        return;
    }
    info->has_kernel_abi = true;
    info->kernel_abi = guest->kernel_abi;
    info->has_capability = host->capability_origin;
    info->capability = host->capability;
    info->capability_origin = g_strdup(host->capability_origin);
    info->has_mec_supported = host->mec_known;
    info->mec_supported = host->mec_supported;
    info->has_external_abort = true;
    info->external_abort = external_abort(host);
}

CcaInfo *qmp_query_cca(Error **errp)
{
    const RmeGuest *guest = rme_guest_from_machine(current_machine);
    CcaInfo *info = g_new0(CcaInfo, 1);

    if (!guest) {
        return info;
    }
    info->enabled = true;
    info->id = g_strdup(rme_guest_id(guest));
    info->has_state = true;
    info->state = guest->state;
    set_host(info, guest);
    info->has_ipa_bits = guest->ipa_bits;
    info->ipa_bits = guest->ipa_bits;
    info->has_measurement_algorithm = true;
    info->measurement_algorithm = algorithm(guest);
    info->personalization_value = g_base64_encode(guest->config.rpv,
                                                  RME_RPV_SIZE);
    info->has_mec_policy = true;
    info->mec_policy = guest->plan ? guest->mec_policy :
                                     guest->config.mec_policy;
    if (guest->plan) {
        info->has_images = true;
        info->images = images(guest);
    }
    info->has_populated = guest->launching;
    info->populated = guest->progress.populated;
    info->has_to_populate = guest->launching;
    info->to_populate = guest->progress.total;
    info->rim = g_strdup(guest->rim);
    info->has_reboot = info->has_launches = !guest->config.dry_run;
    info->reboot = guest->config.reboot;
    info->launches = guest->launches;
    if (guest->state == RME_STATE_ACTIVE) {
        info->has_shared_memory = true;
        info->shared_memory = rme_shared_pages(guest->shared) *
                              RME_SHARED_PAGE_SIZE;
    }
    return info;
}
