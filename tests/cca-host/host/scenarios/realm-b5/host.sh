# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A Debian kernel boots as a Realm on a host kernel of generation B5.
realm_of_generation B5
