# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect habits.log 'guest: up, .* 4 CPUs' "the Realm boots with 4 CPUs, on a console that a monitor shares"
expect habits.log 'guest: disks ended with status 0' "the Realm's script ran"
for disk in vda vdb; do
    sum=$(sed -n "s/.*guest: $disk wrote \([0-9a-f]*\).*/\1/p" "$logs/habits.log" | head -n 1)
    expect habits.log "guest: $disk reads ${sum:-none}" "the guest reads from $disk what it wrote"
done
expect habits.host 'host: d0 has' "a disk with queues in two threads is whole"
expect habits.host 'host: d1 has' "so is one of -drive if=virtio"
expect habits.status '^0$' "QEMU exits 0 when the Realm powers off"
expect_clean habits
