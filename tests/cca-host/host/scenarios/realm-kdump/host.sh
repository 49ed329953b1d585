# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A Realm with 2 vCPUs crashes, and the kernel that it has loaded for that takes over
# in memory that was kept for it. kexec is given as --file kexec.cpio=...
# shellcheck disable=SC2046
cat "$INITRD" /files/kexec.cpio > /tmp/initrd
tar -C /guest -cf /tmp/kernel.tar vmlinuz initrd
sim_conf kdump
run_guest kdump 800 on_cca_host kdump "$QEMU" \
    -M virt,gic-version=3,confidential-guest-support=rme0 \
    -object rme-guest,id=rme0 -cpu host -accel kvm \
    -smp 2 -m 1G -nodefaults -display none -no-reboot \
    -kernel "$KERNEL" -initrd /tmp/initrd \
    -append "console=hvc0 quiet swiotlb=8192 crashkernel=256M run=kdump" \
    $(console_args kdump) $(disk_and_net kdump) \
    -drive file=/tmp/kernel.tar,format=raw,if=none,id=d1,readonly=on \
    -device virtio-blk-pci,drive=d1
collect kdump
