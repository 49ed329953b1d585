# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Debian's libvirt starts the Realm whose XML Debian's Nova made (tests/cca-nova,
# given with --file); the library is that of the scenario realm-libvirt.
# shellcheck source=/dev/null
. /files/libvirt-lib.sh

NAME=instance-00000001
DISKS=$(sed -n 's,.*<source file="\(.*\)/disk".*,\1,p' /files/nova.xml)

host_files
ln -s /bin/qemu-system-aarch64 /usr/bin/
simulated_cca
# Debian's, for the firmware of which an empty file is enough here
for file in /files/*-edk2-aarch64*.json; do
    cp "$file" /usr/share/qemu/firmware/
    sed -n 's/.*"filename": *"\(.*\)".*/\1/p' "$file"
done > /tmp/firmware
mkdir -p /usr/share/AAVMF
while read -r file; do
    : > "$file"
done < /tmp/firmware
start_libvirt
# What tests/cca-nova has of it
virsh capabilities > /results/capabilities.xml
virsh domcapabilities --machine virt --virttype kvm > /results/domcapabilities.xml

mkdir -p "$DISKS"
cp /guest/vmlinuz "$DISKS/kernel"
cp /guest/initrd "$DISKS/ramdisk"
truncate -s 1M "$DISKS/disk"
console_shows()
{
    grep -qaE "$1" "$DISKS/console.log"
}
step "virsh define --validate" virsh define --validate /files/nova.xml
step "virsh start" virsh start $NAME
step "the console log shows that it is up" \
    until_so 600 console_shows 'waits for the power button'
settles "it is" 30 $NAME "running (booted)"
virsh qemu-monitor-command $NAME '{"execute":"query-cca"}' > /results/realm.qmp
cp "/results/sim/$(cat /run/libvirt/qemu/$NAME.pid).report" /results/realm.report
cp /files/nova.xml /results/realm.command       # for cca-measure
step "virsh suspend, for Nova's pause" virsh suspend $NAME
step "virsh resume" virsh resume $NAME
says "virsh managedsave, for Nova's suspend, is refused" \
    'cannot be migrated or saved' virsh managedsave $NAME
step "virsh shutdown" virsh shutdown $NAME
settles "it is" 300 $NAME "shut off (shutdown)"
cp "$DISKS/console.log" /results/realm.log
cp /var/log/libvirt/qemu/$NAME.log /results/realm.qemu.log
stop_libvirt
