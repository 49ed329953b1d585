/*
 * Random values of the properties of -object rme-guest
 *
 * The first byte is the property, the rest a string, as a command line has it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qom/object.h"
#include "hw/arm/rme-guest.h"
#include "fuzz.h"

static const char *const properties[] = {
    "personalization-value", "measurement-algorithm", "mec-policy",
    "shared-mec", "ipa-bits", "measurement-log", "measurement-inputs",
    "kernel-abi", "lpa2", "dry-run", "measurement-report",
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    module_call_init(MODULE_INIT_QOM);
    return 0;
}

/* What was accepted is what is there: nothing is cut off or made up */
static void check_rpv(Object *obj, const char *text)
{
    g_autofree char *value = NULL;
    g_autofree guchar *bytes = NULL;
    gsize size;

    value = object_property_get_str(obj, "personalization-value",
                                    &error_abort);
    g_assert_cmpstr(value, ==, text);
    bytes = g_base64_decode(value, &size);
    g_assert(size == RME_RPV_SIZE);
}

static void check_ipa_bits(Object *obj)
{
    uint64_t bits = object_property_get_uint(obj, "ipa-bits", &error_abort);

    g_assert(!bits || (bits >= RME_IPA_BITS_MIN && bits <= RME_IPA_BITS_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = { data, size };
    const char *name = properties[fuzz_value(&in, 1) %
                                  ARRAY_SIZE(properties)];
    g_autofree char *text = g_strndup((const char *)in.at, in.left);
    Object *obj = object_new(TYPE_RME_GUEST);
    Error *err = NULL;

    if (g_str_equal(name, "personalization-value")) {
        /* any bytes, without the command line's rules for numbers and lists */
        if (object_property_set_str(obj, name, text, &err)) {
            check_rpv(obj, text);
        }
    } else {
        object_property_parse(obj, name, text, &err);
    }
    check_ipa_bits(obj);
    if (err) {
        g_assert(*error_get_pretty(err));
        error_free(err);
    }
    object_unref(obj);
    return 0;
}
