/*
 * Contract tests: what a table can name
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "rme-contract.h"
#include "rme-contract-names.h"

#define TESTS "/rme-contract/"

static char *test_programs;     /* directory */

void contract_set_program(const char *program)
{
    test_programs = g_path_get_dirname(program);
}

/*
 * As -l shows them, behind "# " in TAP, which is indented in a test. All of
 * them, whatever sample or part of its own this program was told to run
 */
static void add_tests_of(GHashTable *names, const char *program)
{
    g_autofree char *path = g_build_filename(test_programs, program, NULL);
    char *argv[] = { path, (char *)"-l", NULL };
    g_auto(GStrv) env = g_environ_unsetenv(
        g_environ_unsetenv(g_get_environ(), "QTEST_CCA_SAMPLE"),
        "QTEST_CCA_PART");
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_spawn_sync(NULL, argv, env, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                      &text, NULL, NULL, NULL)) {
        contract_fail("cannot run %s", path);
        return;
    }
    lines = g_strsplit(text, "\n", -1);
    for (int i = 0; lines[i]; i++) {
        const char *name = strstr(lines[i], TESTS);

        if (name) {
            g_hash_table_add(names, g_strdup(name + strlen(TESTS)));
        }
    }
}

bool contract_has_test(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", 2);
    g_autofree char *dashes = contract_path(parts[1] ?: "");
    g_autofree char *path = g_strdup_printf("%s/%s", parts[0], dashes);
    static GHashTable *names;

    if (!names) {
        g_autoptr(GDir) dir = g_dir_open(test_programs, 0, NULL);
        const char *file;

        names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        while (dir && (file = g_dir_read_name(dir))) {
            if (g_str_has_prefix(file, "rme-contract-") &&
                g_str_has_suffix(file, "-test")) {
                add_tests_of(names, file);
            }
        }
    }
    return g_hash_table_contains(names, path);
}

bool contract_scenario_has(const char *name, const char *word)
{
    static const char *const files[] = { "host.sh", "checks.sh" };

    for (int i = 0; i < ARRAY_SIZE(files); i++) {
        g_autofree char *path = g_build_filename(getenv("QTEST_CCA_SCENARIOS"),
                                                 name, files[i], NULL);
        g_autofree char *text = NULL;

        if (g_file_get_contents(path, &text, NULL, NULL) &&
            strstr(text, word)) {
            return true;
        }
    }
    return false;
}

static bool may_be_bus_master(const char *bus)
{
    static const char *const buses[] = { "PCI", "virtio-bus", "System", NULL };

    return g_strv_contains(buses, bus);
}

/* Lines of "info qdm": name "edu", bus PCI, desc "...", no-user */
const char *const *contract_devices(void)
{
    static GPtrArray *types;

    if (!types) {
        g_autoptr(Contract) c = contract_start(&(ContractArgs) { });
        g_autofree char *text = contract_hmp(c, "info qdm");
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        types = g_ptr_array_new();
        for (int i = 0; lines[i]; i++) {
            g_auto(GStrv) cells = g_strsplit(lines[i], "\"", 3);
            g_auto(GStrv) rest = g_strv_length(cells) == 3 ?
                                 g_strsplit_set(cells[2], " ,\r", -1) : NULL;

            /* , bus PCI, */
            if (rest && g_strv_length(rest) > 3 &&
                g_str_equal(rest[2], "bus") && may_be_bus_master(rest[3]) &&
                !strstr(lines[i], "no-user")) {
                g_ptr_array_add(types, g_strdup(cells[1]));
            }
        }
        g_ptr_array_add(types, NULL);
    }
    return (const char *const *)types->pdata;
}

bool contract_device_matches(const char *type, const char *words)
{
    g_auto(GStrv) list = g_strsplit_set(words, " ,", -1);

    for (int i = 0; list[i]; i++) {
        if (*list[i] && g_pattern_match_simple(list[i], type)) {
            return true;
        }
    }
    return false;
}
