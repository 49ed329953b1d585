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

bool sim_shared_resident(SimVm *vm, uint64_t gpa)
{
    SimSlot *slot = sim_slot_at(vm, gpa);
    unsigned char in_core;

    return slot && !mincore((void *)(uintptr_t)(slot->hva + (gpa - slot->gpa)),
                            SIM_PAGE_SIZE, &in_core) && (in_core & 1);
}

/* Bytes of the populated range @r that have a shared copy in memory */
static uint64_t resident(SimVm *vm, const SimRange *r)
{
    uint64_t sum = 0;

    for (uint64_t gpa = r->start; gpa < r->end; gpa += SIM_PAGE_SIZE) {
        sum += sim_shared_resident(vm, gpa) ? SIM_PAGE_SIZE : 0;
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

/* Memory by address or, if @file is not 0, by its place in that file */
typedef struct Discard {
    uint64_t start;
    uint64_t len;
    uint64_t file;
    const char *how;
} Discard;

static void discard_in_slot(SimVm *vm, SimSlot *slot, const Discard *d)
{
    uint64_t base = d->file ? slot->file_offset : slot->hva;
    uint64_t start = MAX(d->start, base);
    uint64_t end = MIN(d->start + d->len, base + slot->size);
    uint64_t gpa = slot->gpa + (start - base);

    if (start >= end || (d->file && d->file != slot->file)) {
        return;
    }
    if (sim_backend()->shared_discarded) {
        sim_backend()->shared_discarded(vm, slot, gpa, end - start);
    }
    sim_report_call(vm, "DISCARD_SHARED", 0, "\"gpa\": %" PRIu64
                    ", \"size\": %" PRIu64 ", \"how\": \"%s\"", gpa,
                    end - start, d->how);
}

static void discard_in_vm(SimVm *vm, void *opaque)
{
    pthread_mutex_lock(&vm->lock);
    for (guint i = 0; vm->is_realm && i < vm->slots->len; i++) {
        discard_in_slot(vm, g_ptr_array_index(vm->slots, i), opaque);
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
    Discard d = { .start = hva, .len = len, .how = how };

    sim_fd_for_each_vm(discard_in_vm, &d);
}

/* A memory backend punches its file by descriptor */
void sim_file_punched(int fd, uint64_t off, uint64_t len)
{
    Discard d = { .start = off, .len = len, .how = "fallocate" };
    struct stat st;

    if (!fstat(fd, &st)) {
        d.file = st.st_ino;
        sim_fd_for_each_vm(discard_in_vm, &d);
    }
}

void sim_shared_find_file(SimSlot *slot)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];

    while (maps && fgets(line, sizeof(line), maps)) {
        uint64_t start, end, off, file;

        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %"
                   SCNu64, &start, &end, &off, &file) == 4 &&
            slot->hva >= start && slot->hva < end) {
            slot->file = file;
            slot->file_offset = off + (slot->hva - start);
            break;
        }
    }
    if (maps) {
        fclose(maps);
    }
}
