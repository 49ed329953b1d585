# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154

for run in emulated virtio bridges vhost; do
    refuse $run.log 'fw: FAIL' "no check of the firmware fails ($run)"
    expect $run.log 'fw: [1-9][0-9]* passed, 0 failed' \
        "the firmware comes to its end ($run)"
    expect $run.status '^0$' "QEMU ends with status 0 ($run)"
    expect $run.qemu.log 'a device may not (read|write) address' \
        "refused accesses of devices are guest errors ($run)"
    expect $run.report '"complaint-count": 0,' \
        "nothing accesses private memory ($run)"
done

# tested RUN NAME...: these devices had all of their checks
tested()
{
    local run=$1 name
    shift
    for name in "$@"; do
        expect "$run.log" "fw: ok - $name: moves data, addresses with the shared bit" \
            "$name reaches what is shared"
        expect "$run.log" "fw: ok - $name: does (nothing with rings that are private|not give to a page that was taken back)" \
            "$name does not reach what is private"
    done
}

tested emulated edu xhci nvme ahci e1000 e1000e igb
tested virtio virtio-net virtio-console virtio-scsi virtio-9p virtio-rng \
    virtio-gpu virtio-blk
tested vhost virtio-net virtio-vsock
expect vhost.qemu.log vhost_iotlb_miss "the kernel asks what it may reach"
expect vhost.qemu.log rme_dma_unmap "and is told what it may not reach any more"
for bus in 'bus 1, slot 0' 'bus 2, slot 1' 'bus 3, slot 1' 'bus 65, slot 0'; do
    expect bridges.log "fw: virtio-blk on $bus" "a disk is tested on $bus"
done
expect bridges.log 'fw: ok - 4 bus masters were tested' "behind every bridge"
