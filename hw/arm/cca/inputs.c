/*
 * The file of the property measurement-inputs: all that a Realm's initial
 * measurement is computed from, for those who want to compute or compare it
 *
 * The steps can be many: one for each page of the images.  They are text from
 * the beginning, and not objects.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/arm/cca/report.h"
#include "hw/arm/virt.h"
#include "qapi/qapi-visit-misc-target.h"
#include "qapi/qobject-output-visitor.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"

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

static void add_create(GString *json, const RmePlanParams *p)
{
    g_string_append_printf(json, "{\"step\":\"realm-create\",\"flags\":%" PRIu64
                           ",\"ipa-bits\":%u,\"sve-vl\":%u,\"num-bps\":%u,"
                           "\"num-wps\":%u,\"pmu-num-ctrs\":%u,"
                           "\"hash-algo\":%u},\n", p->flags, p->ipa_bits,
                           p->sve_vl, p->num_bps, p->num_wps, p->pmu_num_ctrs,
                           p->hash_algo);
}

static void add_rec(GString *json, const RmePlanRec *rec)
{
    g_string_append_printf(json, "{\"step\":\"rec\",\"flags\":%" PRIu64
                           ",\"pc\":%" PRIu64 ",\"gprs\":[", rec->flags,
                           rec->pc);
    for (int i = 0; i < ARRAY_SIZE(rec->gprs); i++) {
        g_string_append_printf(json, "%s%" PRIu64, i ? "," : "",
                               rec->gprs[i]);
    }
    g_string_append(json, "]},\n");
}

static void add_data(GString *json, const RmeExtend *e, RmeHashAlgo algo)
{
    g_autofree char *content = NULL;

    g_string_append_printf(json, "{\"step\":\"data\",\"ipa\":%" PRIu64
                           ",\"measured\":%s", e->base,
                           e->measured ? "true" : "false");
    if (e->measured) {
        content = rme_measure_hex(e->content, algo);
        g_string_append_printf(json, ",\"content\":\"%s\"", content);
    }
    g_string_append(json, "},\n");
}

void rme_inputs_add_step(GString *json, const RmeExtend *e, RmeHashAlgo algo)
{
    switch (e->op) {
    case RME_EXTEND_CREATE:
        add_create(json, e->params);
        break;
    case RME_EXTEND_RIPAS:
        g_string_append_printf(json, "{\"step\":\"ripas\",\"base\":%" PRIu64
                               ",\"top\":%" PRIu64 "},\n", e->base, e->top);
        break;
    case RME_EXTEND_DATA:
        add_data(json, e, algo);
        break;
    case RME_EXTEND_REC:
        add_rec(json, e->rec);
        break;
    }
}

static QDict *machine_values(void)
{
    QDict *values = qdict_new();

    qdict_put_int(values, "vcpus", current_machine->smp.cpus);
    qdict_put_int(values, "ram-size", current_machine->ram_size);
    qdict_put_str(values, "append", current_machine->kernel_cmdline ?: "");
    return values;
}

static QList *images(const RmeGuest *guest)
{
    QList *list = qlist_new();

    for (guint i = 0; i < rme_plan_n_blobs(guest->plan); i++) {
        g_autoptr(CcaImage) image = rme_report_image(guest, i);
        QObject *value = NULL;
        Visitor *v = qobject_output_visitor_new(&value);

        visit_type_CcaImage(v, NULL, &image, &error_abort);
        visit_complete(v, &value);
        visit_free(v);
        qlist_append_obj(list, value);
    }
    return list;
}

/* What hw/arm/boot.c put there, whatever it is called */
static void put_dtb(QDict *values, const RmePlan *plan)
{
    hwaddr start = VIRT_MACHINE(current_machine)->bootinfo.dtb_start;

    for (guint i = 0; i < rme_plan_n_blobs(plan); i++) {
        const RmePlanBlob *blob = rme_plan_blob(plan, i);

        if (start && blob->addr == start) {
            g_autofree char *text = g_base64_encode(blob->data,
                                                    blob->datasize);

            qdict_put_str(values, "dtb", text);
        }
    }
}

bool rme_inputs_write(const RmeGuest *guest, const GString *steps,
                      Error **errp)
{
    g_autoptr(QDict) values = qdict_new();
    g_autoptr(GString) json = NULL;
    g_autoptr(GError) gerr = NULL;

    qdict_put_int(values, "version", 1);
    qdict_put_str(values, "kernel-abi",
                  RmeKernelAbi_str(guest->kernel_abi));
    qdict_put_str(values, "algorithm",
                  algo_name(rme_plan_params(guest->plan)->hash_algo));
    qdict_put(values, "machine", machine_values());
    qdict_put(values, "images", images(guest));
    put_dtb(values, guest->plan);
    json = qobject_to_json(QOBJECT(values));

    /* "}" and the comma behind the last step go */
    g_string_truncate(json, json->len - 1);
    g_string_append_printf(json, ",\n\"steps\":[\n");
    g_string_append_len(json, steps->str, steps->len - 2);
    g_string_append_printf(json, "],\n\"rim\":\"%s\"}\n", guest->rim);

    /* By a temporary file beside it, which is renamed */
    if (!g_file_set_contents(guest->config.measurement_inputs, json->str,
                             json->len, &gerr)) {
        error_setg(errp, "cannot write the measurement-inputs file '%s': %s",
                   guest->config.measurement_inputs, gerr->message);
        return false;
    }
    return true;
}
