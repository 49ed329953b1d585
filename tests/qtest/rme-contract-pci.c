/*
 * Contract tests: PCI devices that a scripted guest uses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "libqtest.h"
#include "standard-headers/linux/virtio_pci.h"
#include "standard-headers/linux/virtio_ring.h"
#include "rme-contract.h"
#include "rme-contract-pci.h"

#define ECAM 0x4010000000ULL
#define WINDOW 0x10000000ULL    /* of 32-bit BARs */
#define RINGS 0x4a000000ULL

#define BUFFERS 0x800           /* behind the rings of a queue */
#define BUFFER_SIZE 0x100

static uint32_t config_read(QTestState *qts, const PciDevice *d, unsigned at,
                            unsigned length)
{
    uint32_t value = qtest_readl(qts, d->config + (at & ~3)) >> (at & 3) * 8;

    return length == 4 ? value : value & ((1 << length * 8) - 1);
}

/* Gives all BARs addresses; sizes are found as any firmware does */
static void find_bars(QTestState *qts, PciDevice *d, uint64_t *next)
{
    bool bridge = config_read(qts, d, PCI_HEADER_TYPE, 1) & 1;

    for (unsigned i = 0; i < (bridge ? 2 : 6); i++) {
        uint64_t at = d->config + PCI_BASE_ADDRESS_0 + i * 4;
        uint32_t value, size;

        qtest_writel(qts, at, UINT32_MAX);
        value = qtest_readl(qts, at);
        if (!value || value & PCI_BASE_ADDRESS_SPACE_IO) {
            continue;
        }
        size = -(value & ~0xf);
        *next = ROUND_UP(*next, MAX(size, 4096));
        d->bar[i] = *next;
        *next += size;
        qtest_writel(qts, at, d->bar[i]);
        if (value & PCI_BASE_ADDRESS_MEM_TYPE_64) {
            qtest_writel(qts, at + 4, 0);
            i++;
        }
    }
}

static void found_virtio(QTestState *qts, PciDevice *d, unsigned cap)
{
    uint8_t bar = config_read(qts, d, cap + VIRTIO_PCI_CAP_BAR, 1);
    uint32_t offset = config_read(qts, d, cap + VIRTIO_PCI_CAP_OFFSET, 4);

    switch (config_read(qts, d, cap + VIRTIO_PCI_CAP_CFG_TYPE, 1)) {
    case VIRTIO_PCI_CAP_COMMON_CFG:
        d->common = d->bar[bar] + offset;
        break;
    case VIRTIO_PCI_CAP_NOTIFY_CFG:
        d->notify = d->bar[bar] + offset;
        d->notify_multiplier =
            config_read(qts, d, cap + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
        break;
    }
}

static void find_caps(QTestState *qts, PciDevice *d)
{
    unsigned cap = config_read(qts, d, PCI_CAPABILITY_LIST, 1);

    for (; cap; cap = config_read(qts, d, cap + 1, 1)) {
        uint32_t table;

        switch (config_read(qts, d, cap, 1)) {
        case PCI_CAP_ID_MSI:
            d->msi = cap;
            break;
        case PCI_CAP_ID_EXP:
            d->pcie = cap;
            break;
        case PCI_CAP_ID_MSIX:
            d->msix = cap;
            table = config_read(qts, d, cap + PCI_MSIX_TABLE, 4);
            d->table = d->bar[table & 7] + (table & ~7);
            d->vectors = (config_read(qts, d, cap + PCI_MSIX_FLAGS, 2) &
                          PCI_MSIX_FLAGS_QSIZE) + 1;
            break;
        case PCI_CAP_ID_VNDR:
            if (config_read(qts, d, PCI_VENDOR_ID, 2) == 0x1af4) {
                found_virtio(qts, d, cap);
            }
            break;
        }
    }
    if (d->common) {
        d->queues = MIN(qtest_readw(qts, d->common + VIRTIO_PCI_COMMON_NUMQ),
                        VIRTIO_QUEUES);
    }
}

void pci_discover(PciDevice *devices, unsigned n, const char *options)
{
    g_autofree char *line = g_strdup_printf(
        "-machine virt,gic-version=3 -cpu max -m 256M -nodefaults %s",
        options);
    QTestState *qts = qtest_init_ext("QTEST_DRY_RUN_BINARY", line, NULL, true);
    uint64_t next = WINDOW;

    for (unsigned i = 0; i < n; i++) {
        PciDevice *d = &devices[i];

        d->slot = i + 1;
        d->config = ECAM + (d->slot << 15);
        d->rings = RINGS + i * VIRTIO_QUEUES * VIRTIO_RINGS;
        contract_check(config_read(qts, d, PCI_VENDOR_ID, 2) != 0xffff,
                       "no device in slot %u: %s", d->slot, line);
        find_bars(qts, d, &next);
        qtest_writew(qts, d->config + PCI_COMMAND, PCI_COMMAND_MEMORY);
        find_caps(qts, d);
    }
    qtest_quit(qts);
}

unsigned pci_write(GString *s, uint64_t address, unsigned length,
                   uint64_t value)
{
    g_string_append_printf(s, "exit = mmio-write 0x%" PRIx64 " %u 0x%" PRIx64
                           "\n", address, length, value);
    return 1;
}

unsigned pci_set_up(GString *s, const PciDevice *d)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 6; i++) {
        if (d->bar[i]) {
            n += pci_write(s, d->config + PCI_BASE_ADDRESS_0 + i * 4, 4,
                           d->bar[i]);
        }
    }
    n += pci_write(s, d->config + PCI_COMMAND, 2,
                   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    if (d->msi) {
        n += pci_write(s, d->config + d->msi + PCI_MSI_FLAGS, 2, 0);
    }
    for (unsigned i = 0; i < d->vectors; i++) {
        n += pci_mask_vector(s, d, i, true);
    }
    if (d->msix) {
        n += pci_write(s, d->config + d->msix + PCI_MSIX_FLAGS, 2,
                       PCI_MSIX_FLAGS_ENABLE);
    }
    return n;
}

unsigned pci_mask_vector(GString *s, const PciDevice *d, unsigned vector,
                         bool mask)
{
    return pci_write(s, d->table + vector * PCI_MSIX_ENTRY_SIZE +
                     PCI_MSIX_ENTRY_VECTOR_CTRL, 4, mask);
}

unsigned pci_write_vector(GString *s, const PciDevice *d, unsigned vector,
                          uint64_t address, uint32_t data)
{
    uint64_t entry = d->table + vector * PCI_MSIX_ENTRY_SIZE;

    return pci_mask_vector(s, d, vector, true) +
           pci_write(s, entry + PCI_MSIX_ENTRY_LOWER_ADDR, 4,
                     (uint32_t)address) +
           pci_write(s, entry + PCI_MSIX_ENTRY_UPPER_ADDR, 4, address >> 32) +
           pci_write(s, entry + PCI_MSIX_ENTRY_DATA, 4, data) +
           pci_mask_vector(s, d, vector, false);
}

void virtio_share_rings(GString *s, PciDevice *devices, unsigned n)
{
    g_string_append_printf(s, "exit = memory-fault shared 0x%llx 0x%x\n",
                           RINGS, n * VIRTIO_QUEUES * VIRTIO_RINGS);
}

static void store(GString *s, uint64_t address, unsigned length,
                  uint64_t value)
{
    g_string_append_printf(s, "exit = store 0x%" PRIx64 " %u 0x%" PRIx64 "\n",
                           address, length, value);
}

unsigned virtio_status(GString *s, const PciDevice *d, uint8_t status)
{
    return pci_write(s, d->common + VIRTIO_PCI_COMMON_STATUS, 1, status);
}

static unsigned set_up_queue(GString *s, PciDevice *d, unsigned queue)
{
    uint64_t rings = d->rings + queue * VIRTIO_RINGS;
    static const struct {
        unsigned at, offset;
    } parts[] = {
        { VIRTIO_PCI_COMMON_Q_DESCLO, 0 },
        { VIRTIO_PCI_COMMON_Q_AVAILLO, 0x200 },
        { VIRTIO_PCI_COMMON_Q_USEDLO, 0x400 },
    };
    unsigned n = pci_write(s, d->common + VIRTIO_PCI_COMMON_Q_SELECT, 2, queue);

    n += pci_write(s, d->common + VIRTIO_PCI_COMMON_Q_SIZE, 2,
                   VIRTIO_QUEUE_SIZE);
    n += pci_write(s, d->common + VIRTIO_PCI_COMMON_Q_MSIX, 2, queue + 1);
    for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
        n += pci_write(s, d->common + parts[i].at, 4, rings + parts[i].offset);
        n += pci_write(s, d->common + parts[i].at + 4, 4, 0);
    }
    for (unsigned i = 0; i < 0x800; i += 8) {
        if (i < 0x80 || (i & 0x1ff) < 0x48) {
            store(s, rings + i, 8, 0);
        }
    }
    d->avail[queue] = 0;
    return n + pci_write(s, d->common + VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
}

unsigned virtio_set_up(GString *s, PciDevice *d)
{
    unsigned n = virtio_status(s, d, 0);

    n += virtio_status(s, d, 3);
    for (unsigned i = 0; i < 2; i++) {
        n += pci_write(s, d->common + VIRTIO_PCI_COMMON_GFSELECT, 4, i);
        /* VIRTIO_F_VERSION_1 and VIRTIO_F_ACCESS_PLATFORM */
        n += pci_write(s, d->common + VIRTIO_PCI_COMMON_GF, 4, i * 3);
    }
    n += virtio_status(s, d, 11);
    n += pci_write(s, d->common + VIRTIO_PCI_COMMON_MSIX, 2, 0);
    for (unsigned i = 0; i < d->queues; i++) {
        n += set_up_queue(s, d, i);
    }
    return n + virtio_status(s, d, 15);
}

static void store_descriptor(GString *s, uint64_t rings, unsigned i,
                             unsigned length, unsigned flags)
{
    uint64_t at = rings + i * sizeof(struct vring_desc);

    store(s, at, 8, rings + BUFFERS + i * BUFFER_SIZE);
    store(s, at + 8, 8, length | (uint64_t)flags << 32 |
          (uint64_t)(i + 1) << 48);
}

/*
 * Zeros that the device reads, and room for its answer: for virtio-blk a read
 * without data, for virtio-scsi a request to no target, for virtio-net a frame
 */
unsigned virtio_request(GString *s, PciDevice *d, unsigned queue)
{
    uint64_t rings = d->rings + queue * VIRTIO_RINGS;
    bool net = strstr(d->name, "net");
    unsigned length = net ? 72 : strstr(d->name, "scsi") ? 51 : 16;

    store_descriptor(s, rings, 0, length, net ? 0 : VRING_DESC_F_NEXT);
    /* VIRTIO_BLK_T_FLUSH */
    store(s, rings + BUFFERS, 4, strstr(d->name, "blk") ? 4 : 0);
    store_descriptor(s, rings, 1, strstr(d->name, "scsi") ? 108 : 1,
                     VRING_DESC_F_WRITE);
    store(s, rings + 0x204 + d->avail[queue] % VIRTIO_QUEUE_SIZE * 2, 2, 0);
    store(s, rings + 0x202, 2, ++d->avail[queue]);
    return pci_write(s, d->notify + queue * d->notify_multiplier, 2, queue);
}
