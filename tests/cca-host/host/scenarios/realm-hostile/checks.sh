# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154

runs='dma msi ranges calls storm alias nowhere many reset elsewhere races dma-race
      cpu-on destroyed'
before=$failures
for run in ${runs/nowhere /}; do
    refuse "$run.log" 'fw: FAIL' "no check of the firmware fails ($run)"
    expect "$run.log" 'fw: [1-9][0-9]* passed, 0 failed' \
        "the firmware comes to its end ($run)"
    expect "$run.status" '^0$' "QEMU ends with status 0 ($run)"
done
expect msi.log 'fw: ok - [5-9] devices have MSI-X' \
    "several devices are written to"
expect dma.qemu.log 'a device may not (read|write) address' \
    "refused accesses of devices are guest errors"

# Not those that race: when two vCPUs ask for opposite things at once, the
# simulator cannot tell which request QEMU answers, and a disk request that is
# under way when its page is taken back still uses the shared copy.
for run in dma msi ranges calls storm alias nowhere many reset elsewhere cpu-on \
    destroyed; do
    expect "$run.report" '"complaint-count": 0,' \
        "the simulator complains of nothing ($run)"
done

# Memory: the machine has 512 MiB, and the firmware's window 64 MiB at most. A page
# of the Realm is either private or shared. The process has both of them mapped
# twice, since the simulator maps them for the VM that plays the Realm.
RAM_KIB=$(((512 + 64) << 10))
ANONYMOUS_KIB=$((64 << 10))
# at_most NAME RUN KIB: nothing at all is too little, but for pages that were all
# made private again before anybody looked
at_most()
{
    local most least
    most=$(sed -n "s/^$1 //p" "$logs/$2.memory")
    case $1 in shared) least=0 ;; *) least=1 ;; esac
    if [ -n "$most" ] && [ "$most" -ge "$least" ] && [ "$most" -le "$3" ]; then
        result ok "QEMU has at most $3 KiB of $1: $most ($2)"
    else
        result "not ok" "QEMU has at most $3 KiB of $1: ${most:-unknown} ($2)"
    fi
}
# The others can be over before anybody looks
for run in dma ranges calls many races dma-race cpu-on destroyed; do
    expect "$run.memory" '^samples [1-9]' "memory was watched ($run)"
    at_most RssAnon "$run" $ANONYMOUS_KIB
    at_most RssShmem "$run" $((2 * RAM_KIB))
    at_most guest_memfd "$run" $RAM_KIB
    at_most shared "$run" $RAM_KIB
done

# A CPU that was started where nothing can run is the guest's own affair; on a page
# that the host took away, the host cannot go on
expect cpu-on.log 'fw: ok - so it is [1-9][0-9]* times more' \
    "a CPU is started where nothing can run, many times"
expect cpu-on.qmp '"status": "running"' "QEMU still runs the Realm after that"
expect destroyed.qmp '"status": "internal-error"' \
    "a CPU that is started on a page that was lost stops the machine"
expect destroyed.qemu.log 'vCPU 1 cannot go on: KVM_RUN: No such device or address' \
    "QEMU says which vCPU it was and why"
expect destroyed.report '"use of what the guest destroyed": 1' \
    "it is the page whose content was lost"

# The guest calls an address RAM that has none, and uses it: its own doing, too, and
# the host cannot go on either
refuse nowhere.log 'fw: FAIL' "no check of the firmware fails (nowhere)"
expect nowhere.log 'which may end the machine' "the firmware comes to that access"
refuse nowhere.log 'there is nothing to read' "the access does not return"
expect nowhere.status '^0$' "QEMU ends with status 0 (nowhere)"
expect nowhere.qmp '"status": "internal-error"' \
    "an access to RAM that is not there stops the machine"
expect nowhere.qemu.log \
    'vCPU 0 cannot go on: KVM_RUN: No such device or address .the RMM' \
    "QEMU says that the guest used memory that it does not have"
expect nowhere.report '"use of a private address without memory": 1' \
    "it is an address without memory"

refuse races.report 'accessed private memory' \
    "conversions that race let nobody into private memory"

# shellcheck disable=SC2086
set -- $runs
echo "summary: hostile guests: $# runs, $((failures - before)) checks failed"
