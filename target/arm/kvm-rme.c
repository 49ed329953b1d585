/*
 * Arm CCA Realms under KVM: which VM to create, initialisation
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "hw/boards.h"
#include "migration/blocker.h"
#include "system/cpus.h"
#include "system/kvm.h"
#include "system/runstate.h"
#include "hw/arm/cca/access.h"
#include "hw/arm/cca/dma.h"
#include "hw/arm/cca/shared.h"
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

int kvm_rme_probe_host(RmeGuest *guest, int kvm_fd, Error **errp)
{
    RmeAbi abi;

    if (!kvm_rme_abi_probe_host(kvm_fd, guest->ipa_bits, true, &abi, errp) ||
        !kvm_rme_check_width(guest, abi.ipa_max, errp)) {
        return -1;
    }

    guest->kvm = g_new0(KvmRme, 1);
    guest->kvm->abi = abi;
    guest->host = (RmeGuestHost) {
        .capability = abi.cap,
        .capability_origin = abi.cap_origin,
        .mec_known = abi.mec_items,
        .mec_supported = abi.mec_supported,
    };
    guest->kvm->gone = bitmap_new(current_machine->smp.max_cpus);
    guest->kvm->told = kvm_rme_new_pieces(guest->ipa_bits);
    /* The RMM owns the tables. KVM may take it and oops, so never try */
    CONFIDENTIAL_GUEST_SUPPORT(guest)->no_write_protection = true;
    rme_guest_set_state(guest, RME_STATE_PROBED);
    return abi.vm_type | guest->ipa_bits;
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

/*
 * The guest's end stops a VM that runs. One that was paused at that moment keeps
 * its state, and "cont" would let it run for ever without a vCPU.
 */
static void stop_if_ended(RmeGuest *guest)
{
    if (guest->kvm->ended) {
        qemu_system_vmstop_request_prepare();
        qemu_system_vmstop_request(RUN_STATE_SHUTDOWN);
    }
}

/* A failure here ends QEMU: there is no way back from half a Realm */
static void kvm_rme_vm_state_change(void *opaque, bool running, RunState state)
{
    RmeGuest *guest = opaque;
    Error *err = NULL;

    if (!running) {
        return;
    }
    if (guest->state == RME_STATE_ACTIVE) {
        stop_if_ended(guest);
        return;
    }
    /* The plan is made of what a reset leaves, and there is none after it */
    qemu_system_reset_if_requested();
    if (!kvm_rme_launch(guest, &err)) {
        rme_guest_set_state(guest, RME_STATE_FAILED);
        error_reportf_err(err, "rme-guest '%s': ", rme_guest_id(guest));
        exit(EXIT_FAILURE);
    }
}

static int kvm_rme_kvm_init(ConfidentialGuestSupport *cgs, Error **errp)
{
    RmeGuest *guest = RME_GUEST(cgs);
    Error *blocker = NULL;

    if (guest->state != RME_STATE_PROBED) {
        error_setg(errp, "machine %s did not create a Realm VM for rme-guest "
                   "'%s': use -machine virt",
                   object_get_typename(OBJECT(current_machine)),
                   rme_guest_id(guest));
        return -EINVAL;
    }

    error_setg(&blocker, "an Arm CCA Realm cannot be migrated or saved: its "
               "state is out of the host's reach");
    if (migrate_add_blocker(&blocker, errp) < 0) {
        return -EBUSY;
    }

    qemu_unblock_sigbus();
    qemu_add_vm_change_state_handler(kvm_rme_vm_state_change, guest);
    cgs->require_guest_memfd = true;
    cgs->takes_rom_blobs = true;
    cgs->sets_private_attributes = true;
    cgs->ready = true;
    return 0;
}

void kvm_rme_class_init(ConfidentialGuestSupportClass *klass)
{
    klass->kvm_init = kvm_rme_kvm_init;
    klass->kvm_handle_exit = kvm_rme_handle_exit;
    klass->kvm_run_failed = kvm_rme_run_failed;
    klass->check_vhost = rme_dma_check_vhost;
    klass->check_host_access = rme_check_host_access;
    klass->check_inspection = rme_check_inspection;
    klass->explain_sigbus = rme_explain_sigbus;
}
