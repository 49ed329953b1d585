/*
 * Can a generation of the kernel's interface do what the user wants?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "hw/arm/rme-generation.h"

bool rme_generation_check(const RmeGuest *guest, Error **errp)
{
    const RmeGeneration *gen = rme_generation(guest->kernel_abi);
    const RmeGuestConfig *config = &guest->config;
    const char *what = NULL;

    if (!gen->has_rpv && !buffer_is_zero(config->rpv, sizeof(config->rpv))) {
        what = "personalization-value other than zeros: remove it";
    } else if (!gen->has_mec && config->mec_policy != RME_MEC_POLICY_DEFAULT) {
        what = "choice of the memory encryption context: remove mec-policy or "
               "shared-mec";
    } else if (!gen->has_hash && config->has_algorithm && !config->dry_run &&
               config->algorithm != RME_GUEST_MEASUREMENT_ALGORITHM_SHA256) {
        what = "choice of the algorithm: remove measurement-algorithm or make "
               "it sha256";
    }
    if (what) {
        error_setg(errp, "a kernel of generation %s has no %s", gen->name,
                   what);
    }
    return !what;
}

RmeHashAlgo rme_generation_hash(const RmeGuest *guest)
{
    const RmeGeneration *gen = rme_generation(guest->kernel_abi);

    if (gen->has_hash || guest->config.has_algorithm) {
        return rme_guest_hash_algo(guest);
    }
    warn_report("rme-guest '%s': a kernel of generation %s does not measure "
                "with sha512 but with sha256", rme_guest_id(guest), gen->name);
    return RME_HASH_SHA256;
}
