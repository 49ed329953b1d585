/*
 * The attestation token: that RSI refuses what it has to, and its bytes for the
 * host to look into (tests/cca-host/host/cca-token).
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

#define GRANULE 4096u
/* Not a divisor of the size of a granule, and less than a token has */
#define PIECE 100u

static uint8_t granule[GRANULE] __attribute__((aligned(GRANULE)));
static uint8_t token[GRANULE];

static bool refuses(uint64_t address, uint64_t offset, uint64_t size)
{
    uint64_t n;

    return rsi_token_continue(address, offset, size, &n) == RSI_ERROR_INPUT;
}

static void check_refusals(void)
{
    uint64_t here = (uintptr_t)granule;

    check(refuses(here + 8, 0, PIECE), "no token to an address within a page");
    check(refuses(shared_alias(here), 0, PIECE), "no token to shared memory");
    check(refuses(here, GRANULE, 0), "no token behind the page");
    check(refuses(here, GRANULE - PIECE, PIECE + 1),
          "no token beyond the end of the page");
    check(refuses(here, PIECE, -(uint64_t)PIECE),
          "no token of a size that wraps");
}

/* Its size, or 0 */
static uint64_t read_token(uint64_t max)
{
    enum rsi_status status = RSI_INCOMPLETE;
    uint64_t size = 0, n, offset;
    unsigned calls = 0, empty = 0;

    /* The offset is within the page, and has nothing to do with the token */
    for (; status == RSI_INCOMPLETE && empty < 1000; calls++) {
        offset = calls * PIECE % (GRANULE - PIECE);
        status = rsi_token_continue((uintptr_t)granule, offset, PIECE, &n);
        if ((status != RSI_INCOMPLETE && status != RSI_SUCCESS) ||
            n > PIECE || size + n > max || size + n > sizeof(token)) {
            break;
        }
        memcpy(token + size, granule + offset, n);
        size += n;
        empty += !n;
    }
    check(status == RSI_SUCCESS && calls > size / PIECE,
          "the token comes in pieces of %u bytes", PIECE);
    return status == RSI_SUCCESS ? size : 0;
}

void check_token(void)
{
    static const uint8_t challenge[64] = "a challenge of the test firmware";
    uint64_t max, n, size;

    check(rsi_token_continue((uintptr_t)granule, 0, GRANULE, &n) ==
          RSI_ERROR_STATE, "there is no token without a challenge");
    if (!check(rsi_token_init(challenge, &max) == RSI_SUCCESS && max,
               "a token has at most %lu bytes", max)) {
        return;
    }
    check_refusals();
    size = read_token(max);
    check(rsi_token_continue((uintptr_t)granule, 0, GRANULE, &n) ==
          RSI_ERROR_STATE, "there is nothing behind the end of the token");

    /* One that is not read to its end gives way to the next */
    rsi_token_init(challenge, &max);
    rsi_token_continue((uintptr_t)granule, 0, PIECE, &n);
    rsi_token_continue((uintptr_t)granule, 0, PIECE, &n);
    rsi_token_init(challenge, &max);
    check(size && read_token(max) == size, "another token can be begun");

    print_hex("challenge", challenge, sizeof(challenge));
    print_hex("token", token, size);
}
