# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
adopt steps
expect realm.log 'RME: Using RSI version' "realm: the guest knows that it is one"
rim=$(sed -n 's/.*"rim": *"\([0-9a-f]*\)".*/\1/p' "$logs/realm.qmp" | head -n 1)
expect realm.report "\"rim\": \"${rim:-query-cca has none}\"" \
    "realm: query-cca has the measurement that the simulator computed"
expect realm.report '"complaint-count": 0,' "realm: the simulator has no complaint"
expect realm.qemu.log 'generation B3 .*does not measure with sha512 but with sha256' \
    "realm: the log of the domain says what is not as the default"
refuse firmware.log 'fw: FAIL' "no check of the firmware fails"
expect firmware.log 'fw: [1-9][0-9]* passed, 0 failed' "the firmware comes to its end"
