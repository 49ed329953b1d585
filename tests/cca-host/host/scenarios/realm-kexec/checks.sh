# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect kexec.log 'guest: up, .* 2 CPUs, running kexec.?$' "the first kernel boots"
expect kexec.log 'guest: up, .* 2 CPUs, running kexeced.?$' "the second one, with 2 CPUs"
expect kexec.log 'RME: Using RSI version' "it knows that it is in a Realm"
expect kexec.log 'guest: attestation token of' "it gets an attestation token"
expect kexec.log 'guest: kexeced ended with status 0' "its script ran"
expect_transfers kexec
expect kexec.status '^0$' "QEMU exits 0 when it powers off"
expect_clean kexec
expect kdump.log 'guest: has loaded a kernel for a crash' "a kernel is loaded for a crash"
expect kdump.log 'guest: up, .* 1 CPUs, running crashed.?$' "it boots when the first one crashes"
expect kdump.log 'guest: crashed at "the last words [0-9a-f]{32}"' \
    "the memory of the first kernel is in its /proc/vmcore"
expect kdump.log 'guest: attestation token of' "it gets an attestation token"
expect kdump.log 'guest: crashed ended with status 0' "its script ran"
expect_transfers kdump
expect kdump.status '^0$' "QEMU exits 0 when it powers off"
expect_clean kdump
