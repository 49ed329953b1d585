# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
adopt steps
expect realm.log 'RME: Using RSI version' "the guest knows that it is a Realm"
rim=$(sed -n 's/.*"rim": *"\([0-9a-f]*\)".*/\1/p' "$logs/realm.qmp" | head -n 1)
expect realm.report "\"rim\": \"${rim:-query-cca has none}\"" \
    "query-cca has the measurement that the simulator computed"
expect realm.report '"complaint-count": 0,' "the simulator has no complaint"
