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

static bool hash_images(RmeGuest *guest, bool measured, Error **errp)
{
    RmeHashAlgo algo = rme_plan_params(guest->plan)->hash_algo;

    for (guint i = 0; i < rme_plan_n_blobs(guest->plan); i++) {
        const RmePlanBlob *blob = rme_plan_blob(guest->plan, i);

        if (blob->measured == measured &&
            !rme_measure_blob(blob, algo, g_ptr_array_index(guest->digests, i),
                              errp)) {
            return false;
        }
    }
    return true;
}

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

    if (!guest->log) {
        return true;
    }
    log = rme_event_log_make(guest->plan, &vm, guest->digests,
                             RME_EVENT_LOG_SIZE, errp);
    if (!log) {
        return false;
    }
    memcpy(guest->log, log->data, log->len);
    return true;
}

/* The log has the digests of what is measured, and then gets one itself */
static bool describe_images(RmeGuest *guest, Error **errp)
{
    guest->digests = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < rme_plan_n_blobs(guest->plan); i++) {
        g_ptr_array_add(guest->digests, g_malloc0(RME_MEASURE_SIZE_MAX));
    }
    return hash_images(guest, true, errp) && fill_log(guest, errp) &&
           hash_images(guest, false, errp);
}

CcaImage *rme_report_image(const RmeGuest *guest, guint i)
{
    const RmePlanBlob *blob = rme_plan_blob(guest->plan, i);
    CcaImage *image = g_new0(CcaImage, 1);

    image->name = g_strdup(blob->name);
    image->address = blob->addr;
    image->size = blob->memsize;
    image->measured = blob->measured;
    if (guest->digests) {
        image->digest = rme_measure_hex(g_ptr_array_index(guest->digests, i),
                                        rme_plan_params(guest->plan)->hash_algo);
    }
    return image;
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

/* To hash the images is most of what a launch costs QEMU itself */
static bool is_wanted(const RmeGuestConfig *config)
{
    return config->measurement_report || config->measurement_log ||
           config->measurement_inputs || config->dry_run;
}

/* The report of a launch can do without; what is asked for by name cannot */
static bool is_needed(const RmeGuestConfig *config)
{
    return config->measurement_log || config->measurement_inputs ||
           config->dry_run;
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

bool rme_report_make(RmeGuest *guest, Error **errp)
{
    RmeHashAlgo algo = rme_plan_params(guest->plan)->hash_algo;
    g_autoptr(GString) json = g_string_new(NULL);
    Steps steps = { .json = json, .algo = algo };
    bool inputs = guest->config.measurement_inputs;
    RmeMeasure m = { .fn = inputs ? note_step : NULL, .opaque = &steps };
    Error *err = NULL;

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
    if (!rme_measure_plan(&m, guest->plan,
                          rme_generation(guest->kernel_abi)->rules, errp) ||
        !describe_images(guest, errp)) {
        return false;
    }
    guest->rim = rme_measure_hex(m.rim, algo);
    return !inputs || rme_inputs_write(guest, json, errp);
}
