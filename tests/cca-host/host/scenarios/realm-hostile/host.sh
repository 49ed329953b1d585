# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A Realm that does not behave: actions of the test firmware
# (tests/cca-host/firmware). It is given as --file firmware.bin=...

# firmware NAME ACTIONS [QEMU-ARGUMENT...]: NAME.log is what it prints
firmware()
{
    local name="$1" actions="$2"
    shift 2
    truncate -s 64K "/tmp/$name.disk"
    sim_conf "$name"
    run_guest "$name" 240 on_cca_host "$name" "$QEMU" \
        -M virt,gic-version=3,confidential-guest-support=rme0 \
        -object rme-guest,id=rme0 -cpu host -accel kvm -m 512 \
        -nodefaults -display none -serial "file:/results/$name.log" \
        -bios /files/firmware.bin \
        -fw_cfg "name=opt/cca/command,string=only+$actions" \
        -drive "if=none,id=disk,format=raw,file=/tmp/$name.disk" \
        -device virtio-blk-pci,drive=disk,disable-legacy=on,iommu_platform=on \
        -d guest_errors "$@"
}

firmware dma dma-targets+dma-ring+dma-msi
firmware ranges hostcall+set-bad-range+set-holes+set-devices+mmio-abort+mmio-edges
firmware alias touch-alias
firmware nowhere touch-nowhere
firmware many convert-many
firmware reset reset
firmware elsewhere off-elsewhere -smp 3
firmware races convert-race -smp 3
firmware dma-race dma-race -smp 2
