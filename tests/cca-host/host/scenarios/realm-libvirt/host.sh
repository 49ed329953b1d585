# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Debian's libvirt runs Realms with the XML of the manual.  It is given with
# --archive (scripts/lib/libvirt.sh), the manual's files with --file.
# shellcheck source=/dev/null
. /scenario/libvirt-lib.sh

host_files
only_devices /dev/null /dev/ptmx /dev/urandom /dev/kvm
simulated_cca
start_libvirt
watch_events
virsh version > /results/version 2>&1
cp /guest/vmlinuz /guest/initrd "$BOOT/"

one_realm()
{
    domain realm cca-libvirt-kernel.xml -e "$(cmdline libvirt)"
    disk_and_net_backends realm > /dev/null
    cp /tmp/realm.disk "$IMAGES/realm.raw"
    ln -sf "$IMAGES/realm.raw" /tmp/realm.disk
    start_on_console realm || return
    step "realm: its console shows that it is up" \
        wait_log realm 600 'waits for the power button'
    # virsh waits with the vCPUs until it is connected to the console
    settles "realm: it is" 30 realm "running (unpaused)"
    says "realm: it is tainted" 'tainted: custom configuration' \
        virsh dominfo realm
    virsh qemu-monitor-command realm '{"execute":"query-cca"}' \
        > /results/realm.qmp
    report_of realm
    cp /tmp/realm.xml /results/realm.command     # for cca-measure
    says "realm: query-cca" '"state":"active"' cat /results/realm.qmp
    step "realm: virsh suspend" virsh suspend realm
    settles "realm: it is" 60 realm "paused (user)"
    step "realm: virsh resume" virsh resume realm
    settles "realm: it is" 60 realm "running (unpaused)"
    says "realm: virsh save is refused" 'cannot be migrated or saved' \
        virsh save realm /tmp/state
    says "realm: virsh dump is refused" 'a Realm has no dump' \
        virsh dump --memory-only realm /tmp/dump
    accounting realm
    step "realm: virsh shutdown" virsh shutdown realm
    settles "realm: it is" 300 realm "shut off (shutdown)"
    collect realm
}

# Where the host counts the memory of a domain
accounting()
{
    local group
    group=$(sed 's/^0:://' "/proc/$(cat "/run/libvirt/qemu/$1.pid")/cgroup")
    {
        echo "cgroup $group"
        grep -E '^(anon|file|shmem|unevictable) ' \
            "/sys/fs/cgroup${group%/emulator}/memory.stat"
    } > "/results/$1.cgroup" 2>&1
}

destroyed()
{
    step "realm: virsh start again" virsh start realm
    step "realm: virsh destroy" virsh destroy realm
    settles "realm: it is" 60 realm "shut off (destroyed)"
    step "realm: virsh undefine" virsh undefine realm
    says "realm: it is no more" 'failed to get domain' virsh domstate realm
}

# The sed command that makes an ordinary guest of an XML
ORDINARY='/<qemu:commandline>/,/<.qemu:commandline>/d'

# Two Realms and an ordinary guest beside them
three_guests()
{
    local name
    domain one cca-libvirt-kernel.xml -e "$(cmdline button)"
    domain two cca-libvirt-kernel.xml -e "$(cmdline button)"
    domain plain cca-libvirt-kernel.xml -e "$(cmdline button)" -e "$ORDINARY"
    for name in one two plain; do
        start_on_console $name
    done
    for name in one two plain; do
        step "$name: its console shows that it is up" \
            wait_log $name 600 'waits for the power button'
    done
    says "all three run at once" '^3$' running
    for name in one two plain; do
        step "$name: virsh shutdown" virsh shutdown $name
    done
    for name in one two plain; do
        settles "$name: it is" 300 $name "shut off (shutdown)"
    done
}
running()
{
    virsh list --state-running --name | grep -cE '^(one|two|plain)$'
}

# A guest that reboots
reboots()
{
    domain reboot cca-libvirt-kernel.xml -e "$(cmdline reboot)" \
        -e 's,<on_reboot>.*<,<on_reboot>destroy<,'
    start_on_console reboot
    settles "reboot, on_reboot=destroy: it is" 600 reboot "shut off (shutdown)"
    domain again cca-libvirt-kernel.xml -e "$(cmdline reboot)"
    start_on_console again
    step "again, on_reboot=restart: it boots three times" \
        until_so 900 wait_boots again 'guest: reboots' 3
    settles "again: it is still" 30 again "running (unpaused)"
    step "again: virsh destroy" virsh destroy again
    settles "again: it is" 60 again "shut off (destroyed)"
}

# The same domain, with the same id, by virsh
restarts()
{
    local up='waits for the power button' id
    domain restart cca-libvirt-kernel.xml -e "$(cmdline button)"
    start_on_console restart
    step "restart: its console shows that it is up" wait_log restart 600 "$up"
    id=$(virsh domid restart)
    step "restart: virsh reset" virsh reset restart
    step "restart: it boots again" until_so 600 wait_boots restart "$up" 2
    step "restart: virsh reboot" virsh reboot --mode acpi restart
    step "restart: it boots a third time" until_so 600 wait_boots restart "$up" 3
    says "restart: it is the same domain" "^$id\$" virsh domid restart
    virsh qemu-monitor-command restart '{"execute":"query-cca"}' > /results/restart.qmp
    says "restart: query-cca has three launches" '"launches":3' cat /results/restart.qmp
    step "restart: virsh shutdown" virsh shutdown restart
    settles "restart: it is" 300 restart "shut off (shutdown)"
}

# A Realm that cannot go on is not one that was shut down: it stays, with what
# QEMU's monitor can tell of it, and its process may also just be gone
deaths()
{
    cca_settings "fail = RUN#1000@ENXIO"
    domain dead cca-libvirt-firmware.xml
    start_on_console dead
    settles "dead, KVM_RUN fails: it is" 300 dead "paused (unknown)"
    says "dead: its state is internal-error" '"status":"internal-error"' \
        virsh qemu-monitor-command dead '{"execute":"query-status"}'
    says "dead: query-cca still answers" '"rim"' \
        virsh qemu-monitor-command dead '{"execute":"query-cca"}'
    says "dead: virsh resume is refused" 'Resetting the Virtual Machine is required' \
        virsh resume dead
    step "dead: virsh destroy" virsh destroy dead
    settles "dead: it is" 60 dead "shut off (destroyed)"
    cca_settings
    domain killed cca-libvirt-firmware.xml
    step "killed: virsh start" virsh start --paused killed
    kill -9 "$(cat /run/libvirt/qemu/killed.pid)"
    settles "killed, QEMU was killed: it is" 60 killed "shut off (crashed)"
}

# The devices that a domain needs, and that libvirt gives it no others
no_kvm()
{
    stop_libvirt
    only_devices /dev/null /dev/ptmx /dev/urandom
    start_libvirt
    domain no-kvm cca-libvirt-kernel.xml -e "$(cmdline button)"
    says "no-kvm: without /dev/kvm in cgroup_device_acl it does not start" \
        'Could not access KVM kernel module' virsh start no-kvm
}

# Where the kernel counts guest_memfd, by a VM of its own: the Realm's pages are
# the simulator's
guest_memfd()
{
    local group=/sys/fs/cgroup/gmem
    mkdir -p $group
    grep -qw memory $group/cgroup.controllers ||
        echo +memory > /sys/fs/cgroup/cgroup.subtree_control
    /files/gmem-account $group 64 > /results/gmem 2>&1
    for line in 'file 64' 'unevictable 64' 'anon 0' 'shmem 0'; do
        says "64 MiB of guest_memfd in memory.stat: $line" "^$line\$" cat /results/gmem
    done
}

# What can be wrong is said by virsh start
errors()
{
    cca_settings "rmm = no"
    domain no-rmm cca-libvirt-kernel.xml -e "$(cmdline button)"
    start_fails no-rmm "there is no RMM" \
        '.*qemu-system-aarch64: .*this kernel .* found no RMM to run them.*'
    cca_settings "mec = present" "mec-count = 8" "mec-in-use = 8"
    domain mec cca-libvirt-kernel.xml -e "$(cmdline button)" \
        -e "$(object '"mec-policy":"private"')"
    start_fails mec "all private MECIDs are in use" \
        "rme-guest 'rme0': no private MECID is free .this host has 8 in all.*"
    cca_settings
    domain value cca-libvirt-kernel.xml -e "$(cmdline button)" \
        -e "$(object '"personalization-value":"AAAA"')"
    start_fails value "a personalization value is too short" \
        '.*qemu-system-aarch64: personalization-value has 3 bytes.*'
    domain balloon cca-libvirt-kernel.xml -e "$(cmdline button)" \
        -e "s/<memballoon model='none'/<memballoon model='virtio'/"
    start_fails balloon "a Realm has no balloon" \
        ".*qemu-system-aarch64: .*leave it out .libvirt: <memballoon model='none'/>."
}

one_realm
destroyed
three_guests
firmware
reboots
restarts
deaths
errors
for log in /var/log/libvirt/qemu/*.log; do
    cp "$log" "/results/$(basename "$log" .log).qemu.log"
done
stop_events
no_kvm
stop_libvirt
guest_memfd
