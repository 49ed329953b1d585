/*
 * Arm CCA Realms: the state of an "rme-guest", for those who work on it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The object itself, with its properties and methods, is in guest.c.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/accel.h"
#include "hw/arm/rme-guest.h"
#include "hw/arm/virt.h"
#include "hw/boards.h"
#include "trace.h"

RmeGuest *rme_guest_from_machine(const MachineState *ms)
{
    if (!ms || !ms->cgs) {
        return NULL;
    }
    return (RmeGuest *)object_dynamic_cast(OBJECT(ms->cgs), TYPE_RME_GUEST);
}

const char *rme_guest_id(const RmeGuest *guest)
{
    return object_get_canonical_path_component(OBJECT(guest));
}

void rme_guest_set_state(RmeGuest *guest, RmeState state)
{
    /* In the order of the launch; RME_STATE_FAILED is ahead of all others */
    g_assert(state > guest->state);
    trace_rme_guest_state(rme_guest_id(guest),
                          RmeState_str(guest->state),
                          RmeState_str(state));
    guest->state = state;
}

void rme_guest_restart(RmeGuest *guest)
{
    g_assert(guest->state != RME_STATE_NEW &&
             guest->state != RME_STATE_FAILED);
    trace_rme_guest_state(rme_guest_id(guest),
                          RmeState_str(guest->state),
                          RmeState_str(RME_STATE_PROBED));
    guest->state = RME_STATE_PROBED;

    if (guest->rim) {
        g_free(guest->last_rim);
        guest->last_rim = g_steal_pointer(&guest->rim);
    }
    g_clear_pointer(&guest->digests, g_ptr_array_unref);
    g_clear_pointer(&guest->plan, rme_plan_free);
}

RmeHashAlgo rme_guest_hash_algo(const RmeGuest *guest)
{
    switch (guest->config.algorithm) {
    case RME_GUEST_MEASUREMENT_ALGORITHM_SHA256:
        return RME_HASH_SHA256;
    case RME_GUEST_MEASUREMENT_ALGORITHM_SHA512:
        return RME_HASH_SHA512;
    default:
        g_assert_not_reached();
    }
}

bool rme_guest_check_machine(const RmeGuest *guest, const MachineState *ms,
                             Error **errp)
{
    if (object_dynamic_cast(OBJECT(ms), TYPE_VIRT_MACHINE)) {
        return true;
    }
    error_setg(errp, "machine '%s' cannot run the Realm '%s': use -machine "
               "virt", MACHINE_GET_CLASS(ms)->name, rme_guest_id(guest));
    return false;
}

bool rme_guest_check_accel(const RmeGuest *guest, Error **errp)
{
    if (guest->state != RME_STATE_NEW || guest->config.dry_run) {
        return true;
    }
    error_setg(errp, "accelerator %s cannot run the Realm '%s': use "
               "-accel kvm on a host with Arm CCA",
               current_accel_name(), rme_guest_id(guest));
    return false;
}
