# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
adopt probe.log
expect probe.status '^0$' "realm-prober succeeds"
expect probe.report '"complaint-count": 0,' "the simulator complains of nothing"
expect violate.status '^0$' "a violation does not stop the VMM"
expect violate.report 'accessed private memory at guest address 0x40010000' \
    "the simulator complains of a host access to private memory"
for version in B1 B2 B3 B4 B5; do
    adopt "$version.log"
    expect "$version.status" '^0$' "realm-prober succeeds on $version"
    expect "$version.report" '"complaint-count": 1,' \
        "the simulator complains of one POPULATE on $version, which came too late"
done
