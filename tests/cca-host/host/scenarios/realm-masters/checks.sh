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
before=$failures
for run in vhost vhost-mmio; do
    expect_masters $run virtio-net virtio-vsock
    expect $run.qemu.log vhost_iotlb_miss \
        "the kernel asks what it may reach ($run)"
    expect $run.qemu.log rme_dma_unmap \
        "and is told what it may not reach any more ($run)"
    expect $run.log 'accepts no feature changes nothing that is private' \
        "a driver that accepts no feature is tried ($run)"
    expect $run.trace 'VHOST_SET_MEM_TABLE of 0$' \
        "the kernel gets no table of memory ($run)"
    refuse $run.trace 'VHOST_SET_MEM_TABLE of [1-9]' "and never one ($run)"
    expect $run.trace 'VHOST_SET_FEATURES 0x[0-9a-f]*[2367abef][0-9a-f]{8}$' \
        "but always an IOTLB ($run)"
    # shellcheck disable=SC2154
    echo "summary: vhost, $run: $(grep -ac 'moves data' "$logs/$run.log") ways" \
        "to move data, $(grep -ac vhost_iotlb_miss "$logs/$run.qemu.log") steps of" \
        "IOTLB misses, $(grep -ac rme_dma_unmap "$logs/$run.qemu.log") ranges" \
        "taken back"
done
tell_generation A vhost "network, vsock" "$before"
