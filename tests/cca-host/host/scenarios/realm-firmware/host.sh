# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The test firmware (tests/cca-host/firmware) as -bios of a Realm with a
# measurement log. It is given as --file firmware.bin=...
# shellcheck disable=SC2046
dd if=/dev/zero of=/tmp/fw.disk bs=1M count=1 2> /dev/null

# firmware NAME MACHINE-OPTIONS QEMU-ARGUMENT...
firmware()
{
    local name="$1" machine="$2"
    shift 2
    sim_conf "$name"
    run_guest "$name" 600 on_cca_host "$name" "$QEMU" \
        -M "virt,gic-version=3,confidential-guest-support=rme0$machine" \
        -object rme-guest,id=rme0,measurement-log=on -cpu host -accel kvm \
        -smp 2 -m 512M -nodefaults -display none -no-reboot \
        -bios /files/firmware.bin -serial "file:/results/$name.log" \
        -drive if=none,id=disk,format=raw,file=/tmp/fw.disk \
        -device virtio-blk-pci,drive=disk,disable-legacy=on,iommu_platform=on \
        -device virtio-rng-pci "$@"
}

start_and_query fw &
firmware fw "" -S -qmp tcp:127.0.0.1:4444,server=on,wait=off
# What the device tree of the same command line is
firmware dtb ,dumpdtb=/results/fw.dtb
dd if=/tmp/fw.disk bs=512 skip=1 count=1 of=/results/fw.sector 2> /dev/null
rim=$(sed -n 's/.*"rim": "\([0-9a-f]*\)".*/\1/p' /results/fw.report | tail -n 1)
if grep -qi "fw: RIM $rim" /results/fw.log; then
    echo "host: the firmware and the simulator read the same RIM"
else
    echo "host: RIM DIFFERENT: $rim in the report"
fi > /results/fw.host
