/*
 * What the fuzzing harnesses share: values out of a fuzzer's bytes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FUZZ_H
#define FUZZ_H

#include "qapi/error.h"

/**
 * struct FuzzInput - what is left of an input
 * @at: the next byte
 * @left: number of bytes from there on
 */
typedef struct FuzzInput {
    const uint8_t *at;
    size_t left;
} FuzzInput;

/**
 * fuzz_value: an unsigned number
 * @in: where it comes from; at its end all numbers are 0
 * @size: number of bytes that it takes, at most 8
 */
static inline uint64_t fuzz_value(FuzzInput *in, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size && in->left; i++) {
        value |= (uint64_t)*in->at++ << (8 * i);
        in->left--;
    }
    return value;
}

/*
 * A message is one line: the catalogue of the manual says so of all of them.
 * The text is not looked at any further, every refusal of these files has a
 * unit test.
 */
static inline void fuzz_refused(Error *err)
{
    const char *text = err ? error_get_pretty(err) : "";

    g_assert(*text && !strchr(text, '\n'));
    error_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif /* FUZZ_H */
