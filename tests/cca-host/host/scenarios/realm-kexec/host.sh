# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Another kernel by kexec, in a Realm with 2 vCPUs. Linux does not take back what it
# has shared before that, and copies the new kernel to shared addresses where it
# meets some: so it is told where there is none. kexec is given as
# --file kexec.cpio=...
# shellcheck disable=SC2046
cat "$INITRD" /files/kexec.cpio > /tmp/initrd
tar -C /guest -cf /tmp/kernel.tar vmlinuz initrd
sim_conf kexec
run_guest kexec 800 on_cca_host kexec "$QEMU" \
    -M virt,gic-version=3,confidential-guest-support=rme0 \
    -object rme-guest,id=rme0 -cpu host -accel kvm \
    -smp 2 -m 768M -nodefaults -display none -no-reboot \
    -kernel "$KERNEL" -initrd /tmp/initrd \
    -append "console=hvc0 quiet swiotlb=8192 mem-min=0x50000000 run=kexec" \
    $(console_args kexec) $(disk_and_net kexec) \
    -drive file=/tmp/kernel.tar,format=raw,if=none,id=d1,readonly=on \
    -device virtio-blk-pci,drive=d1
collect kexec
