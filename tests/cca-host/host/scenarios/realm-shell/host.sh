# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A console inside a Realm, for run-scenario --shell.
sim_conf shell
progress "the Realm boots, about half a minute"
on_cca_host shell "$QEMU" \
    -M virt,gic-version=3,confidential-guest-support=rme0 \
    -object rme-guest,id=rme0 -cpu host -accel kvm \
    -smp 1 -m 512M -nodefaults -display none -no-reboot \
    -kernel "$KERNEL" -initrd "$INITRD" \
    -append "console=hvc0 quiet swiotlb=8192 run=shell" \
    -device virtio-serial-pci -chardev stdio,id=con,signal=off \
    -device virtconsole,chardev=con
