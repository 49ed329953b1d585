/*
 * What is in an Arm CCA Realm and how it is measured, for reports
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/arm/rme-report.h"

static bool hash_images(RmeGuest *guest, RmeHashAlgo algo, Error **errp)
{
    g_autoptr(GPtrArray) digests = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < rme_plan_n_blobs(guest->plan); i++) {
        uint8_t digest[RME_MEASURE_SIZE_MAX];

        if (!rme_measure_blob(rme_plan_blob(guest->plan, i), algo, digest,
                              errp)) {
            return false;
        }
        g_ptr_array_add(digests, rme_measure_hex(digest, algo));
    }
    guest->digests = g_steal_pointer(&digests);
    return true;
}

typedef struct Steps {
    GString *json;
    RmeHashAlgo algo;
} Steps;

static void note_step(const RmeExtend *extend, void *opaque)
{
    Steps *steps = opaque;

    rme_inputs_add_step(steps->json, extend, steps->algo);
}

bool rme_report_make(RmeGuest *guest, RmeMeasureRules rules, bool digests,
                     Error **errp)
{
    RmeHashAlgo algo = rme_plan_params(guest->plan)->hash_algo;
    g_autoptr(GString) json = g_string_new(NULL);
    Steps steps = { .json = json, .algo = algo };
    bool wanted = guest->config.measurement_inputs;
    RmeMeasure m = { .fn = wanted ? note_step : NULL, .opaque = &steps };

    if (!rme_measure_plan(&m, guest->plan, rules, errp) ||
        ((digests || wanted) && !hash_images(guest, algo, errp))) {
        return false;
    }
    guest->rim = rme_measure_hex(m.rim, algo);
    return !wanted || rme_inputs_write(guest, rules, json, errp);
}
