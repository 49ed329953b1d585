# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
adopt steps
expect kernel.log 'RME: Using RSI version' "kernel: the guest knows that it is a Realm"
refuse firmware.log 'fw: FAIL' "firmware: no check of it fails"
expect firmware.log 'fw: [1-9][0-9]* passed, 0 failed' "firmware: it comes to its end"
expect firmware.qemu.log '^-bios /usr/share/qemu/realm-firmware.fd' \
    "firmware: it is the one of the Realms' descriptor"
expect firmware.report '"state": "OFF"' "firmware: the Realm was active and is off"
for kind in kernel firmware; do
    rim=$(sed -n 's/.*"rim": *"\([0-9a-f]*\)".*/\1/p' "$logs/$kind.qmp" | head -n 1)
    expect $kind.report "\"rim\": \"${rim:-query-cca has none}\"" \
        "$kind: query-cca has the measurement that the simulator computed"
    expect $kind.report '"complaint-count": 0,' "$kind: the simulator has no complaint"
done
expect firmware.log "fw: RIM ${rim:-query-cca has none}" "firmware: it reads it by RSI"
