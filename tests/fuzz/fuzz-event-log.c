/*
 * The measurement log of random plans, read again
 *
 * The reader here knows the container only (TCG PC Client Platform Firmware
 * Profile 1.06, section 10): what the events say is for the unit tests.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "crypto/hash.h"
#include "crypto/init.h"
#include "hw/arm/cca/event-log.h"
#include "hw/arm/cca/measure.h"
#include "fuzz.h"

#define RAM 0x40000000ULL
#define MAX_BLOBS 40

static unsigned digest_size;

static uint32_t get(const GByteArray *log, size_t *at, size_t size)
{
    uint32_t value;

    g_assert(*at + size <= log->len);
    value = ldn_le_p(log->data + *at, size);
    *at += size;
    return value;
}

static void skip(const GByteArray *log, size_t *at, size_t size)
{
    g_assert(size <= log->len - *at);
    *at += size;
}

static unsigned read_log(const GByteArray *log)
{
    size_t at = 0, header;
    unsigned events = 0;

    g_assert(get(log, &at, 4) == 0 && get(log, &at, 4) == 3);
    skip(log, &at, 20);
    header = get(log, &at, 4);
    skip(log, &at, header);
    for (; at < log->len; events++) {
        g_assert(get(log, &at, 4) == 0);
        g_assert(get(log, &at, 4) != 0);
        g_assert(get(log, &at, 4) == 1);
        get(log, &at, 2);
        skip(log, &at, digest_size);
        skip(log, &at, get(log, &at, 4));
    }
    g_assert(at == log->len);
    return events;
}

static unsigned add_blobs(RmePlan *plan, FuzzInput *in)
{
    uint64_t addr = RAM;
    unsigned n = 0;

    for (int i = 0; i < MAX_BLOBS && in->left; i++) {
        uint64_t size = fuzz_value(in, 1), tail = fuzz_value(in, 1);
        uint64_t gap = fuzz_value(in, 2);
        bool measured = fuzz_value(in, 1) & 1;

        size = MIN(size, in->left);
        /* one page is either measured or not */
        addr = ROUND_UP(addr + gap, RME_GRANULE_SIZE);
        rme_plan_add_blob(plan, "image", addr, in->at, size, size + tail,
                          measured, &error_abort);
        n += size + tail != 0;
        addr += size + tail;
        in->at += size;
        in->left -= size;
    }
    return n;
}

static GPtrArray *digests_of(const RmePlan *plan, RmeHashAlgo algo)
{
    GPtrArray *digests = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < rme_plan_n_blobs(plan); i++) {
        uint8_t *digest = g_malloc(RME_MEASURE_SIZE_MAX);

        rme_measure_blob(rme_plan_blob(plan, i), algo, digest, NULL,
                         &error_abort);
        g_ptr_array_add(digests, digest);
    }
    return digests;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    return qcrypto_init(&error_abort);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const RmeHashAlgo algos[] = {
        RME_HASH_SHA256, RME_HASH_SHA512, RME_HASH_SHA384,
    };
    FuzzInput in = { data, size };
    g_autoptr(RmePlan) plan = rme_plan_new();
    g_autoptr(GPtrArray) digests = NULL;
    g_autoptr(GByteArray) log = NULL;
    g_autofree char *version = NULL;
    RmePlanParams params = { .ipa_bits = 41 };
    RmePlanRec rec = { .flags = RME_PLAN_REC_RUNNABLE };
    RmeEventLogVm vm = { .ram_size = 256 * MiB };
    Error *err = NULL;
    unsigned blobs;
    size_t max;

    params.hash_algo = algos[fuzz_value(&in, 1) % ARRAY_SIZE(algos)];
    params.flags = fuzz_value(&in, 1);
    digest_size = params.hash_algo == RME_HASH_SHA256 ? 32 :
                  params.hash_algo == RME_HASH_SHA512 ? 64 : 48;
    rec.pc = RAM + fuzz_value(&in, 3);
    vm.firmware = fuzz_value(&in, 1) & 1;
    vm.dtb = RAM + fuzz_value(&in, 1) * RME_GRANULE_SIZE;
    vm.initrd = RAM + fuzz_value(&in, 1) * RME_GRANULE_SIZE;
    vm.log = RAM + fuzz_value(&in, 1) * RME_GRANULE_SIZE;
    max = fuzz_value(&in, 1) & 1 ? RME_EVENT_LOG_SIZE : fuzz_value(&in, 2);
    version = g_strnfill(fuzz_value(&in, 1), 'v');
    vm.version = version;

    rme_plan_add_ram(plan, "ram", RAM, vm.ram_size, true, &error_abort);
    blobs = add_blobs(plan, &in);
    rme_plan_finish(plan, &params, &rec, &error_abort);
    g_assert(rme_plan_n_blobs(plan) == blobs);
    digests = digests_of(plan, params.hash_algo);
    log = rme_event_log_make(plan, &vm, digests, max, &err);
    if (!log) {
        fuzz_refused(err);
        return 0;
    }
    g_assert(!err && log->len + 8 <= max);
    /* version, create, RIPAS, REC, and the images */
    g_assert(read_log(log) == 4 + blobs);
    return 0;
}
