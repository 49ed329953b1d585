/*
 * What libvirt asks a QEMU binary to find out what it can do
 *
 * Recorded from libvirt 12.8.0 with an aarch64 QEMU (its log with the filter
 * 1:qemu.qemu_monitor), in order; what it repeats is here once. Changed: the
 * version of the virt machine, which libvirt takes from query-machines, is
 * this QEMU's; and the CPU models are both that libvirt asks for, "host" with
 * KVM and "max" without. query-cca-capabilities is asked by the patches "Arm
 * CCA" of the libvirt list (Fujitsu) and by NVIDIA/libvirt where
 * qom-list-types has rme-guest, at the place of the queries of other
 * architectures.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_RME_LIBVIRT_PROBE_H
#define TESTS_QTEST_RME_LIBVIRT_PROBE_H

/* The options, without those that only say where the monitor is */
#define LIBVIRT_PROBE_OPTIONS \
    "-S -no-user-config -nodefaults -nographic -machine none"

static const struct {
    const char *execute;
    const char *arguments;      /* JSON, or NULL */
} libvirt_probe[] = {
    { "query-version" },
    { "query-target" },
    { "query-qmp-schema" },
    { "query-accelerators" },
    { "qom-list-types" },
    { "device-list-properties", "{\"typename\":\"virtio-blk-pci\"}" },
    { "device-list-properties", "{\"typename\":\"virtio-net-pci\"}" },
    { "device-list-properties", "{\"typename\":\"virtio-scsi-pci\"}" },
    { "device-list-properties", "{\"typename\":\"virtio-net-ccw\"}" },
    { "device-list-properties", "{\"typename\":\"virtio-scsi-ccw\"}" },
    { "device-list-properties", "{\"typename\":\"vfio-pci\"}" },
    { "device-list-properties", "{\"typename\":\"scsi-hd\"}" },
    { "device-list-properties", "{\"typename\":\"ide-hd\"}" },
    { "device-list-properties", "{\"typename\":\"PIIX4_PM\"}" },
    { "device-list-properties", "{\"typename\":\"usb-redir\"}" },
    { "device-list-properties", "{\"typename\":\"usb-storage\"}" },
    { "device-list-properties", "{\"typename\":\"kvm-pit\"}" },
    { "device-list-properties", "{\"typename\":\"VGA\"}" },
    { "device-list-properties", "{\"typename\":\"virtio-gpu-pci\"}" },
    { "device-list-properties", "{\"typename\":\"virtio-gpu-device\"}" },
    { "device-list-properties", "{\"typename\":\"ICH9-LPC\"}" },
    { "device-list-properties", "{\"typename\":\"virtio-balloon-pci\"}" },
    { "device-list-properties", "{\"typename\":\"virtio-balloon-ccw\"}" },
    { "device-list-properties", "{\"typename\":\"virtio-balloon-device\"}" },
    { "device-list-properties", "{\"typename\":\"nvdimm\"}" },
    { "device-list-properties", "{\"typename\":\"pcie-root-port\"}" },
    { "device-list-properties", "{\"typename\":\"usb-host\"}" },
    { "device-list-properties", "{\"typename\":\"vhost-user-fs-device\"}" },
    { "device-list-properties", "{\"typename\":\"virtio-mem-pci\"}" },
    { "device-list-properties", "{\"typename\":\"virtio-iommu-pci\"}" },
    { "device-list-properties", "{\"typename\":\"arm-smmuv3\"}" },
    { "device-list-properties", "{\"typename\":\"scsi-block\"}" },
    { "device-list-properties", "{\"typename\":\"scsi-generic\"}" },
    { "qom-list-properties", "{\"typename\":\"memory-backend-file\"}" },
    { "qom-list-properties", "{\"typename\":\"memory-backend-memfd\"}" },
    { "qom-list-properties", "{\"typename\":\"max-arm-cpu\"}" },
    { "query-machines" },
    { "qom-list-properties", "{\"typename\":\"virt-10.0-machine\"}" },
    { "query-cpu-definitions" },
    { "query-command-line-options" },
    { "query-gic-capabilities" },
    { "query-cca-capabilities" },
    { "query-cpu-model-expansion",
      "{\"type\":\"full\",\"model\":{\"name\":\"max\"}}" },
    { "query-cpu-model-expansion",
      "{\"type\":\"full\",\"model\":{\"name\":\"host\"}}" },
};

#endif
