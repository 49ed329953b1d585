# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154

runs='dma ranges calls storm alias nowhere many reset elsewhere races dma-race'
before=$failures
for run in $runs; do
    refuse "$run.log" 'fw: FAIL' "no check of the firmware fails ($run)"
    expect "$run.log" 'fw: [1-9][0-9]* passed, 0 failed' \
        "the firmware comes to its end ($run)"
    expect "$run.status" '^0$' "QEMU ends with status 0 ($run)"
done
expect dma.qemu.log 'a device may not (read|write) address' \
    "refused accesses of devices are guest errors"

# Not those that race: when two vCPUs ask for opposite things at once, the
# simulator cannot tell which request QEMU answers, and a disk request that is
# under way when its page is taken back still uses the shared copy.
for run in dma ranges calls storm alias nowhere many reset elsewhere; do
    expect "$run.report" '"complaint-count": 0,' \
        "the simulator complains of nothing ($run)"
done

# Memory: the machine has 512 MiB. Anonymous memory is QEMU's and the
# simulator's own; a page of the Realm is in a memfd, private or shared. The
# firmware's window (the image) and the simulator's scratch are extra.
ANONYMOUS_KIB=$((64 << 10))
MEMFD_KIB=$(((512 + 64) << 10))
# at_most NAME RUN KIB
at_most()
{
    local most
    most=$(sed -n "s/^$1 //p" "$logs/$2.memory")
    if [ -n "$most" ] && [ "$most" -gt 0 ] && [ "$most" -le "$3" ]; then
        result ok "QEMU has at most $3 KiB of $1 memory: $most ($2)"
    else
        result "not ok" "QEMU has at most $3 KiB of $1 memory: ${most:-unknown} ($2)"
    fi
}
# The others can be over before anybody looks
for run in dma ranges calls many races dma-race; do
    expect "$run.memory" '^samples [1-9]' "memory was watched ($run)"
    at_most anonymous "$run" $ANONYMOUS_KIB
    at_most memfd "$run" $MEMFD_KIB
done

refuse races.report 'accessed private memory' \
    "conversions that race let nobody into private memory"

# shellcheck disable=SC2086
set -- $runs
echo "summary: hostile guests: $# runs, $((failures - before)) checks failed"
