# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A Debian kernel boots as a Realm: 1 vCPU, 512 MiB, disk, network,
# attestation. The scenario of scripts/demo.
# shellcheck disable=SC2046
sim_conf guest
head -c 64 /dev/urandom > /results/guest.rpv
query_when_up guest &
run_guest guest 600 on_cca_host guest "$QEMU" \
    -M virt,gic-version=3,confidential-guest-support=rme0 \
    -object "rme-guest,id=rme0,personalization-value=$(
        base64 -w 0 /results/guest.rpv)" -cpu host -accel kvm \
    -smp 1 -m 512M -nodefaults -display none -no-reboot \
    -qmp tcp:127.0.0.1:4444,server=on,wait=off \
    -kernel "$KERNEL" -initrd "$INITRD" \
    -append "console=hvc0 quiet swiotlb=8192 run=realm" \
    $(console_args guest) $(disk_and_net guest)
collect guest
collect_token guest
