/*
 * Tests of the rme-guest object that need neither KVM nor Arm CCA
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libqtest.h"
#include "qobject/qdict.h"

/* base64 of 64 zero bytes, and of the bytes 0 to 63 */
#define RPV_ZERO \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
    "AAAAAAAAAAAAAAAAAAAAAA=="
#define RPV_COUNT \
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v" \
    "MDEyMzQ1Njc4OTo7PD0+Pw=="

#define USES_RME0 "confidential-guest-support=rme0"

/* QEMU must stop at once, with @message as the end of a line of its own. */
static void expect_refused_start(const char *args, const char *message)
{
    g_autofree char *cmd = g_strdup_printf("%s -nodefaults -display none "
                                           "-accel qtest %s",
                                           getenv("QTEST_QEMU_BINARY"), args);
    g_autofree char *err = NULL;
    g_autofree char *line = g_strdup_printf(": %s\n", message);
    int status;

    g_assert_true(g_spawn_command_line_sync(cmd, NULL, &err, &status, NULL));
    if (!g_str_has_suffix(err, line)) {
        g_test_message("'%s' should have ended with '%s', got '%s'",
                       cmd, message, err);
        g_test_fail();
    }
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, EXIT_FAILURE);
}

static void expect_qmp_error(QDict *error, const char *desc)
{
    g_assert_cmpstr(qdict_get_str(error, "class"), ==, "GenericError");
    g_assert_cmpstr(qdict_get_str(error, "desc"), ==, desc);
    qobject_unref(error);
}

/*
 * Before the machine is made all is as in a Realm; only then QEMU finds out
 * that qtest is no accelerator for it.
 */
static QTestState *start_preconfig(const char *properties)
{
    return qtest_initf("-nodefaults --preconfig -machine virt," USES_RME0
                       " -object rme-guest,id=rme0%s", properties);
}

static void expect_str(QTestState *qts, const char *property, const char *value)
{
    QDict *rsp = qtest_qmp(qts,
        "{'execute': 'qom-get', 'arguments': {'path': '/objects/rme0', "
        "'property': %s}}", property);

    g_assert_cmpstr(qdict_get_try_str(rsp, "return"), ==, value);
    qobject_unref(rsp);
}

static void expect_int(QTestState *qts, const char *property, int64_t value)
{
    QDict *rsp = qtest_qmp(qts,
        "{'execute': 'qom-get', 'arguments': {'path': '/objects/rme0', "
        "'property': %s}}", property);

    g_assert_cmpint(qdict_get_int(rsp, "return"), ==, value);
    qobject_unref(rsp);
}

static void expect_set_error(QTestState *qts, const char *property,
                             const char *value, const char *desc)
{
    expect_qmp_error(qtest_qmp_assert_failure_ref(qts,
        "{'execute': 'qom-set', 'arguments': {'path': '/objects/rme0', "
        "'property': %s, 'value': %s}}", property, value), desc);
}

static void test_refuses_an_object_that_the_machine_does_not_use(void)
{
    const char *message =
        "the machine does not use the rme-guest 'rme0': add " USES_RME0
        " to -machine, or remove the object";

    expect_refused_start("-machine virt -object rme-guest,id=rme0", message);
    expect_refused_start("-machine none -object rme-guest,id=rme0", message);
    expect_refused_start("-S -machine virt -object rme-guest,id=rme0", message);
}

static void test_refuses_a_second_object(void)
{
    expect_refused_start("-machine virt," USES_RME0
        " -object rme-guest,id=rme0 -object rme-guest,id=rme1",
        "a machine runs one Realm only: rme-guest 'rme0' and rme-guest 'rme1' "
        "cannot be used together");
}

static void test_refuses_other_machines_and_accelerators(void)
{
    expect_refused_start("-machine none," USES_RME0
        " -object rme-guest,id=rme0",
        "machine 'none' cannot run the Realm 'rme0': use -machine virt");
    expect_refused_start("-machine virt," USES_RME0
        " -object rme-guest,id=rme0",
        "accelerator QTest cannot run the Realm 'rme0': use -accel kvm on a "
        "host with Arm CCA");
}

static void test_refuses_bad_properties_on_the_command_line(void)
{
    expect_refused_start("-machine virt," USES_RME0
        " -object rme-guest,id=rme0,personalization-value=QUJD",
        "personalization-value has 3 bytes, it must be the base64 encoding of "
        "exactly 64 bytes: pad a shorter value with zero bytes at its end");
    expect_refused_start("-machine virt," USES_RME0
        " -object rme-guest,id=rme0,measurement-algorithm=md5",
        "Parameter 'measurement-algorithm' does not accept value 'md5'");
    expect_refused_start("-machine virt," USES_RME0
        " -object rme-guest,id=rme0,mec-policy=shared,shared-mec=on",
        "mec-policy and shared-mec cannot be used together: use mec-policy "
        "only");
    expect_refused_start("-machine virt," USES_RME0
        " -object rme-guest,id=rme0,ipa-bits=53",
        "ipa-bits=53 is out of range: it must be 0 (automatic) or from 33 to "
        "52, the shared bit included");
}

static void test_refuses_an_object_from_the_monitor(void)
{
    const char *desc =
        "rme-guest 'rme0' comes too late, a machine cannot become a Realm "
        "later: use -object on the command line";
    static const char *const states[] = {
        "-machine virt --preconfig", "-machine virt", "-machine none",
    };

    for (int i = 0; i < ARRAY_SIZE(states); i++) {
        QTestState *qts = qtest_initf("-nodefaults %s", states[i]);

        expect_qmp_error(qtest_qmp_assert_failure_ref(qts,
            "{'execute': 'object-add', 'arguments': {'qom-type': 'rme-guest', "
            "'id': 'rme0'}}"), desc);
        qtest_quit(qts);
    }
}

static void test_refuses_to_delete_the_object_of_the_machine(void)
{
    QTestState *qts = start_preconfig("");

    expect_qmp_error(qtest_qmp_assert_failure_ref(qts,
        "{'execute': 'object-del', 'arguments': {'id': 'rme0'}}"),
        "object 'rme0' is in use, can not be deleted");
    qtest_quit(qts);
}

static void test_refuses_to_attach_or_detach_once_qemu_runs(void)
{
    static const char *const states[] = {
        "-machine virt," USES_RME0 " -object rme-guest,id=rme0 --preconfig",
        "-machine virt -object rme-guest,id=rme0 --preconfig",
        "-machine virt",
    };
    static const char *const values[] = { "", "/objects/rme0", "" };

    for (int i = 0; i < ARRAY_SIZE(states); i++) {
        QTestState *qts = qtest_initf("-nodefaults %s", states[i]);

        expect_qmp_error(qtest_qmp_assert_failure_ref(qts,
            "{'execute': 'qom-set', 'arguments': {'path': '/machine', "
            "'property': 'confidential-guest-support', 'value': %s}}",
            values[i]), "confidential-guest-support cannot be changed any "
            "more: set it with -machine");
        qtest_quit(qts);
    }
}

static void test_a_refused_value_leaves_the_old_one(void)
{
    QTestState *qts = start_preconfig(",personalization-value=" RPV_COUNT
                                      ",measurement-algorithm=sha256"
                                      ",mec-policy=private,ipa-bits=33");

    expect_set_error(qts, "personalization-value", "QUJD",
        "personalization-value has 3 bytes, it must be the base64 encoding of "
        "exactly 64 bytes: pad a shorter value with zero bytes at its end");
    expect_set_error(qts, "personalization-value", "%",
        "personalization-value: Base64 data contains invalid characters");
    expect_set_error(qts, "personalization-value", RPV_COUNT "Q",
        "personalization-value must be one line of base64, 88 characters with "
        "the padding");
    expect_set_error(qts, "measurement-algorithm", "sha1",
        "Parameter 'measurement-algorithm' does not accept value 'sha1'");
    expect_set_error(qts, "mec-policy", "secret",
        "Parameter 'mec-policy' does not accept value 'secret'");
    expect_qmp_error(qtest_qmp_assert_failure_ref(qts,
        "{'execute': 'qom-set', 'arguments': {'path': '/objects/rme0', "
        "'property': 'shared-mec', 'value': true}}"),
        "mec-policy and shared-mec cannot be used together: use mec-policy "
        "only");
    expect_qmp_error(qtest_qmp_assert_failure_ref(qts,
        "{'execute': 'qom-set', 'arguments': {'path': '/objects/rme0', "
        "'property': 'ipa-bits', 'value': 32}}"),
        "ipa-bits=32 is out of range: it must be 0 (automatic) or from 33 to "
        "52, the shared bit included");

    expect_str(qts, "personalization-value", RPV_COUNT);
    expect_str(qts, "measurement-algorithm", "sha256");
    expect_str(qts, "mec-policy", "private");
    expect_int(qts, "ipa-bits", 33);
    qtest_quit(qts);
}

static void test_properties_read_back_as_they_were_set(void)
{
    static const struct {
        const char *properties, *rpv, *algorithm, *mec_policy;
        int ipa_bits;
    } cases[] = {
        { "", RPV_ZERO, "sha512", "default", 0 },
        { ",ipa-bits=0,mec-policy=default", RPV_ZERO, "sha512", "default", 0 },
        { ",ipa-bits=52,measurement-algorithm=sha512,personalization-value="
          RPV_ZERO, RPV_ZERO, "sha512", "default", 52 },
        { ",mec-policy=shared", RPV_ZERO, "sha512", "shared", 0 },
        { ",shared-mec=on", RPV_ZERO, "sha512", "shared", 0 },
        { ",shared-mec=off", RPV_ZERO, "sha512", "private", 0 },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        QTestState *qts = start_preconfig(cases[i].properties);

        expect_str(qts, "personalization-value", cases[i].rpv);
        expect_str(qts, "measurement-algorithm", cases[i].algorithm);
        expect_str(qts, "mec-policy", cases[i].mec_policy);
        expect_int(qts, "ipa-bits", cases[i].ipa_bits);
        qtest_quit(qts);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("rme-guest/refuses-an-object-that-the-machine-does-not-use",
                   test_refuses_an_object_that_the_machine_does_not_use);
    qtest_add_func("rme-guest/refuses-a-second-object",
                   test_refuses_a_second_object);
    qtest_add_func("rme-guest/refuses-other-machines-and-accelerators",
                   test_refuses_other_machines_and_accelerators);
    qtest_add_func("rme-guest/refuses-bad-properties-on-the-command-line",
                   test_refuses_bad_properties_on_the_command_line);
    qtest_add_func("rme-guest/refuses-an-object-from-the-monitor",
                   test_refuses_an_object_from_the_monitor);
    qtest_add_func("rme-guest/refuses-to-delete-the-object-of-the-machine",
                   test_refuses_to_delete_the_object_of_the_machine);
    qtest_add_func("rme-guest/refuses-to-attach-or-detach-once-qemu-runs",
                   test_refuses_to_attach_or_detach_once_qemu_runs);
    qtest_add_func("rme-guest/a-refused-value-leaves-the-old-one",
                   test_a_refused_value_leaves_the_old_one);
    qtest_add_func("rme-guest/properties-read-back-as-they-were-set",
                   test_properties_read_back_as_they_were_set);
    return g_test_run();
}
