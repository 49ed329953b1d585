/*
 * The digests of a launch's contents, computed by several threads
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/arm/cca/hashing.h"

/* Granules of a piece: a millisecond or so, and 16 KiB of digests */
#define PIECE_GRANULES 256
#define PIECE_SIZE (PIECE_GRANULES * RME_GRANULE_SIZE)

/**
 * Job: what one thread hashes
 * @step: its piece is of this populate step; NULL for a whole blob
 * @base: guest address of the piece
 * @granules: in the piece
 * @contents: of the granules, their digests; until the RIM has them
 * @blob: its number in the plan
 * @done: under the lock
 */
typedef struct Job {
    const RmePlanStep *step;
    uint64_t base;
    unsigned granules;
    uint8_t *contents;
    guint blob;
    bool done;
} Job;

struct RmeHashing {
    const RmePlan *plan;
    GPtrArray *digests;
    RmeMeasureRules rules;
    RmeHashAlgo algo;
    GArray *jobs;           /* of Job: blobs, then pieces as they are measured */
    GPtrArray *threads;     /* of GThread */
    gint next;              /* job that nobody has, atomic */
    gint stop;              /* atomic */

    GMutex lock;            /* for what follows, and done of jobs */
    GCond changed;
    guint blobs_left;
    Error *err;             /* the first one */
    bool extending;         /* a thread works on the chain, without the lock */
    bool complete;          /* @m has the RIM */

    /* Of the thread that set @extending */
    RmeMeasure m;
    guint step;             /* next step of the plan */
    guint piece;            /* next job of a piece */
};

unsigned rme_hashing_threads(void)
{
    return MIN(g_get_num_processors(), RME_HASHING_THREADS_MAX);
}

static Job *get_job(RmeHashing *h, guint i)
{
    return &g_array_index(h->jobs, Job, i);
}

static void job_clear(gpointer p)
{
    g_free(((Job *)p)->contents);
}

/* Blobs first: one is hashed by a single thread, which takes longest */
static void add_blobs(RmeHashing *h)
{
    for (guint i = 0; i < rme_plan_n_blobs(h->plan); i++) {
        Job job = { .blob = i };

        if (rme_plan_blob(h->plan, i)->measured) {
            g_array_append_val(h->jobs, job);
        }
    }
    h->blobs_left = h->jobs->len;
}

static void add_pieces(RmeHashing *h, const RmePlanStep *step)
{
    for (uint64_t done = 0; done < step->size; done += PIECE_SIZE) {
        uint64_t size = MIN(step->size - done, PIECE_SIZE);
        Job job = {
            .step = step, .base = step->base + done,
            .granules = size / RME_GRANULE_SIZE,
        };

        g_array_append_val(h->jobs, job);
    }
}

static bool run_job(RmeHashing *h, Job *job, Error **errp)
{
    if (!job->step) {
        return rme_measure_blob(rme_plan_blob(h->plan, job->blob), h->algo,
                                g_ptr_array_index(h->digests, job->blob),
                                &h->stop, errp);
    }
    job->contents = g_malloc(job->granules * RME_MEASURE_SIZE_MAX);
    return rme_measure_contents(job->step, job->base, job->granules, h->algo,
                                job->contents, errp);
}

/* One piece, whose digests are then of no more use */
static bool extend_piece(RmeHashing *h, Job *job, Error **errp)
{
    bool ok = true;

    for (unsigned i = 0; ok && i < job->granules; i++) {
        ok = rme_measure_data(&h->m, job->base + i * RME_GRANULE_SIZE,
                              job->contents + i * RME_MEASURE_SIZE_MAX, errp);
    }
    g_clear_pointer(&job->contents, g_free);
    return ok;
}

static bool extend_unmeasured(RmeHashing *h, const RmePlanStep *step,
                              Error **errp)
{
    bool ok = true;

    for (uint64_t at = 0; ok && at < step->size; at += RME_GRANULE_SIZE) {
        ok = rme_measure_data(&h->m, step->base + at, NULL, errp);
    }
    return ok;
}

static bool extend_step(RmeHashing *h, const RmePlanStep *step, Error **errp)
{
    switch (step->op) {
    case RME_PLAN_CREATE:
        return rme_measure_create(&h->m, h->rules, rme_plan_params(h->plan),
                                  errp);
    case RME_PLAN_RIPAS:
        return rme_measure_ripas(&h->m, step->base, step->size, errp);
    case RME_PLAN_POPULATE:
        return extend_unmeasured(h, step, errp);
    case RME_PLAN_REC:
        return rme_measure_rec(&h->m, rme_plan_rec(h->plan), errp);
    case RME_PLAN_ACTIVATE:
        return true;
    }
    g_assert_not_reached();
}

/* The piece with which the step that is next goes on, or NULL */
static Job *next_piece(RmeHashing *h)
{
    Job *job = h->piece < h->jobs->len ? get_job(h, h->piece) : NULL;

    return job && job->step == rme_plan_step(h->plan, h->step) ? job : NULL;
}

/* Extend by a piece or a step, whatever comes next.  Without the lock. */
static bool extend_next(RmeHashing *h, Error **errp)
{
    const RmePlanStep *step = rme_plan_step(h->plan, h->step);
    Job *job = next_piece(h);

    if (job) {
        h->piece++;
        return extend_piece(h, job, errp);
    }
    h->step++;
    return (step->op == RME_PLAN_POPULATE && step->measured) ||
           extend_step(h, step, errp);
}

/* With the lock: takes @err, which may be NULL */
static void note_error(RmeHashing *h, Error *err)
{
    if (h->err) {
        error_free(err);
    } else {
        h->err = err;
    }
}

/* With the lock: there is something that the chain can be extended by */
static bool can_extend(RmeHashing *h)
{
    Job *job;

    if (h->extending || h->complete || h->err ||
        g_atomic_int_get(&h->stop)) {
        return false;
    }
    job = next_piece(h);
    return !job || job->done;
}

/* With the lock.  Whoever has it set is told of what others finish meanwhile */
static void extend_chain(RmeHashing *h)
{
    while (can_extend(h)) {
        Error *err = NULL;

        h->extending = true;
        g_mutex_unlock(&h->lock);
        extend_next(h, &err);
        g_mutex_lock(&h->lock);
        h->extending = false;
        note_error(h, err);
        h->complete = h->step == rme_plan_n_steps(h->plan);
    }
    g_cond_broadcast(&h->changed);
}

/* Returns false if all jobs are taken */
static bool work_a_bit(RmeHashing *h)
{
    guint i = g_atomic_int_add(&h->next, 1);
    Error *err = NULL;
    Job *job;

    if (i >= h->jobs->len || g_atomic_int_get(&h->stop)) {
        g_atomic_int_set(&h->next, h->jobs->len);
        return false;
    }
    job = get_job(h, i);
    run_job(h, job, &err);

    g_mutex_lock(&h->lock);
    job->done = !err;
    h->blobs_left -= !job->step;
    note_error(h, err);
    extend_chain(h);
    g_mutex_unlock(&h->lock);
    return true;
}

static gpointer work(gpointer opaque)
{
    while (work_a_bit(opaque)) {
        /* until there is no more */
    }
    return NULL;
}

/* As all threads of QEMU but the first, this one gets no signals */
static GThread *new_thread(RmeHashing *h)
{
    GThread *thread;
#ifdef _WIN32
    thread = g_thread_try_new("rme-hashing", work, h, NULL);
#else
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    thread = g_thread_try_new("rme-hashing", work, h, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
#endif
    return thread;
}

RmeHashing *rme_hashing_start(const RmePlan *plan, RmeMeasureRules rules,
                              unsigned threads, RmeExtendFn *fn, void *opaque,
                              GPtrArray *digests)
{
    RmeHashing *h = g_new0(RmeHashing, 1);

    g_assert(threads);
    h->plan = plan;
    h->rules = rules;
    h->algo = rme_plan_params(plan)->hash_algo;
    h->m.fn = fn;
    h->m.opaque = opaque;
    h->digests = digests ? g_ptr_array_ref(digests) : NULL;
    h->jobs = g_array_new(false, false, sizeof(Job));
    g_array_set_clear_func(h->jobs, job_clear);
    h->threads = g_ptr_array_new();
    g_mutex_init(&h->lock);
    g_cond_init(&h->changed);
    if (digests) {
        add_blobs(h);
    }
    h->piece = h->jobs->len;
    for (guint i = 0; i < rme_plan_n_steps(plan); i++) {
        const RmePlanStep *step = rme_plan_step(plan, i);

        if (step->op == RME_PLAN_POPULATE && step->measured) {
            add_pieces(h, step);
        }
    }

    for (unsigned i = 1; i < MIN(threads, h->jobs->len + 1); i++) {
        GThread *thread = new_thread(h);

        if (thread) {
            g_ptr_array_add(h->threads, thread);
        }
    }
    return h;
}

/* With the lock */
static bool has_failed(const RmeHashing *h, Error **errp)
{
    if (h->err) {
        error_propagate(errp, error_copy(h->err));
    }
    return h->err;
}

bool rme_hashing_wait_digests(RmeHashing *h, Error **errp)
{
    bool ok;

    g_mutex_lock(&h->lock);
    while (h->blobs_left && !h->err) {
        g_mutex_unlock(&h->lock);
        /* What it takes may be a piece: that is to be done, too */
        ok = work_a_bit(h);
        g_mutex_lock(&h->lock);
        if (!ok && h->blobs_left && !h->err) {
            g_cond_wait(&h->changed, &h->lock);
        }
    }
    ok = !has_failed(h, errp);
    g_mutex_unlock(&h->lock);
    return ok;
}

bool rme_hashing_wait(RmeHashing *h, uint8_t rim[RME_MEASURE_SIZE_MAX],
                      Error **errp)
{
    bool ok;

    work(h);
    g_mutex_lock(&h->lock);
    /* If no job was left for this thread, and none was there for others */
    extend_chain(h);
    while ((!h->complete || h->blobs_left) && !h->err) {
        g_cond_wait(&h->changed, &h->lock);
    }
    ok = !has_failed(h, errp);
    if (ok) {
        memcpy(rim, h->m.rim, RME_MEASURE_SIZE_MAX);
    }
    g_mutex_unlock(&h->lock);
    return ok;
}

bool rme_hashing_is_ready(RmeHashing *h)
{
    bool ready;

    g_mutex_lock(&h->lock);
    /* No thread could be made, or there was nothing for one to do */
    ready = h->err || (h->complete && !h->blobs_left) || !h->threads->len;
    g_mutex_unlock(&h->lock);
    return ready;
}

void rme_hashing_free(RmeHashing *h)
{
    if (!h) {
        return;
    }
    g_atomic_int_set(&h->stop, true);
    for (guint i = 0; i < h->threads->len; i++) {
        g_thread_join(g_ptr_array_index(h->threads, i));
    }
    g_ptr_array_unref(h->threads);
    g_array_unref(h->jobs);
    if (h->digests) {
        g_ptr_array_unref(h->digests);
    }
    error_free(h->err);
    g_mutex_clear(&h->lock);
    g_cond_clear(&h->changed);
    g_free(h);
}
