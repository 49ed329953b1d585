/*
 * The measurement log of an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "crypto/hash.h"
#include "hw/arm/cca/event-log.h"

/* All events are about the RIM, which is PCR 0 in the log */
#define LOG_PCR 0

/* A reader stops at an event of type 0 */
#define LOG_END_SIZE 8

/* TCG event types */
#define EV_NO_ACTION                    0x3
#define EV_EVENT_TAG                    0x6
#define EV_POST_CODE2                   0x13
#define EV_EFI_PLATFORM_FIRMWARE_BLOB2  0x8000000a

/* TCG algorithm ids (TPM_ALG_*) */
#define TPM_ALG_SHA256  0xb
#define TPM_ALG_SHA384  0xc
#define TPM_ALG_SHA512  0xd

/* Ids of EV_EVENT_TAG, see the header */
#define TAG_REALM_CREATE    1
#define TAG_INIT_RIPAS      2
#define TAG_REC_CREATE      3

/* "VM VERSION" event: sizes of its strings, which are padded with zeros */
#define VM_SIGNATURE_SIZE   16
#define VM_NAME_SIZE        32
#define VM_VERSION_SIZE     40

typedef struct LogWriter {
    GByteArray *bytes;
    QCryptoHashAlgo algo;
    uint16_t algo_id;
    size_t digest_size;
} LogWriter;

static void put_u8(GByteArray *bytes, uint8_t value)
{
    g_byte_array_append(bytes, &value, sizeof(value));
}

static void put_u16(GByteArray *bytes, uint16_t value)
{
    value = cpu_to_le16(value);
    g_byte_array_append(bytes, (uint8_t *)&value, sizeof(value));
}

static void put_u32(GByteArray *bytes, uint32_t value)
{
    value = cpu_to_le32(value);
    g_byte_array_append(bytes, (uint8_t *)&value, sizeof(value));
}

static void put_u64(GByteArray *bytes, uint64_t value)
{
    value = cpu_to_le64(value);
    g_byte_array_append(bytes, (uint8_t *)&value, sizeof(value));
}

static void put_zeros(GByteArray *bytes, guint n)
{
    guint at = bytes->len;

    g_byte_array_set_size(bytes, at + n);
    memset(bytes->data + at, 0, n);
}

/* A field of @size bytes; the last one stays zero */
static void put_string(GByteArray *bytes, const char *text, size_t size)
{
    size_t n = MIN(strlen(text), size - 1);

    g_byte_array_append(bytes, (const uint8_t *)text, n);
    put_zeros(bytes, size - n);
}

static void set_algo(LogWriter *w, RmeHashAlgo algo)
{
    switch (algo) {
    case RME_HASH_SHA256:
        w->algo = QCRYPTO_HASH_ALGO_SHA256;
        w->algo_id = TPM_ALG_SHA256;
        break;
    case RME_HASH_SHA384:
        w->algo = QCRYPTO_HASH_ALGO_SHA384;
        w->algo_id = TPM_ALG_SHA384;
        break;
    case RME_HASH_SHA512:
        w->algo = QCRYPTO_HASH_ALGO_SHA512;
        w->algo_id = TPM_ALG_SHA512;
        break;
    }
    w->digest_size = qcrypto_hash_digest_len(w->algo);
}

/* TCG_PCClientPCREvent with a TCG_EfiSpecIDEvent: the layout of older logs */
static void put_header(const LogWriter *w)
{
    static const char signature[] = "Spec ID Event03";
    g_autoptr(GByteArray) event = g_byte_array_new();

    g_byte_array_append(event, (const uint8_t *)signature, sizeof(signature));
    put_u32(event, 0);              /* platform class: client */
    put_u8(event, 0);               /* version 2.0 */
    put_u8(event, 2);
    put_u8(event, 106);             /* errata: profile 1.06 */
    put_u8(event, 2);               /* UINTN has 64 bits */
    put_u32(event, 1);              /* number of algorithms */
    put_u16(event, w->algo_id);
    put_u16(event, w->digest_size);
    put_u8(event, 0);               /* no vendor information */

    put_u32(w->bytes, LOG_PCR);
    put_u32(w->bytes, EV_NO_ACTION);
    put_zeros(w->bytes, 20);        /* a SHA-1 digest */
    put_u32(w->bytes, event->len);
    g_byte_array_append(w->bytes, event->data, event->len);
}

/* TCG_PCR_EVENT2; NULL for a digest that is zero */
static void put_event(const LogWriter *w, uint32_t type, const uint8_t *digest,
                      const GByteArray *event)
{
    put_u32(w->bytes, LOG_PCR);
    put_u32(w->bytes, type);
    put_u32(w->bytes, 1);           /* number of digests */
    put_u16(w->bytes, w->algo_id);
    if (digest) {
        g_byte_array_append(w->bytes, digest, w->digest_size);
    } else {
        put_zeros(w->bytes, w->digest_size);
    }
    put_u32(w->bytes, event->len);
    g_byte_array_append(w->bytes, event->data, event->len);
}

static void put_vm_version(const LogWriter *w, const RmeEventLogVm *vm)
{
    g_autoptr(GByteArray) event = g_byte_array_new();

    put_string(event, "VM VERSION", VM_SIGNATURE_SIZE);
    put_string(event, "QEMU", VM_NAME_SIZE);
    put_string(event, vm->version, VM_VERSION_SIZE);
    put_u64(event, vm->ram_size);
    put_u32(event, vm->num_cpus);
    put_u32(event, 0);              /* padding */
    put_u64(event, 0);              /* flags: none are defined */
    put_event(w, EV_NO_ACTION, NULL, event);
}

/* Its digest is that of the event, as for any EV_EVENT_TAG */
static bool put_tagged(const LogWriter *w, uint32_t id, const GByteArray *data,
                       Error **errp)
{
    g_autoptr(GByteArray) event = g_byte_array_new();
    g_autofree uint8_t *digest = NULL;
    size_t size = 0;

    put_u32(event, id);
    put_u32(event, data->len);
    g_byte_array_append(event, data->data, data->len);

    if (qcrypto_hash_bytes(w->algo, (const char *)event->data, event->len,
                           &digest, &size, errp) < 0) {
        return false;
    }
    put_event(w, EV_EVENT_TAG, digest, event);
    return true;
}

/* Numbers as they are in RmiRealmParams, the width with the shared bit */
static bool put_create(const LogWriter *w, const RmePlanParams *params,
                       Error **errp)
{
    g_autoptr(GByteArray) data = g_byte_array_new();

    put_u64(data, params->flags);
    put_u8(data, params->ipa_bits);
    put_u8(data, params->sve_vl);
    put_u8(data, params->num_bps);
    put_u8(data, params->num_wps);
    put_u8(data, params->pmu_num_ctrs);
    put_u8(data, params->hash_algo);
    return put_tagged(w, TAG_REALM_CREATE, data, errp);
}

static bool put_ripas(const LogWriter *w, const RmePlanStep *step, Error **errp)
{
    g_autoptr(GByteArray) data = g_byte_array_new();

    put_u64(data, step->base);
    put_u64(data, step->size);
    return put_tagged(w, TAG_INIT_RIPAS, data, errp);
}

static bool put_rec(const LogWriter *w, const RmePlanRec *rec, Error **errp)
{
    g_autoptr(GByteArray) data = g_byte_array_new();

    put_u64(data, rec->flags);
    put_u64(data, rec->pc);
    for (int i = 0; i < ARRAY_SIZE(rec->gprs); i++) {
        put_u64(data, rec->gprs[i]);
    }
    return put_tagged(w, TAG_REC_CREATE, data, errp);
}

static bool holds_entry(const RmePlanBlob *blob, const RmePlanRec *rec)
{
    return rec->pc >= blob->addr && rec->pc - blob->addr < blob->memsize;
}

static void put_blob(const LogWriter *w, const RmePlan *plan,
                     const RmeEventLogVm *vm, const RmePlanBlob *blob,
                     const uint8_t *digest)
{
    g_autoptr(GByteArray) event = g_byte_array_new();
    uint32_t type = EV_POST_CODE2;
    const char *name = "LOADER";

    if (blob->addr == vm->log && !blob->measured) {
        name = "LOG";
    } else if (holds_entry(blob, rme_plan_rec(plan))) {
        name = vm->firmware ? "FIRMWARE" : "KERNEL";
        type = vm->firmware ? EV_EFI_PLATFORM_FIRMWARE_BLOB2 : type;
    } else if (vm->dtb && blob->addr == vm->dtb) {
        name = "DTB";
    } else if (vm->initrd && blob->addr == vm->initrd) {
        name = "INITRD";
    }

    put_u8(event, strlen(name));
    g_byte_array_append(event, (const uint8_t *)name, strlen(name));
    put_u64(event, blob->addr);
    put_u64(event, blob->memsize);
    put_event(w, type, blob->measured ? digest : NULL, event);
}

static void put_blobs(const LogWriter *w, const RmePlan *plan,
                      const RmeEventLogVm *vm, const GPtrArray *digests,
                      bool measured)
{
    for (guint i = 0; i < rme_plan_n_blobs(plan); i++) {
        const RmePlanBlob *blob = rme_plan_blob(plan, i);

        if (blob->measured == measured) {
            put_blob(w, plan, vm, blob, g_ptr_array_index(digests, i));
        }
    }
}

/*
 * In the order of the plan: blobs are ascending as its populate steps are, and
 * there is one event for each image however many steps it takes.
 */
static bool put_plan(const LogWriter *w, const RmePlan *plan,
                     const RmeEventLogVm *vm, const GPtrArray *digests,
                     Error **errp)
{
    if (!put_create(w, rme_plan_params(plan), errp)) {
        return false;
    }
    for (guint i = 0; i < rme_plan_n_steps(plan); i++) {
        const RmePlanStep *step = rme_plan_step(plan, i);

        if (step->op == RME_PLAN_RIPAS && !put_ripas(w, step, errp)) {
            return false;
        }
    }
    put_blobs(w, plan, vm, digests, true);
    if (!put_rec(w, rme_plan_rec(plan), errp)) {
        return false;
    }
    put_blobs(w, plan, vm, digests, false);
    return true;
}

GByteArray *rme_event_log_make(const RmePlan *plan, const RmeEventLogVm *vm,
                               const GPtrArray *digests, size_t max,
                               Error **errp)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    LogWriter w = { .bytes = bytes };

    set_algo(&w, rme_plan_params(plan)->hash_algo);
    put_header(&w);
    put_vm_version(&w, vm);
    if (!put_plan(&w, plan, vm, digests, errp)) {
        return NULL;
    }
    if (max < LOG_END_SIZE || bytes->len > max - LOG_END_SIZE) {
        error_setg(errp, "the measurement log of %u images needs %u bytes and "
                   "has room for %zu: load fewer images with -device loader, "
                   "or use measurement-log=off", rme_plan_n_blobs(plan),
                   bytes->len, max);
        return NULL;
    }
    return g_steal_pointer(&bytes);
}
