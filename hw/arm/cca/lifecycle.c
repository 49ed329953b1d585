/*
 * The life of an Arm CCA Realm under KVM
 *
 * The machine is turned into a plan, and target/arm/ carries it out, step by
 * step, while threads measure it. This happens at the first transition to running:
 * by then resets are over, images are loaded and the DTB is final. A reset after
 * that makes a new VM (accel/kvm/kvm-new-vm.c), and the same happens again: at
 * once if the machine runs, or when it does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/madvise.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "system/address-spaces.h"
#include "system/ramblock.h"
#include "hw/arm/cca/background.h"
#include "hw/arm/cca/dma.h"
#include "hw/arm/cca/launch.h"
#include "hw/arm/cca/lifecycle.h"
#include "hw/arm/cca/report.h"
#include "hw/arm/rme-guest.h"
#include "hw/arm/rme-shared.h"
#include "hw/boards.h"
#include "hw/loader.h"
#include "kvm-rme.h"
#include "migration/blocker.h"
#include "qapi/qapi-events-misc.h"
#include "system/cpus.h"
#include "system/kvm.h"
#include "system/runstate.h"

/* What a launch populates between two looks at the clock */
#define SLICE (32 * MiB)

/*
 * The guest shares single pages. With huge pages behind the shared mapping,
 * which QEMU asks for by default, each would cost 2 MiB of host memory, and
 * khugepaged could bring back what was dropped.
 */
static int forbid_huge_pages(RAMBlock *rb, void *opaque)
{
    if (rb->guest_memfd >= 0) {
        qemu_madvise(rb->host, rb->max_length, QEMU_MADV_NOHUGEPAGE);
    }
    return 0;
}

/*
 * The Realm has the images.  The allocator would keep blocks of up to 32 MiB:
 * what held images, and the files that they came from.
 */
static void release_images(RmeGuest *guest)
{
    rme_plan_release_data(guest->plan);
    g_clear_pointer(&guest->log, g_free);
    rom_release_blobs();
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

static bool make_plan(RmeGuest *guest, Error **errp)
{
    RmePlanParams params;

    if (!kvm_rme_configure(guest, &params, errp)) {
        return false;
    }
    guest->plan = rme_launch_plan(&params, errp);
    return guest->plan && rme_report_start(guest, errp);
}

static uint64_t bytes_to_populate(const RmePlan *plan)
{
    uint64_t sum = 0;

    for (guint i = 0; i < rme_plan_n_steps(plan); i++) {
        const RmePlanStep *step = rme_plan_step(plan, i);

        sum += step->op == RME_PLAN_POPULATE ? step->size : 0;
    }
    return sum;
}

/* Whoever attests the guest has to know that it is another one now */
static void compare_rim(const RmeGuest *guest)
{
    if (!guest->last_rim || !guest->rim ||
        g_str_equal(guest->last_rim, guest->rim)) {
        return;
    }
    warn_report("rme-guest '%s': the initial measurement of launch %u is not "
                "that of the one before: a file that an image came from was "
                "changed", rme_guest_id(guest), guest->launches);
    qapi_event_send_cca_measurement_changed(rme_guest_id(guest),
                                            guest->launches, guest->last_rim,
                                            guest->rim);
}

bool rme_launch_begin(RmeGuest *guest, Error **errp)
{
    if (guest->state != RME_STATE_PROBED) {
        error_setg(errp, "the launch failed before and cannot be tried again");
        return false;
    }
    /* The plan is made of what a reset leaves, and there is none after it */
    qemu_system_reset_if_requested();
    if (!rom_reload_blobs(errp) || !make_plan(guest, errp)) {
        return false;
    }
    qemu_ram_foreach_block(forbid_huge_pages, NULL);
    kvm_mark_guest_state_protected();
    guest->progress = (RmeProgress) {
        .total = bytes_to_populate(guest->plan),
        .told = qemu_clock_get_ms(QEMU_CLOCK_REALTIME),
    };
    guest->launching = true;
    return true;
}

/* The log has digests of what is measured, and is the one thing that is not */
static bool execute_part(RmeGuest *guest, const RmePlanStep *step,
                         uint64_t max, Error **errp)
{
    RmeProgress *p = &guest->progress;
    uint64_t before = p->done;

    if ((step->op == RME_PLAN_POPULATE && !step->measured &&
         !rme_report_write_log(guest, errp)) ||
        !kvm_rme_execute(guest, step, &p->done, max, errp)) {
        return false;
    }
    if (step->op == RME_PLAN_POPULATE) {
        p->populated += p->done - before;
    }
    if (p->done == step->size) {
        p->step++;
        p->done = 0;
    }
    return true;
}

static bool finish_launch(RmeGuest *guest, Error **errp)
{
    /* The memory of a machine does not change from one Realm to the next */
    if ((!guest->launches &&
         !rme_dma_attach_ram(guest->shared, &address_space_memory, errp)) ||
        !rme_report_finish(guest, errp)) {
        return false;
    }
    rme_guest_set_state(guest, RME_STATE_ACTIVE);
    guest->launching = false;
    guest->launches++;
    release_images(guest);
    compare_rim(guest);
    return true;
}

/* Contents of images, and not what has to wait for their hashes */
static bool is_measured_contents(const RmePlanStep *step)
{
    return step->op == RME_PLAN_POPULATE && step->measured;
}

/* For monitors, once a second */
static void tell_progress(RmeGuest *guest)
{
    RmeProgress *p = &guest->progress;
    int64_t now = qemu_clock_get_ms(QEMU_CLOCK_REALTIME);

    if (now - p->told >= 1000) {
        p->told = now;
        qapi_event_send_cca_launch_progress(p->populated, p->total);
    }
}

bool rme_launch_go_on(RmeGuest *guest, uint64_t max, bool wait, Error **errp)
{
    RmeProgress *p = &guest->progress;
    uint64_t start = p->populated;

    tell_progress(guest);
    while (p->step < rme_plan_n_steps(guest->plan)) {
        const RmePlanStep *step = rme_plan_step(guest->plan, p->step);
        uint64_t left = max - (p->populated - start);

        if ((step->op == RME_PLAN_POPULATE && !left) ||
            (!wait && p->populated && !is_measured_contents(step) &&
             !rme_report_is_ready(guest))) {
            return true;
        }
        if (!execute_part(guest, step, left, errp)) {
            return false;
        }
    }
    return finish_launch(guest, errp);
}

void rme_launch_failed(RmeGuest *guest, Error *err)
{
    rme_report_cancel(guest);
    rme_guest_set_state(guest, RME_STATE_FAILED);
    error_reportf_err(err, "rme-guest '%s': ", rme_guest_id(guest));
    exit(EXIT_FAILURE);
}

/* Or what is left of it */
static bool launch(RmeGuest *guest, Error **errp)
{
    bool ok = guest->launching || rme_launch_begin(guest, errp);

    while (ok && guest->launching) {
        ok = rme_launch_go_on(guest, SLICE, true, errp);
    }
    return ok;
}

/*
 * The guest's end stops a VM that runs. One that was paused at that moment
 * keeps its state, and "cont" would let it run for ever without a vCPU.
 */
static void stop_if_ended(const RmeGuest *guest)
{
    if (kvm_rme_has_ended(guest)) {
        qemu_system_vmstop_request_prepare();
        qemu_system_vmstop_request(RUN_STATE_SHUTDOWN);
    }
}

static void vm_state_change(void *opaque, bool running, RunState state)
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
    if (!launch(guest, &err)) {
        rme_launch_failed(guest, err);
    }
}

/* What the Realm before shared: the new one would never see it, but pay */
static int drop_shared_copy(RAMBlock *rb, void *opaque)
{
    return rb->guest_memfd < 0 ? 0 :
           kvm_rme_drop_shared(rb, 0, qemu_ram_get_used_length(rb));
}

static bool forget_realm(void *opaque, KVMVmChange change, Error **errp)
{
    RmeGuest *guest = opaque;

    if (change == KVM_VM_CLOSING) {
        /* It may be half launched; whoever launches it begins again */
        rme_report_cancel(guest);
        guest->launching = false;
        rme_guest_restart(guest);
        kvm_rme_restart(guest);
    }
    return true;
}

/* The devices were reset: none of them uses memory of the Realm before */
int rme_kvm_reset(ConfidentialGuestSupport *cgs, Error **errp)
{
    RmeGuest *guest = RME_GUEST(cgs);
    Error *err = NULL;
    int ret;

    rme_dma_reset(guest->dma);
    ret = qemu_ram_foreach_block(drop_shared_copy, NULL);
    if (ret) {
        error_setg_errno(errp, -ret, "rme-guest '%s': cannot drop the memory "
                         "that the Realm shared", rme_guest_id(guest));
        return -1;
    }
    if (runstate_is_running() && !launch(guest, &err)) {
        rme_launch_failed(guest, err);
    }
    return 0;
}

int rme_kvm_init(ConfidentialGuestSupport *cgs, Error **errp)
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
    qemu_add_vm_change_state_handler(vm_state_change, guest);
    kvm_on_vm_change(forget_realm, guest);
    cgs->reset_by_new_vm = guest->config.reboot == RME_REBOOT_RECREATE;
    cgs->sets_private_attributes = true;
    cgs->private_without_attributes = kvm_rme_private_from_start(guest);
    rme_launch_prepare(guest);
    rme_background_prepare(guest);
    return 0;
}
