/*
 * Run mode: the services of an RMM to the guest
 *
 * Numbers, layouts and results: Arm DEN0137 (Realm Management Monitor
 * specification) 1.0, chapter "Realm Services Interface".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "sim-run.h"

enum {
    RSI_VERSION = 0xC4000190,
    RSI_FEATURES = 0xC4000191,
    RSI_MEASUREMENT_READ = 0xC4000192,
    RSI_MEASUREMENT_EXTEND = 0xC4000193,
    RSI_ATTESTATION_TOKEN_INIT = 0xC4000194,
    RSI_ATTESTATION_TOKEN_CONTINUE = 0xC4000195,
    RSI_REALM_CONFIG = 0xC4000196,
    RSI_IPA_STATE_SET = 0xC4000197,
    RSI_IPA_STATE_GET = 0xC4000198,
    RSI_HOST_CALL = 0xC4000199,
};

enum {
    RSI_SUCCESS = 0,
    RSI_ERROR_INPUT = 1,
    RSI_ERROR_STATE = 2,
    RSI_INCOMPLETE = 3,
};

enum { RSI_RIPAS_EMPTY = 0, RSI_RIPAS_RAM = 1, RSI_RIPAS_DESTROYED = 2 };
enum { RSI_ACCEPT = 0, RSI_REJECT = 1 };

#define RSI_ABI_1_0             0x10000
#define RSI_CHANGE_DESTROYED    1
#define RSI_NOT_SUPPORTED       (~0ULL)
#define RSI_TOKEN_MAX           4096

/* RsiRealmConfig, one page */
typedef struct RsiRealmConfig {
    uint64_t ipa_width;
    uint64_t hash_algo;
    uint8_t unused[0x200 - 16];
    uint8_t rpv[64];
    uint8_t unused2[0x1000 - 0x240];
} RsiRealmConfig;

/* RsiHostCall, 256 bytes */
typedef struct RsiHostCall {
    uint64_t imm;
    uint64_t gprs[31];
} RsiHostCall;

_Static_assert(sizeof(RsiRealmConfig) == 0x1000, "RsiRealmConfig");
_Static_assert(sizeof(RsiHostCall) == 0x100, "RsiHostCall");

static void result(SimVcpu *vcpu, uint64_t x0)
{
    run_set_x(vcpu, 0, x0);
}

static void result2(SimVcpu *vcpu, uint64_t x0, uint64_t x1, uint64_t x2)
{
    run_set_x(vcpu, 0, x0);
    run_set_x(vcpu, 1, x1);
    run_set_x(vcpu, 2, x2);
}

static void version(SimVcpu *vcpu)
{
    uint64_t want = run_get_x(vcpu, 1);

    sim_trace("vcpu %u: RSI_VERSION 0x%" PRIx64, vcpu->id, want);
    result2(vcpu, want == RSI_ABI_1_0 ? RSI_SUCCESS : RSI_ERROR_INPUT,
            RSI_ABI_1_0, RSI_ABI_1_0);
}

static void realm_config(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;
    uint64_t addr = run_get_x(vcpu, 1);
    RsiRealmConfig *config = addr & SIM_PAGE_MASK
        ? NULL : run_private_memory(vm, addr, sizeof(*config));

    if (!config) {
        result(vcpu, RSI_ERROR_INPUT);
        return;
    }
    memset(config, 0, sizeof(*config));
    config->ipa_width = vm->ipa_bits;
    config->hash_algo = vm->realm.hash_algo;
    memcpy(config->rpv, vm->realm.rpv, sizeof(config->rpv));
    result(vcpu, RSI_SUCCESS);
}

/* The extensible measurements are the Realm's: kept with its first vCPU */
static RunVcpu *first_vcpu(SimVm *vm)
{
    return ((SimVcpu *)g_ptr_array_index(vm->vcpus, 0))->backend;
}

static uint8_t *rem(SimVm *vm, unsigned index)
{
    return first_vcpu(vm)->rem[index - 1];
}

static void measurement_read(SimVcpu *vcpu)
{
    uint64_t value[8], index = run_get_x(vcpu, 1);

    if (index > 4) {
        result(vcpu, RSI_ERROR_INPUT);
        return;
    }
    pthread_mutex_lock(&vcpu->vm->lock);
    if (index) {
        memcpy(value, rem(vcpu->vm, index), sizeof(value));
    } else {
        sim_realm_measurement(vcpu->vm, (uint8_t *)value);
    }
    pthread_mutex_unlock(&vcpu->vm->lock);
    result(vcpu, RSI_SUCCESS);
    for (unsigned i = 0; i < 8; i++) {
        run_set_x(vcpu, 1 + i, value[i]);
    }
}

static void measurement_extend(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;
    uint64_t index = run_get_x(vcpu, 1), size = run_get_x(vcpu, 2), value[8];
    bool sha512 = vm->realm.hash_algo == SIM_HASH_SHA512;
    gsize length = sha512 ? 64 : 32;
    GChecksum *sum;

    if (index < 1 || index > 4 || size > sizeof(value)) {
        result(vcpu, RSI_ERROR_INPUT);
        return;
    }
    for (unsigned i = 0; i < 8; i++) {
        value[i] = run_get_x(vcpu, 3 + i);
    }
    pthread_mutex_lock(&vm->lock);
    sum = g_checksum_new(sha512 ? G_CHECKSUM_SHA512 : G_CHECKSUM_SHA256);
    g_checksum_update(sum, rem(vm, index), length);
    g_checksum_update(sum, (uint8_t *)value, size);
    g_checksum_get_digest(sum, rem(vm, index), &length);
    g_checksum_free(sum);
    pthread_mutex_unlock(&vm->lock);
    result(vcpu, RSI_SUCCESS);
}

/* Begins a token, also in the middle of another one of this vCPU */
static void token_init(SimVcpu *vcpu)
{
    RunVcpu *b = vcpu->backend;
    uint64_t challenge[8];

    for (unsigned i = 0; i < 8; i++) {
        challenge[i] = run_get_x(vcpu, 1 + i);
    }
    g_clear_pointer(&b->token, g_byte_array_unref);
    pthread_mutex_lock(&vcpu->vm->lock);
    b->token = run_token(vcpu->vm, (uint8_t *)challenge,
                         first_vcpu(vcpu->vm)->rem);
    pthread_mutex_unlock(&vcpu->vm->lock);
    g_assert(b->token->len <= RSI_TOKEN_MAX);
    b->token_given = 0;
    b->token_asked = false;
    run_set_x(vcpu, 1, RSI_TOKEN_MAX);
    result(vcpu, RSI_SUCCESS);
}

/*
 * As much as there is room for. An RMM may say that it is not done yet without
 * any bytes, since signing takes time, and so the first call here does.
 */
static void token_continue(SimVcpu *vcpu)
{
    uint64_t addr = run_get_x(vcpu, 1), off = run_get_x(vcpu, 2);
    uint64_t size = run_get_x(vcpu, 3), n = 0;
    RunVcpu *b = vcpu->backend;
    char *granule = addr & SIM_PAGE_MASK ? NULL :
        run_private_memory(vcpu->vm, addr, SIM_PAGE_SIZE);

    if (!granule || off >= SIM_PAGE_SIZE || size > SIM_PAGE_SIZE - off) {
        result(vcpu, RSI_ERROR_INPUT);
        return;
    }
    if (!b->token) {
        result(vcpu, RSI_ERROR_STATE);
        return;
    }
    if (b->token_asked) {
        n = MIN(size, b->token->len - b->token_given);
        memcpy(granule + off, b->token->data + b->token_given, n);
    }
    b->token_asked = true;
    b->token_given += n;
    run_set_x(vcpu, 1, n);
    if (b->token_given < b->token->len) {
        result(vcpu, RSI_INCOMPLETE);
        return;
    }
    g_clear_pointer(&b->token, g_byte_array_unref);
    result(vcpu, RSI_SUCCESS);
}

/* KVM has no service behind a host call unless the VMM filtered it */
static void host_call(SimVcpu *vcpu)
{
    uint64_t addr = run_get_x(vcpu, 1);
    RsiHostCall *call = addr & (sizeof(*call) - 1)
        ? NULL : run_private_memory(vcpu->vm, addr, sizeof(*call));

    if (!call) {
        result(vcpu, RSI_ERROR_INPUT);
        return;
    }
    call->gprs[0] = RSI_NOT_SUPPORTED;
    result(vcpu, RSI_SUCCESS);
}

static void ipa_state_get(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;
    uint64_t base = run_get_x(vcpu, 1), top = run_get_x(vcpu, 2), end;
    bool ram, destroyed;

    if ((base | top) & SIM_PAGE_MASK || base >= top ||
        top > sim_shared_bit(vm)) {
        result(vcpu, RSI_ERROR_INPUT);
        return;
    }
    pthread_mutex_lock(&vm->lock);
    end = sim_ranges_piece(&vm->realm.ripas, base, top, &ram);
    end = sim_ranges_piece(&vm->realm.destroyed, base, end, &destroyed);
    pthread_mutex_unlock(&vm->lock);
    result2(vcpu, RSI_SUCCESS, end, !ram ? RSI_RIPAS_EMPTY
            : destroyed ? RSI_RIPAS_DESTROYED : RSI_RIPAS_RAM);
}

/* The VMM sees the request now; it takes effect at the next KVM_RUN */
static int ipa_state_set(SimVcpu *vcpu, int *ret)
{
    RunVcpu *b = vcpu->backend;
    uint64_t base = run_get_x(vcpu, 1), top = run_get_x(vcpu, 2);
    uint64_t ripas = run_get_x(vcpu, 3), flags = run_get_x(vcpu, 4);

    if ((base | top) & SIM_PAGE_MASK || base >= top ||
        top > sim_shared_bit(vcpu->vm) || ripas > RSI_RIPAS_RAM) {
        result(vcpu, RSI_ERROR_INPUT);
        return 0;
    }
    sim_trace("vcpu %u: RSI_IPA_STATE_SET 0x%" PRIx64 "..0x%" PRIx64
              " ripas %" PRIu64 " flags %" PRIu64, vcpu->id, base, top, ripas,
              flags);
    sim_report_count("memory-fault exit (RIPAS)");
    b->ripas = (RunRipasRequest) {
        .pending = true,
        .base = base,
        .top = top,
        .ram = ripas == RSI_RIPAS_RAM,
        .change_destroyed = flags & RSI_CHANGE_DESTROYED,
    };
    *ret = run_exit_memory_fault(vcpu, base, top - base, b->ripas.ram);
    return 1;
}

void run_commit_ripas(SimVcpu *vcpu)
{
    RunVcpu *b = vcpu->backend;
    SimVm *vm = vcpu->vm;
    uint64_t base = b->ripas.base, top = b->ripas.top;
    bool destroyed;

    if (!b->ripas.pending) {
        return;
    }
    b->ripas.pending = false;
    pthread_mutex_lock(&vm->lock);
    if (!b->ripas.change_destroyed) {
        uint64_t end = sim_ranges_piece(&vm->realm.destroyed, base, top,
                                        &destroyed);

        top = destroyed ? base : end;
    }
    if (b->ripas.ram) {
        sim_ranges_add(&vm->realm.ripas, base, top);
    } else {
        sim_ranges_remove(&vm->realm.ripas, base, top);
    }
    sim_ranges_remove(&vm->realm.destroyed, base, top);
    sim_ranges_remove(&vm->realm.alias_touched, base, top);
    run_update_views(vm, base, top);
    if (b->ripas.ram) {
        run_check_shared_copies(vm, base, top);
    }
    pthread_mutex_unlock(&vm->lock);
    result2(vcpu, RSI_SUCCESS, top, top > base ? RSI_ACCEPT : RSI_REJECT);
}

/*
 * An RMM that needs memory which is not there leaves to the host as for any use
 * of that page, and the guest makes the call again.
 */
static bool misses_memory(SimVcpu *vcpu, uint32_t nr, int *ret)
{
    RunVcpu *b = vcpu->backend;
    uint64_t addr = run_get_x(vcpu, 1) & ~SIM_PAGE_MASK;

    b->rsi_again = 0;
    if ((nr != RSI_REALM_CONFIG && nr != RSI_ATTESTATION_TOKEN_CONTINUE &&
         nr != RSI_HOST_CALL) || !run_is_untold(vcpu->vm, addr)) {
        return false;
    }
    b->rsi_again = nr;
    vcpu->fault_touch = true;
    *ret = run_exit_memory_fault(vcpu, addr, SIM_PAGE_SIZE, true);
    return true;
}

int run_rsi_again(SimVcpu *vcpu, int *ret)
{
    RunVcpu *b = vcpu->backend;

    if (!b->rsi_again) {
        return 0;
    }
    vcpu->run->hypercall.nr = b->rsi_again;
    return run_rsi(vcpu, ret);
}

int run_rsi(SimVcpu *vcpu, int *ret)
{
    sim_report_count("RSI call");
    if (misses_memory(vcpu, vcpu->run->hypercall.nr, ret)) {
        return 1;
    }
    switch (vcpu->run->hypercall.nr) {
    case RSI_VERSION:
        version(vcpu);
        return 0;
    case RSI_FEATURES:
        run_set_x(vcpu, 1, 0);
        result(vcpu, RSI_SUCCESS);
        return 0;
    case RSI_REALM_CONFIG:
        realm_config(vcpu);
        return 0;
    case RSI_MEASUREMENT_READ:
        measurement_read(vcpu);
        return 0;
    case RSI_MEASUREMENT_EXTEND:
        measurement_extend(vcpu);
        return 0;
    case RSI_ATTESTATION_TOKEN_INIT:
        token_init(vcpu);
        return 0;
    case RSI_ATTESTATION_TOKEN_CONTINUE:
        token_continue(vcpu);
        return 0;
    case RSI_IPA_STATE_SET:
        return ipa_state_set(vcpu, ret);
    case RSI_IPA_STATE_GET:
        ipa_state_get(vcpu);
        return 0;
    case RSI_HOST_CALL:
        host_call(vcpu);
        return 0;
    default:
        result(vcpu, RSI_NOT_SUPPORTED);
        return 0;
    }
}
