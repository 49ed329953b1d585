# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
adopt probe.log
expect probe.status '^0$' "realm-prober succeeds"
expect probe.report '"complaint-count": 0,' "the simulator complains of nothing"
expect violate.status '^0$' "a violation does not stop the VMM"
expect violate.report 'accessed private memory at guest address 0x40010000' \
    "the simulator complains of a host access to private memory"
