# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
before=$failures
expect_firmware fw
tell_generation A firmware yes "$before"
expect fw.log 'fw: ok - the PSCI conduit of the device tree is SMC' "PSCI is by SMC"
expect fw.log 'fw: ok - fw_cfg DMA to a private page at .* is an error' \
    "fw_cfg does not reach private memory"
expect_log_rim fw
