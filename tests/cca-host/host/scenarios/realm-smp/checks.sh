# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect smp.log 'RME: Using RSI version' "the guest knows that it is a Realm"
expect smp.log 'guest: up, .* 4 CPUs' "the Realm boots with 4 CPUs"
expect smp.log 'Memory: .*/31[0-9]{5}K available' "the Realm has 3 GiB"
expect smp.log 'guest: realm ended with status 0' "the Realm's script ran"
expect_transfers smp
expect smp.status '^0$' "QEMU exits 0 when the Realm powers off"
expect_clean smp
expect smp.report '"attribute-largest": 262144' \
    "KVM is told of a GiB at a time, when 4 vCPUs use it"
expect_token smp
expect kvm.log 'guest: up, .* 2 CPUs' "an ordinary guest boots beside it"
expect_transfers kvm
expect kvm.status '^0$' "QEMU exits 0 when the ordinary guest powers off"
