/*
 * Reading a flattened device tree (Devicetree Specification 0.4).
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stddef.h>

#include "fdt.h"
#include "lib.h"

#define FDT_MAGIC 0xd00dfeedu
#define FDT_MAX (1u << 20)

enum fdt_token {
    FDT_BEGIN_NODE = 1,
    FDT_END_NODE = 2,
    FDT_PROP = 3,
    FDT_NOP = 4,
    FDT_END = 9,
};

static const uint8_t *tree;

bool fdt_open(const void *blob)
{
    tree = blob;
    return get_be32(tree) == FDT_MAGIC && fdt_size() <= FDT_MAX;
}

uint32_t fdt_size(void)
{
    return get_be32(tree + 4);
}

static const uint8_t *align4(const uint8_t *p)
{
    return tree + ((p - tree + 3) & ~(ptrdiff_t)3);
}

/* what follows the token at @p */
static const uint8_t *skip_token(const uint8_t *p)
{
    switch (get_be32(p)) {
    case FDT_BEGIN_NODE:
        return align4(p + 4 + strlen((const char *)p + 4) + 1);
    case FDT_PROP:
        return align4(p + 12 + get_be32(p + 4));
    default:
        return p + 4;
    }
}

const void *fdt_next(const void *node)
{
    const uint8_t *p = node;
    const uint8_t *end = tree + fdt_size();

    p = p ? skip_token(p) : tree + get_be32(tree + 8);
    for (; p < end && get_be32(p) != FDT_END; p = skip_token(p)) {
        if (get_be32(p) == FDT_BEGIN_NODE) {
            return p;
        }
    }
    return NULL;
}

const char *fdt_name(const void *node)
{
    return (const char *)node + 4;
}

const void *fdt_prop(const void *node, const char *name, uint32_t *length)
{
    const char *strings = (const char *)tree + get_be32(tree + 12);
    const uint8_t *p;

    if (!node) {
        return NULL;
    }
    for (p = skip_token(node); ; p = skip_token(p)) {
        uint32_t token = get_be32(p);

        if (token == FDT_PROP &&
            !strcmp(strings + get_be32(p + 8), name)) {
            if (length) {
                *length = get_be32(p + 4);
            }
            return p + 12;
        }
        if (token != FDT_PROP && token != FDT_NOP) {
            return NULL;
        }
    }
}

bool fdt_prop_is(const void *node, const char *name, const char *value)
{
    const char *p = fdt_prop(node, name, NULL);

    return p && !strcmp(p, value);
}

const void *fdt_find(const void *after, const char *name, const char *value)
{
    const void *node = after;

    while ((node = fdt_next(node))) {
        if (fdt_prop_is(node, name, value)) {
            return node;
        }
    }
    return NULL;
}

const void *fdt_named(const char *name)
{
    const void *node = NULL;

    while ((node = fdt_next(node))) {
        if (!strcmp(fdt_name(node), name)) {
            return node;
        }
    }
    return NULL;
}

uint64_t fdt_reg(const void *node, unsigned index)
{
    uint32_t length;
    const uint8_t *p = fdt_prop(node, "reg", &length);

    if (!p || length < (index + 1) * 8) {
        return 0;
    }
    return get_be64(p + index * 8);
}
