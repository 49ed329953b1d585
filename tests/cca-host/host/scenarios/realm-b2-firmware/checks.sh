# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect_firmware_of_generation B2
