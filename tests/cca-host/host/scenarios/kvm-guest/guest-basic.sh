# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
echo "written by the guest" > /dev/vda
sync
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
echo "hello from the guest" | nc -w 20 10.0.2.2 7000
dmesg | grep -iE 'rme|kvm|psci'
