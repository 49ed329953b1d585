# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect_realm_of_generation B5
