/*
 * Arm CCA Realms under KVM: carrying out the launch plan
 *
 * What is done is in the plan, when and what comes after it is decided by
 * hw/arm/cca/lifecycle.c: there is no machine and no image in here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/memalign.h"
#include "system/address-spaces.h"
#include "hw/arm/rme-generation.h"
#include "system/kvm.h"
#include "system/kvm_int.h"
#include "kvm-rme.h"
#include "trace.h"

/*
 * Contents go in by pieces of this size, through one buffer or through the
 * shared mapping, which is dropped after each: an image is never in memory a
 * third time. KVM works in steps of 2 MiB from the base of a request, so this
 * is one step.
 */
#define POPULATE_CHUNK (2 * MiB)

/*
 * A kernel may find out only here that the RMM has fewer address bits. That is
 * told from other parameters by trying, on throw-away VMs.
 */
static void explain_refusal(const RmeGuest *guest, const RmeAbi *abi,
                            Error **errp)
{
    int limit = kvm_rme_abi_find_ipa_bits(kvm_state->fd, abi);
    Error *err = NULL;

    if (limit != RME_LIMIT_UNKNOWN &&
        !kvm_rme_check_width(guest, limit, &err)) {
        error_prepend(errp, "the RMM refused the Realm's parameters (%s): ",
                      error_get_pretty(err));
        error_free(err);
    } else {
        error_prepend(errp, "the RMM refused the Realm's parameters: ");
    }
}

/* Says what the user can do before what failed */
static void explain_create(const RmeGuest *guest, const RmeAbi *abi, int ret,
                           Error **errp)
{
    if ((ret == -ENOMEM || ret == -EBUSY) &&
        guest->config.mec_policy == RME_MEC_POLICY_PRIVATE) {
        error_prepend(errp, "no private MECID is free (this host has %u in "
                      "all): stop another Realm or use mec-policy=shared: ",
                      abi->mec_count);
    } else if (ret == -ENXIO) {
        explain_refusal(guest, abi, errp);
    } else if (ret == -ENOMEM) {
        error_prepend(errp, "the host has no memory or no VMID left for one "
                      "more Realm: ");
    }
}

static bool configure_hash(RmeGuest *guest, const RmeAbi *abi,
                           RmeHashAlgo *algo, Error **errp)
{
    Error *err = NULL;
    int ret;

    *algo = rme_generation_hash(guest);
    if (!abi->ops->set_hash) {
        return true;
    }
    ret = abi->ops->set_hash(abi, *algo, &err);
    if (ret == -EINVAL && !guest->config.has_algorithm) {
        error_free(err);
        *algo = RME_HASH_SHA256;
        warn_report("rme-guest '%s': this host's RMM does not offer sha512, "
                    "measuring with sha256", rme_guest_id(guest));
        return abi->ops->set_hash(abi, *algo, errp) == 0;
    }
    if (ret == -EINVAL) {
        error_prepend(&err, "this host's RMM does not offer "
                      "measurement-algorithm=%s: ",
                      RmeGuestMeasurementAlgorithm_str(
                          guest->config.algorithm));
    }
    error_propagate(errp, err);
    return ret == 0;
}

/*
 * "default" touches nothing. A kernel without MEC accepts "private" silently,
 * and another meaning of the item's number is possible without the query.
 */
static bool configure_mec(RmeGuest *guest, const RmeAbi *abi, Error **errp)
{
    bool has_mec = abi->mec_items && abi->mec_supported;
    Error *err = NULL;

    guest->mec_policy = guest->config.mec_policy;
    switch (guest->config.mec_policy) {
    case RME_MEC_POLICY_PRIVATE:
        if (abi->mec_errno) {
            error_setg_errno(errp, abi->mec_errno, "mec-policy=private: cannot "
                             "ask this host for memory encryption contexts: "
                             "MEC_QUERY");
            return false;
        }
        if (!has_mec) {
            error_setg(errp, "mec-policy=private: this host has no memory "
                       "encryption contexts (%s); use mec-policy=default",
                       abi->mec_items ? "its RMM has a single MECID" :
                       "its kernel does not answer MEC_QUERY");
            return false;
        }
        return abi->ops->set_mec(abi, false, errp) == 0;
    case RME_MEC_POLICY_SHARED:
        if (!has_mec) {
            warn_report("rme-guest '%s': mec-policy=shared: this host has no "
                        "memory encryption contexts, going on without",
                        rme_guest_id(guest));
            guest->mec_policy = RME_MEC_POLICY_DEFAULT;
        } else if (abi->ops->set_mec(abi, true, &err) < 0) {
            warn_reportf_err(err, "rme-guest '%s': mec-policy=shared: ",
                             rme_guest_id(guest));
            guest->mec_policy = RME_MEC_POLICY_DEFAULT;
        }
        return true;
    default:
        return true;
    }
}

/* Without a slot for it, there is nothing but zeros to set */
static bool configure_rpv(RmeGuest *guest, const RmeAbi *abi,
                          const uint8_t *rpv, Error **errp)
{
    return !guest->config.has_rpv || !abi->ops->set_rpv ||
           abi->ops->set_rpv(abi, rpv, errp) == 0;
}

bool kvm_rme_configure(RmeGuest *guest, RmePlanParams *params, Error **errp)
{
    const RmeAbi *abi = &guest->kvm->abi;

    *params = (RmePlanParams) { .ipa_bits = guest->ipa_bits };
    memcpy(params->rpv, guest->config.rpv, sizeof(params->rpv));
    if (abi->lpa2 && rme_generation(guest->kernel_abi)->sets_lpa2) {
        params->flags |= RME_PLAN_FLAG_LPA2;
    }

    return rme_generation_check(guest, errp) &&
           kvm_rme_get_params(ARM_CPU(first_cpu), params, errp) &&
           configure_hash(guest, abi, &params->hash_algo, errp) &&
           configure_rpv(guest, abi, params->rpv, errp) &&
           configure_mec(guest, abi, errp);
}

/* Everything in [base, base + size) that is in no piece becomes zero */
static void fill(const RmePlanStep *step, uint64_t base, uint64_t size,
                 uint8_t *host)
{
    uint64_t end = base + size, at = base;

    for (guint i = 0; i < step->pieces->len; i++) {
        const RmePlanPiece *p = &g_array_index(step->pieces, RmePlanPiece, i);
        uint64_t from = MAX(p->addr, base);
        uint64_t to = MIN(p->addr + p->size, end);

        if (from >= to) {
            continue;
        }
        memset(host + (at - base), 0, from - at);
        memcpy(host + (from - base), p->data + (from - p->addr), to - from);
        at = to;
    }
    memset(host + (at - base), 0, end - at);
}

/* The executor's one loop: partial progress goes on, none is an error */
static bool populate_range(const RmeAbi *abi, uint64_t base, uint64_t size,
                           const uint8_t *source, bool measured, Error **errp)
{
    while (size) {
        uint64_t before = size;

        if (abi->ops->populate(abi, &base, &size, source, measured,
                               errp) < 0) {
            return false;
        }
        if (size >= before) {
            error_setg(errp, "the kernel made no progress populating [0x%"
                       PRIx64 ", 0x%" PRIx64 ")", base, base + size);
            return false;
        }
        source = source ? source + (before - size) : NULL;
    }
    return true;
}

/* Through the shared mapping, of which nothing is left afterwards */
static bool populate_shared(const RmeAbi *abi, const RmePlanStep *step,
                            const MemoryRegionSection *sec, Error **errp)
{
    uint64_t base = sec->offset_within_address_space;
    uint64_t size = int128_get64(sec->size);
    int ret;

    fill(step, base, size,
         (uint8_t *)memory_region_get_ram_ptr(sec->mr) +
         sec->offset_within_region);
    if (!populate_range(abi, base, size, NULL, step->measured, errp)) {
        return false;
    }

    /* The Realm has its copy */
    ret = kvm_rme_drop_shared_copy(sec);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "cannot drop the shared copy of [0x%"
                         PRIx64 ", 0x%" PRIx64 ")", base, base + size);
    }
    return ret == 0;
}

/*
 * KVM clamps a request to a memslot, and some kernels report an error of the
 * RMM as one page that is done. So a range is not given to them before it is
 * known that the RMM has no reason for one: it is private memory of one block,
 * below the shared bit.
 */
static bool check_chunk(const RmeGuest *guest, const MemoryRegionSection *sec,
                        uint64_t base, uint64_t size, Error **errp)
{
    if (sec->mr && int128_get64(sec->size) == size &&
        memory_region_has_guest_memfd(sec->mr) &&
        base + size <= 1ULL << (guest->ipa_bits - 1)) {
        return true;
    }
    error_setg(errp, "[0x%" PRIx64 ", 0x%" PRIx64 ") is no longer the "
               "RAM that the launch was planned for", base, base + size);
    return false;
}

/* @buffer: POPULATE_CHUNK bytes, or NULL for the shared mapping */
static bool populate_chunk(const RmeGuest *guest, const RmePlanStep *step,
                           uint64_t base, uint64_t size, uint8_t *buffer,
                           Error **errp)
{
    const RmeAbi *abi = &guest->kvm->abi;
    MemoryRegionSection sec = memory_region_find(get_system_memory(), base,
                                                 size);
    bool ok = check_chunk(guest, &sec, base, size, errp);

    if (ok && buffer) {
        fill(step, base, size, buffer);
        ok = populate_range(abi, base, size, buffer, step->measured, errp);
    } else if (ok) {
        ok = populate_shared(abi, step, &sec, errp);
    }
    memory_region_unref(sec.mr);
    return ok;
}

static void *new_buffer(Error **errp)
{
    void *buffer = qemu_try_memalign(qemu_real_host_page_size(),
                                     POPULATE_CHUNK);

    if (!buffer) {
        error_setg(errp, "no memory for a buffer of %" PRIu64 " KiB to "
                   "populate the Realm from", (uint64_t)(POPULATE_CHUNK / KiB));
    }
    return buffer;
}

static bool begin_step(RmeGuest *guest, const RmePlanStep *step, Error **errp)
{
    int ret = kvm_rme_make_pieces_private(guest, step->base, step->size);

    if (ret) {
        error_setg_errno(errp, -ret, "KVM does not make the memory around [0x%"
                         PRIx64 ", 0x%" PRIx64 ") private: "
                         "KVM_SET_MEMORY_ATTRIBUTES", step->base,
                         step->base + step->size);
    }
    return ret == 0;
}

static bool populate_step(RmeGuest *guest, const RmePlanStep *step,
                          uint64_t *done, uint64_t max, Error **errp)
{
    const RmeAbi *abi = &guest->kvm->abi;
    uint64_t end = *done + MIN(step->size - *done, max);
    uint8_t *buffer = NULL;
    bool ok = *done || begin_step(guest, step, errp);

    if (ok && !abi->ops->contents_are_shared) {
        buffer = new_buffer(errp);
        ok = buffer;
    }
    while (ok && *done < end) {
        uint64_t size = MIN(end - *done, POPULATE_CHUNK);

        ok = populate_chunk(guest, step, step->base + *done, size, buffer,
                            errp);
        *done += size;
    }
    qemu_vfree(buffer);
    return ok;
}

/* In index order, which is MPIDR order: the RMM takes them in no other */
static bool create_recs(const RmeAbi *abi, const RmePlanRec *rec,
                        Error **errp)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        if (!kvm_rme_put_entry(ARM_CPU(cpu), cpu == first_cpu ? rec : NULL,
                               errp) ||
            (abi->ops->create_rec &&
             abi->ops->create_rec(abi, cpu, errp) < 0)) {
            return false;
        }
    }
    return true;
}

static bool execute_populate(RmeGuest *guest, const RmePlanStep *step,
                             uint64_t *done, uint64_t max, Error **errp)
{
    bool creates = guest->state < RME_STATE_CREATED;
    bool ok = populate_step(guest, step, done, max, errp);

    if (creates && ok) {
        rme_guest_set_state(guest, RME_STATE_CREATED);
    } else if (creates) {
        error_prepend(errp, "the RMM refused the Realm's parameters, or its "
                      "first contents: ");
    }
    return ok;
}

bool kvm_rme_execute(RmeGuest *guest, const RmePlanStep *step, uint64_t *done,
                     uint64_t max, Error **errp)
{
    const RmeAbi *abi = &guest->kvm->abi;
    ERRP_GUARD();
    int ret;

    trace_kvm_rme_step(step->op, step->base + *done, step->size - *done);
    if (step->op == RME_PLAN_POPULATE) {
        return execute_populate(guest, step, done, max, errp);
    }
    *done = step->size;
    switch (step->op) {
    case RME_PLAN_CREATE:
        if (!abi->ops->create) {
            return true;
        }
        ret = abi->ops->create(abi, errp);
        if (ret < 0) {
            explain_create(guest, abi, ret, errp);
            return false;
        }
        rme_guest_set_state(guest, RME_STATE_CREATED);
        return true;
    case RME_PLAN_RIPAS:
        return !abi->ops->init_ripas ||
               abi->ops->init_ripas(abi, step->base, step->size, errp) == 0;
    case RME_PLAN_POPULATE:
        break;
    case RME_PLAN_REC:
        return create_recs(abi, rme_plan_rec(guest->plan), errp);
    case RME_PLAN_ACTIVATE:
        rme_guest_set_state(guest, RME_STATE_POPULATED);
        return abi->ops->activate(abi, errp) == 0;
    }
    g_assert_not_reached();
}
