# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A shell on the emulated host, for run-scenario --shell: "exit" ends it.
setsid cttyhack sh
