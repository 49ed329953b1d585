/*
 * Realm Services Interface calls (Arm DEN0137 1.0).
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "lib.h"
#include "rsi.h"

static enum rsi_status rsi_call(struct smccc *c)
{
    struct probe p = smccc_smc(c);

    if (p.esr || (int32_t)c->x[0] == -1) {
        return RSI_ABSENT;
    }
    return c->x[0];
}

enum rsi_status rsi_version(uint64_t *lower, uint64_t *higher)
{
    struct smccc c = { { RSI_VERSION, 0x10000 } };
    enum rsi_status status = rsi_call(&c);

    *lower = c.x[1];
    *higher = c.x[2];
    return status;
}

enum rsi_status rsi_features(uint64_t index, uint64_t *value)
{
    struct smccc c = { { RSI_FEATURES, index } };
    enum rsi_status status = rsi_call(&c);

    *value = c.x[1];
    return status;
}

enum rsi_status rsi_measurement_read(uint64_t index, uint8_t value[64])
{
    struct smccc c = { { RSI_MEASUREMENT_READ, index } };
    enum rsi_status status = rsi_call(&c);

    memcpy(value, &c.x[1], 64);
    return status;
}

enum rsi_status rsi_measurement_extend(uint64_t index, uint64_t size,
                                       const uint8_t value[64])
{
    struct smccc c = { { RSI_MEASUREMENT_EXTEND, index, size } };

    memcpy(&c.x[3], value, 64);
    return rsi_call(&c);
}

enum rsi_status rsi_token_init(const uint8_t challenge[64], uint64_t *max)
{
    struct smccc c = { { RSI_ATTESTATION_TOKEN_INIT } };
    enum rsi_status status;

    memcpy(&c.x[1], challenge, 64);
    status = rsi_call(&c);
    *max = c.x[1];
    return status;
}

enum rsi_status rsi_token_continue(uint64_t granule, uint64_t offset,
                                   uint64_t size, uint64_t *n)
{
    struct smccc c = {
        { RSI_ATTESTATION_TOKEN_CONTINUE, granule, offset, size }
    };
    enum rsi_status status;

    dsb();
    status = rsi_call(&c);
    *n = c.x[1];
    return status;
}

enum rsi_status rsi_realm_config(struct rsi_realm_config *config)
{
    struct smccc c = { { RSI_REALM_CONFIG, (uintptr_t)config } };

    dsb();
    return rsi_call(&c);
}

enum rsi_status rsi_ipa_state_set(uint64_t base, uint64_t top,
                                  enum rsi_ripas ripas, uint64_t flags,
                                  uint64_t *next, bool *rejected)
{
    struct smccc c = { { RSI_IPA_STATE_SET, base, top, ripas, flags } };
    enum rsi_status status;

    dsb();
    status = rsi_call(&c);
    *next = c.x[1];
    *rejected = status == RSI_SUCCESS && c.x[2] != 0;
    return status;
}

bool rsi_ipa_state_set_all(uint64_t base, uint64_t top, enum rsi_ripas ripas)
{
    while (base < top) {
        uint64_t next;
        bool rejected;

        if (rsi_ipa_state_set(base, top, ripas, RSI_CHANGE_DESTROYED, &next,
                              &rejected) != RSI_SUCCESS ||
            rejected || next <= base || next > top) {
            return false;
        }
        base = next;
    }
    return true;
}

enum rsi_status rsi_ipa_state_get(uint64_t base, uint64_t top, uint64_t *end,
                                  enum rsi_ripas *ripas)
{
    struct smccc c = { { RSI_IPA_STATE_GET, base, top } };
    enum rsi_status status = rsi_call(&c);

    *end = c.x[1];
    *ripas = c.x[2];
    return status;
}

enum rsi_status rsi_host_call(struct rsi_host_call *call)
{
    struct smccc c = { { RSI_HOST_CALL, (uintptr_t)call } };

    dsb();
    return rsi_call(&c);
}
