/*
 * The initial measurement (RIM) of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "crypto/hash.h"
#include "hw/arm/cca/measure.h"

/* Measured fields of RmiRealmParams, the rest of the page is zero */
enum {
    REALM_FLAGS = 0x00,
    REALM_S2SZ = 0x08,
    REALM_SVE_VL = 0x10,
    REALM_NUM_BPS = 0x18,
    REALM_NUM_WPS = 0x20,
    REALM_PMU_NUM_CTRS = 0x28,
    REALM_HASH_ALGO = 0x30,
};

/* Measured fields of RmiRecParams, the rest of the page is zero */
enum {
    REC_FLAGS = 0x000,
    REC_PC = 0x200,
    REC_GPRS = 0x300,
};

/* The descriptors of DEN0137 A7.1: RmmMeasurementDescriptor* */
#define DESC_SIZE 256
enum {
    DESC_TYPE_DATA = 0,
    DESC_TYPE_REC = 1,
    DESC_TYPE_RIPAS = 2,
};
enum {
    DESC_TYPE = 0x00,
    DESC_LEN = 0x08,
    DESC_RIM = 0x10,
    DESC_REC_CONTENT = 0x50,
    DESC_DATA_IPA = 0x50,
    DESC_DATA_FLAGS = 0x58,
    DESC_DATA_CONTENT = 0x60,
    DESC_RIPAS_BASE = 0x50,
    DESC_RIPAS_TOP = 0x58,
};

static const uint8_t zeros[RME_GRANULE_SIZE];

static QCryptoHashAlgo crypto_algo(RmeHashAlgo algo)
{
    switch (algo) {
    case RME_HASH_SHA256:
        return QCRYPTO_HASH_ALGO_SHA256;
    case RME_HASH_SHA384:
        return QCRYPTO_HASH_ALGO_SHA384;
    case RME_HASH_SHA512:
        return QCRYPTO_HASH_ALGO_SHA512;
    }
    g_assert_not_reached();
}

size_t rme_measure_size(RmeHashAlgo algo)
{
    return qcrypto_hash_digest_len(crypto_algo(algo));
}

static bool hashv(RmeHashAlgo algo, const struct iovec *iov, size_t niov,
                  uint8_t out[RME_MEASURE_SIZE_MAX], Error **errp)
{
    size_t size = rme_measure_size(algo);

    memset(out + size, 0, RME_MEASURE_SIZE_MAX - size);
    return qcrypto_hash_bytesv(crypto_algo(algo), iov, niov, &out, &size,
                               errp) == 0;
}

static bool hash(RmeHashAlgo algo, const void *data, size_t size,
                 uint8_t out[RME_MEASURE_SIZE_MAX], Error **errp)
{
    struct iovec iov = { .iov_base = (void *)data, .iov_len = size };

    return hashv(algo, &iov, 1, out, errp);
}

/* The new value of the RIM is in @m; tell who wants to know */
static void report(RmeMeasure *m, RmeExtend extend)
{
    if (m->fn) {
        extend.rim = m->rim;
        m->fn(&extend, m->opaque);
    }
}

/* @desc has its operands; the fields that all have are filled in here */
static bool extend_rim(RmeMeasure *m, uint8_t type, uint8_t desc[DESC_SIZE],
                       Error **errp)
{
    desc[DESC_TYPE] = type;
    stq_le_p(desc + DESC_LEN, DESC_SIZE);
    memcpy(desc + DESC_RIM, m->rim, sizeof(m->rim));
    return hash(m->algo, desc, DESC_SIZE, m->rim, errp);
}

bool rme_measure_create(RmeMeasure *m, RmeMeasureRules rules,
                        const RmePlanParams *params, Error **errp)
{
    uint8_t page[RME_GRANULE_SIZE] = { 0 };

    m->rules = rules;
    m->algo = params->hash_algo;
    m->ipa_bits = params->ipa_bits;
    stq_le_p(page + REALM_FLAGS, params->flags);
    stl_le_p(page + REALM_S2SZ, params->ipa_bits);
    stl_le_p(page + REALM_SVE_VL, params->sve_vl);
    stl_le_p(page + REALM_NUM_BPS, params->num_bps);
    stl_le_p(page + REALM_NUM_WPS, params->num_wps);
    stl_le_p(page + REALM_PMU_NUM_CTRS, params->pmu_num_ctrs);
    page[REALM_HASH_ALGO] = params->hash_algo;
    if (!hash(m->algo, page, sizeof(page), m->rim, errp)) {
        return false;
    }
    report(m, (RmeExtend) { .op = RME_EXTEND_CREATE, .params = params });
    return true;
}

/* Bytes that one entry of a table at @level maps, 4 KiB granule */
static uint64_t entry_size(unsigned level)
{
    return (uint64_t)RME_GRANULE_SIZE << (9 * (3 - level));
}

/*
 * The level at which KVM lets the tables start: it concatenates up to 16 of
 * them there.  No block is larger than an entry of this level.
 */
static unsigned start_level(unsigned ipa_bits)
{
    return 4 - (ipa_bits - 8) / 9;
}

/* The largest entry that starts at @base and does not go beyond @top */
static uint64_t ripas_block(unsigned ipa_bits, uint64_t base, uint64_t top)
{
    unsigned level = start_level(ipa_bits);

    while (level < 3 && (base % entry_size(level) ||
                         entry_size(level) > top - base)) {
        level++;
    }
    return entry_size(level);
}

bool rme_measure_ripas(RmeMeasure *m, uint64_t base, uint64_t size,
                       Error **errp)
{
    uint64_t top = base + size;

    if (m->rules != RME_MEASURE_RMM_1) {
        return true;
    }
    while (base < top) {
        uint64_t end = base + ripas_block(m->ipa_bits, base, top);
        uint8_t desc[DESC_SIZE] = { 0 };

        stq_le_p(desc + DESC_RIPAS_BASE, base);
        stq_le_p(desc + DESC_RIPAS_TOP, end);
        if (!extend_rim(m, DESC_TYPE_RIPAS, desc, errp)) {
            return false;
        }
        report(m, (RmeExtend) { .op = RME_EXTEND_RIPAS, .base = base,
                                .top = end });
        base = end;
    }
    return true;
}

bool rme_measure_data(RmeMeasure *m, uint64_t ipa, const uint8_t *content,
                      Error **errp)
{
    uint8_t desc[DESC_SIZE] = { 0 };

    stq_le_p(desc + DESC_DATA_IPA, ipa);
    if (content) {
        stq_le_p(desc + DESC_DATA_FLAGS, 1);
        memcpy(desc + DESC_DATA_CONTENT, content, RME_MEASURE_SIZE_MAX);
    }
    if (!extend_rim(m, DESC_TYPE_DATA, desc, errp)) {
        return false;
    }
    report(m, (RmeExtend) { .op = RME_EXTEND_DATA, .base = ipa,
                            .measured = content, .content = content });
    return true;
}

bool rme_measure_rec(RmeMeasure *m, const RmePlanRec *rec, Error **errp)
{
    uint8_t page[RME_GRANULE_SIZE] = { 0 };
    uint8_t desc[DESC_SIZE] = { 0 };

    if (!(rec->flags & RME_PLAN_REC_RUNNABLE)) {
        return true;
    }
    stq_le_p(page + REC_FLAGS, rec->flags);
    stq_le_p(page + REC_PC, rec->pc);
    for (int i = 0; i < ARRAY_SIZE(rec->gprs); i++) {
        stq_le_p(page + REC_GPRS + 8 * i, rec->gprs[i]);
    }
    if (!hash(m->algo, page, sizeof(page), desc + DESC_REC_CONTENT, errp) ||
        !extend_rim(m, DESC_TYPE_REC, desc, errp)) {
        return false;
    }
    report(m, (RmeExtend) { .op = RME_EXTEND_REC, .rec = rec });
    return true;
}

/* Adds @size bytes of @data, or of zeros without it, to @page */
static void append(GArray *page, const void *data, size_t size)
{
    struct iovec iov = { .iov_base = (void *)(data ?: zeros),
                         .iov_len = size };

    if (size) {
        g_array_append_val(page, iov);
    }
}

/*
 * The granule at @ipa as a list of parts in @page.  @next is the first piece of
 * @step that may have bytes in it, and is moved on.
 */
static void gather_page(const RmePlanStep *step, uint64_t ipa, guint *next,
                        GArray *page)
{
    uint64_t end = ipa + RME_GRANULE_SIZE, at = ipa;

    g_array_set_size(page, 0);
    while (*next < step->pieces->len) {
        const RmePlanPiece *p = &g_array_index(step->pieces, RmePlanPiece,
                                               *next);
        uint64_t from = MAX(p->addr, ipa);
        uint64_t to = MIN(p->addr + p->size, end);

        if (from >= end) {
            break;
        }
        append(page, NULL, from - at);
        append(page, p->data + (from - p->addr), to - from);
        at = to;
        if (p->addr + p->size > end) {
            break;      /* it goes on in the next granule */
        }
        (*next)++;
    }
    append(page, NULL, end - at);
}

/* The first that does not end before @ipa */
static guint first_piece(const RmePlanStep *step, uint64_t ipa)
{
    guint i = 0;

    while (i < step->pieces->len) {
        const RmePlanPiece *p = &g_array_index(step->pieces, RmePlanPiece, i);

        if (p->addr + p->size > ipa) {
            break;
        }
        i++;
    }
    return i;
}

bool rme_measure_contents(const RmePlanStep *step, uint64_t base, unsigned n,
                          RmeHashAlgo algo, uint8_t *contents, Error **errp)
{
    g_autoptr(GArray) page = g_array_new(false, false, sizeof(struct iovec));
    guint next = first_piece(step, base);

    for (unsigned i = 0; i < n; i++) {
        gather_page(step, base + i * RME_GRANULE_SIZE, &next, page);
        if (!hashv(algo, (struct iovec *)page->data, page->len,
                   contents + i * RME_MEASURE_SIZE_MAX, errp)) {
            return false;
        }
    }
    return true;
}

/* Between two looks at whether it is still wanted */
#define BLOB_PART (1 * MiB)

bool rme_measure_blob(const RmePlanBlob *blob, RmeHashAlgo algo,
                      uint8_t digest[RME_MEASURE_SIZE_MAX], const gint *stop,
                      Error **errp)
{
    g_autoptr(QCryptoHash) ctx = qcrypto_hash_new(crypto_algo(algo), errp);
    size_t size = rme_measure_size(algo);

    if (!ctx) {
        return false;
    }
    for (uint64_t at = 0, n; at < blob->memsize; at += n) {
        bool has_data = at < blob->datasize;
        const void *from = has_data ? blob->data + at : zeros;

        n = has_data ? MIN(blob->datasize - at, BLOB_PART) :
                       MIN(blob->memsize - at, sizeof(zeros));
        if (stop && g_atomic_int_get(stop)) {
            return true;
        }
        if (qcrypto_hash_update(ctx, from, n, errp) < 0) {
            return false;
        }
    }
    memset(digest + size, 0, RME_MEASURE_SIZE_MAX - size);
    return qcrypto_hash_finalize_bytes(ctx, &digest, &size, errp) == 0;
}

char *rme_measure_hex(const uint8_t *value, RmeHashAlgo algo)
{
    GString *s = g_string_new(NULL);

    for (size_t i = 0; i < rme_measure_size(algo); i++) {
        g_string_append_printf(s, "%02x", value[i]);
    }
    return g_string_free(s, false);
}
