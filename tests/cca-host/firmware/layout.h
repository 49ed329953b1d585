/*
 * Symbols of fw.lds and start.S: their addresses are what they say.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_LAYOUT_H
#define FW_LAYOUT_H

#include <stdint.h>

extern const uint8_t image_trailer[];   /* checksum and length of the image */
extern const uint8_t data_start[];      /* everything that is written ... */
extern const uint8_t bss_end[];         /* ... stands between these two */
extern const uint8_t secondary_start[]; /* where a started CPU begins */

#endif
