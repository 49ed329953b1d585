# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
expect disks.log 'guest: disks ended with status 0' "the Realm's script ran"
for disk in nvme0n1 vda vdb; do
    sum=$(sed -n "s/.*guest: $disk wrote \([0-9a-f]*\).*/\1/p" \
        "$logs/disks.log" || :)
    expect disks.log "guest: $disk reads ${sum:-nothing}" \
        "$disk gives back what was written"
done
for disk in d0 d1 d2; do
    expect disks.host "host: $disk has what" "the host reads it, too ($disk)"
done
expect disks.log 'guest: irq .*ITS.*nvme' "NVMe has interrupts by the ITS"
expect disks.log 'guest: irq .*ITS.*virtio' "virtio has interrupts by the ITS"
expect disks.status '^0$' "QEMU exits 0 when the Realm powers off"
expect_clean disks
