# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# An ordinary KVM guest: the environment itself, and that a guest without a
# Realm is not disturbed.
# shellcheck disable=SC2046
dd if=/dev/zero of=/tmp/disk bs=1M count=1 2> /dev/null
(echo "hello from the host" | nc -l -p 7000 > /results/tcp-received) &
run_guest kvm 400 "$QEMU" -M virt,gic-version=3 -cpu host -accel kvm \
    -smp 2 -m 512M -nodefaults -display none -no-reboot \
    -kernel "$KERNEL" -initrd "$INITRD" -append "console=hvc0 quiet run=basic" \
    $(console_args kvm) \
    -drive file=/tmp/disk,format=raw,if=none,id=d0 \
    -device virtio-blk-pci,drive=d0 \
    -netdev user,id=n0 -device virtio-net-pci,netdev=n0,romfile=
head -c 64 /tmp/disk > /results/disk-head
