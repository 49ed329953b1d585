/*
 * What libvirt asks a QEMU binary, of a QEMU whose host has no Realms
 *
 * rme-contract-caps-test does it on a simulated host that has.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libqtest.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "rme-libvirt-probe.h"

static QDict *ask(QTestState *qts, const char *execute, const char *arguments)
{
    QObject *args;

    if (!arguments) {
        return qtest_qmp(qts, "{'execute': %s}", execute);
    }
    args = qobject_from_json(arguments, NULL);
    g_assert_nonnull(args);
    return qtest_qmp(qts, "{'execute': %s, 'arguments': %p}", execute, args);
}

/*
 * "No Realms here" has to be GenericError: any other class makes libvirt give
 * up on the whole binary.
 */
static void expect_no_realms(QDict *rsp)
{
    QDict *error = qdict_get_qdict(rsp, "error");

    g_assert_nonnull(error);
    g_assert_cmpstr(qdict_get_str(error, "class"), ==, "GenericError");
    g_assert_true(g_str_has_prefix(qdict_get_str(error, "desc"),
                                   "Arm CCA Realms need KVM"));
}

static void test_libvirt_probe(void)
{
    QTestState *qts;

    if (qtest_has_accel("kvm") && access("/dev/kvm", F_OK) == 0) {
        g_test_skip("there is KVM, which may have Realms");
        return;
    }
    qts = qtest_init(LIBVIRT_PROBE_OPTIONS);
    for (int i = 0; i < ARRAY_SIZE(libvirt_probe); i++) {
        const char *command = libvirt_probe[i].execute;
        QDict *rsp = ask(qts, command, libvirt_probe[i].arguments);
        g_autoptr(GString) text = qobject_to_json(QOBJECT(rsp));

        if (g_str_equal(command, "query-cca-capabilities")) {
            expect_no_realms(rsp);
        } else if (g_str_equal(command, "qom-list-types")) {
            g_assert_nonnull(strstr(text->str, "\"rme-guest\""));
        }
        qobject_unref(rsp);
    }
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("rme-probe/libvirt", test_libvirt_probe);
    return g_test_run();
}
