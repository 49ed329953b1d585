/*
 * Arm CCA Realms under KVM: which VM to create
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitmap.h"
#include "hw/boards.h"
#include "system/kvm_int.h"
#include "kvm-rme.h"

RmeGuest *kvm_rme_guest(void)
{
    return rme_guest_from_machine(current_machine);
}

bool kvm_rme_check_width(const RmeGuest *guest, unsigned limit, Error **errp)
{
    g_autofree char *advice = NULL;

    if (guest->ipa_bits <= limit) {
        return true;
    }
    advice = guest->advise_width(guest, limit);
    error_setg(errp, "the Realm needs an IPA space of %u bits (guest addresses "
               "of %u bits and the shared bit), this host's RMM supports %u: "
               "%s", guest->ipa_bits, guest->ipa_bits - 1, limit, advice);
    return false;
}

int kvm_rme_probe_host(RmeGuest *guest, KVMState *s, Error **errp)
{
    RmeAbi abi;

    if (!kvm_rme_abi_probe_host(s->fd, guest->ipa_bits, true, &abi, errp) ||
        !kvm_rme_check_width(guest, abi.ipa_max, errp)) {
        return -1;
    }

    guest->kvm = g_new0(KvmRme, 1);
    guest->kvm->abi = abi;
    guest->kernel_abi = abi.ops->generation;
    guest->host = (RmeGuestHost) {
        .capability = abi.cap,
        .capability_origin = abi.cap_origin,
        .mec_known = abi.mec_items,
        .mec_supported = abi.mec_supported,
    };
    guest->kvm->gone = bitmap_new(current_machine->smp.max_cpus);
    guest->kvm->told = kvm_rme_new_pieces(&abi, guest->ipa_bits);
    guest->kvm->again = g_new0(KvmRmeAgain, current_machine->smp.max_cpus);
    /* The RMM owns the tables. KVM may take it and oops, so never try */
    CONFIDENTIAL_GUEST_SUPPORT(guest)->no_write_protection = true;
    rme_guest_set_state(guest, RME_STATE_PROBED);
    return abi.vm_type | guest->ipa_bits;
}

void kvm_rme_restart(RmeGuest *guest)
{
    KvmRme *rme = guest->kvm;
    unsigned cpus = current_machine->smp.max_cpus;

    rme->ended = false;
    bitmap_zero(rme->gone, cpus);
    memset(rme->again, 0, cpus * sizeof(*rme->again));
    g_free(rme->told);
    rme->told = kvm_rme_new_pieces(&rme->abi, guest->ipa_bits);
}

unsigned long kvm_rme_scratch_type(unsigned long type)
{
    RmeGuest *guest = kvm_rme_guest();

    if (!guest || !guest->kvm) {
        return type;
    }
    return guest->kvm->abi.vm_type | guest->ipa_bits;
}

bool kvm_rme_state_hidden(void)
{
    RmeGuest *guest = kvm_rme_guest();

    return guest && guest->state == RME_STATE_ACTIVE;
}

bool kvm_rme_has_ended(const RmeGuest *guest)
{
    return guest->kvm->ended;
}

void kvm_rme_free(KvmRme *rme)
{
    if (rme) {
        g_free(rme->gone);
        g_free(rme->told);
        g_free(rme->again);
        g_free(rme);
    }
}

bool kvm_rme_private_from_start(const RmeGuest *guest)
{
    return guest->kvm->abi.ops->memory->private_from_start;
}
