# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A Realm reboots itself until the number of boots on its disk is that of the
# kernel command line: each time the disk has what the boot before wrote, the
# network carries data both ways, and the token for the same challenge is the same.
want=$(sed -n 's/.*\bboots=\([0-9]*\).*/\1/p' /proc/cmdline)
n=$(dd if=/dev/vda bs=512 count=1 2> /dev/null | tr -d '\0')
n=$((${n:-0} + 1))
echo "guest: boot $n of $want, $(nproc) CPUs"
dmesg | grep -E 'RME:|SMP: Total' | sed 's/^/guest: /'
[ $n = 1 ] || echo "guest: boot $n finds $(dd if=/dev/vda bs=64k skip=1 count=4 2> /dev/null |
    sha256sum | cut -c 1-64)"

mount -t configfs none /sys/kernel/config
mkdir /sys/kernel/config/tsm/report/r
head -c 64 /dev/zero > /sys/kernel/config/tsm/report/r/inblob
echo "guest: for zeros a token $(sha256sum < /sys/kernel/config/tsm/report/r/outblob | cut -c 1-64)"

ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
head -c 262144 /dev/urandom > /tmp/data
nc -w 60 10.0.2.2 7000 < /tmp/data > /dev/null
# The host listens again when it has everything
mkfifo /tmp/silent
i=0
while [ ! -s /tmp/received ] && [ $i -lt 60 ]; do
    sleep 0.5
    nc -w 60 10.0.2.2 7000 <> /tmp/silent > /tmp/received
    i=$((i + 1))
done
echo "guest: sent $(sha256sum < /tmp/data | cut -c 1-64)"
echo "guest: received $(sha256sum < /tmp/received | cut -c 1-64)"
dd if=/tmp/data of=/dev/vda bs=64k seek=1 conv=fsync 2> /dev/null
echo "guest: boot $n leaves $(sha256sum < /tmp/data | cut -c 1-64)"
{ printf '%s' "$n"; head -c 512 /dev/zero; } | dd of=/dev/vda bs=512 count=1 \
    conv=fsync 2> /dev/null
echo "guest: boot $n is done"
sleep 2
[ "$n" -ge "$want" ] || reboot -f
