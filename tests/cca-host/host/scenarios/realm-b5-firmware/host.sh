# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The test firmware on a host kernel of generation B5, with network and vsock that
# the kernel serves. The firmware and host-echo are given as --file firmware.bin=...
# and --file host-echo=...
firmware_of_generation B5
