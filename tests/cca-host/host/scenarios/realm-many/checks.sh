# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect many.log 'RME: Using RSI version' "the guest knows that it is a Realm"
expect many.log 'guest: up, .* 64 CPUs' "the Realm boots with 64 CPUs"
expect many.log 'guest: realm ended with status 0' "the Realm's script ran"
expect_transfers many
expect many.status '^0$' "QEMU exits 0 when the Realm powers off"
expect_clean many
expect_token many
