/*
 * What is in an Arm CCA Realm and how it is measured, for reports
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "hw/arm/cca/event-log.h"
#include "hw/arm/rme-generation.h"
#include "hw/arm/cca/report.h"
#include "hw/arm/virt.h"
#include "hw/boards.h"
#include "qobject/json-writer.h"

/**
 * RmeReport: the measurement of a launch that is being computed
 * @hashing: what works on it
 * @algo: its algorithm
 * @inputs: for the file of measurement-inputs, or NULL
 * @log_written: the log has its contents
 */
typedef struct RmeReport {
    RmeHashing *hashing;
    RmeHashAlgo algo;
    JSONWriter *inputs;
    bool log_written;
} RmeReport;

static bool fill_log(RmeGuest *guest, Error **errp)
{
    const struct arm_boot_info *info = &VIRT_MACHINE(current_machine)->bootinfo;
    RmeEventLogVm vm = {
        .version = QEMU_VERSION,
        .ram_size = current_machine->ram_size,
        .num_cpus = current_machine->smp.cpus,
        .firmware = info->firmware_loaded,
        .dtb = info->dtb_start,
        .initrd = info->initrd_size ? info->initrd_start : 0,
        .log = guest->log_addr,
    };
    g_autoptr(GByteArray) log = NULL;

    log = rme_event_log_make(guest->plan, &vm, guest->digests,
                             RME_EVENT_LOG_SIZE, errp);
    if (!log) {
        return false;
    }
    memcpy(guest->log, log->data, log->len);
    return true;
}

CcaImage *rme_report_image(const RmeGuest *guest, guint i)
{
    const RmePlanBlob *blob = rme_plan_blob(guest->plan, i);
    CcaImage *image = g_new0(CcaImage, 1);

    image->name = g_strdup(blob->name);
    image->address = blob->addr;
    image->size = blob->memsize;
    image->measured = blob->measured;
    if (guest->digests && guest->rim) {
        image->digest = rme_measure_hex(g_ptr_array_index(guest->digests, i),
                                        rme_plan_params(guest->plan)->hash_algo);
    }
    return image;
}

/* In one thread at a time */
static void note_step(const RmeExtend *extend, void *opaque)
{
    RmeReport *r = opaque;

    rme_inputs_add_step(r->inputs, extend, r->algo);
}

/* To hash the images is most of what a launch costs QEMU itself */
static bool is_wanted(const RmeGuestConfig *config)
{
    return config->measurement_report || config->measurement_log ||
           config->measurement_inputs || config->dry_run;
}

/*
 * Each image is hashed once for the measurement.  The digest of an image as a
 * whole is a second time, by one thread, so that is for those only whose format
 * has it.
 */
static bool has_digests(const RmeGuestConfig *config)
{
    return config->measurement_log || config->measurement_inputs;
}

/* The report of a launch can do without; what is asked for by name cannot */
static bool is_needed(const RmeGuestConfig *config)
{
    return has_digests(config) || config->dry_run;
}

static bool check_order(RmeGuest *guest, Error **errp)
{
    if (rme_plan_order_is_known(guest->plan)) {
        return true;
    }
    error_setg(errp, "a kernel of generation %s measures each block of RAM, in "
               "an order that nobody else knows: the measurement of a Realm "
               "with firmware or with several memory backends cannot be "
               "computed", rme_generation(guest->kernel_abi)->name);
    return false;
}

static GPtrArray *new_digests(const RmePlan *plan)
{
    GPtrArray *digests = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < rme_plan_n_blobs(plan); i++) {
        g_ptr_array_add(digests, g_malloc0(RME_MEASURE_SIZE_MAX));
    }
    return digests;
}

void rme_report_cancel(RmeGuest *guest)
{
    RmeReport *r = guest->report;

    if (r) {
        guest->report = NULL;
        rme_hashing_free(r->hashing);
        json_writer_free(r->inputs);
        g_free(r);
    }
}

bool rme_report_is_ready(const RmeGuest *guest)
{
    return !guest->report || rme_hashing_is_ready(guest->report->hashing);
}

bool rme_report_write_log(RmeGuest *guest, Error **errp)
{
    RmeReport *r = guest->report;

    if (!r || !guest->log || r->log_written) {
        return true;
    }
    r->log_written = rme_hashing_wait_digests(r->hashing, errp) &&
                     fill_log(guest, errp);
    return r->log_written;
}

/* Of the log, which has the digests of what is measured */
static bool hash_unmeasured(RmeGuest *guest, Error **errp)
{
    bool ok = true;

    for (guint i = 0; ok && i < rme_plan_n_blobs(guest->plan); i++) {
        const RmePlanBlob *blob = rme_plan_blob(guest->plan, i);

        ok = blob->measured ||
             rme_measure_blob(blob, guest->report->algo,
                              g_ptr_array_index(guest->digests, i), NULL,
                              errp);
    }
    return ok;
}

static bool finish(RmeGuest *guest, Error **errp)
{
    RmeReport *r = guest->report;
    uint8_t rim[RME_MEASURE_SIZE_MAX];

    if (!rme_report_write_log(guest, errp) ||
        !rme_hashing_wait(r->hashing, rim, errp) ||
        (guest->digests && !hash_unmeasured(guest, errp))) {
        return false;
    }
    guest->rim = rme_measure_hex(rim, r->algo);
    return !r->inputs || rme_inputs_write(guest, r->inputs, errp);
}

bool rme_report_finish(RmeGuest *guest, Error **errp)
{
    bool ok = !guest->report || finish(guest, errp);

    rme_report_cancel(guest);
    if (!ok) {
        g_clear_pointer(&guest->digests, g_ptr_array_unref);
    }
    return ok;
}

bool rme_report_start(RmeGuest *guest, Error **errp)
{
    const RmePlan *plan = guest->plan;
    Error *err = NULL;
    RmeReport *r;

    rme_report_cancel(guest);
    g_clear_pointer(&guest->digests, g_ptr_array_unref);
    g_clear_pointer(&guest->rim, g_free);
    if (!is_wanted(&guest->config)) {
        return true;
    }
    if (!check_order(guest, &err)) {
        if (is_needed(&guest->config)) {
            error_propagate(errp, err);
            return false;
        }
        warn_reportf_err(err, "rme-guest '%s': ", rme_guest_id(guest));
        return true;
    }

    guest->report = r = g_new0(RmeReport, 1);
    r->algo = rme_plan_params(plan)->hash_algo;
    r->inputs = guest->config.measurement_inputs ? rme_inputs_start(guest) : NULL;
    guest->digests = has_digests(&guest->config) ? new_digests(plan) : NULL;
    /* The main loop does not wait for them, and so is none of them */
    r->hashing = rme_hashing_start(plan,
                                   rme_generation(guest->kernel_abi)->rules,
                                   rme_hashing_threads() + !!guest->background,
                                   r->inputs ? note_step : NULL, r,
                                   guest->digests);
    /* Who wants the file wants it before there is anything of a Realm */
    return !r->inputs || rme_report_finish(guest, errp);
}
