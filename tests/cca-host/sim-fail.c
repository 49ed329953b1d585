/*
 * Fault injection: the `fail` setting
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <pthread.h>
#include <string.h>

#include "sim.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *seen;        /* name -> how often it was called */

static unsigned count(const char *name)
{
    unsigned n;

    if (!seen) {
        seen = g_hash_table_new(g_str_hash, g_str_equal);
    }
    n = GPOINTER_TO_UINT(g_hash_table_lookup(seen, name)) + 1;
    g_hash_table_replace(seen, (gpointer)name, GUINT_TO_POINTER(n));
    return n;
}

int sim_fail(const char *name)
{
    GPtrArray *fails = sim_config()->fails;
    unsigned n;
    int ret = 0;

    pthread_mutex_lock(&lock);
    n = count(name);
    for (guint i = 0; i < fails->len && !ret; i++) {
        const SimFailRule *rule = g_ptr_array_index(fails, i);

        if (!strcmp(rule->name, name) && (rule->nth == 0 || rule->nth == n)) {
            ret = rule->err ? -rule->err : SIM_FAIL_NOTHING;
        }
    }
    pthread_mutex_unlock(&lock);
    return ret;
}

void sim_fail_append_points(GString *s)
{
    const char *sep = "";
    GHashTableIter it;
    gpointer key, value;

    pthread_mutex_lock(&lock);
    if (seen) {
        g_hash_table_iter_init(&it, seen);
        while (g_hash_table_iter_next(&it, &key, &value)) {
            g_string_append_printf(s, "%s\"%s\": %u", sep, (char *)key,
                                   GPOINTER_TO_UINT(value));
            sep = ", ";
        }
    }
    pthread_mutex_unlock(&lock);
}
