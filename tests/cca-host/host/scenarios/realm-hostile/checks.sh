# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154

for run in dma ranges alias nowhere many reset elsewhere races dma-race; do
    refuse $run.log 'fw: FAIL' "no check of the firmware fails ($run)"
    expect $run.log 'fw: [1-9][0-9]* passed, 0 failed' \
        "the firmware comes to its end ($run)"
    expect $run.status '^0$' "QEMU ends with status 0 ($run)"
done
expect dma.qemu.log 'a device may not (read|write) address' \
    "refused accesses of devices are guest errors"

# Not those that race: when two vCPUs ask for opposite things at once, the
# simulator cannot tell which request QEMU answers, and a disk request that is
# under way when its page is taken back still uses the shared copy.
for run in dma ranges alias nowhere many reset elsewhere; do
    expect $run.report '"complaint-count": 0,' \
        "the simulator complains of nothing ($run)"
done
refuse races.report 'accessed private memory' \
    "conversions that race let nobody into private memory"
