# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
for kind in ordinary realm ordinary-vhost realm-vhost; do
    expect "$kind.log" 'guest: io ended with status 0' "$kind: transfers are done"
    expect "$kind.status" '^0$' "$kind: QEMU exits 0"
done
