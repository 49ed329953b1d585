# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A Realm with 4 vCPUs, a disk, the kernel's network and vsock reboots itself, as
# often as /files/boots says.
boots=$(cat /files/boots)

# What the process of QEMU has when the guest comes to the end of its second boot
# and of its last one
sample()
{
    local n pid
    for n in $(seq 2 "$boots"); do
        wait_for grep -q "guest: boot $n is done" /results/reboot.log
        [ "$n" = 2 ] || [ "$n" = "$boots" ] || continue
        pid=$(pidof qemu-system-aarch64)
        # shellcheck disable=SC2012
        echo "boot $n: $(ls "/proc/$pid/fd" | wc -l) descriptors," \
            "$(ls "/proc/$pid/task" | wc -l) threads," \
            "$(sed -n 's/^RssAnon:[^0-9]*//p' "/proc/$pid/status")"
    done > /results/reboot.samples
    qmp reboot query-cca query-status
}

# From each boot it takes data, and then sends some
peer()
{
    mkfifo /tmp/peer.silent     # not /dev/null: its end would end nc
    while :; do
        nc -l -p 7000 <> /tmp/peer.silent > /tmp/peer.received
        echo "received $(sha256sum < /tmp/peer.received | cut -c 1-64)"
        nc -l -p 7000 < /tmp/peer.send > /dev/null
        echo "sent $(sha256sum < /tmp/peer.send | cut -c 1-64)"
    done > /results/reboot.peer 2>&1
}

sim_conf reboot
tap_network
truncate -s 4M /tmp/reboot.disk
head -c 200000 /dev/urandom > /tmp/peer.send
peer &
sample &
# shellcheck disable=SC2046
run_guest reboot $((600 + 60 * boots)) on_cca_host reboot "$QEMU" \
    -M virt,gic-version=3,confidential-guest-support=rme0 \
    -object rme-guest,id=rme0 -cpu host -accel kvm \
    -qmp tcp:127.0.0.1:4444,server=on,wait=off \
    -smp 4 -m 512M -nodefaults -display none \
    -kernel "$KERNEL" -initrd "$INITRD" \
    -append "console=hvc0 quiet swiotlb=16384 run=boots boots=$boots" \
    $(console_args reboot) \
    -drive file=/tmp/reboot.disk,format=raw,if=none,id=d0 \
    -device virtio-blk-pci,drive=d0 \
    -netdev tap,id=n0,vhost=on,script=/tmp/tap-up,downscript=no \
    -device virtio-net-pci,netdev=n0,romfile= \
    -device vhost-vsock-pci,guest-cid=3
