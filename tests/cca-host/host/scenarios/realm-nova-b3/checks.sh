# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/../realm-nova/checks.sh"
