# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The command line of Kata Containers, with descriptors that are open already, and
# what it plugs in later. Its pci-bridge takes no plugged device on this machine,
# in a Realm or not; a pcie-root-port does.
# shellcheck disable=SC2046
sim_conf kata
head -c 64 /dev/urandom > /results/kata.rpv
truncate -s 1M /tmp/kata.plugged

plug()
{
    wait_for grep -q "guest: up" /results/kata.log
    qmp_json kata \
        '{"execute":"query-cca"}' \
        '{"execute":"blockdev-add","arguments":{"driver":"raw","node-name":"d1","file":{"driver":"file","filename":"/tmp/kata.plugged"}}}' \
        '{"execute":"device_add","arguments":{"driver":"virtio-blk-pci","id":"v1","drive":"d1","bus":"pci-bridge-0","addr":"01"}}' \
        '{"execute":"device_add","arguments":{"driver":"virtio-blk-pci","id":"v1","drive":"d1","bus":"port0"}}' \
        '{"execute":"chardev-add","arguments":{"id":"c1","backend":{"type":"file","data":{"out":"/results/kata.port"}}}}' \
        '{"execute":"device_add","arguments":{"driver":"virtserialport","id":"p1","chardev":"c1","name":"plugged","bus":"serial0.0"}}' \
        '{"execute":"query-status"}'
}
plug &

address()
{
    wait_for ip addr add 10.0.2.2/24 dev kata0
    ip link set kata0 up
}
address &
run_guest kata 600 /files/pass-fds 3=listen:4444 4=open:/dev/vhost-vsock \
    5=tap:kata0 6=tap:kata0 7=open:/dev/vhost-net 8=open:/dev/vhost-net -- \
    env LD_PRELOAD=/files/libccasim.so CCA_SIM_CONF=/tmp/kata.conf "$QEMU" \
    -name sandbox-1,debug-threads=on -uuid 5f8b0d3e-6c43-4a8f-9b0c-cca000000002 \
    -machine virt,usb=off,accel=kvm,gic-version=host,confidential-guest-support=rme0 \
    -cpu host,pmu=off -qmp unix:fd=3,server=on,wait=off -m 512M \
    -device pci-bridge,bus=pcie.0,id=pci-bridge-0,chassis_nr=1,shpc=off,addr=2,io-reserve=4k,mem-reserve=1m,pref64-reserve=1m \
    -device pcie-root-port,id=port0,chassis=2 \
    -device virtio-serial-pci,disable-modern=false,id=serial0 \
    -device virtconsole,chardev=charconsole0,id=console0 \
    -chardev file,id=charconsole0,path=/results/kata.log \
    -object iothread,id=iothread-0 \
    -device virtio-scsi-pci,id=scsi0,disable-modern=false,iothread=iothread-0 \
    -object "rme-guest,id=rme0,measurement-algorithm=sha512,personalization-value=$(
        base64 -w 0 /results/kata.rpv)" \
    -object rng-random,id=rng0,filename=/dev/urandom -device virtio-rng-pci,rng=rng0 \
    -device vhost-vsock-pci,disable-modern=false,vhostfd=4,id=vsock-1,guest-cid=3 \
    -netdev tap,id=network-0,vhost=on,vhostfds=7:8,fds=5:6 \
    -device driver=virtio-net-pci,netdev=network-0,mac=02:42:ac:11:00:02,disable-modern=false,mq=on,packed=on,vectors=6,romfile= \
    -rtc base=utc,driftfix=slew,clock=host -global kvm-pit.lost_tick_policy=discard \
    -vga none -no-user-config -nodefaults -nographic --no-reboot \
    -object memory-backend-ram,id=dimm1,size=512M -numa node,memdev=dimm1 \
    -kernel "$KERNEL" -initrd "$INITRD" \
    -append "iommu.passthrough=0 console=hvc0 quiet swiotlb=16384 run=kata" \
    -smp 2,cores=2,threads=1 -pidfile /tmp/kata.pid -overcommit mem-lock=on \
    -sandbox on,obsolete=deny,spawn=deny,resourcecontrol=deny \
    $(disk_and_net_backends kata) -device virtio-blk-pci,drive=d0
collect kata
collect_token kata
tar -xOf /tmp/kata.plugged plugged > /results/kata.plugged
