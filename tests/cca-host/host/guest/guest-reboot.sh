# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
echo "guest: reboots"
reboot -f
