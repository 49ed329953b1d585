# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A Realm with 4 vCPUs and 3 GiB, and an ordinary KVM guest beside it. The
# kernel gives a Realm so few bounce buffers that the console's own fill them:
# hence swiotlb=.
# shellcheck disable=SC2046
sim_conf smp
run_guest kvm 600 "$QEMU" -M virt,gic-version=3 -cpu host -accel kvm \
    -smp 2 -m 256M -nodefaults -display none -no-reboot \
    -kernel "$KERNEL" -initrd "$INITRD" -append "console=hvc0 quiet run=basic port=7001" \
    $(console_args kvm) $(disk_and_net kvm 7001) &
kvm=$!
head -c 64 /dev/zero > /results/smp.rpv
query_when_up smp &
run_guest smp 600 on_cca_host smp "$QEMU" \
    -M virt,gic-version=3,confidential-guest-support=rme0 \
    -object rme-guest,id=rme0,measurement-algorithm=sha256 -cpu host -accel kvm \
    -smp 4 -m 3G -nodefaults -display none -no-reboot \
    -qmp tcp:127.0.0.1:4444,server=on,wait=off \
    -kernel "$KERNEL" -initrd "$INITRD" \
    -append "console=hvc0 quiet swiotlb=8192 run=realm" \
    $(console_args smp) $(disk_and_net smp)
collect smp
collect_token smp
wait $kvm
collect kvm
