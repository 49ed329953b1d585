# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034
#
# Debian's libvirt runs Realms on a host kernel of generation B3, with the XML of the
# manual as it is for the kernels before.
# shellcheck source=/dev/null
. /scenario/libvirt-lib.sh
ABI=B3

# Booted, paused, reset, and shut down
one_realm()
{
    local up='waits for the power button'
    domain realm cca-libvirt-kernel.xml -e "$(cmdline button)"
    start_on_console realm || return
    step "realm: its console shows that it is up" wait_log realm 600 "$up"
    virsh qemu-monitor-command realm '{"execute":"query-cca"}' > /results/realm.qmp
    virsh qemu-monitor-command realm '{"execute":"query-cca-capabilities"}' \
        > /results/realm.caps
    says "realm: query-cca names the generation" '"kernel-abi":"b3"' cat /results/realm.qmp
    says "realm: query-cca-capabilities too" '"kernel-abi":"b3"' cat /results/realm.caps
    report_of realm
    step "realm: virsh suspend" virsh suspend realm
    settles "realm: it is" 60 realm "paused (user)"
    step "realm: virsh resume" virsh resume realm
    step "realm: virsh reset" virsh reset realm
    step "realm: it boots again" until_so 600 wait_boots realm "$up" 2
    says "realm: virsh save is refused" 'cannot be migrated or saved' \
        virsh save realm /tmp/state
    step "realm: virsh shutdown" virsh shutdown realm
    settles "realm: it is" 300 realm "shut off (shutdown)"
}

# What this generation has not, and what is not there
errors()
{
    domain value cca-libvirt-kernel.xml -e "$(cmdline button)" \
        -e "$(object "\"personalization-value\":\"$(head -c 64 /dev/zero |
            tr '\0' x | base64 -w 0)\"")"
    start_fails value "it has no personalization value" \
        ".*a kernel of generation B3 .* has no personalization-value other than zeros: remove it"
    domain mec cca-libvirt-kernel.xml -e "$(cmdline button)" \
        -e "$(object '"mec-policy":"private"')"
    start_fails mec "it has no choice of the MECID" \
        ".*a kernel of generation B3 .* has no choice of the memory encryption context: .*"
    domain algorithm cca-libvirt-kernel.xml -e "$(cmdline button)" \
        -e "$(object '"measurement-algorithm":"sha512"')"
    start_fails algorithm "it has no choice of the algorithm" \
        ".*a kernel of generation B3 .* has no choice of the algorithm: .*"
    cca_settings "rmm = no"
    domain no-rmm cca-libvirt-kernel.xml -e "$(cmdline button)"
    start_fails no-rmm "there is no RMM that it takes" '.*qemu-system-aarch64: .* the firmware must start an RMM .*'
    cca_settings
}

host_files
only_devices /dev/null /dev/ptmx /dev/urandom /dev/kvm
simulated_cca
start_libvirt
cp /guest/vmlinuz /guest/initrd "$BOOT/"
one_realm
firmware
errors
for log in /var/log/libvirt/qemu/*.log; do
    cp "$log" "/results/$(basename "$log" .log).qemu.log"
done
stop_libvirt
