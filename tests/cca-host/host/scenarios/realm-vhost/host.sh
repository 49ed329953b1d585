# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The kernel serves the network of a Realm (vhost-net), and its disk is on
# virtio-mmio: bus masters other than emulated PCI devices.
# shellcheck disable=SC2046
sim_conf vhost
head -c 64 /dev/urandom > /results/vhost.rpv
tap_network
query_when_up vhost &
run_guest vhost 600 on_cca_host vhost "$QEMU" \
    -M virt,gic-version=3,confidential-guest-support=rme0 \
    -object "rme-guest,id=rme0,personalization-value=$(base64 -w 0 \
        /results/vhost.rpv)" -cpu host -accel kvm \
    -qmp tcp:127.0.0.1:4444,server=on,wait=off \
    -smp 2 -m 512M -nodefaults -display none -no-reboot \
    -kernel "$KERNEL" -initrd "$INITRD" \
    -append "console=hvc0 quiet swiotlb=8192 run=realm" \
    $(console_args vhost) $(disk_and_net_backends vhost) \
    -device virtio-blk-device,drive=d0 \
    -netdev tap,id=n0,vhost=on,script=/tmp/tap-up,downscript=no \
    -device virtio-net-pci,netdev=n0,romfile= \
    --trace vhost_iotlb_miss
collect vhost
collect_token vhost
