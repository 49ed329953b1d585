# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect kdump.log 'guest: up, .* 2 CPUs, running kdump.?$' "the first kernel boots"
expect kdump.log 'guest: has loaded a kernel for a crash' "it loads another one for a crash"
expect kdump.log 'guest: up, .* 1 CPUs, running crashed.?$' "which boots when it crashes"
expect kdump.log 'guest: crashed at "the last words [0-9a-f]{32}"' \
    "the memory of the first kernel is in /proc/vmcore"
expect kdump.log 'guest: attestation token of' "it gets an attestation token"
expect kdump.log 'guest: crashed ended with status 0' "its script ran"
expect_transfers kdump
expect kdump.status '^0$' "QEMU exits 0 when it powers off"
expect_clean kdump
