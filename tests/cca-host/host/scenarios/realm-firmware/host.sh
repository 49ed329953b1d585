# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The test firmware (tests/cca-host/firmware) as -bios of a Realm with a
# measurement log. It is given as --file firmware.bin=...
start_and_query fw &
firmware fw "" -S -qmp tcp:127.0.0.1:4444,server=on,wait=off
collect_firmware fw
# What the device tree of the same command line is
firmware dtb ,dumpdtb=/results/fw.dtb
