/*
 * Memory encryption contexts: the MECID policy of the NVIDIA 6.17 kernel
 *
 * One pool of ids for all Realms of the host.  Realms without a policy, and
 * those that ask for it, use one shared id, which exists while it has users.
 * A kernel whose RMM has no MEC accepts both policies and uses id 0.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "sim.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *taken;       /* ids in use by Realms of this process */
static int shared_id = -1;
static unsigned shared_users;

void sim_mec_query(uint32_t *supported, uint32_t *count)
{
    bool present = sim_config()->mec == SIM_MEC_PRESENT;

    *supported = present;
    *count = present ? sim_config()->mec_count : 0;
}

/* Returns an id, or -1; ids below `mec-in-use` belong to other processes */
static int take_id(void)
{
    const SimConfig *c = sim_config();

    if (!taken) {
        taken = g_hash_table_new(NULL, NULL);
    }
    for (unsigned id = c->mec_in_use; id < c->mec_count; id++) {
        if (!g_hash_table_contains(taken, GUINT_TO_POINTER(id))) {
            g_hash_table_add(taken, GUINT_TO_POINTER(id));
            return id;
        }
    }
    return -1;
}

int sim_mec_allocate(SimVm *vm)
{
    SimRealm *realm = &vm->realm;

    if (sim_config()->mec != SIM_MEC_PRESENT) {
        realm->mecid = 0;
        return 0;
    }
    pthread_mutex_lock(&lock);
    if (realm->mec_policy == SIM_MEC_PRIVATE) {
        realm->mecid = take_id();
    } else {
        if (!shared_users) {
            shared_id = take_id();
        }
        shared_users += shared_id >= 0;
        realm->mecid = shared_id;
    }
    pthread_mutex_unlock(&lock);
    return realm->mecid < 0 ? -ENOMEM : 0;
}

void sim_mec_release(SimVm *vm)
{
    SimRealm *realm = &vm->realm;
    bool free_it = true;

    if (sim_config()->mec != SIM_MEC_PRESENT || realm->mecid < 0) {
        return;
    }
    pthread_mutex_lock(&lock);
    if (realm->mec_policy != SIM_MEC_PRIVATE) {
        free_it = --shared_users == 0;
    }
    if (free_it) {
        g_hash_table_remove(taken, GUINT_TO_POINTER(realm->mecid));
    }
    pthread_mutex_unlock(&lock);
    realm->mecid = -1;
}
