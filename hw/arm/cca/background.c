/*
 * The launch of an Arm CCA Realm beside the monitors
 *
 * A launch takes as long as the RMM needs for the images: seconds, if they are
 * large. Software that starts QEMU wants to talk to it before. So without -S the
 * main loop launches the Realm, a slice at a time, and the VM is in the state
 * prelaunch until that is over. What monitors can do meanwhile:
 *
 * - quit ends QEMU, and half a Realm with it;
 * - stop lets the launch go on, and the VM is not started after it;
 * - cont does what is left of the launch at once, and starts the VM;
 * - a reset begins again, with another Realm (reboot=exit: it ends QEMU);
 * - devices can be added: no guest has seen the machine yet.
 *
 * With -S it is cont that launches the Realm, and returns when it runs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-misc.h"
#include "hw/arm/cca/background.h"
#include "hw/arm/cca/lifecycle.h"
#include "system/runstate.h"
#include "system/system.h"

/* A slice is to take about this long, so that the monitors wait no longer */
#define SLICE_NS    (5 * SCALE_MS)
#define SLICE_MIN   (64 * KiB)
#define SLICE_MAX   (2 * MiB)
/* While nothing is left but to wait for the hashes */
#define WAIT_NS     (1 * SCALE_MS)

typedef struct RmeBackground {
    QEMUTimer *timer;
    uint64_t slice;
} RmeBackground;

static void adapt_slice(RmeBackground *b, int64_t took)
{
    if (took > SLICE_NS) {
        b->slice = MAX(b->slice / 2, SLICE_MIN);
    } else if (took < SLICE_NS / 4) {
        b->slice = MIN(b->slice * 2, SLICE_MAX);
    }
}

/* As QEMU does it after its start, unless somebody said stop meanwhile */
static void start_vm(void)
{
    if (autostart) {
        qmp_cont(NULL);
    }
}

static void launch_slice(void *opaque)
{
    RmeGuest *guest = opaque;
    RmeBackground *b = guest->background;
    uint64_t before = guest->progress.populated;
    int64_t start = qemu_clock_get_ns(QEMU_CLOCK_REALTIME), now;
    Error *err = NULL;

    if (guest->state == RME_STATE_ACTIVE) {
        return;             /* a monitor said cont */
    }
    if ((!guest->launching && !rme_launch_begin(guest, &err)) ||
        !rme_launch_go_on(guest, b->slice, false, &err)) {
        rme_launch_failed(guest, err);
    }
    if (guest->state == RME_STATE_ACTIVE) {
        start_vm();
        return;
    }
    now = qemu_clock_get_ns(QEMU_CLOCK_REALTIME);
    adapt_slice(b, now - start);
    timer_mod_ns(b->timer, guest->progress.populated > before ? now :
                           now + WAIT_NS);
}

/*
 * Who makes QEMU a daemon waits until it is one to know whether it started, and
 * from then on QEMU may be another user, or in another directory.
 */
void rme_background_prepare(RmeGuest *guest)
{
    if (!autostart || is_daemonized() || guest->config.measurement_inputs) {
        return;
    }
    guest->background = g_new0(RmeBackground, 1);
    guest->background->slice = SLICE_MAX;
    guest->background->timer = timer_new_ns(QEMU_CLOCK_REALTIME, launch_slice,
                                            guest);
    CONFIDENTIAL_GUEST_SUPPORT(guest)->starts_itself = true;
}

void rme_background_start(RmeGuest *guest)
{
    if (guest->background) {
        timer_mod_ns(guest->background->timer,
                     qemu_clock_get_ns(QEMU_CLOCK_REALTIME));
    }
}

void rme_background_free(RmeGuest *guest)
{
    if (guest->background) {
        timer_free(guest->background->timer);
        g_clear_pointer(&guest->background, g_free);
    }
}
