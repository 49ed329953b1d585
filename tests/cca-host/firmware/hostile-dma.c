/*
 * Device accesses that must not arrive.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "blk.h"
#include "fdt.h"
#include "hostile.h"
#include "lib.h"
#include "machine.h"
#include "report.h"

#define GIC_BASE 0x08000000ull
#define MMIO_HOLE 0x0a800000ull
#define MSI_DATA 0x5a5a0001u

static struct blk *open_disk(void)
{
    struct blk *b = pci_init() ? blk_open() : NULL;

    if (!b) {
        skip("there is no disk for it");
        return NULL;
    }
    /* a sector of zeros does no harm by chance where it should not arrive */
    b->bit = machine.shared_bit;
    memset(b->data, 0, PAGE_SIZE);
    if (!check(blk_start(b) &&
               blk_io(b, BLK_T_OUT, SECTOR_TEST, blk_told(b, b->data),
                      SECTOR) == BLK_S_OK, "the disk works")) {
        return NULL;
    }
    return b;
}

static void expect_error(struct blk *b, const char *what, uint64_t address,
                         uint32_t length)
{
    uint8_t in = blk_io(b, BLK_T_IN, SECTOR_TEST, address, length), out;
    bool again = blk_recovers(b);

    out = blk_io(b, BLK_T_OUT, SECTOR_TEST + 1, address, length);
    check(in != BLK_S_OK && out != BLK_S_OK,
          "%s at %lx is out of the disk's reach (status %x, %x)", what,
          address, in, out);
    check(again && blk_recovers(b), "the disk works after that");
}

void hostile_dma_targets(void)
{
    struct blk *b = open_disk();
    uint32_t dtb = crc32((const void *)DTB_BASE, fdt_size());
    uint64_t bar, ram_end = machine.ram_base + machine.ram_size;

    if (!b) {
        return;
    }
    bar = b->v.common & ~machine.shared_bit & -PAGE_SIZE;
    fill_pattern(b->private, PAGE_SIZE, 70);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t bit = i ? machine.shared_bit : 0;

        expect_error(b, "the image", bit | 0x1000, SECTOR);
        expect_error(b, "the device tree", bit | DTB_BASE, SECTOR);
        expect_error(b, "a private page", bit | (uintptr_t)b->private, SECTOR);
        expect_error(b, "the interrupt controller", bit | GIC_BASE, SECTOR);
        expect_error(b, "fw_cfg", bit | FW_CFG_BASE, SECTOR);
        expect_error(b, "a hole between devices", bit | MMIO_HOLE, SECTOR);
        expect_error(b, "the disk's own BAR", bit | bar, SECTOR);
        expect_error(b, "the end of RAM", bit | (ram_end - 256), SECTOR);
        expect_error(b, "the address behind RAM", bit | ram_end, SECTOR);
        expect_error(b, "the end of this half",
                     (bit | (machine.shared_bit - 1)) - 255, SECTOR);
    }
    expect_error(b, "a bit above the shared one",
                 machine.shared_bit << 1 | (uintptr_t)b->private, SECTOR);
    expect_error(b, "the last address", -(uint64_t)SECTOR, SECTOR);
    expect_error(b, "the last address, and 0", -256ull, SECTOR);
    check(image_intact(), "the image is unchanged");
    check(dtb == crc32((const void *)DTB_BASE, fdt_size()),
          "the device tree is unchanged");
    check(is_pattern(b->private, PAGE_SIZE, 70), "a private page is unchanged");
}

void hostile_dma_ring(void)
{
    struct blk *b = open_disk();
    uint64_t data;
    uint8_t *ring;

    if (!b) {
        return;
    }
    data = blk_told(b, b->data);

    /* the device is told of a ring where this CPU has a private page */
    ring = alloc_pages(1);
    virtio_start(&b->v, b->features, ring, (uintptr_t)ring);
    check(blk_io(b, BLK_T_IN, SECTOR_TEST, data, SECTOR) == BLK_UNANSWERED,
          "a ring in a private page gets no answer");
    check(blk_recovers(b), "the disk works after that");

    /* from the last shared page into private memory, and far beyond */
    fill_pattern(b->private, PAGE_SIZE, 71);
    expect_error(b, "a buffer that ends in a private page",
                 data + PAGE_SIZE - SECTOR, 2 * SECTOR);
    expect_error(b, "a buffer of almost 4 GiB", data, 0xfffffe00u);
    check(is_pattern(b->private, PAGE_SIZE, 71), "a private page is unchanged");

    /* a started ring whose page is taken back */
    ring = share_pages(alloc_pages(1), 1);
    check(virtio_start(&b->v, b->features, ring, (uintptr_t)ring) &&
          blk_io(b, BLK_T_IN, SECTOR_TEST, data, SECTOR) == BLK_S_OK,
          "a newly shared ring works");
    ring = (void *)((uintptr_t)ring & ~machine.shared_bit);
    unshare_pages(ring, 1);
    memset(ring, 0, PAGE_SIZE);
    b->v.queue[0].ring = ring;
    check(blk_io(b, BLK_T_IN, SECTOR_TEST, data, SECTOR) == BLK_UNANSWERED,
          "once private again it gets no answer");
    check(blk_recovers(b), "the disk works after that");
}

static void expect_no_message(struct blk *b, const char *what,
                              uint64_t address)
{
    pci_enable_msix(b->v.pci, 1, address, MSI_DATA);
    if (blk_start(b)) {
        virtio_set_vectors(&b->v);
        blk_io(b, BLK_T_IN, SECTOR_TEST, blk_told(b, b->data), SECTOR);
    }
    pci_disable_msix(b->v.pci);
    check(is_pattern(b->private, PAGE_SIZE, 72) && image_intact(),
          "a message to %s (%lx) does not change it", what, address);
    check(blk_recovers(b), "the disk works after that");
}

void hostile_dma_msi(void)
{
    struct blk *b = open_disk();

    if (!b) {
        return;
    }
    if (!pci_next_cap(b->v.pci, PCI_CAP_MSIX, 0)) {
        skip("the disk has no MSI-X");
        return;
    }
    fill_pattern(b->private, PAGE_SIZE, 72);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t bit = i ? machine.shared_bit : 0;

        expect_no_message(b, "a private page", bit | (uintptr_t)b->private);
        expect_no_message(b, "the image", bit | 0x1000);
        expect_no_message(b, "a hole", bit | MMIO_HOLE);
        expect_no_message(b, "the disk's own BAR",
                          bit | (b->v.common & ~machine.shared_bit));
    }
}
