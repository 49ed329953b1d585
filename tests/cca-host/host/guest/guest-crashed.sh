# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The kernel that was loaded for a crash: what the first one has left in /proc/vmcore,
# whose beginning has that kernel and its log; and devices.
i=0
while [ $i -lt 64 ]; do
    dd if=/proc/vmcore of=/tmp/mib bs=1M skip=$i count=1 2> /tmp/why || break
    words=$(grep -a -o -m 1 'the last words [0-9a-f]\{32\}' /tmp/mib) && break
    i=$((i + 1))
done
echo "guest: crashed at \"$words\""
. /guest/guest-realm.sh
