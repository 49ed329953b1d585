/*
 * Random RAM and images as a launch plan, and what has to hold for any plan
 *
 * Most happens in the few pages below, so that slots touch and images share
 * pages. Some numbers are taken as they are, to reach the ends of the address
 * space.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/arm/rme-plan.h"
#include "fuzz.h"

#define PAGE RME_GRANULE_SIZE
#define BASE 0x40000000ULL
#define PAGES 64
#define SPAN ((uint64_t)PAGES * PAGE)
#define MAX_DATA 256

/**
 * struct Model - the same, byte by byte
 * @ram: is it RAM of a slot?
 * @entry: is it RAM at entry?
 * @owner: number of the blob + 1, 0 if there is none
 * @value: what the byte is
 * @measured: the pages that are
 * @populated: the pages that no step was seen for yet
 * @wild: there is something outside of this model
 * @impossible: finishing the plan has to fail
 */
typedef struct Model {
    bool ram[PAGES];
    bool entry[PAGES];
    uint8_t owner[SPAN];
    uint8_t value[SPAN];
    bool measured[PAGES];
    bool populated[PAGES];
    bool wild;
    bool impossible;
} Model;

static Model model;

static void add_ram(RmePlan *plan, FuzzInput *in)
{
    uint64_t base = BASE + fuzz_value(in, 1) % PAGES * PAGE;
    uint64_t size = fuzz_value(in, 1) % 16 * PAGE;
    uint8_t how = fuzz_value(in, 1);
    bool entry = how & 1;
    Error *err = NULL;

    if (how % 16 == 15) {
        base = fuzz_value(in, 8);
        size = fuzz_value(in, 8);
    }
    if (!rme_plan_add_ram(plan, "ram", base, size, entry, &err)) {
        fuzz_refused(err);
        return;
    }
    g_assert(size && !((base | size) % PAGE) && base + size > base);
    if (base < BASE || base - BASE >= SPAN || size > SPAN - (base - BASE)) {
        model.wild = true;
        return;
    }
    for (uint64_t i = (base - BASE) / PAGE; size; i++, size -= PAGE) {
        g_assert(!model.ram[i]);
        model.ram[i] = true;
        model.entry[i] = entry;
    }
}

static void add_blob(RmePlan *plan, FuzzInput *in, int number)
{
    uint64_t addr = BASE + fuzz_value(in, 3) % SPAN;
    uint64_t datasize = MIN(fuzz_value(in, 1), in->left);
    uint64_t memsize = fuzz_value(in, 2);
    uint8_t how = fuzz_value(in, 1);
    bool measured = how & 1;
    const uint8_t *data;
    Error *err = NULL;

    if (how % 16 == 15) {
        addr = fuzz_value(in, 8);
        memsize = fuzz_value(in, 8);
    }
    datasize = MIN(datasize, in->left);
    data = in->at;
    in->at += datasize;
    in->left -= datasize;
    if (!rme_plan_add_blob(plan, "blob", addr, data, datasize, memsize,
                           measured, &err)) {
        fuzz_refused(err);
        return;
    }
    g_assert(datasize <= memsize && addr + memsize >= addr);
    if (!memsize) {
        return;
    }
    if (addr < BASE || addr - BASE >= SPAN || memsize > SPAN - (addr - BASE)) {
        model.wild = true;
        return;
    }
    for (uint64_t i = 0, at = addr - BASE; i < memsize; i++, at++) {
        uint64_t page = at / PAGE;

        model.impossible |= model.owner[at] ||
            (!model.wild && !model.ram[page]) ||
            (model.populated[page] && model.measured[page] != measured);
        model.owner[at] = number + 1;
        model.value[at] = i < datasize ? data[i] : 0;
        model.populated[page] = true;
        model.measured[page] = measured;
    }
}

/* The step's pieces: ascending, inside it, of the bytes that were given */
static void check_pieces(const RmePlanStep *step)
{
    uint64_t at = step->base;

    for (guint i = 0; i < step->pieces->len; i++) {
        const RmePlanPiece *p = &g_array_index(step->pieces, RmePlanPiece, i);

        g_assert(p->size && p->addr >= at);
        for (; at < p->addr; at++) {
            g_assert(!model.value[at - BASE]);
        }
        g_assert(p->size <= step->base + step->size - at);
        for (uint64_t j = 0; j < p->size; j++, at++) {
            g_assert(model.owner[at - BASE]);
            g_assert(model.value[at - BASE] == p->data[j]);
        }
    }
    for (; at < step->base + step->size; at++) {
        g_assert(!model.value[at - BASE]);
    }
}

static void check_range(const RmePlanStep *step, uint64_t *end)
{
    g_assert(step->size && !((step->base | step->size) % PAGE));
    g_assert(step->base >= *end);
    *end = step->base + step->size;
    g_assert(*end > step->base && *end <= BASE + SPAN);
}

static void take_populated(const RmePlanStep *step)
{
    check_pieces(step);
    for (uint64_t at = step->base; at < step->base + step->size; at += PAGE) {
        uint64_t page = (at - BASE) / PAGE;

        g_assert(model.ram[page] && model.populated[page]);
        g_assert(model.measured[page] == step->measured);
        model.populated[page] = false;
    }
}

/* The order of the steps is: create, RIPAS, measured, REC, not measured */
static void check_steps(const RmePlan *plan)
{
    uint64_t ripas_end = 0, end[2] = { 0, 0 };
    int phase = -1;

    for (guint i = 0; i < rme_plan_n_steps(plan); i++) {
        const RmePlanStep *step = rme_plan_step(plan, i);
        int now = 0;

        switch (step->op) {
        case RME_PLAN_CREATE:
            break;
        case RME_PLAN_RIPAS:
            now = 1;
            g_assert(step->base > ripas_end || !ripas_end);
            check_range(step, &ripas_end);
            for (uint64_t p = (step->base - BASE) / PAGE;
                 p < (ripas_end - BASE) / PAGE; p++) {
                g_assert(model.entry[p]);
                model.entry[p] = false;
            }
            break;
        case RME_PLAN_POPULATE:
            now = step->measured ? 2 : 4;
            check_range(step, &end[step->measured]);
            take_populated(step);
            break;
        case RME_PLAN_REC:
            now = 3;
            break;
        case RME_PLAN_ACTIVATE:
            now = 5;
            break;
        }
        g_assert(now >= phase && (now != phase || now == 1 || now == 2 ||
                                  now == 4));
        phase = now;
    }
    g_assert(phase == 5);
    for (int p = 0; p < PAGES; p++) {
        g_assert(!model.entry[p] && !model.populated[p]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = { data, size };
    g_autoptr(RmePlan) plan = rme_plan_new();
    RmePlanParams params = { .ipa_bits = fuzz_value(&in, 1) };
    RmePlanRec rec = { .pc = BASE };
    int slots = fuzz_value(&in, 1) % 8;
    Error *err = NULL;

    memset(&model, 0, sizeof(model));
    for (int i = 0; i < slots; i++) {
        add_ram(plan, &in);
    }
    for (int i = 0; i < 20 && in.left; i++) {
        add_blob(plan, &in, i);
    }
    if (!rme_plan_finish(plan, &params, &rec, &err)) {
        fuzz_refused(err);
        return 0;
    }
    g_assert(!model.impossible);
    /* What is elsewhere is legal, and not in the model */
    if (!model.wild) {
        check_steps(plan);
    }
    rme_plan_release_data(plan);
    return 0;
}
