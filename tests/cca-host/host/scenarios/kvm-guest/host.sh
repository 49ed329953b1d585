# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# An ordinary KVM guest: the environment itself, and that a guest without a
# Realm is not disturbed.
# shellcheck disable=SC2046
run_guest kvm 400 "$QEMU" -M virt,gic-version=3 -cpu host -accel kvm \
    -smp 2 -m 512M -nodefaults -display none -no-reboot \
    -kernel "$KERNEL" -initrd "$INITRD" -append "console=hvc0 quiet run=basic" \
    $(console_args kvm) $(disk_and_net kvm)
collect kvm
