# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A Realm with 64 vCPUs, far more than the emulated host has processors
# shellcheck disable=SC2046
sim_conf many
run_guest many 1500 on_cca_host many "$QEMU" \
    -M virt,gic-version=3,confidential-guest-support=rme0 \
    -object rme-guest,id=rme0 -cpu host -accel kvm \
    -smp 64 -m 2G -nodefaults -display none -no-reboot \
    -kernel "$KERNEL" -initrd "$INITRD" \
    -append "console=hvc0 quiet swiotlb=16384 run=realm" \
    $(console_args many) $(disk_and_net many)
collect many
collect_token many
