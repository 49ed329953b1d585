# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A Realm looks at itself, then uses its devices.
dmesg | grep -E 'RME:|psci:|software IO TLB|Memory:|SMP: Total|ITS'
if mount -t configfs none /sys/kernel/config; then
    report=/sys/kernel/config/tsm/report/r
    head -c 64 /dev/urandom > /tmp/challenge
    mkdir $report && cat /tmp/challenge > $report/inblob &&
        cat $report/outblob > /tmp/token &&
        echo "guest: attestation token of $(wc -c < /tmp/token) bytes"
fi
# shellcheck disable=SC2034
more="challenge token"
. /guest/guest-basic.sh
