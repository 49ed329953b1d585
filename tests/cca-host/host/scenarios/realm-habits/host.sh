# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Habits of people who start VMs by hand: one file for console and monitor, and
# disks past the page cache, of which one has its queues spread over threads. What
# is not here is what this build of QEMU does not have: io_uring, VNC and SPICE.
sim_conf habits
truncate -s 16M /tmp/masters.d0 /tmp/masters.d1

run_guest habits 600 on_cca_host habits "$QEMU" \
    -M confidential-guest-support=rme0 -object rme-guest,id=rme0 -nodefaults \
    -chardev file,mux=on,id=chr0,path=/results/habits.log -serial chardev:chr0 \
    -device virtio-serial-pci -device virtconsole,chardev=chr0 \
    -mon chardev=chr0,mode=readline -cpu host -M virt -enable-kvm \
    -M gic-version=3,its=on -smp 4 -m 512M -no-reboot \
    -device virtio-gpu-pci -display none \
    -kernel "$KERNEL" -initrd "$INITRD" \
    -append "console=hvc0 quiet swiotlb=8192 run=disks" \
    -object iothread,id=t0 -object iothread,id=t1 \
    -blockdev driver=file,node-name=d0,filename=/tmp/masters.d0,cache.direct=on \
    -device '{"driver":"virtio-blk-pci","drive":"d0","num-queues":4,"iothread-vq-mapping":[{"iothread":"t0"},{"iothread":"t1"}]}' \
    -drive file=/tmp/masters.d1,format=raw,if=virtio,cache=none
for d in d0 d1; do
    if grep -q "wrote $(tar -xOf /tmp/masters.$d data | sha256sum)" \
        /results/habits.log; then
        echo "host: $d has what the guest wrote"
    else
        echo "host: $d is DIFFERENT"
    fi
done > /results/habits.host 2>&1
