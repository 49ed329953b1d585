# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What the guest of docs/system/arm/cca-hour.rst does: ask for an attestation token
#: token
[ -d /sys/kernel/config/tsm ] || mount -t configfs none /sys/kernel/config
report=/sys/kernel/config/tsm/report/hour
mkdir $report
cat $report/provider
head -c 64 /dev/vda > $report/inblob
cat $report/outblob > /tmp/token
tar -C /tmp -cf /dev/vda token
#: end
rmdir $report
sync
