/*
 * The measurement log of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a verifier needs to compute the Realm Initial Measurement again, in the
 * order in which it was measured: the parameters, the ranges, name, address
 * and digest of each image. The log is in the Realm's memory, is not measured
 * itself, and is not to be trusted: it is right if it leads to the value that
 * the RMM attests.
 *
 * Layout: TCG PC Client Platform Firmware Profile 1.06, section 10 ("crypto
 * agile" log with a Spec ID Event03 header). Which events there are, the ids
 * of the tagged ones and their data are in no standard: they are those of the
 * RFC series "arm: Run Arm CCA VMs with KVM" for QEMU (v3,
 * 20241125195626.856992, patches 23 to 26), as the Realm verifier of
 * veraison/cca-realm-measurements (docs/measurement-log.md) reads them.
 *
 * Knows neither KVM nor the machine.
 */
#ifndef HW_ARM_CCA_EVENT_LOG_H
#define HW_ARM_CCA_EVENT_LOG_H

#include "hw/arm/rme-plan.h"

/* Bytes of Realm memory that the log has; what it does not use is zero */
#define RME_EVENT_LOG_SIZE 0x10000

/**
 * RmeEventLogVm: what the log says that is not in the plan
 * @version: version of QEMU; at most 39 characters of it are logged
 * @ram_size: of the machine, in bytes
 * @num_cpus: number of vCPUs
 * @firmware: the boot REC starts in a firmware, not in a kernel
 * @dtb: guest address of the device tree, 0 if there is none
 * @initrd: guest address of the initrd, 0 if there is none
 * @log: guest address of the log itself
 *
 * Images are told apart by address: their names in the plan are file names.
 */
typedef struct RmeEventLogVm {
    const char *version;
    uint64_t ram_size;
    uint32_t num_cpus;
    bool firmware;
    uint64_t dtb;
    uint64_t initrd;
    uint64_t log;
} RmeEventLogVm;

/**
 * rme_event_log_make: the log of a launch
 * @plan: a finished plan, before rme_plan_release_data(); the log itself is
 *     one of its blobs, not measured
 * @vm: the rest
 * @digests: what rme_measure_blob() makes of each image of @plan, in its order;
 *     those of images that are not measured are not read
 * @max: bytes that there is room for, at least 8 of which stay zero: they are
 *     where a reader stops
 * @errp: set on failure: more images than there is room for, or no such hash
 *
 * Returns: the bytes, or NULL
 */
GByteArray *rme_event_log_make(const RmePlan *plan, const RmeEventLogVm *vm,
                               const GPtrArray *digests, size_t max,
                               Error **errp);

#endif /* HW_ARM_CCA_EVENT_LOG_H */
