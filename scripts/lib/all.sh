# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Everything in this directory, in the order in which it needs each other

# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=scripts/lib/apt.sh
. "$top/scripts/lib/apt.sh"
# shellcheck source=scripts/lib/base.sh
. "$top/scripts/lib/base.sh"
# shellcheck source=scripts/lib/chroot.sh
. "$top/scripts/lib/chroot.sh"
# shellcheck source=scripts/lib/build.sh
. "$top/scripts/lib/build.sh"
