# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect guest.log 'RME: Using RSI version' "the guest knows that it is a Realm"
expect guest.log 'guest: up, .* 1 CPUs' "the Realm boots with 1 CPU"
expect guest.log 'guest: realm ended with status 0' "the Realm's script ran"
expect_transfers guest
expect guest.status '^0$' "QEMU exits 0 when the Realm powers off"
expect_clean guest
expect_token guest
expect guest.qmp '"state": "active"' "query-cca says that the Realm is active"
