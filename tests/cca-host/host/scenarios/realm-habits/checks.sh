# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
expect habits.log 'guest: up, .* 4 CPUs' "the Realm boots with 4 CPUs, on a console that a monitor shares"
expect habits.log 'guest: habits ended with status 0' "the Realm's script ran"
for disk in vda vdb vdc; do
    mapfile -t wrote < <(sed -n "s/.*guest: $disk wrote \([0-9a-f]*\).*/\1/p" "$logs/habits.log")
    mapfile -t reads < <(sed -n "s/.*guest: $disk reads \([0-9a-f]*\).*/\1/p" "$logs/habits.log")
    if [ "${#wrote[@]}" = 3 ] && [ "${wrote[*]}" = "${reads[*]}" ]; then
        result ok "the guest reads from $disk what it wrote, three times"
    else
        result "not ok" "the guest reads from $disk what it wrote, three times (${wrote[*]} / ${reads[*]})"
    fi
done
expect habits.log 'guest: .* came and went [1-9][0-9]* times' \
    "meanwhile memory is shared and taken back"
expect habits.qemu.log 'luring_(process_completion|cqe_handler) .* ret [1-9]' "QEMU uses io_uring"
refuse habits.qemu.log 'falling back' "and not a pool of threads in its place"
expect habits.host 'host: d0 has' "a disk with io_uring and queues in two threads is whole"
expect habits.host 'host: d1 has' "so is one of -drive if=virtio with io_uring"
expect habits.host 'host: d2 has' "and one with Linux AIO"
expect habits.qemu.log \
    "warning: memory backend 'ram': host-nodes= and policy= bind what the Realm shares" \
    "QEMU warns that private memory is not bound to a node"
expect habits.report '"call": "MBIND".*"size": 536870912, "result": 0' "the memory that the Realm shares is"
expect habits.vnc '^RFB 003.008' "a VNC client is greeted"
expect habits.vnc 'QEMU' "and learns the name of the screen"
if [ "$(wc -c < "$logs/habits.vnc")" -gt 16384 ]; then
    result ok "it gets a picture of virtio-gpu ($(wc -c < "$logs/habits.vnc") bytes)"
else
    result "not ok" "it gets a picture of virtio-gpu ($(wc -c < "$logs/habits.vnc") bytes)"
fi
expect habits.spice '^REDQ' "a SPICE client is answered"
expect habits.status '^0$' "QEMU exits 0 when the Realm powers off"
expect_clean habits
