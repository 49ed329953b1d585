/*
 * The image is what was built, and nothing follows it in its last page.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "checks.h"
#include "lib.h"
#include "machine.h"
#include "report.h"

void check_image(void)
{
    size_t size = image_size();
    size_t tail = -size & (PAGE_SIZE - 1);

    check(image_intact(), "the %lu bytes of the image have their checksum %08x",
          size, crc32((const void *)0, size));
    check(is_zero((const void *)size, tail),
          "the %lu bytes behind the image are zero", tail);
}
