# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# What Linux takes of swiotlb for each kind of device of a Realm.
# shellcheck disable=SC2046
sim_conf slots
tap_network
truncate -s 1M /tmp/slots.disk
run_guest slots 600 on_cca_host slots "$QEMU" \
    -M virt,gic-version=3,confidential-guest-support=rme0 \
    -object rme-guest,id=rme0 -cpu host -accel kvm \
    -smp 2 -m 512M -nodefaults -display none -no-reboot \
    -kernel "$KERNEL" -initrd "$INITRD" \
    -append "console=hvc0 quiet swiotlb=16384 run=slots" \
    -device virtio-serial-pci,max_ports=1 \
    -chardev file,id=con,path=/results/slots.log -device virtconsole,chardev=con \
    -drive file=/tmp/slots.disk,format=raw,if=none,id=d0 \
    -device nvme,serial=1,drive=d0 \
    -netdev user,id=n0 -device virtio-net-pci,netdev=n0,romfile= \
    -netdev tap,id=n1,vhost=on,queues=2,script=/tmp/tap-up,downscript=no \
    -device virtio-net-pci,netdev=n1,mq=on,vectors=6,romfile= \
    -device virtio-scsi-pci -device virtio-keyboard-pci \
    -device vhost-vsock-pci,guest-cid=3
