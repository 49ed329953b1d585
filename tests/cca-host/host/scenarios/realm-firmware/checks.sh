# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
refuse fw.log 'fw: FAIL' "no check of the firmware fails"
expect fw.log 'fw: [1-9][0-9]* passed, 0 failed' "the firmware comes to its end"
expect fw.log 'fw: ok - the PSCI conduit of the device tree is SMC' "PSCI is by SMC"
expect fw.log 'fw: ok - fw_cfg DMA to a private page at .* is an error' \
    "fw_cfg does not reach private memory"
expect fw.sector 'written by the test firmware' "the host reads its sector"
expect fw.host 'the same RIM' "it reads the RIM that the simulator computed"
expect fw.status '^0$' "QEMU exits 0 when the firmware powers off"
expect_clean fw
expect_log_rim fw
# From the hex that the firmware printed
for what in challenge token RPV; do
    # shellcheck disable=SC2059,SC2154
    printf "$(sed -n "s/^fw: $what \([0-9a-f]*\).*/\1/p" "$logs/fw.log" |
        sed 's/../\\x&/g')" > "$logs/fw.${what,,}"
done
expect_token fw
refuse fw.claims '^rem3 0*$' "the token has the REM3 that the firmware extended"
