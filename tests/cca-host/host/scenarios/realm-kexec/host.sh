# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Another kernel takes over in a Realm with 2 vCPUs: by kexec, and when this one
# crashes. Linux does not take back what it has shared before that, and copies the
# new kernel to shared addresses where it meets some: so it is told where there is
# none. For a crash, memory was kept from the start. kexec is given as
# --file kexec.cpio=...
# shellcheck disable=SC2046
cat "$INITRD" /files/kexec.cpio > /tmp/initrd
tar -C /guest -cf /tmp/kernel.tar vmlinuz initrd

# take_over NAME RAM WORD: with WORD on the kernel's command line
take_over()
{
    sim_conf "$1"
    run_guest "$1" 800 on_cca_host "$1" "$QEMU" \
        -M virt,gic-version=3,confidential-guest-support=rme0 \
        -object rme-guest,id=rme0 -cpu host -accel kvm \
        -smp 2 -m "$2" -nodefaults -display none -no-reboot \
        -kernel "$KERNEL" -initrd /tmp/initrd \
        -append "console=hvc0 quiet swiotlb=8192 $3 run=$1" \
        $(console_args "$1") $(disk_and_net "$1") \
        -drive file=/tmp/kernel.tar,format=raw,if=none,id=d1,readonly=on \
        -device virtio-blk-pci,drive=d1
    collect "$1"
}

take_over kexec 768M mem-min=0x50000000
take_over kdump 1G crashkernel=256M
