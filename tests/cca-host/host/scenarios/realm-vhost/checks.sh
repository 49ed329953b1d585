# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect vhost.log 'guest: realm ended with status 0' "the Realm's script ran"
expect_transfers vhost
expect vhost.qemu.log 'vhost_iotlb_miss' \
    "vhost asks QEMU for the pages that it may reach"
expect vhost.status '^0$' "QEMU exits 0 when the Realm powers off"
expect_clean vhost
expect_token vhost
