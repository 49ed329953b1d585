/*
 * The shared copies of guest memory: which of them still cost host memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/mman.h>
#include <sys/stat.h>
#include <stdio.h>
#include <inttypes.h>
#include <unistd.h>

#include "sim-backend.h"
#include "sim-host.h"

/* Bytes of the populated range @r that have a shared copy in memory */
static uint64_t resident(SimVm *vm, const SimRange *r)
{
    uint64_t sum = 0;

    for (uint64_t gpa = r->start; gpa < r->end; gpa += SIM_PAGE_SIZE) {
        SimSlot *slot = sim_slot_at(vm, gpa);
        unsigned char in_core;

        if (slot &&
            mincore((void *)(uintptr_t)(slot->hva + (gpa - slot->gpa)),
                    SIM_PAGE_SIZE, &in_core) == 0 && (in_core & 1)) {
            sum += SIM_PAGE_SIZE;
        }
    }
    return sum;
}

void sim_resident_sample(SimVm *vm)
{
    SimRanges *p = &vm->realm.populated;
    uint64_t sum = 0;

    for (guint i = 0; p->a && i < p->a->len; i++) {
        sum += resident(vm, &g_array_index(p->a, SimRange, i));
    }
    vm->realm.resident_at_run = sum;
}

typedef struct Discard {
    uint64_t hva;
    uint64_t len;
    const char *how;
} Discard;

static void discard_in_vm(SimVm *vm, void *opaque)
{
    const Discard *d = opaque;

    if (!vm->is_realm) {
        return;
    }
    pthread_mutex_lock(&vm->lock);
    for (guint i = 0; i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);
        uint64_t start = MAX(d->hva, slot->hva);
        uint64_t end = MIN(d->hva + d->len, slot->hva + slot->size);
        uint64_t gpa = slot->gpa + (start - slot->hva);

        if (start >= end) {
            continue;
        }
        if (sim_backend()->shared_discarded) {
            sim_backend()->shared_discarded(vm, slot, gpa, end - start);
        }
        sim_report_call(vm, "DISCARD_SHARED", 0, "\"gpa\": %" PRIu64
                        ", \"size\": %" PRIu64 ", \"how\": \"%s\"", gpa,
                        end - start, d->how);
    }
    pthread_mutex_unlock(&vm->lock);
}

typedef struct Find {
    uint64_t hva;
    bool found;
} Find;

static void find_in_vm(SimVm *vm, void *opaque)
{
    Find *f = opaque;

    pthread_mutex_lock(&vm->lock);
    for (guint i = 0; vm->is_realm && i < vm->slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(vm->slots, i);

        f->found |= slot->gmem && f->hva - slot->hva < slot->size;
    }
    pthread_mutex_unlock(&vm->lock);
}

bool sim_shared_owns(uint64_t hva)
{
    Find f = { .hva = hva };

    sim_fd_for_each_vm(find_in_vm, &f);
    return f.found;
}

void sim_shared_discarded(uint64_t hva, uint64_t len, const char *how)
{
    Discard d = { hva, len, how };

    sim_fd_for_each_vm(discard_in_vm, &d);
}

/*
 * Finds where the file is mapped: a memory backend punches its file by
 * descriptor, and the slots only know addresses.
 */
void sim_file_punched(int fd, uint64_t off, uint64_t len)
{
    struct stat st;
    char line[512];
    FILE *maps;

    if (fstat(fd, &st)) {
        return;
    }
    maps = fopen("/proc/self/maps", "re");
    if (!maps) {
        return;
    }
    while (fgets(line, sizeof(line), maps)) {
        uint64_t start, end, map_off, ino, from, to;

        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %"
                   SCNu64, &start, &end, &map_off, &ino) != 4 ||
            ino != st.st_ino || !ino) {
            continue;
        }
        from = MAX(off, map_off);
        to = MIN(off + len, map_off + (end - start));
        if (from < to) {
            sim_shared_discarded(start + (from - map_off), to - from,
                                 "fallocate");
        }
    }
    fclose(maps);
}
