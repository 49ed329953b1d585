/*
 * Realm Services Interface: numbers and layouts of Arm DEN0137 1.0.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_RSI_H
#define FW_RSI_H

#include <stdbool.h>
#include <stdint.h>

#define RSI_VERSION 0xc4000190u
#define RSI_FEATURES 0xc4000191u
#define RSI_MEASUREMENT_READ 0xc4000192u
#define RSI_MEASUREMENT_EXTEND 0xc4000193u
#define RSI_ATTESTATION_TOKEN_INIT 0xc4000194u
#define RSI_ATTESTATION_TOKEN_CONTINUE 0xc4000195u
#define RSI_REALM_CONFIG 0xc4000196u
#define RSI_IPA_STATE_SET 0xc4000197u
#define RSI_IPA_STATE_GET 0xc4000198u
#define RSI_HOST_CALL 0xc4000199u

enum rsi_status {
    RSI_SUCCESS = 0,
    RSI_ERROR_INPUT = 1,
    RSI_ERROR_STATE = 2,
    RSI_INCOMPLETE = 3,
    RSI_ERROR_UNKNOWN = 4,
    /* ours: the instruction itself was refused, or SMCCC does not know it */
    RSI_ABSENT = 0xff,
};

enum rsi_ripas {
    RIPAS_EMPTY = 0,
    RIPAS_RAM = 1,
    RIPAS_DESTROYED = 2,
};

#define RSI_HASH_SHA256 0
#define RSI_HASH_SHA512 1

#define RSI_NO_CHANGE_DESTROYED 0
#define RSI_CHANGE_DESTROYED 1

/** struct rsi_realm_config - RsiRealmConfig, one 4 KiB page */
struct rsi_realm_config {
    uint64_t ipa_width;         /* bits, the shared bit included */
    uint8_t hash_algo;
    uint8_t reserved0[0x200 - 9];
    uint8_t rpv[64];
    uint8_t reserved1[0x1000 - 0x240];
};
_Static_assert(sizeof(struct rsi_realm_config) == 4096, "RsiRealmConfig");

/** struct rsi_host_call - RsiHostCall, aligned to 256 bytes */
struct rsi_host_call {
    uint16_t imm;
    uint8_t reserved[6];
    uint64_t gprs[31];
};
_Static_assert(sizeof(struct rsi_host_call) == 256, "RsiHostCall");

/**
 * rsi_version() - ask for RSI 1.0
 * @lower, @higher: major << 16 | minor, unless RSI_ABSENT is returned
 */
enum rsi_status rsi_version(uint64_t *lower, uint64_t *higher);

/** rsi_features() - feature register @index */
enum rsi_status rsi_features(uint64_t index, uint64_t *value);

/** rsi_measurement_read() - @index 0 is the RIM, 1 to 4 are REM0 to REM3 */
enum rsi_status rsi_measurement_read(uint64_t index, uint8_t value[64]);

/** rsi_measurement_extend() - @size 0 to 64 bytes of @value into a REM */
enum rsi_status rsi_measurement_extend(uint64_t index, uint64_t size,
                                       const uint8_t value[64]);

/** rsi_token_init() - begin a token; @max is the most bytes that it has */
enum rsi_status rsi_token_init(const uint8_t challenge[64], uint64_t *max);

/**
 * rsi_token_continue() - the next bytes of the token
 * @granule: where @size bytes go at @offset; private memory, aligned
 * @n: how many were written; RSI_INCOMPLETE: there will be more
 */
enum rsi_status rsi_token_continue(uint64_t granule, uint64_t offset,
                                   uint64_t size, uint64_t *n);

/** rsi_realm_config() - fill a page that is private and aligned */
enum rsi_status rsi_realm_config(struct rsi_realm_config *config);

/**
 * rsi_ipa_state_set() - one RSI_IPA_STATE_SET
 * @base, @top: range, 4 KiB aligned, below the shared bit
 * @ripas: RIPAS_EMPTY to share, RIPAS_RAM to have it private
 * @flags: RSI_CHANGE_DESTROYED or not
 * @next: first address that was not changed
 * @rejected: whether the host refused
 */
enum rsi_status rsi_ipa_state_set(uint64_t base, uint64_t top,
                                  enum rsi_ripas ripas, uint64_t flags,
                                  uint64_t *next, bool *rejected);

/**
 * rsi_ipa_state_set_all() - repeat until the whole range is changed
 * Returns false when a call fails, is rejected or makes no progress.
 */
bool rsi_ipa_state_set_all(uint64_t base, uint64_t top, enum rsi_ripas ripas);

/**
 * rsi_ipa_state_get() - RIPAS at @base
 * @end: where another RIPAS begins, at most @top
 */
enum rsi_status rsi_ipa_state_get(uint64_t base, uint64_t top, uint64_t *end,
                                  enum rsi_ripas *ripas);

/** rsi_host_call() - hand @call, which is private memory, to the host */
enum rsi_status rsi_host_call(struct rsi_host_call *call);

#endif
