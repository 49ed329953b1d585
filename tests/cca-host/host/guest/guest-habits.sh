# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Data to every disk and back while another device comes and goes: each time, its
# queues are shared with the host and taken back.
link=$(readlink -f /sys/bus/virtio/drivers/virtio_rng/virtio*)
device=$(basename "$(dirname "$link")")
come_and_go()
{
    n=0
    while [ ! -e /tmp/enough ]; do
        echo "$device" > /sys/bus/pci/drivers/virtio-pci/unbind
        echo "$device" > /sys/bus/pci/drivers/virtio-pci/bind
        n=$((n + 1))
    done
    echo "guest: $device came and went $n times"
}
come_and_go &
for round in 1 2 3; do
    echo "guest: round $round"
    . /guest/guest-disks.sh
done
touch /tmp/enough
wait
