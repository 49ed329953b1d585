# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The drivers of a Linux guest with disks that are not on bus 0, or no virtio.
# shellcheck disable=SC2046
sim_conf disks
run_guest disks 600 on_cca_host disks "$QEMU" \
    -M virt,gic-version=3,confidential-guest-support=rme0 \
    -object rme-guest,id=rme0 -cpu host -accel kvm \
    -smp 2 -m 512M -nodefaults -display none -no-reboot \
    -kernel "$KERNEL" -initrd "$INITRD" \
    -append "console=hvc0 quiet swiotlb=8192 run=disks" \
    $(console_args disks) $(disk d0) $(disk d1) $(disk d2) \
    -device nvme,serial=1,drive=d0 \
    -device pcie-root-port,id=near,chassis=1 \
    -device virtio-blk-pci,drive=d1,bus=near \
    -device pcie-pci-bridge,id=pci -device virtio-blk-pci,drive=d2,bus=pci,addr=1
for d in d0 d1 d2; do
    if grep -q "wrote $(tar -xOf /tmp/masters.$d data | sha256sum)" \
        /results/disks.log; then
        echo "host: $d has what the guest wrote"
    else
        echo "host: $d is DIFFERENT"
    fi
done > /results/disks.host 2>&1
