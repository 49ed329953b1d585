# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A Realm looks at itself, then uses its devices.
dmesg | grep -E 'RME:|psci:|software IO TLB|Memory:|SMP: Total|ITS'
if mount -t configfs none /sys/kernel/config; then
    report=/sys/kernel/config/tsm/report/r
    mkdir $report && head -c 64 /dev/zero > $report/inblob &&
        echo "guest: attestation token of $(wc -c < $report/outblob) bytes"
    grep -q "simulated token" $report/outblob && echo "guest: token is whole"
fi
. /guest/guest-basic.sh
