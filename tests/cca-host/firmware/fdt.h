/*
 * Reading a flattened device tree (Devicetree Specification 0.4).
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_FDT_H
#define FW_FDT_H

#include <stdbool.h>
#include <stdint.h>

/** fdt_open() - use this tree; false when it is none or over 1 MiB */
bool fdt_open(const void *blob);

/** fdt_size() - bytes of the whole tree */
uint32_t fdt_size(void);

/**
 * fdt_next() - the node after @node in the order of the tree
 * @node: NULL for the root
 * Returns NULL after the last one.
 */
const void *fdt_next(const void *node);

/** fdt_name() - name with its unit address */
const char *fdt_name(const void *node);

/**
 * fdt_prop() - value of a property of the node itself
 * @length: set to its bytes; may be NULL
 */
const void *fdt_prop(const void *node, const char *name, uint32_t *length);

/** fdt_prop_is() - whether the first string of a property is @value */
bool fdt_prop_is(const void *node, const char *name, const char *value);

/** fdt_find() - first node after @after whose property @name is @value */
const void *fdt_find(const void *after, const char *name, const char *value);

/** fdt_named() - first node called @name */
const void *fdt_named(const char *name);

/** fdt_reg() - 64-bit cell pair @index of "reg", 0 when it is not there */
uint64_t fdt_reg(const void *node, unsigned index);

#endif
