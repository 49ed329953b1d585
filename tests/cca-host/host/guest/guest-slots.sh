# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# How many slots of swiotlb each device has in use before there is any traffic.
# The console, and what has its driver in the kernel, has them from the start.

mount -t debugfs none /sys/kernel/debug
before=0

# tell DEVICE: what was added since the last time
tell()
{
    local now
    sleep 2
    now=$(cat /sys/kernel/debug/swiotlb/io_tlb_used)
    echo "guest: $((now - before)) slots: $1"
    before=$now
}

load()
{
    local m
    for m in "$@"; do
        insmod "/modules/more/$m".ko* || echo "guest: no module $m"
    done
}

dmesg | grep -E 'software IO TLB|nvme'
tell "console, nvme"
ip link set eth0 up
tell "network"
ip link set eth1 up
tell "network, 2 queues"
load scsi_common scsi_mod virtio_scsi
tell "scsi"
load virtio_input
tell "keyboard"
load vsock vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport
tell "vsock"
dd if=/dev/nvme0n1 of=/dev/null bs=64k count=4 iflag=direct 2> /dev/null &&
    tell "nvme after a transfer"
dmesg | grep -ci 'swiotlb buffer is full' | sed 's/^/guest: full: /'
