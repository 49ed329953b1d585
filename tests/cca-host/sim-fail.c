/*
 * Fault injection: the `fail` setting
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <pthread.h>
#include <string.h>

#include "sim.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int sim_fail(const char *name)
{
    GPtrArray *fails = sim_config()->fails;
    int ret = 0;

    pthread_mutex_lock(&lock);
    for (guint i = 0; i < fails->len; i++) {
        SimFailRule *rule = g_ptr_array_index(fails, i);

        if (strcmp(rule->name, name)) {
            continue;
        }
        rule->seen++;
        if (!ret && (rule->nth == 0 || rule->nth == rule->seen)) {
            ret = -rule->err;
        }
    }
    pthread_mutex_unlock(&lock);
    return ret;
}
