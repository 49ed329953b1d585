# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The instances of Nova on the emulated host, beside libvirt-lib.sh

# Debian's, for the firmware of which an empty file is enough here
ordinary_firmware()
{
    local file
    mkdir -p /usr/share/AAVMF
    for file in /files/*-edk2-aarch64*.json; do
        cp "$file" /usr/share/qemu/firmware/
        sed -n 's/.*"filename": *"\(.*\)".*/\1/p' "$file"
    done > /tmp/firmware
    while read -r file; do
        : > "$file"
    done < /tmp/firmware
}

# Under the name that the manual wants, behind Debian's
realm_firmware()
{
    cp /files/cca-libvirt-firmware.json /usr/share/qemu/firmware/70-realm.json
    cp /files/firmware.bin /usr/share/qemu/realm-firmware.fd
}

# instance KIND: define it, with its disk
instance()
{
    NAME=$(sed -n 's,.*<name>\(.*\)</name>.*,\1,p' "/files/$1.xml")
    DISKS=$(sed -n 's,.*<source file="\(.*\)/disk".*,\1,p' "/files/$1.xml")
    mkdir -p "$DISKS"
    head -c 1M /dev/urandom > "$DISKS/disk"
    step "$1: virsh define --validate" virsh define --validate "/files/$1.xml"
}

console_shows()
{
    grep -qaE "$1" "$DISKS/console.log"
}

# report KIND PID: the simulator's
report()
{
    cp "/results/sim/$2.report" "/results/$1.report"
}

query_cca()
{
    virsh qemu-monitor-command "$NAME" '{"execute":"query-cca"}' > "/results/$1.qmp"
}

# ended KIND: after it was shut down, by the guest or from outside
ended()
{
    settles "$1: it is" 600 "$NAME" "shut off (shutdown)"
    cp "$DISKS/console.log" "/results/$1.log"
    cp "/var/log/libvirt/qemu/$NAME.log" "/results/$1.qemu.log"
}

start_kernel()
{
    instance kernel
    cp /guest/vmlinuz "$DISKS/kernel"
    cp /guest/initrd "$DISKS/ramdisk"
    step "kernel: virsh start" virsh start "$NAME"
    step "kernel: the console log shows that it is up" \
        until_so 600 console_shows 'waits for the power button'
    settles "kernel: it is" 30 "$NAME" "running (booted)"
    query_cca kernel
    report kernel "$(cat "/run/libvirt/qemu/$NAME.pid")"
    cp /files/kernel.xml /results/kernel.command    # for cca-measure
}

end_kernel()
{
    step "kernel: virsh suspend, for Nova's pause" virsh suspend "$NAME"
    step "kernel: virsh resume" virsh resume "$NAME"
    says "kernel: virsh managedsave, for Nova's suspend, is refused" \
        'cannot be migrated or saved' virsh managedsave "$NAME"
    step "kernel: virsh shutdown" virsh shutdown "$NAME"
    ended kernel
}

# It ends by itself, so it is stopped by the program that has started it, whatever
# else there is to do here
firmware()
{
    local NAME DISKS pid
    instance firmware
    step "firmware: virsh start, and suspend at once" \
        virsh "start $NAME; suspend $NAME"
    settles "firmware: it is" 30 "$NAME" "paused (user)"
    query_cca firmware
    virsh dumpxml --inactive "$NAME" > /results/firmware.xml
    pid=$(cat "/run/libvirt/qemu/$NAME.pid")
    says "firmware: there are two Realms" '^2$' domains
    step "firmware: virsh resume" virsh resume "$NAME"
    ended firmware
    report firmware "$pid"
}
domains()
{
    virsh list --name | grep -c .
}
