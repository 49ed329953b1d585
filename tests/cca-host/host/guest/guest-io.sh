# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Time to read and write the disk and to send to the host, in hundredths of a
# second.

# now: hundredths of a second since the guest booted
now()
{
    local up
    read -r up _ < /proc/uptime
    echo "${up%.*}${up#*.}"
}

# timed NAME MIB COMMAND...
timed()
{
    local name="$1" mib="$2" start
    shift 2
    start=$(now)
    "$@"
    echo "guest: $name $mib MiB in $(($(now) - start))"
}

# Everything goes through the driver: no page cache
read_disk()
{
    dd if=/dev/vda of=/dev/null bs=64k count=512 iflag=direct 2> /dev/null
}

write_disk()
{
    dd if=/dev/zero of=/dev/vda bs=64k count=512 oflag=direct 2> /dev/null
}

send()
{
    dd if=/dev/zero bs=64k count=512 2> /dev/null | nc -w 60 10.0.2.2 7000
}

dmesg | grep -i 'software IO TLB' | sed 's/^/guest: /'
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
dd if=/dev/vda of=/dev/null bs=64k count=64 iflag=direct 2> /dev/null
for _ in 1 2 3; do
    timed read 32 read_disk
    timed write 32 write_disk
    timed send 32 send
done
