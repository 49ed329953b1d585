# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Habits of people who start VMs by hand: one file for console and monitor, memory
# of one NUMA node, VNC and SPICE, and disks past the page cache, with io_uring and
# with Linux AIO, of which one has its queues spread over threads.
sim_conf habits
# Keymaps are of Debian's qemu-system-data, which is not here
mkdir -p /tmp/share/keymaps
: > /tmp/share/keymaps/en-us
truncate -s 16M /tmp/masters.d0 /tmp/masters.d1 /tmp/masters.d2

# got NAME N: has the client of that protocol N bytes or more?
got()
{
    [ "$(wc -c < "/results/habits.$1")" -ge "$2" ]
}

# Clients of both protocols, as far as a picture of 64x64 pixels and the answer to
# the first message
look()
{
    wait_for grep -q "guest: round 1" /results/habits.log
    : > /results/habits.vnc
    {
        # Version, no password, shared with others, and from 0,0 on
        printf 'RFB 003.008\n\001\001\003\000\000\000\000\000\000\100\000\100'
        wait_for got vnc 16384
    } | nc 127.0.0.1 5901 > /results/habits.vnc
    : > /results/habits.spice
    {
        # The main channel, with one word of capabilities
        printf 'REDQ\002\000\000\000\002\000\000\000\026\000\000\000'
        printf '\000\000\000\000\001\000\001\000\000\000\000\000\000\000'
        printf '\022\000\000\000\001\000\000\000'
        wait_for got spice 16
    } | nc 127.0.0.1 5930 > /results/habits.spice
}
look &

run_guest habits 600 on_cca_host habits "$QEMU" \
    -M confidential-guest-support=rme0 -object rme-guest,id=rme0 -nodefaults \
    -chardev file,mux=on,id=chr0,path=/results/habits.log -serial chardev:chr0 \
    -device virtio-serial-pci -device virtconsole,chardev=chr0 \
    -mon chardev=chr0,mode=readline -cpu host -M virt -enable-kvm \
    -M gic-version=3,its=on,memory-backend=ram -smp 4 -m 512M -no-reboot \
    -object memory-backend-ram,id=ram,size=512M,host-nodes=0,policy=bind \
    -L /tmp/share -device virtio-gpu-pci -vnc 127.0.0.1:1 \
    -spice addr=127.0.0.1,port=5930,disable-ticketing=on \
    -kernel "$KERNEL" -initrd "$INITRD" \
    -append "console=hvc0 quiet swiotlb=8192 run=habits" \
    -object iothread,id=t0 -object iothread,id=t1 \
    -blockdev driver=file,node-name=d0,filename=/tmp/masters.d0,cache.direct=on,aio=io_uring \
    -device '{"driver":"virtio-blk-pci","drive":"d0","num-queues":4,"iothread-vq-mapping":[{"iothread":"t0"},{"iothread":"t1"}]}' \
    -drive file=/tmp/masters.d1,format=raw,if=virtio,cache=none,aio=io_uring \
    -drive file=/tmp/masters.d2,format=raw,if=virtio,cache=none,aio=native \
    -device virtio-rng-pci --trace 'luring_process*' --trace 'luring_cqe*'
for d in d0 d1 d2; do
    if grep -q "wrote $(tar -xOf /tmp/masters.$d data | sha256sum)" \
        /results/habits.log; then
        echo "host: $d has what the guest wrote"
    else
        echo "host: $d is DIFFERENT"
    fi
done > /results/habits.host 2>&1
