/*
 * RSI version, Realm configuration and measurements.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "checks.h"
#include "lib.h"
#include "machine.h"
#include "report.h"
#include "rsi.h"

static void check_measurements(void)
{
    static const uint8_t value[64] = "a value to extend REM3 with";
    uint8_t rim[64], before[64], after[64];
    bool good;

    good = rsi_measurement_read(0, rim) == RSI_SUCCESS;
    check(good && !is_zero(rim, machine.hash_size), "the RIM can be read");
    check(is_zero(rim + machine.hash_size, 64 - machine.hash_size),
          "the RIM is as long as its hash");
    print_hex("RIM", rim, machine.hash_size);

    good = true;
    for (unsigned i = 1; i <= 4; i++) {
        good &= rsi_measurement_read(i, before) == RSI_SUCCESS &&
                is_zero(before, 64);
    }
    check(good, "REM0 to REM3 are zero at the start");
    check(rsi_measurement_read(5, before) == RSI_ERROR_INPUT,
          "there is no measurement 5");

    good = rsi_measurement_extend(4, sizeof(value), value) == RSI_SUCCESS &&
           rsi_measurement_read(4, after) == RSI_SUCCESS;
    check(good && !is_zero(after, machine.hash_size), "REM3 can be extended");
    check(rsi_measurement_extend(0, sizeof(value), value) == RSI_ERROR_INPUT,
          "the RIM cannot be extended");
    check(rsi_measurement_read(0, after) == RSI_SUCCESS &&
          !memcmp(rim, after, 64), "the RIM stays as it was");
}

void check_realm(void)
{
    static struct rsi_realm_config config __attribute__((aligned(4096)));
    uint64_t lower, higher, features;
    enum rsi_status status = rsi_version(&lower, &higher);

    check(status == RSI_SUCCESS && lower >> 16 == 1,
          "RSI version %lu.%lu answers to a request for 1.0",
          lower >> 16, lower & 0xffff);
    check(higher >= lower, "its highest version is %lu.%lu", higher >> 16,
          higher & 0xffff);
    check(rsi_features(0, &features) == RSI_SUCCESS,
          "RSI feature register 0 is %lx", features);
    check(rsi_realm_config(&config) == RSI_SUCCESS &&
          config.ipa_width == machine.ipa_bits,
          "the IPA width is %u bits", machine.ipa_bits);
    check(config.hash_algo == RSI_HASH_SHA256 ||
          config.hash_algo == RSI_HASH_SHA512, "the hash is SHA-%u",
          machine.hash_size * 8);
    print_hex("RPV", config.rpv, sizeof(config.rpv));
    check_measurements();
}
