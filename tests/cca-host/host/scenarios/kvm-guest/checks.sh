# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect host.log '@@ host is up:.*KVM present' "emulated host boots with KVM"
expect kvm.log 'guest: up, .* 2 CPUs' "guest boots with 2 CPUs"
expect kvm.log 'guest: basic ended with status 0' "guest's script ran"
expect_transfers kvm
expect kvm.status '^0$' "QEMU exits 0 when the guest powers off"
