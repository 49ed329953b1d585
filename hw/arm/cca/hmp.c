/*
 * HMP info cca: what is known about the Realm of this machine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "monitor/hmp-target.h"
#include "monitor/monitor.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-misc-arm.h"

static void print_host(Monitor *mon, const CcaInfo *info)
{
    if (info->has_kernel_abi) {
        monitor_printf(mon, "kernel generation: %s\n",
                       RmeKernelAbi_str(info->kernel_abi));
    }
    if (info->has_capability) {
        monitor_printf(mon, "capability: %" PRId64 " (%s)\n",
                       info->capability, info->capability_origin);
    }
    monitor_printf(mon, "MEC policy: %s (MEC of the host: %s)\n",
                   RmeMecPolicy_str(info->mec_policy),
                   !info->has_mec_supported ? "unknown" :
                   info->mec_supported ? "yes" : "no");
    if (info->has_external_abort) {
        monitor_printf(mon, "external abort of addresses without a device: "
                       "%s\n", CcaExternalAbort_str(info->external_abort));
    }
}

static void print_images(Monitor *mon, const CcaImageList *list)
{
    for (; list; list = list->next) {
        const CcaImage *image = list->value;

        monitor_printf(mon, "image: 0x%016" PRIx64 " + 0x%" PRIx64 " %s%s\n",
                       image->address, image->size, image->name,
                       image->measured ? "" : " (contents not measured)");
        if (image->digest) {
            monitor_printf(mon, "       %s\n", image->digest);
        }
    }
}

void hmp_info_cca(Monitor *mon, const QDict *qdict)
{
    g_autoptr(CcaInfo) info = qmp_query_cca(&error_abort);

    if (!info->enabled) {
        monitor_printf(mon, "This machine is not an Arm CCA Realm\n");
        return;
    }
    monitor_printf(mon, "Realm: %s\nstate: %s\n", info->id,
                   RmeState_str(info->state));
    if (info->has_launches) {
        monitor_printf(mon, "launches: %" PRIu32 " (a reset: %s)\n",
                       info->launches, RmeReboot_str(info->reboot));
    }
    if (info->has_populated) {
        monitor_printf(mon, "launch: %" PRIu64 " of %" PRIu64 " KiB are in it\n",
                       info->populated / KiB, info->to_populate / KiB);
    }
    print_host(mon, info);
    if (info->has_ipa_bits) {
        monitor_printf(mon, "IPA bits: %" PRId64 " (shared bit: %" PRId64
                       ")\n", info->ipa_bits, info->ipa_bits - 1);
    }
    monitor_printf(mon, "measurement algorithm: %s\n",
                   RmeGuestMeasurementAlgorithm_str(
                       info->measurement_algorithm));
    monitor_printf(mon, "personalization value: %s\n",
                   info->personalization_value);
    print_images(mon, info->images);
    if (info->has_shared_memory) {
        monitor_printf(mon, "shared memory: %" PRIu64 " KiB\n",
                       info->shared_memory / KiB);
    }
    monitor_printf(mon, "initial measurement (RIM): %s\n",
                   info->rim ?: !info->has_images || info->has_populated ?
                   "not known before the start" :
                   "not computed, measurement-report of rme-guest is off");
}
