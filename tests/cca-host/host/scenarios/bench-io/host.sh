# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Throughput of disk and network as a guest sees it: an ordinary guest that
# bounces all DMA, as a Realm has to, and a Realm, with the same devices.
mkfifo /tmp/silent      # not /dev/null: its end would end nc
while nc -l -p 7000; do :; done > /dev/null 2>&1 <> /tmp/silent &

# io NAME NET DEVICE_OPTION MACHINE_OPTION COMMAND...
# shellcheck disable=SC2046
io()
{
    local name="$1" net="$2" option="$3" machine="$4"
    shift 4
    dd if=/dev/zero of="/tmp/$name.disk" bs=1M count=64 2> /dev/null
    # shellcheck disable=SC2086
    run_guest "$name" 400 "$@" "$QEMU" -M "virt,gic-version=3$machine" \
        -cpu host -accel kvm -smp 1 -m 512M -nodefaults -display none \
        -no-reboot -kernel "$KERNEL" -initrd "$INITRD" \
        -append "console=hvc0 quiet swiotlb=8192,force run=io" \
        $(console_args "$name") \
        -drive "file=/tmp/$name.disk,format=raw,if=none,id=d0" \
        -device "virtio-blk-pci,drive=d0$option" \
        $net -device "virtio-net-pci,netdev=n0,romfile=$option"
    rm "/tmp/$name.disk"
}

ordinary=,disable-legacy=on,iommu_platform=on
user="-netdev user,id=n0"
vhost="-netdev tap,id=n0,vhost=on,script=/tmp/tap-up,downscript=no"
realm="-object rme-guest,id=rme0"

tap_network
sim_conf realm
sim_conf realm-vhost
io ordinary "$user" "$ordinary" ""
io realm "$user $realm" "" ,confidential-guest-support=rme0 on_cca_host realm
io ordinary-vhost "$vhost" "$ordinary" ""
io realm-vhost "$vhost $realm" "" ,confidential-guest-support=rme0 \
    on_cca_host realm-vhost
