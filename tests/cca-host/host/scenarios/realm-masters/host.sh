# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Bus masters of every kind, driven by the test firmware (tests/cca-host/firmware,
# action "masters"): transfers with shared memory in both directions, and none
# with private memory. The firmware and host-echo are given as
# --file firmware.bin=... and --file host-echo=...
# shellcheck disable=SC2046,SC2086

# Disks on other controllers, a card and USB. The bit of capareg is for ADMA with
# 64-bit addresses.
masters emulated $(disk nvme) $(disk sata) $(disk card) -device qemu-xhci \
    -device sdhci-pci,capareg=0x157834b4 -device sd-card,drive=card \
    -device nvme,serial=1,drive=nvme \
    -device ahci,id=ahci -device ide-hd,drive=sata,bus=ahci.0

mkdir /tmp/masters.share
masters virtio $(disk scsi) $(disk mmio) \
    $(frames n0 7103) -device virtio-net-pci,netdev=n0,romfile= \
    -device virtio-serial-pci,max_ports=1 -device virtconsole,chardev=c0 \
    -chardev udp,id=c0,host=127.0.0.1,port=7104,localaddr=127.0.0.1,localport=7104 \
    -device virtio-scsi-pci,id=s0 -device scsi-hd,drive=scsi,bus=s0.0 \
    -fsdev local,id=f0,path=/tmp/masters.share,security_model=none \
    -device virtio-9p-pci,fsdev=f0,mount_tag=share \
    -device virtio-rng-pci -device virtio-gpu-pci \
    -device virtio-blk-device,drive=mmio

# The same disk behind bridges of all kinds
masters bridges $(disk d0) $(disk d1) $(disk d2) $(disk d3) \
    -device pcie-root-port,id=near,chassis=1 \
    -device virtio-blk-pci,drive=d0,bus=near \
    -device pcie-pci-bridge,id=pci -device virtio-blk-pci,drive=d1,bus=pci,addr=1 \
    -device pci-bridge,id=deep,bus=pci,chassis_nr=3,addr=2 \
    -device virtio-blk-pci,drive=d2,bus=deep,addr=1 \
    -device pxb-pcie,id=pxb,bus_nr=64,bus=pcie.0 \
    -device pcie-root-port,id=far,chassis=2,bus=pxb,addr=0 \
    -device virtio-blk-pci,drive=d3,bus=far

# Served by the kernel: what it was told of memory has to be taken back, too
echoes
masters vhost -device vhost-vsock-pci,guest-cid=42 \
    -netdev tap,id=n0,vhost=on,script=/tmp/echo-up,downscript=no \
    -device virtio-net-pci,netdev=n0,romfile= \
    --trace vhost_iotlb_miss --trace rme_dma_unmap
# The same devices without PCI
masters vhost-mmio -device vhost-vsock-device,guest-cid=43 \
    -netdev tap,id=n0,vhost=on,script=/tmp/echo-up,downscript=no \
    -device virtio-net-device,netdev=n0 \
    --trace vhost_iotlb_miss --trace rme_dma_unmap
cat /tmp/echo-*.log > /results/vhost.echo
