# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What any guest with a disk and a network does: a file onto the disk, as a tar
# archive with what $more names, and a transfer in both directions, with "port=N" of the kernel's
# command line; the host compares the sums.
head -c 300000 /dev/urandom > /tmp/data
echo "written by the guest" > /tmp/file
# shellcheck disable=SC2086
tar -C /tmp -cf /dev/vda file data ${more:-}
sync
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
port=$(sed -n 's/.*\bport=\([0-9]*\).*/\1/p' /proc/cmdline)
nc -w 60 10.0.2.2 "${port:-7000}" < /tmp/data > /dev/null
# The host listens again when it has everything: do not power off before
mkfifo /tmp/silent
i=0
while [ ! -s /tmp/received ] && [ $i -lt 60 ]; do
    sleep 0.5
    nc -w 60 10.0.2.2 "${port:-7000}" <> /tmp/silent > /tmp/received
    i=$((i + 1))
done
echo "guest: sent $(sha256sum < /tmp/data)"
echo "guest: received $(sha256sum < /tmp/received)"
