/*
 * Contract tests: PCI devices that a scripted guest uses
 *
 * A scripted guest cannot read, so the same devices are looked at in a machine
 * that is not a Realm, by qtest, and given addresses there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_RME_CONTRACT_PCI_H
#define TESTS_QTEST_RME_CONTRACT_PCI_H

/* Where the ITS of the virt machine takes messages */
#define ITS_DOORBELL 0x08090040ULL

#define VIRTIO_QUEUES 4         /* that are used, of each device */
#define VIRTIO_QUEUE_SIZE 8
#define VIRTIO_RINGS 0x1000     /* bytes of shared memory for each queue */

/**
 * PciDevice: what is where
 * @name: for messages
 * @slot: on pcie.0; its requester ID is @slot << 3
 * @config: guest address of its configuration space
 * @bar: guest addresses, 0 if it is none
 * @msi, @msix, @pcie: offsets of capabilities, 0 if there is none
 * @table: guest address of the MSI-X table of @vectors entries
 * @common, @notify: guest addresses of virtio's structures, 0 if it is no
 *   virtio device
 * @queues: how many it has, no more than VIRTIO_QUEUES
 * @rings: guest address of memory for them
 * @avail: what the guest put into them so far
 */
typedef struct PciDevice {
    const char *name;
    unsigned slot;
    uint64_t config;
    uint64_t bar[6];
    unsigned msi, msix, pcie;
    uint64_t table;
    unsigned vectors;
    uint64_t common, notify;
    unsigned notify_multiplier, queues;
    uint64_t rings;
    uint16_t avail[VIRTIO_QUEUES];
} PciDevice;

/* Finds the devices in slots 1 to @n of a machine with @options */
void pci_discover(PciDevice *devices, unsigned n, const char *options);

/* Lines of the simulator's settings; each returns how many writes it added */
unsigned pci_write(GString *s, uint64_t address, unsigned length,
                   uint64_t value);
/* BARs, bus mastering and MSI-X with all vectors masked */
unsigned pci_set_up(GString *s, const PciDevice *d);
/* A whole entry, in the order in which drivers write it */
unsigned pci_write_vector(GString *s, const PciDevice *d, unsigned vector,
                          uint64_t address, uint32_t data);
unsigned pci_mask_vector(GString *s, const PciDevice *d, unsigned vector,
                         bool mask);

/* Memory for the rings of @n devices, shared */
void virtio_share_rings(GString *s, PciDevice *devices, unsigned n);
/*
 * Reset it and set it up: queue n has vector n + 1, changes of the
 * configuration have vector 0. Vectors are not written.
 */
unsigned virtio_set_up(GString *s, PciDevice *d);
/* The same up to and with a status */
unsigned virtio_status(GString *s, const PciDevice *d, uint8_t status);
/* A request that the device answers, in queue @queue */
unsigned virtio_request(GString *s, PciDevice *d, unsigned queue);

#endif
