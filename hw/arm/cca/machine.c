/*
 * The virt machine as an Arm CCA Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "cpu.h"
#include "qemu/datadir.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "system/address-spaces.h"
#include "hw/arm/cca/dma.h"
#include "hw/arm/cca/event-log.h"
#include "hw/arm/cca/machine.h"
#include "hw/loader.h"
#include "hw/qdev-properties.h"
#include "hw/virtio/virtio-mmio.h"
#include "system/device_tree.h"

/* GITS_TRANSLATER, which devices write to signal an interrupt (GICv3) */
#define GITS_TRANSLATER_OFFSET  0x10040
#define GITS_TRANSLATER_SIZE    4

/* No device tree of QEMU's is larger, and none is loaded behind it */
#define DTB_WINDOW  (1 * MiB)

void virt_cca_set_defaults(VirtMachineState *vms)
{
    vms->gic_version = VIRT_GIC_VERSION_3;
    /* Old machine types have an ITS with KVM only; a dry run stands for KVM */
    vms->tcg_its = true;

    if (!vms->dtb_randomness_set) {
        vms->dtb_randomness = false;
    } else if (vms->dtb_randomness) {
        warn_report("dtb-randomness=on puts random seeds into the DTB: the "
                    "measurement of the Realm will be another one each time");
    }
}

int virt_cca_map_bits(const RmeGuest *guest)
{
    return (guest->config.ipa_bits ?: RME_IPA_BITS_MAX) - 1;
}

unsigned virt_cca_ipa_bits(hwaddr last)
{
    return MAX(64 - clz64(last) + 1, RME_IPA_BITS_MIN);
}

void virt_cca_set_ipa_bits(const VirtMachineState *vms, RmeGuest *guest)
{
    guest->ipa_bits = guest->config.ipa_bits ?:
                      virt_cca_ipa_bits(vms->highest_gpa);
    guest->advise_width = virt_cca_advise_width;
}

/*
 * The flash devices exist from the start, so that their properties do. Devices
 * that are never realized must not stay in the machine.
 */
static void drop_flash(VirtMachineState *vms)
{
    for (int i = 0; i < ARRAY_SIZE(vms->flash); i++) {
        g_autofree char *prop = g_strdup_printf("pflash%d", i);

        object_property_del(OBJECT(vms), prop);
        object_unparent(OBJECT(vms->flash[i]));
        object_unref(OBJECT(vms->flash[i]));
        vms->flash[i] = NULL;
    }
}

/*
 * Distributions pad firmware to the size of a flash memory. All of a file is
 * measured, so the same firmware in a file of another size is another Realm.
 */
static void warn_of_padding(const char *fname)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(fname, false, NULL);
    size_t size = file ? g_mapped_file_get_length(file) : 0;
    const char *end;

    if (size <= 1 * MiB) {
        return;
    }
    end = g_mapped_file_get_contents(file) + size - 1 * MiB;
    if (!memcmp(end, end + 1, 1 * MiB - 1)) {
        warn_report("firmware image '%s' ends in a MiB or more of bytes "
                    "0x%02x, which are measured: without this padding it has "
                    "another measurement", fname, (uint8_t)*end);
    }
}

bool virt_cca_map_firmware(VirtMachineState *vms, MemoryRegion *sysmem)
{
    const char *bios_name = MACHINE(vms)->firmware;
    g_autofree char *fname = NULL;
    MemoryRegion *mr;

    /* This is the first thing that the machine makes for a Realm */
    rme_guest_check_accel(rme_guest_from_machine(MACHINE(vms)), &error_fatal);
    drop_flash(vms);
    if (!bios_name) {
        return false;
    }
    fname = qemu_find_file(QEMU_FILE_TYPE_BIOS, bios_name);
    if (!fname) {
        error_report("could not find firmware image '%s'", bios_name);
        exit(EXIT_FAILURE);
    }

    /* The owner of RAM must be a device or NULL: a machine is not a device */
    mr = g_new(MemoryRegion, 1);
    memory_region_init_ram_guest_memfd(mr, NULL, "virt.realm-firmware",
                                       vms->memmap[VIRT_FLASH].size,
                                       &error_fatal);
    memory_region_add_subregion(sysmem, vms->memmap[VIRT_FLASH].base, mr);
    if (load_image_mr(fname, mr) < 0) {
        error_report("could not load firmware image '%s': it must be a file "
                     "of at most %" PRIu64 " MiB", fname,
                     vms->memmap[VIRT_FLASH].size / MiB);
        exit(EXIT_FAILURE);
    }
    warn_of_padding(fname);
    return true;
}

/*
 * arm_boot_info::modify_dtb, the last change of the device tree. The log's
 * address is fixed here, since the tree that has it is measured.
 */
static void add_log_node(const struct arm_boot_info *info, void *fdt)
{
    const VirtMachineState *vms = container_of(info, VirtMachineState,
                                               bootinfo);
    RmeGuest *guest = rme_guest_from_machine(MACHINE(vms));
    const char *parent = "/reserved-memory";
    g_autofree char *node = NULL;

    guest->log_addr = info->dtb_start + DTB_WINDOW;
    node = g_strdup_printf("%s/event-log@%" PRIx64, parent, guest->log_addr);

    qemu_fdt_add_subnode(fdt, parent);
    qemu_fdt_setprop_cell(fdt, parent, "#address-cells", 2);
    qemu_fdt_setprop_cell(fdt, parent, "#size-cells", 2);
    qemu_fdt_setprop(fdt, parent, "ranges", NULL, 0);
    qemu_fdt_add_subnode(fdt, node);
    qemu_fdt_setprop_string(fdt, node, "compatible", "cc-event-log");
    qemu_fdt_setprop_sized_cells(fdt, node, "reg", 2, guest->log_addr,
                                 2, (uint64_t)RME_EVENT_LOG_SIZE);
}

void virt_cca_prepare_boot(VirtMachineState *vms)
{
    RmeGuest *guest = rme_guest_from_machine(MACHINE(vms));

    if (guest && guest->config.measurement_log) {
        vms->bootinfo.modify_dtb = add_log_node;
    }
}

void virt_cca_create_dma(VirtMachineState *vms, RmeGuest *guest)
{
    rme_dma_register_defaults();
    guest->shared = rme_shared_new();
    guest->dma = rme_dma_new(OBJECT(guest), guest->shared, guest->ipa_bits,
                             &error_fatal);
    if (vms->msi_controller == VIRT_MSI_CTRL_ITS) {
        rme_dma_set_doorbell(guest->dma, vms->memmap[VIRT_GIC_ITS].base +
                             GITS_TRANSLATER_OFFSET, GITS_TRANSLATER_SIZE,
                             &error_fatal);
    }
}

void virt_cca_attach_pci_bus(VirtMachineState *vms, PCIBus *bus)
{
    RmeGuest *guest = rme_guest_from_machine(MACHINE(vms));

    if (guest) {
        rme_dma_attach_pci_bus(guest->dma, bus, &error_fatal);
    }
}

void virt_cca_prepare_virtio_mmio(const VirtMachineState *vms,
                                  DeviceState *dev)
{
    RmeGuest *guest = rme_guest_from_machine(MACHINE(vms));

    if (guest) {
        VIRTIO_MMIO(dev)->dma_as = rme_dma_address_space(guest->dma);
        /* VIRTIO_F_ACCESS_PLATFORM needs VIRTIO_F_VERSION_1 */
        qdev_prop_set_bit(dev, "force-legacy", false);
    }
}

AddressSpace *virt_cca_dma_as(MachineState *ms)
{
    RmeGuest *guest = rme_guest_from_machine(ms);

    return guest && guest->dma ? rme_dma_address_space(guest->dma) :
                                 &address_space_memory;
}
