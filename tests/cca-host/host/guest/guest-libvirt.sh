# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A Realm that uses its devices, and stays up.
. /guest/guest-realm.sh
. /guest/guest-button.sh
