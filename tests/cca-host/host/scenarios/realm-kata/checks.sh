# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect kata.log 'RME: Using RSI version' "the guest knows that it is a Realm"
expect kata.log 'guest: kata ended with status 0' "the Realm's script ran"
expect kata.log 'guest: eth0 has 2 receive queues' "the network has two queues"
expect_transfers kata
expect kata.status '^0$' "QEMU exits 0 when the Realm powers off"
expect kata.qemu.log 'warning: mem-lock= of -overcommit has no effect' \
    "QEMU warns of mem-lock=on, and goes on"
expect kata.qmp "Bus 'pci-bridge-0' does not support hotplugging" \
    "a bridge without SHPC takes no device"
expect kata.plugged '^from a disk that was plugged in$' \
    "the guest writes to a disk that was plugged into a root port"
expect kata.port '^from a port that was plugged in$' \
    "and to a serial port that was plugged in"
expect_clean kata
expect_token kata
