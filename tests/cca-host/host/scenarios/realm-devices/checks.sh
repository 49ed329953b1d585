# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect_masters devices edu e1000 e1000e igb
