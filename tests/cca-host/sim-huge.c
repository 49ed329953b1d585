/*
 * Huge pages under a Realm's shared memory
 *
 * Version 14 with RMM 2.0 spins for ever in KVM_RUN when it is to map a shared
 * page of a transparent huge page (seen: memory).  So the memory of a Realm has
 * to be MADV_NOHUGEPAGE before anything of it is shared.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sim.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static SimRanges small;     /* host addresses that were advised against */

void sim_huge_note(uint64_t hva, uint64_t len, bool huge)
{
    pthread_mutex_lock(&lock);
    if (huge) {
        sim_ranges_remove(&small, hva, hva + len);
    } else {
        sim_ranges_add(&small, hva, hva + len);
    }
    pthread_mutex_unlock(&lock);
}

void sim_huge_judge(SimVm *vm)
{
    if (!sim_generation()->huge_spins || vm->judged_huge) {
        return;
    }
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);
        bool good;

        pthread_mutex_lock(&lock);
        good = !slot->gmem ||
               sim_ranges_all(&small, slot->hva, slot->hva + slot->size);
        pthread_mutex_unlock(&lock);
        if (!good) {
            vm->judged_huge = true;
            sim_complain(vm, "memslot %u may be of transparent huge pages "
                         "(no MADV_NOHUGEPAGE): this kernel spins when the "
                         "guest shares one", slot->id);
            return;
        }
    }
}
