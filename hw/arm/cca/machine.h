/*
 * The virt machine as an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_ARM_CCA_MACHINE_H
#define HW_ARM_CCA_MACHINE_H

#include "hw/arm/virt.h"
#include "hw/arm/rme-guest.h"
#include "system/hostmem.h"

/**
 * virt_cca_check: can a Realm have what the options ask for?
 * @vms: a machine whose options are applied, with an accelerator that has its
 *     properties, KVM's or that of a dry run; it has not created anything
 * @errp: set if not: what cannot be had, and what to use instead
 */
bool virt_cca_check(VirtMachineState *vms, Error **errp);

/**
 * virt_cca_set_defaults: give options that the user left open their values
 * @vms: a machine that virt_cca_check() accepted
 *
 * A GICv3 whatever the host prefers, and no randomness in the DTB: both are in
 * the measurement. Warns if the user asked for the randomness.
 */
void virt_cca_set_defaults(VirtMachineState *vms);

/**
 * virt_cca_map_bits: for how many address bits to lay out the memory map
 * @guest: the Realm of the machine
 *
 * The top bit of a Realm's addresses selects shared memory, so the map has one
 * bit less than the IPA space. By default it is never shrunk to what the host
 * has: the same command line has the same DTB, and so the same measurement, on
 * every host, and a host that is too small is an error.
 */
int virt_cca_map_bits(const RmeGuest *guest);

/**
 * virt_cca_ipa_bits: how wide an IPA space is needed
 * @last: the last address of the machine
 *
 * Returns: the number of bits, the shared bit included
 */
unsigned virt_cca_ipa_bits(hwaddr last);

/**
 * virt_last_address: where would the memory map end with other options?
 * @vms: a machine whose memory map is final
 * @ram_size: as of -m
 * @maxram_size: as of -m maxmem=
 * @mmio: as of highmem-mmio=
 * @pa_bits: for how many address bits to lay it out
 *
 * Nothing is changed. In virt.c.
 *
 * Returns: the last address, 0 if the memory needs more bits
 */
hwaddr virt_last_address(const VirtMachineState *vms, ram_addr_t ram_size,
                         ram_addr_t maxram_size, bool mmio, int pa_bits);

/**
 * virt_cca_advise_width: RmeGuest::advise_width
 * @guest: the Realm of the machine, whose memory map is final
 * @limit: IPA bits that the host has, fewer than it needs
 *
 * Names changes of the command line; each of them is enough on its own.
 *
 * Returns: the words, to be freed
 */
char *virt_cca_advise_width(const RmeGuest *guest, unsigned limit);

/**
 * virt_cca_set_ipa_bits: decide the width of the IPA space
 * @vms: a machine whose memory map is final
 * @guest: its Realm; its ipa_bits and advise_width are set
 */
void virt_cca_set_ipa_bits(const VirtMachineState *vms, RmeGuest *guest);

/**
 * virt_prepare_realm: decide all that the accelerator has to know
 * @vms: a machine whose options are applied and that has not created anything
 * @guest: its Realm; its ipa_bits is set
 * @errp: set if a Realm cannot have what the options ask for
 *
 * Lays out the memory map, for KVM and for a dry run alike. In virt.c.
 *
 * Returns: true on success
 */
bool virt_prepare_realm(VirtMachineState *vms, RmeGuest *guest, Error **errp);

/**
 * virt_cca_map_firmware: put RAM where the machine has its flash
 * @vms: a machine with a Realm
 * @sysmem: its system memory
 *
 * A Realm has no read-only memory that it could run from. The image of -bios
 * is loaded into private RAM over the whole flash window, and measured; a
 * machine that boots a kernel directly has nothing there.
 *
 * Exits with a message if the image cannot be loaded.
 *
 * Returns: true if there is a firmware
 */
bool virt_cca_map_firmware(VirtMachineState *vms, MemoryRegion *sysmem);

/**
 * virt_cca_prepare_boot: say what the device tree of a Realm has besides
 * @vms: a machine whose images are not loaded yet; nothing happens if it has
 *     no Realm
 *
 * With measurement-log=on, the tree says where the log is. Otherwise nothing
 * changes.
 */
void virt_cca_prepare_boot(VirtMachineState *vms);

/**
 * virt_cca_prepare_cpu: turn off what the vCPU of a Realm cannot have
 * @cpu: a vCPU with the user's properties that is not realized yet
 * @errp: set if the user asked for it
 */
bool virt_cca_prepare_cpu(Object *cpu, Error **errp);

/**
 * virt_cca_refuses_device: is this a type of device that no Realm can have?
 * @vms: a machine; nothing is refused if it has no Realm
 * @dev: a device that is not realized yet
 */
bool virt_cca_refuses_device(VirtMachineState *vms, DeviceState *dev);

/**
 * virt_cca_check_device: can the machine have the device?
 * @vms: a machine; it can have anything if it has no Realm
 * @dev: a device that is not realized yet
 * @errp: set if not: why, and what to use instead
 */
bool virt_cca_check_device(VirtMachineState *vms, DeviceState *dev,
                           Error **errp);

/**
 * virt_cca_check_memory: ConfidentialGuestSupportClass::check_memory_backend
 * @cgs: a Realm
 * @backend: a backend that does not have its memory yet, or RAM of the Realm
 * @property: NULL, or what is to be turned on of RAM that is there
 * @errp: set if it cannot be RAM of a Realm: why, and what to use instead
 *
 * A backend that is not going to be RAM of the machine may have any properties,
 * and needs no private memory.
 */
bool virt_cca_check_memory(ConfidentialGuestSupport *cgs,
                           HostMemoryBackend *backend, const char *property,
                           Error **errp);

/* ConfidentialGuestSupportClass::other_spellings of rme-guest */
extern const ConfidentialGuestSpelling virt_cca_other_spellings[];

/**
 * virt_cca_check_regions: ConfidentialGuestSupportClass::check_device
 * @cgs: a Realm
 * @dev: a device that was realized
 * @errp: set if a Realm cannot have memory such as it has: why, and what to use
 *        instead
 */
bool virt_cca_check_regions(ConfidentialGuestSupport *cgs, DeviceState *dev,
                            Error **errp);

/**
 * virt_cca_create_dma: make what the machine's bus masters may reach
 * @vms: a machine with a Realm; its ITS, if any, is at its place
 * @guest: its Realm; its shared and dma are set
 *
 * Exits with a message on failure.
 */
void virt_cca_create_dma(VirtMachineState *vms, RmeGuest *guest);

/**
 * virt_cca_attach_pci_bus: give PCI devices the Realm's DMA address space
 * @vms: a machine; nothing happens if it has no Realm
 * @bus: a root bus without devices
 *
 * Exits with a message on failure.
 */
void virt_cca_attach_pci_bus(VirtMachineState *vms, PCIBus *bus);

/**
 * virt_cca_prepare_virtio_mmio: give a virtio-mmio transport the Realm's DMA
 * @vms: a machine; nothing happens if it has no Realm
 * @dev: a transport that is not realized yet
 */
void virt_cca_prepare_virtio_mmio(const VirtMachineState *vms,
                                  DeviceState *dev);

/**
 * virt_cca_dma_as: address space of bus masters that are not on PCI
 * @ms: any machine
 *
 * Returns: the Realm's, or &address_space_memory if the machine has none
 */
AddressSpace *virt_cca_dma_as(MachineState *ms);

#endif
