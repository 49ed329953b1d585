/*
 * The launch plan of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/host-utils.h"
#include "hw/arm/rme-plan.h"

/* What all messages here call a range; the end is exclusive */
#define RANGE_FMT "[0x%" PRIx64 ", 0x%" PRIx64 ")"

typedef struct RmePlanSlot {
    char *name;
    uint64_t base;
    uint64_t size;
    bool ripas_ram;
} RmePlanSlot;

typedef enum RmePlanPhase {
    PLAN_OPEN,
    PLAN_FINISHED,
    PLAN_FAILED,
} RmePlanPhase;

struct RmePlan {
    RmePlanPhase phase;
    RmePlanOrder order;
    RmePlanParams params;
    RmePlanRec rec;
    GArray *slots;    /* RmePlanSlot, sorted when finishing */
    GArray *blobs;    /* RmePlanBlob, sorted when finishing */
    GArray *steps;    /* RmePlanStep */
};

static uint64_t slot_end(const RmePlanSlot *slot)
{
    return slot->base + slot->size;
}

static uint64_t blob_end(const RmePlanBlob *blob)
{
    return blob->addr + blob->memsize;
}

static RmePlanSlot *plan_slot(const RmePlan *plan, guint i)
{
    return &g_array_index(plan->slots, RmePlanSlot, i);
}

static RmePlanBlob *plan_blob(const RmePlan *plan, guint i)
{
    return &g_array_index(plan->blobs, RmePlanBlob, i);
}

static void slot_clear(gpointer p)
{
    g_free(((RmePlanSlot *)p)->name);
}

static void blob_clear(gpointer p)
{
    g_free(((RmePlanBlob *)p)->name);
}

static void step_clear(gpointer p)
{
    RmePlanStep *step = p;

    if (step->pieces) {
        g_array_unref(step->pieces);
    }
}

RmePlan *rme_plan_new(void)
{
    RmePlan *plan = g_new0(RmePlan, 1);

    plan->slots = g_array_new(false, false, sizeof(RmePlanSlot));
    g_array_set_clear_func(plan->slots, slot_clear);
    plan->blobs = g_array_new(false, false, sizeof(RmePlanBlob));
    g_array_set_clear_func(plan->blobs, blob_clear);
    plan->steps = g_array_new(false, false, sizeof(RmePlanStep));
    g_array_set_clear_func(plan->steps, step_clear);
    return plan;
}

void rme_plan_free(RmePlan *plan)
{
    if (!plan) {
        return;
    }
    g_array_unref(plan->steps);
    g_array_unref(plan->blobs);
    g_array_unref(plan->slots);
    g_free(plan);
}

bool rme_plan_add_ram(RmePlan *plan, const char *name, uint64_t base,
                      uint64_t size, bool ripas_ram, Error **errp)
{
    RmePlanSlot slot = { .base = base, .size = size, .ripas_ram = ripas_ram };

    g_assert(plan->phase == PLAN_OPEN);
    if (!size || size > UINT64_MAX - base) {
        error_setg(errp, "Realm RAM '%s' at 0x%" PRIx64 " has an impossible "
                   "size of 0x%" PRIx64 " bytes", name, base, size);
        return false;
    }
    if ((base | size) % RME_GRANULE_SIZE) {
        error_setg(errp, "Realm RAM '%s' " RANGE_FMT " must start and end at a "
                   "multiple of 4 KiB", name, base, base + size);
        return false;
    }
    for (guint i = 0; i < plan->slots->len; i++) {
        const RmePlanSlot *other = plan_slot(plan, i);

        if (base < slot_end(other) && other->base < base + size) {
            error_setg(errp, "Realm RAM '%s' " RANGE_FMT " overlaps RAM '%s' "
                       RANGE_FMT, name, base, base + size,
                       other->name, other->base, slot_end(other));
            return false;
        }
    }
    slot.name = g_strdup(name);
    g_array_append_val(plan->slots, slot);
    return true;
}

bool rme_plan_add_blob(RmePlan *plan, const char *name, uint64_t addr,
                       const void *data, uint64_t datasize, uint64_t memsize,
                       bool measured, Error **errp)
{
    RmePlanBlob blob = {
        .addr = addr,
        .data = datasize ? data : NULL,
        .datasize = datasize,
        .memsize = memsize,
        .measured = measured,
    };

    g_assert(plan->phase == PLAN_OPEN);
    g_assert(data || !datasize);
    if (datasize > memsize) {
        error_setg(errp, "'%s' has 0x%" PRIx64 " bytes of data for 0x%" PRIx64
                   " bytes of Realm memory at 0x%" PRIx64, name, datasize,
                   memsize, addr);
        return false;
    }
    if (memsize > UINT64_MAX - addr) {
        error_setg(errp, "'%s' at 0x%" PRIx64 " with 0x%" PRIx64 " bytes ends "
                   "beyond the address space", name, addr, memsize);
        return false;
    }
    if (memsize) {
        blob.name = g_strdup(name);
        g_array_append_val(plan->blobs, blob);
    }
    return true;
}

static gint compare_slots(gconstpointer a, gconstpointer b)
{
    const RmePlanSlot *s = a, *t = b;

    return s->base < t->base ? -1 : s->base > t->base;
}

static gint compare_blobs(gconstpointer a, gconstpointer b)
{
    const RmePlanBlob *s = a, *t = b;

    return s->addr < t->addr ? -1 : s->addr > t->addr;
}

/* Every slot must lie below the shared bit, the top bit of the IPA space. */
static bool check_ipa_bits(const RmePlan *plan, Error **errp)
{
    unsigned ipa_bits = plan->params.ipa_bits;
    const RmePlanSlot *top;
    unsigned needed;

    if (ipa_bits < RME_IPA_BITS_MIN || ipa_bits > RME_IPA_BITS_MAX) {
        error_setg(errp, "a Realm cannot have an IPA space of %u bits: "
                   "ipa-bits must be from %d to %d", ipa_bits,
                   RME_IPA_BITS_MIN, RME_IPA_BITS_MAX);
        return false;
    }
    if (!plan->slots->len) {
        return true;
    }
    top = plan_slot(plan, plan->slots->len - 1);
    needed = 64 - clz64(slot_end(top) - 1) + 1; /* with the shared bit */
    if (needed > RME_IPA_BITS_MAX) {
        error_setg(errp, "Realm RAM '%s' " RANGE_FMT " needs %u IPA bits with "
                   "the shared bit, a Realm has at most %d: use less memory",
                   top->name, top->base, slot_end(top), needed,
                   RME_IPA_BITS_MAX);
        return false;
    }
    if (needed > ipa_bits) {
        error_setg(errp, "Realm RAM '%s' " RANGE_FMT " does not fit below the "
                   "shared bit of a %u-bit IPA space: it needs ipa-bits=%u",
                   top->name, top->base, slot_end(top), ipa_bits, needed);
        return false;
    }
    return true;
}

static const RmePlanSlot *slot_at(const RmePlan *plan, uint64_t addr)
{
    for (guint i = 0; i < plan->slots->len; i++) {
        const RmePlanSlot *slot = plan_slot(plan, i);

        if (addr >= slot->base && addr < slot_end(slot)) {
            return slot;
        }
    }
    return NULL;
}

/* A blob may go on in the next slot, but not over a hole. */
static bool check_blob_in_ram(const RmePlan *plan, const RmePlanBlob *blob,
                              Error **errp)
{
    uint64_t addr = blob->addr;

    while (addr < blob_end(blob)) {
        const RmePlanSlot *slot = slot_at(plan, addr);

        if (!slot) {
            error_setg(errp, "'%s' " RANGE_FMT " is not in Realm RAM at 0x%"
                       PRIx64 ": load it elsewhere or use more memory",
                       blob->name, blob->addr, blob_end(blob), addr);
            return false;
        }
        addr = slot_end(slot);
    }
    return true;
}

/* @a stands before @b in the sorted list of blobs */
static bool check_blob_pair(const RmePlanBlob *a, const RmePlanBlob *b,
                            Error **errp)
{
    uint64_t page = QEMU_ALIGN_DOWN(b->addr, RME_GRANULE_SIZE);

    if (blob_end(a) > b->addr) {
        error_setg(errp, "'%s' " RANGE_FMT " and '%s' " RANGE_FMT " overlap in "
                   "Realm memory: load one of them elsewhere",
                   a->name, a->addr, blob_end(a),
                   b->name, b->addr, blob_end(b));
        return false;
    }
    if (a->measured != b->measured && blob_end(a) > page) {
        error_setg(errp, "'%s' " RANGE_FMT " and '%s' " RANGE_FMT " share the "
                   "4 KiB page at 0x%" PRIx64 ", but only '%s' is measured: "
                   "load one of them elsewhere",
                   a->name, a->addr, blob_end(a),
                   b->name, b->addr, blob_end(b), page,
                   a->measured ? a->name : b->name);
        return false;
    }
    return true;
}

/*
 * Once they are sorted it is enough to compare neighbours: if two blobs share
 * a byte or a page, so do all that stand between them.
 */
static bool check_blobs(const RmePlan *plan, Error **errp)
{
    for (guint i = 0; i < plan->blobs->len; i++) {
        const RmePlanBlob *blob = plan_blob(plan, i);

        if (!check_blob_in_ram(plan, blob, errp)) {
            return false;
        }
        if (i && !check_blob_pair(plan_blob(plan, i - 1), blob, errp)) {
            return false;
        }
    }
    return true;
}

static void append_step(RmePlan *plan, RmePlanStep step)
{
    g_array_append_val(plan->steps, step);
}

static void append_ripas(RmePlan *plan, uint64_t base, uint64_t end)
{
    if (base < end) {
        append_step(plan, (RmePlanStep) { .op = RME_PLAN_RIPAS, .base = base,
                                          .size = end - base });
    }
}

/* Slots that touch (NUMA nodes) are one range: a cut in a block is measured */
static void append_ripas_first(RmePlan *plan)
{
    uint64_t base = 0, end = 0;

    for (guint i = 0; i < plan->slots->len; i++) {
        const RmePlanSlot *slot = plan_slot(plan, i);

        if (slot->ripas_ram) {
            if (slot->base != end) {
                append_ripas(plan, base, end);
                base = slot->base;
            }
            end = slot_end(slot);
        }
    }
    append_ripas(plan, base, end);
}

/* Populate the part [@start, @end) of @blob in @step, which covers its pages */
static void append_piece(RmePlanStep *step, const RmePlanBlob *blob,
                         uint64_t start, uint64_t end)
{
    uint64_t offset = start - blob->addr;

    if (offset < blob->datasize) {
        RmePlanPiece piece = {
            .name = blob->name,
            .addr = start,
            .data = blob->data + offset,
            .size = MIN(blob->datasize - offset, end - start),
        };

        g_array_append_val(step->pieces, piece);
    }
}

/*
 * One step per run of contiguous pages inside a slot.  How pages are grouped
 * to steps is free: contents are measured page by page in ascending order.
 */
static void append_populate(RmePlan *plan, bool measured)
{
    const RmePlanSlot *run_slot = NULL;
    RmePlanStep run = { .op = RME_PLAN_POPULATE, .measured = measured };

    for (guint i = 0; i < plan->blobs->len; i++) {
        const RmePlanBlob *blob = plan_blob(plan, i);
        uint64_t addr = blob->addr;

        if (blob->measured != measured) {
            continue;
        }
        while (addr < blob_end(blob)) {
            const RmePlanSlot *slot = slot_at(plan, addr);
            uint64_t end = MIN(blob_end(blob), slot_end(slot));
            uint64_t page = QEMU_ALIGN_DOWN(addr, RME_GRANULE_SIZE);

            if (slot != run_slot || run.base + run.size < page) {
                if (run_slot) {
                    append_step(plan, run);
                }
                run_slot = slot;
                run.base = page;
                run.pieces = g_array_new(false, false, sizeof(RmePlanPiece));
            }
            run.size = ROUND_UP(end, RME_GRANULE_SIZE) - run.base;
            append_piece(&run, blob, addr, end);
            addr = end;
        }
    }
    if (run_slot) {
        append_step(plan, run);
    }
}

/*
 * What the kernel does at the first run: every slot, but for pages that have
 * contents.  The RMM measures no block around one: a cut there changes nothing.
 */
static void append_ripas_last(RmePlan *plan)
{
    for (guint i = 0; i < plan->slots->len; i++) {
        const RmePlanSlot *slot = plan_slot(plan, i);
        uint64_t at = slot->base;

        for (guint j = 0; j < plan->blobs->len; j++) {
            const RmePlanBlob *blob = plan_blob(plan, j);
            uint64_t from = MAX(blob->addr, slot->base);
            uint64_t to = MIN(blob_end(blob), slot_end(slot));

            if (from < to) {
                from = QEMU_ALIGN_DOWN(from, RME_GRANULE_SIZE);
                append_ripas(plan, at, from);
                at = ROUND_UP(to, RME_GRANULE_SIZE);
            }
        }
        append_ripas(plan, at, slot_end(slot));
    }
}

void rme_plan_set_order(RmePlan *plan, const RmePlanOrder *order)
{
    g_assert(plan->phase == PLAN_OPEN);
    plan->order = *order;
}

static void append_steps(RmePlan *plan)
{
    append_step(plan, (RmePlanStep) { .op = RME_PLAN_CREATE });
    if (plan->order.ripas == RME_PLAN_RIPAS_FIRST) {
        append_ripas_first(plan);
    }
    append_populate(plan, true);
    if (plan->order.rec_last) {
        append_populate(plan, false);
    }
    append_step(plan, (RmePlanStep) { .op = RME_PLAN_REC });
    if (!plan->order.rec_last) {
        append_populate(plan, false);
    }
    if (plan->order.ripas == RME_PLAN_RIPAS_LAST) {
        append_ripas_last(plan);
    }
    append_step(plan, (RmePlanStep) { .op = RME_PLAN_ACTIVATE });
}

bool rme_plan_finish(RmePlan *plan, const RmePlanParams *params,
                     const RmePlanRec *rec, Error **errp)
{
    g_assert(plan->phase == PLAN_OPEN);
    plan->params = *params;
    plan->rec = *rec;
    g_array_sort(plan->slots, compare_slots);
    g_array_sort(plan->blobs, compare_blobs);

    if (!check_ipa_bits(plan, errp) || !check_blobs(plan, errp)) {
        plan->phase = PLAN_FAILED;
        return false;
    }

    append_steps(plan);
    plan->phase = PLAN_FINISHED;
    return true;
}

guint rme_plan_n_steps(const RmePlan *plan)
{
    g_assert(plan->phase == PLAN_FINISHED);
    return plan->steps->len;
}

const RmePlanStep *rme_plan_step(const RmePlan *plan, guint i)
{
    g_assert(i < rme_plan_n_steps(plan));
    return &g_array_index(plan->steps, RmePlanStep, i);
}

bool rme_plan_order_is_known(const RmePlan *plan)
{
    return plan->order.ripas != RME_PLAN_RIPAS_LAST || plan->slots->len <= 1;
}

const RmePlanParams *rme_plan_params(const RmePlan *plan)
{
    g_assert(plan->phase == PLAN_FINISHED);
    return &plan->params;
}

const RmePlanRec *rme_plan_rec(const RmePlan *plan)
{
    g_assert(plan->phase == PLAN_FINISHED);
    return &plan->rec;
}

guint rme_plan_n_blobs(const RmePlan *plan)
{
    g_assert(plan->phase == PLAN_FINISHED);
    return plan->blobs->len;
}

const RmePlanBlob *rme_plan_blob(const RmePlan *plan, guint i)
{
    g_assert(i < rme_plan_n_blobs(plan));
    return plan_blob(plan, i);
}

void rme_plan_release_data(RmePlan *plan)
{
    g_assert(plan->phase == PLAN_FINISHED);
    for (guint i = 0; i < plan->steps->len; i++) {
        GArray *pieces = rme_plan_step(plan, i)->pieces;

        for (guint j = 0; pieces && j < pieces->len; j++) {
            g_array_index(pieces, RmePlanPiece, j).data = NULL;
        }
    }
    for (guint i = 0; i < plan->blobs->len; i++) {
        plan_blob(plan, i)->data = NULL;
    }
}
