/*
 * The file of the property measurement-inputs: all that a Realm's initial
 * measurement is computed from, for those who want to compute or compare it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/arm/cca/report.h"
#include "hw/arm/virt.h"
#include "qobject/json-writer.h"

static const char *algo_name(RmeHashAlgo algo)
{
    switch (algo) {
    case RME_HASH_SHA256:
        return "sha256";
    case RME_HASH_SHA384:
        return "sha384";
    case RME_HASH_SHA512:
        return "sha512";
    }
    g_assert_not_reached();
}

static void add_create(JSONWriter *json, const RmePlanParams *p)
{
    json_writer_uint64(json, "flags", p->flags);
    json_writer_uint64(json, "ipa-bits", p->ipa_bits);
    json_writer_uint64(json, "sve-vl", p->sve_vl);
    json_writer_uint64(json, "num-bps", p->num_bps);
    json_writer_uint64(json, "num-wps", p->num_wps);
    json_writer_uint64(json, "pmu-num-ctrs", p->pmu_num_ctrs);
    json_writer_uint64(json, "hash-algo", p->hash_algo);
}

static void add_rec(JSONWriter *json, const RmePlanRec *rec)
{
    json_writer_uint64(json, "flags", rec->flags);
    json_writer_uint64(json, "pc", rec->pc);
    json_writer_start_array(json, "gprs");
    for (int i = 0; i < ARRAY_SIZE(rec->gprs); i++) {
        json_writer_uint64(json, NULL, rec->gprs[i]);
    }
    json_writer_end_array(json);
}

static void add_data(JSONWriter *json, const RmeExtend *e, RmeHashAlgo algo)
{
    json_writer_uint64(json, "ipa", e->base);
    json_writer_bool(json, "measured", e->measured);
    if (e->measured) {
        g_autofree char *content = rme_measure_hex(e->content, algo);

        json_writer_str(json, "content", content);
    }
}

static void add_ripas(JSONWriter *json, const RmeExtend *e)
{
    json_writer_uint64(json, "base", e->base);
    json_writer_uint64(json, "top", e->top);
}

void rme_inputs_add_step(JSONWriter *json, const RmeExtend *e, RmeHashAlgo algo)
{
    static const char *const names[] = {
        [RME_EXTEND_CREATE] = "realm-create",
        [RME_EXTEND_RIPAS] = "ripas",
        [RME_EXTEND_DATA] = "data",
        [RME_EXTEND_REC] = "rec",
    };

    json_writer_start_object(json, NULL);
    json_writer_str(json, "step", names[e->op]);
    switch (e->op) {
    case RME_EXTEND_CREATE:
        add_create(json, e->params);
        break;
    case RME_EXTEND_RIPAS:
        add_ripas(json, e);
        break;
    case RME_EXTEND_DATA:
        add_data(json, e, algo);
        break;
    case RME_EXTEND_REC:
        add_rec(json, e->rec);
        break;
    }
    json_writer_end_object(json);
}

static void add_machine(JSONWriter *json)
{
    json_writer_start_object(json, "machine");
    json_writer_uint64(json, "vcpus", current_machine->smp.cpus);
    json_writer_uint64(json, "ram-size", current_machine->ram_size);
    json_writer_str(json, "append", current_machine->kernel_cmdline ?: "");
    json_writer_end_object(json);
}

/* Members as CcaImage of QAPI has them */
static void add_images(JSONWriter *json, const RmeGuest *guest)
{
    json_writer_start_array(json, "images");
    for (guint i = 0; i < rme_plan_n_blobs(guest->plan); i++) {
        g_autoptr(CcaImage) image = rme_report_image(guest, i);

        json_writer_start_object(json, NULL);
        json_writer_str(json, "name", image->name);
        json_writer_uint64(json, "address", image->address);
        json_writer_uint64(json, "size", image->size);
        json_writer_str(json, "digest", image->digest);
        json_writer_bool(json, "measured", image->measured);
        json_writer_end_object(json);
    }
    json_writer_end_array(json);
}

/* What hw/arm/boot.c put there, whatever it is called */
static void add_dtb(JSONWriter *json, const RmePlan *plan)
{
    hwaddr start = VIRT_MACHINE(current_machine)->bootinfo.dtb_start;

    for (guint i = 0; i < rme_plan_n_blobs(plan); i++) {
        const RmePlanBlob *blob = rme_plan_blob(plan, i);

        if (start && blob->addr == start) {
            g_autofree char *text = g_base64_encode(blob->data,
                                                    blob->datasize);

            json_writer_str(json, "dtb", text);
        }
    }
}

JSONWriter *rme_inputs_start(const RmeGuest *guest)
{
    JSONWriter *json = json_writer_new(false);

    json_writer_start_object(json, NULL);
    json_writer_uint64(json, "version", 1);
    json_writer_str(json, "kernel-abi", RmeKernelAbi_str(guest->kernel_abi));
    json_writer_str(json, "algorithm",
                    algo_name(rme_plan_params(guest->plan)->hash_algo));
    add_machine(json);
    add_dtb(json, guest->plan);
    json_writer_start_array(json, "steps");
    return json;
}

bool rme_inputs_write(const RmeGuest *guest, JSONWriter *json, Error **errp)
{
    g_autoptr(GError) gerr = NULL;

    json_writer_end_array(json);
    add_images(json, guest);
    json_writer_str(json, "rim", guest->rim);
    json_writer_end_object(json);

    /* By a temporary file beside it, which is renamed */
    if (!g_file_set_contents(guest->config.measurement_inputs,
                             json_writer_get(json), -1, &gerr)) {
        error_setg(errp, "cannot write the measurement-inputs file '%s': %s",
                   guest->config.measurement_inputs, gerr->message);
        return false;
    }
    return true;
}
