# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154

for run in sha256 large width33 width48 no-its thread; do
    refuse $run.log 'fw: FAIL' "no check of the firmware fails ($run)"
    expect $run.log 'fw: [1-9][0-9]* passed, 0 failed' \
        "the firmware comes to its end ($run)"
    expect $run.status '^0$' "QEMU ends with status 0 ($run)"
    expect $run.report '"complaint-count": 0,' \
        "the simulator complains of nothing ($run)"
    rim=$(sed -n 's/^fw: RIM \([0-9a-f]*\).*/\1/p' "$logs/$run.log" || :)
    expect $run.report "\"rim\": \"${rim:-none}" \
        "the Realm reads the RIM of the simulator ($run)"
done
expect sha256.log 'fw: ok - the hash is SHA-256' "the Realm has the other hash"
expect sha256.log 'fw: RPV 000102030405.*3a3b3c3d3e3f' \
    "the Realm has its personalization value"
expect large.log 'fw: ok - memory is at 40000000, 3072 MiB' \
    "the Realm has its 3 GiB"
expect large.log 'fw: ok - PSCI starts 3 other CPUs' "the Realm has 4 vCPUs"
expect width33.log 'fw: ok - the IPA width is 33 bits' "addresses have 33 bits"
expect width48.log 'fw: ok - the IPA width is 48 bits' "addresses have 48 bits"
