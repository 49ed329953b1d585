# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect_masters emulated xhci nvme ahci sdhci
expect_masters virtio virtio-net virtio-console virtio-scsi virtio-9p \
    virtio-rng virtio-gpu virtio-blk
expect_masters bridges virtio-blk
for bus in 'bus 1, slot 0' 'bus 2, slot 1' 'bus 3, slot 1' 'bus 65, slot 0'; do
    expect bridges.log "fw: virtio-blk on $bus" "a disk is tested on $bus"
done
expect bridges.log 'fw: ok - 4 bus masters were tested' "behind every bridge"
expect_masters vhost virtio-net virtio-vsock
expect vhost.qemu.log vhost_iotlb_miss "the kernel asks what it may reach"
expect vhost.qemu.log rme_dma_unmap "and is told what it may not reach any more"
