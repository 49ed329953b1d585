# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A disk and a port come while the Realm runs; then it does what others do.
wait_for_device()
{
    i=0
    while [ ! -e "$1" ] && [ $i -lt 240 ]; do
        sleep 0.5
        i=$((i + 1))
    done
}
echo "guest: eth0 has $(find /sys/class/net/eth0/queues -name 'rx-*' | wc -l) receive queues"
mkdir -p /tmp/plugged
echo "from a disk that was plugged in" > /tmp/plugged/plugged
wait_for_device /dev/vdb
tar -C /tmp/plugged -cf /dev/vdb plugged
sync
port=
while [ -z "$port" ] && [ $i -lt 240 ]; do
    sleep 0.5
    port=$(grep -l '^plugged$' /sys/class/virtio-ports/*/name)
    i=$((i + 1))
done
port=${port%/name}
echo "from a port that was plugged in" > "/dev/${port##*/}"
. /guest/guest-realm.sh
