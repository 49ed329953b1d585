# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The kernel that kexec has started: it is a Realm still, and its devices work.
echo "guest: the second kernel, $(uname -r)"
. /guest/guest-realm.sh
