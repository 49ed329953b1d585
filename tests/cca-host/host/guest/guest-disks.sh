# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Data to every disk and, not from the page cache, back.
for disk in /dev/nvme?n1 /dev/vd?; do
    head -c 300000 /dev/urandom > /tmp/data
    tar -C /tmp -cf "$disk" data
    sync
    echo 3 > /proc/sys/vm/drop_caches
    echo "guest: ${disk#/dev/} wrote $(sha256sum < /tmp/data)"
    echo "guest: ${disk#/dev/} reads $(tar -xOf "$disk" data | sha256sum)"
done
grep -E 'ITS.*(nvme|virtio)' /proc/interrupts | sed 's/^/guest: irq /'
