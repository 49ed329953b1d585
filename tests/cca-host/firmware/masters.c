/*
 * Every bus master: shared pages by either address, private ones not at all.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lib.h"
#include "machine.h"
#include "master-virtio.h"
#include "masters.h"
#include "report.h"
#include "virtio.h"

#define PATIENCE_US 5000000
#define IMPATIENCE_US 150000            /* where no answer is expected */
#define GIC_BASE 0x08000000ull

/* patterns */
#define SEED_SHARED 40
#define SEED_OTHER 41
#define SEED_PRIVATE 42

uint64_t master_patience;

static const struct master *const masters[] = {
    &master_edu, &master_xhci, &master_nvme, &master_ahci, &master_sd,
    &master_e1000, &master_e1000e, &master_igb, &master_virtio_blk,
    &master_virtio_net, &master_virtio_console, &master_virtio_scsi,
    &master_virtio_9p, &master_virtio_rng, &master_virtio_gpu,
    &master_virtio_vsock,
};

/**
 * struct trial - a device with the memory for its test
 * @m, @pci: pci is NULL for virtio-mmio
 * @rings: shared
 * @data: a shared page as this CPU accesses it; the page behind is private
 * @private: pages that are not shared
 */
struct trial {
    const struct master *m;
    struct pci_device *pci;
    struct master_memory rings;
    uint8_t *data;
    uint8_t *private;
};

static uint64_t gpa(const void *p)
{
    return (uintptr_t)p & ~machine.shared_bit;
}

static bool start(struct trial *t)
{
    master_patience = PATIENCE_US;
    return t->m->start(t->pci, &t->rings);
}

/* Take a pattern from shared memory and have it back, both at @address */
static bool transfer(struct trial *t, uint8_t *data, uint64_t address,
                     unsigned seed)
{
    const struct master *m = t->m;

    master_patience = PATIENCE_US;
    if (m->noop) {
        return m->noop();
    }
    fill_pattern(data, MASTER_BYTES, seed);
    if (m->take && !m->take(address)) {
        return false;
    }
    /* a network may still have frames of an earlier attempt */
    for (unsigned i = 0; m->give && i < 4; i++) {
        memset(data, 0, MASTER_BYTES);
        if (!m->give(address)) {
            return false;
        }
        if (m->take ? is_pattern(data, MASTER_BYTES, seed) :
                      !is_zero(data, 16)) {
            return true;
        }
    }
    return !m->give;
}

static bool recovers(struct trial *t)
{
    return start(t) &&
           transfer(t, t->data, shared_alias(gpa(t->data)), SEED_OTHER);
}

/* Is what the device gave the beginning of @private, whole or in its half? */
static bool is_leak(const uint8_t *data)
{
    return is_pattern(data, 64, SEED_PRIVATE) ||
           is_pattern(data + MASTER_BYTES / 2, 64, SEED_PRIVATE);
}

/* Nothing of @private, which has SEED_PRIVATE, is to come out at the device */
static void expect_not_taken(struct trial *t, const char *what,
                             uint64_t address)
{
    bool taken, leaked = false;

    master_patience = IMPATIENCE_US;
    taken = t->m->take(address);
    if (t->m->give) {
        memset(t->data, 0, PAGE_SIZE);
        t->m->give(gpa(t->data));
        leaked = is_leak(t->data);
    }
    check(!leaked && !(taken && t->m->reports),
          "%s: does not take from %s at %lx", t->m->name, what, address);
    check(recovers(t), "%s: works after that", t->m->name);
}

static void expect_not_given(struct trial *t, const char *what,
                             uint64_t address)
{
    bool given;

    master_patience = IMPATIENCE_US;
    given = t->m->give(address);
    check(!(given && t->m->reports) &&
          is_pattern(t->private, 2 * PAGE_SIZE, SEED_PRIVATE),
          "%s: does not give to %s at %lx", t->m->name, what, address);
    check(recovers(t), "%s: works after that", t->m->name);
}

static void expect_refused(struct trial *t, const char *what, uint64_t address)
{
    if (t->m->take) {
        expect_not_taken(t, what, address);
    }
    if (t->m->give) {
        expect_not_given(t, what, address);
    }
}

/* A page that the device used is taken back */
static void check_taken_back(struct trial *t)
{
    uint8_t *page = t->private, *shared = share_pages(page, 1);

    check(transfer(t, shared, gpa(page), SEED_SHARED),
          "%s: uses a newly shared page", t->m->name);
    unshare_pages(page, 1);
    fill_pattern(t->private, 2 * PAGE_SIZE, SEED_PRIVATE);
    expect_refused(t, "a page that was taken back", gpa(page));
}

/* Rings and requests in memory that is private */
static void check_private_rings(struct trial *t)
{
    uint8_t *pages = (uint8_t *)gpa(t->rings.cpu);
    struct master_memory rings = { pages, gpa(pages) };
    bool started, answered;

    unshare_pages(pages, MASTER_PAGES);
    memset(pages, 0, MASTER_PAGES * PAGE_SIZE);
    master_patience = IMPATIENCE_US;
    started = t->m->start(t->pci, &rings);
    answered = started && (t->m->noop ? t->m->noop() :
                           t->m->take ? t->m->take(gpa(t->data)) :
                                        t->m->give(gpa(t->data)));
    check(!answered,
          "%s: does nothing with rings that are private", t->m->name);
    share_pages(pages, MASTER_PAGES);
    check(recovers(t), "%s: works after that", t->m->name);
}

/*
 * A driver that does not accept VIRTIO_F_ACCESS_PLATFORM: a device in the
 * kernel would take the addresses of its rings for those of a host's process
 */
static void check_careless(struct trial *t)
{
    fill_pattern(t->private, 2 * PAGE_SIZE, SEED_PRIVATE);
    master_patience = IMPATIENCE_US;
    virtio_master_careless = true;
    t->m->start(t->pci, &t->rings);
    if (t->m->take) {
        t->m->take(gpa(t->private));
    }
    if (t->m->give) {
        t->m->give(gpa(t->private));
    }
    virtio_master_careless = false;
    check(is_pattern(t->private, 2 * PAGE_SIZE, SEED_PRIVATE),
          "%s: a driver that accepts no feature changes nothing that is "
          "private", t->m->name);
    check(recovers(t), "%s: works after that", t->m->name);
}

static void test_device(struct trial *t)
{
    const char *name = t->m->name;

    if (t->pci) {
        note("%s on bus %u, slot %u", name, t->pci->bus->number,
             pci_slot(t->pci));
    } else {
        note("%s on virtio-mmio", name);
    }
    t->rings.told = gpa(t->rings.cpu);
    if (!check(start(t) && transfer(t, t->data, gpa(t->data), SEED_SHARED),
               "%s: moves data, addresses without the shared bit", name)) {
        return;
    }
    if (!machine.realm) {
        return;
    }
    t->rings.told = shared_alias(gpa(t->rings.cpu));
    check(start(t) && transfer(t, t->data, shared_alias(gpa(t->data)),
                               SEED_SHARED),
          "%s: moves data, addresses with the shared bit", name);

    fill_pattern(t->private, 2 * PAGE_SIZE, SEED_PRIVATE);
    if (!t->m->noop) {
        expect_refused(t, "a private page", gpa(t->private));
        expect_refused(t, "a private page", shared_alias(gpa(t->private)));
        expect_refused(t, "a device", GIC_BASE);
        expect_refused(t, "an address behind RAM",
                       machine.ram_base + machine.ram_size);
        check_taken_back(t);
    }
    if (!t->m->noop) {
        expect_refused(t, "the page behind a shared one",
                       gpa(t->private) - MASTER_BYTES / 2);
    }
    if (!t->m->bare) {
        check_private_rings(t);
    }
    if (t->m->vendor == VIRTIO_VENDOR) {
        check_careless(t);
    }
}

static const struct master *find_master(uint16_t vendor, uint16_t device)
{
    for (unsigned i = 0; i < sizeof(masters) / sizeof(masters[0]); i++) {
        if (masters[i]->vendor == vendor && masters[i]->device == device) {
            return masters[i];
        }
    }
    return NULL;
}

/* Returns the number of devices on PCI that were tested */
static unsigned test_pci(struct trial *t)
{
    unsigned n = 0;

    pci_scan();
    for (unsigned i = 0; (t->pci = pci_device(i)); i++) {
        uint16_t vendor = mmio_read16(t->pci->config + PCI_VENDOR_ID);
        uint16_t device = mmio_read16(t->pci->config + PCI_DEVICE_ID);

        t->m = find_master(vendor, device);
        if (!t->m) {
            note("bus %u, slot %u: %x:%x is not for this test",
                 t->pci->bus->number, pci_slot(t->pci), vendor, device);
            continue;
        }
        test_device(t);
        /* the next one uses the same pages */
        pci_disable(t->pci);
        n++;
    }
    return n;
}

static unsigned test_mmio(struct trial *t)
{
    struct virtio v;
    unsigned n = 0;

    t->pci = NULL;
    for (unsigned i = 0; i < sizeof(masters) / sizeof(masters[0]); i++) {
        t->m = masters[i];
        if (t->m->vendor == VIRTIO_VENDOR &&
            virtio_find_mmio(t->m->device, &v)) {
            test_device(t);
            virtio_find_mmio(t->m->device, &v);
            virtio_reset(&v);
            n++;
        }
    }
    return n;
}

void masters_test(void)
{
    uint8_t *pages = alloc_pages(3);
    struct trial t = {
        .rings = { share_pages(alloc_pages(MASTER_PAGES), MASTER_PAGES), 0 },
        .data = share_pages(pages, 1),
        .private = pages + PAGE_SIZE,
    };
    unsigned n;

    if (!check(pci_init(), "there is a PCI Express host bridge")) {
        return;
    }
    n = test_pci(&t);
    n += test_mmio(&t);
    check(n, "%u bus masters were tested", n);
}
