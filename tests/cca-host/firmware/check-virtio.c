/*
 * virtio devices: shared buffers by either address, private ones not at all.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "arch.h"
#include "blk.h"
#include "checks.h"
#include "lib.h"
#include "machine.h"
#include "report.h"
#include "virtio.h"

static void check_shared_io(struct blk *b, const char *how)
{
    uint64_t data = blk_told(b, b->data);
    unsigned seed = 10 + (b->bit != 0);

    if (!check(blk_start(b), "the disk starts with its ring at %lx",
               blk_told(b, b->ring))) {
        return;
    }
    check(blk_io(b, BLK_T_IN, 0, data, SECTOR) == BLK_S_OK,
          "a sector can be read, addresses %s", how);
    fill_pattern(b->data, SECTOR, seed);
    check(blk_io(b, BLK_T_OUT, SECTOR_TEST, data, SECTOR) == BLK_S_OK,
          "a sector can be written, addresses %s", how);
    memset(b->data, 0, SECTOR);
    check(blk_io(b, BLK_T_IN, SECTOR_TEST, data, SECTOR) == BLK_S_OK &&
          is_pattern(b->data, SECTOR, seed), "it can be read back");
}

static void check_private_target(struct blk *b, uint64_t address)
{
    uint8_t status;

    fill_pattern(b->private, PAGE_SIZE, 20);
    status = blk_io(b, BLK_T_IN, SECTOR_TEST, address, SECTOR);
    check(status != BLK_S_OK,
          "a disk read to a private page at %lx is an error (status %x)",
          address, status);
    check(is_pattern(b->private, PAGE_SIZE, 20),
          "that page is unchanged");
    check(blk_recovers(b) && is_pattern(b->data, SECTOR, 11),
          "the disk works after that");
}

static void check_private_source(struct blk *b, uint64_t address)
{
    uint8_t status;

    fill_pattern(b->private, PAGE_SIZE, 21);
    status = blk_io(b, BLK_T_OUT, SECTOR_TEST + 1, address, SECTOR);
    check(status != BLK_S_OK,
          "a disk write from a private page at %lx is an error (status %x)",
          address, status);
    check(blk_recovers(b) &&
          blk_io(b, BLK_T_IN, SECTOR_TEST + 1, blk_told(b, b->data), SECTOR) ==
              BLK_S_OK &&
          !is_pattern(b->data, SECTOR, 21),
          "what was in the private page is not on the disk");
}

/* A page that the device used, taken back: nothing may remember it. */
static void check_taken_back(struct blk *b)
{
    uint8_t *page = alloc_pages(1), *shared = share_pages(page, 1);
    uint64_t address = blk_told(b, shared);

    check(blk_io(b, BLK_T_IN, SECTOR_TEST, address, SECTOR) == BLK_S_OK &&
          is_pattern(shared, SECTOR, 11), "a newly shared page takes a sector");
    unshare_pages(page, 1);
    fill_pattern(page, PAGE_SIZE, 22);
    blk_io(b, BLK_T_IN, SECTOR_TEST, address, SECTOR);
    check(is_pattern(page, PAGE_SIZE, 22),
          "once private again it is not changed by the disk");
    check(blk_recovers(b), "the disk works after that");
}

/* The first half of the buffer is shared, the second is not. */
static void check_straddle(struct blk *b)
{
    uint8_t *pages = alloc_pages(2);
    uint8_t *shared = share_pages(pages, 1);

    fill_pattern(pages + PAGE_SIZE, PAGE_SIZE, 23);
    blk_io(b, BLK_T_IN, 0, blk_told(b, shared + PAGE_SIZE - SECTOR),
           2 * SECTOR);
    check(is_pattern(pages + PAGE_SIZE, PAGE_SIZE, 23),
          "a disk read over the end of a shared page stops there");
    check(blk_recovers(b), "the disk works after that");
}

static void leave_text(struct blk *b)
{
    static const char text[] = "written by the test firmware\n";

    memset(b->data, 0, SECTOR);
    memcpy(b->data, text, sizeof(text));
    check(blk_io(b, BLK_T_OUT, SECTOR_TEXT, blk_told(b, b->data), SECTOR) ==
          BLK_S_OK, "sector %u is left with a text", SECTOR_TEXT);
}

static void check_blk(void)
{
    struct blk *b = blk_open();
    uint64_t offered;

    if (!b) {
        skip("virtio-blk: no modern virtio-blk-pci on bus 0");
        return;
    }
    offered = virtio_features(&b->v);
    check(offered & VIRTIO_F_VERSION_1, "the disk is a modern device");
    check(offered & VIRTIO_F_ACCESS_PLATFORM || !machine.realm,
          "the disk offers ACCESS_PLATFORM (features %lx)", offered);
    b->bit = 0;
    check_shared_io(b, "without the shared bit");
    b->bit = machine.shared_bit;
    if (machine.realm) {
        check_shared_io(b, "with the shared bit");
        check_private_target(b, (uintptr_t)b->private);
        check_private_target(b, shared_alias((uintptr_t)b->private));
        check_private_source(b, (uintptr_t)b->private);
        check_private_source(b, shared_alias((uintptr_t)b->private));
        check_taken_back(b);
        check_straddle(b);
    } else {
        skip("DMA to private memory: only a Realm has it");
    }
    leave_text(b);
    virtio_reset(&b->v);
}

static void check_rng(void)
{
    struct virtio v;
    uint8_t *ring, *data;
    struct virtio_buffer buffer = { .length = 64, .device_writes = true };

    if (!virtio_find(VIRTIO_DEVICE_RNG, &v)) {
        skip("virtio-rng: no modern virtio-rng-pci on bus 0");
        return;
    }
    ring = share_pages(alloc_pages(2), 2);
    data = ring + PAGE_SIZE;
    buffer.address = (uintptr_t)data;
    memset(data, 0, PAGE_SIZE);
    check(virtio_start(&v, virtio_features(&v) &
                       (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM),
                       ring, (uintptr_t)ring) &&
          virtio_request(&v, &buffer, 1) && !is_zero(data, 16),
          "virtio-rng gives random bytes");
    virtio_reset(&v);
}

void check_virtio(void)
{
    if (!check(pci_init(), "there is a PCI Express host bridge")) {
        return;
    }
    check_blk();
    check_rng();
}
