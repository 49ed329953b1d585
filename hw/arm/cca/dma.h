/*
 * Arm CCA Realms: what a bus master may reach
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_ARM_CCA_DMA_H
#define HW_ARM_CCA_DMA_H

#include "system/memory.h"
#include "hw/arm/rme-shared.h"
#include "hw/pci/pci.h"
#include "qom/object.h"
#include "system/confidential-guest-support.h"

/*
 * A bus master of a Realm reaches RAM that the guest shared, and the doorbell
 * for message signalled interrupts.  Nothing else: not private RAM, not holes,
 * not the registers of another device.
 *
 * The guest programs addresses with the shared bit (bit ipa_bits - 1) or,
 * if it is older, without.  QEMU's memory map has no such bit.  So an RmeDma
 * is an address space whose root is an IOMMU region of 2^ipa_bits bytes, which
 * drops the bit, asks the RmeSharedState for every access, and passes on to
 * &address_space_memory.  It is an IOMMU region and not an alias because vhost
 * needs one: it looks addresses up in an IOTLB, and what was handed out has to
 * be revoked when the guest takes a page back.
 *
 * A refused access fails at the device (MEMTX_DECODE_ERROR), is traced, and is
 * reported as a guest error (-d guest_errors), a few times a second at most.
 * It never touches the host mapping of the RAM block.
 *
 * A device that has mapped a page with address_space_map() keeps the pointer
 * until it unmaps.  If the guest takes the page back in the meantime, the
 * device still accesses the shared copy, never the private one: the data of
 * that request is lost, and nothing of the Realm leaks.
 *
 * An RmeDma lives as long as the machine: its region keeps it alive.
 */
#define TYPE_RME_DMA "rme-dma"
OBJECT_DECLARE_SIMPLE_TYPE(RmeDma, RME_DMA)

/**
 * rme_dma_new: make the address space of the bus masters of a Realm
 * @owner: becomes the parent of the object, under the name "dma"
 * @shared: the state of the pages; a reference is taken, and its revocation
 *          function is claimed
 * @ipa_bits: width of the guest's addresses, the shared bit included; 33 to 52
 * @errp: set when @ipa_bits is out of range
 *
 * Call with the BQL held.
 *
 * Returns: the object, which belongs to @owner; NULL on failure
 */
RmeDma *rme_dma_new(Object *owner, RmeSharedState *shared, unsigned ipa_bits,
                    Error **errp);

/**
 * rme_dma_address_space: where bus masters that are not on a PCI bus belong
 * @dma: the object
 *
 * For fw_cfg, virtio-mmio and platform devices.
 *
 * Returns: the address space, which lives as long as @dma
 */
AddressSpace *rme_dma_address_space(RmeDma *dma);

/**
 * rme_dma_set_doorbell: let devices write to the MSI doorbell
 * @dma: the object
 * @gpa: its address, without the shared bit; a multiple of @size
 * @size: 4 bytes or more, a power of two
 * @errp: set when the window has another shape
 *
 * Writes only.  For the GICv3 ITS the window is GITS_TRANSLATER, 4 bytes at
 * offset 0x10040 of the ITS.
 *
 * Returns: true on success
 */
bool rme_dma_set_doorbell(RmeDma *dma, hwaddr gpa, hwaddr size, Error **errp);

/**
 * rme_dma_reset: all memory is private, and no translation is left
 * @dma: the object
 *
 * For a reset: devices were reset and all vCPUs are stopped. Under the BQL,
 * which it drops for a moment.
 */
void rme_dma_reset(RmeDma *dma);

/**
 * RmeDmaRamFunc: called for a range of the RAM of a Realm
 * @mr: the region with the private memory
 * @gpa: where the guest sees the range
 * @size: of the range in bytes
 * @offset: of the range in @mr
 * @opaque: as given to rme_dma_foreach_ram()
 * @errp: set on failure
 *
 * Called inside an RCU read-side critical section.
 *
 * Returns: true to go on, false with @errp set to stop
 */
typedef bool RmeDmaRamFunc(const MemoryRegion *mr, hwaddr gpa, uint64_t size,
                           hwaddr offset, void *opaque, Error **errp);

/**
 * rme_dma_foreach_ram: visit the RAM of a Realm
 * @as: normally &address_space_memory
 * @func: called for each range of the flat view that has a guest_memfd, in
 *        ascending order
 * @opaque: passed to @func
 * @errp: set by @func
 *
 * Returns: false if @func did
 */
bool rme_dma_foreach_ram(AddressSpace *as, RmeDmaRamFunc *func, void *opaque,
                         Error **errp);

/**
 * rme_dma_attach_ram: put the RAM of an address space into the page state
 * @shared: the state, not sealed yet; sealed on success
 * @as: normally &address_space_memory
 * @errp: set when a range cannot be added
 *
 * Takes every range of the flat view that has a guest_memfd.  To be called
 * once, when the memory map is complete and before the first vCPU runs.
 *
 * Returns: true on success
 */
bool rme_dma_attach_ram(RmeSharedState *shared, AddressSpace *as, Error **errp);

/**
 * rme_dma_attach_pci_bus: put a PCI root bus behind an RmeDma
 * @dma: the object
 * @bus: a root bus; expander bridges (pxb) below it are covered as well
 * @errp: set when the bus has an IOMMU already or is set to bypass it
 *
 * Has to be called before there are devices on the bus.  When all devices of
 * the command line exist, rme_dma_check_pci_bus() is called, and what it finds
 * ends QEMU.
 *
 * Returns: true on success
 */
bool rme_dma_attach_pci_bus(RmeDma *dma, PCIBus *bus, Error **errp);

/**
 * rme_dma_check_pci_bus: does everything on a PCI bus go through the RmeDma?
 * @dma: the object
 * @bus: the root bus that was given to rme_dma_attach_pci_bus()
 * @errp: set when a vIOMMU took the bus over, or a bus below has
 *        bypass_iommu=on
 *
 * None of what it finds can be plugged later.
 *
 * Returns: true if so
 */
bool rme_dma_check_pci_bus(RmeDma *dma, PCIBus *bus, Error **errp);

/**
 * rme_dma_register_defaults: let PCI devices fail early in a Realm
 *
 * Without this, mapping an address that a device may not reach gives it a
 * bounce buffer of zeros, as on any machine; with it the mapping fails, and
 * virtio devices report an error instead of processing zeros.  There is
 * nothing in a Realm that a bounce buffer is good for.
 *
 * To be called before devices are made, like other compatibility properties.
 */
void rme_dma_register_defaults(void);

#endif /* HW_ARM_CCA_DMA_H */
