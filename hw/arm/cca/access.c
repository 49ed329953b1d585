/*
 * Arm CCA Realms: what the host may look at
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "system/address-spaces.h"
#include "system/memory.h"
#include "hw/arm/cca/access.h"
#include "hw/arm/cca/dma.h"
#include "hw/arm/rme-guest.h"
#include "hw/arm/rme-shared.h"

typedef struct HostAccess {
    const RmeSharedState *shared;   /* NULL: there is none yet */
    hwaddr start, last;
} HostAccess;

static bool check_range(const MemoryRegion *mr, hwaddr gpa, uint64_t size,
                        hwaddr offset, void *opaque, Error **errp)
{
    const HostAccess *s = opaque;
    hwaddr start = QEMU_ALIGN_DOWN(MAX(gpa, s->start), RME_SHARED_PAGE_SIZE);
    hwaddr last = MIN(gpa + size - 1, s->last);

    for (hwaddr page = start; page <= last; page += RME_SHARED_PAGE_SIZE) {
        if (!s->shared ||
            !rme_shared_test(s->shared, page, RME_SHARED_PAGE_SIZE)) {
            error_setg(errp, "guest page 0x%" HWADDR_PRIx " is private to the "
                       "Realm: the host sees only pages that the guest shared",
                       page);
            return false;
        }
    }
    return true;
}

bool rme_check_host_access(ConfidentialGuestSupport *cgs, const char *what,
                           hwaddr gpa, uint64_t size, Error **errp)
{
    HostAccess s = {
        .shared = RME_GUEST(cgs)->shared,
        .start = gpa,
        .last = gpa + size - 1,
    };

    if (what) {
        error_setg(errp, "a Realm has no %s: its registers and its private "
                   "memory are out of the host's reach, look at it from inside "
                   "the guest", what);
        return false;
    }
    if (!size) {
        return true;
    }
    if (s.last < gpa) {
        s.last = UINT64_MAX;
    }
    return rme_dma_foreach_ram(&address_space_memory, check_range, &s, errp);
}
