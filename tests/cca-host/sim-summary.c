/*
 * The state of one VM as a JSON object, for the report
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sim-summary.h"

/* A guest that shares page by page has thousands of ranges */
#define MAX_RANGES 64

static void append_ranges(GString *s, const char *name, const SimRanges *r)
{
    guint n = r->a ? r->a->len : 0;

    g_string_append_printf(s, ", \"%s-bytes\": %" PRIu64 ", \"%s\": [",
                           name, sim_ranges_total(r), name);
    for (guint i = 0; i < MIN(n, MAX_RANGES); i++) {
        SimRange *e = &g_array_index(r->a, SimRange, i);

        g_string_append_printf(s, "%s[%" PRIu64 ", %" PRIu64 "]",
                               i ? ", " : "", e->start, e->end);
    }
    g_string_append_printf(s, "], \"%s-count\": %u", name, n);
}

static void append_realm(GString *s, SimVm *vm)
{
    static const char *const policies[] = { "unset", "private", "shared" };
    SimRealm *realm = &vm->realm;

    g_string_append_printf(s, ", \"state\": \"%s\", \"hash\": \"%s\"",
                           sim_realm_state_name(realm->state),
                           realm->hash_algo == SIM_HASH_SHA256 ? "sha256"
                                                               : "sha512");
    g_string_append(s, ", \"rpv\": \"");
    for (unsigned i = 0; i < sizeof(realm->rpv); i++) {
        g_string_append_printf(s, "%02x", realm->rpv[i]);
    }
    g_string_append_printf(s, "\", \"mec-policy\": \"%s\", \"mecid\": %d, "
                           "\"recs\": %u", policies[realm->mec_policy],
                           realm->mecid, realm->rec_count);
    if (realm->state != SIM_REALM_NONE) {
        g_autofree char *hex = sim_rim_hex(&realm->rim);
        const SimRimParams *p = &realm->rim.params;

        g_string_append_printf(s, ", \"rim\": \"%s\", \"num-bps\": %u, "
                               "\"num-wps\": %u, \"pmu\": %s, "
                               "\"pmu-counters\": %u, \"sve\": %s, "
                               "\"sve-vl\": %u, \"lpa2\": %s", hex,
                               p->num_bps, p->num_wps,
                               p->pmu ? "true" : "false", p->pmu_num_ctrs,
                               p->sve ? "true" : "false", p->sve_vl,
                               p->lpa2 ? "true" : "false");
    }
    append_ranges(s, "ripas", &realm->ripas);
    append_ranges(s, "populated", &realm->populated);
    append_ranges(s, "destroyed", &realm->destroyed);
    g_string_append_printf(s, ", \"populated-still-shared-bytes\": %" PRId64,
                           realm->resident_at_run);
}

char *sim_vm_summary(SimVm *vm)
{
    GString *s = g_string_new(NULL);

    g_string_printf(s, "{\"vm\": %u, \"realm\": %s, \"ipa-bits\": %u, "
                    "\"cap\": %u, \"vcpus\": %u, \"slots\": [", vm->serial,
                    vm->is_realm ? "true" : "false", vm->ipa_bits,
                    sim_config()->cap, vm->vcpu_count);
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);

        g_string_append_printf(s, "%s{\"gpa\": %" PRIu64 ", \"size\": %"
                               PRIu64 ", \"private\": %s}", i ? ", " : "",
                               slot->gpa, slot->size,
                               slot->gmem ? "true" : "false");
    }
    g_string_append_c(s, ']');
    g_string_append_printf(s, ", \"routes\": %u, \"max-routes\": %u",
                           vm->routes, vm->max_routes);
    append_ranges(s, "attribute-private", &vm->priv);
    g_string_append_printf(s, ", \"attribute-calls\": %" PRIu64
                           ", \"attribute-pages\": %" PRIu64
                           ", \"attribute-changed\": %" PRIu64
                           ", \"attribute-largest\": %" PRIu64,
                           vm->attributes.calls, vm->attributes.pages,
                           vm->attributes.changed, vm->attributes.largest);
    if (vm->is_realm) {
        append_realm(s, vm);
    }
    g_string_append_c(s, '}');
    return g_string_free(s, FALSE);
}
