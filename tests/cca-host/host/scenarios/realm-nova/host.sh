# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Debian's libvirt starts the Realms whose XML Debian's Nova made (tests/cca-nova,
# given with --file): one boots a kernel; beside it, one boots a firmware, which
# libvirt finds by the manual's descriptor, as Nova does not know such; a third
# one has a memory encryption context of its own, or would have.
# shellcheck source=/dev/null
. /scenario/libvirt-lib.sh

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

# A volume of Nova's, while the guest runs
volume()
{
    truncate -s 1M "$DISKS/volume"
    cat > /tmp/volume.xml <<END
<disk type="file" device="disk">
  <driver name="qemu" type="raw"/>
  <source file="$DISKS/volume"/>
  <target dev="vdb" bus="virtio"/>
</disk>
END
    step "kernel: virsh attach-device, for a volume" \
        virsh attach-device --live --config "$NAME" /tmp/volume.xml
    step "kernel: the guest reads from it" until_so 120 volume_read
    step "kernel: virsh detach-device" \
        virsh detach-device --live --config "$NAME" /tmp/volume.xml
    step "kernel: the guest lets it go" until_so 120 no_volume
}
volume_read()
{
    virsh domblkstat "$NAME" vdb 2>&1 | grep -qE 'rd_req [1-9]'
}
no_volume()
{
    ! virsh domblklist "$NAME" | grep -qw vdb
}

# What Nova does for a snapshot of a disk that is in use
snapshot()
{
    step "kernel: virsh blockcopy, for a snapshot" virsh blockcopy "$NAME" vda \
        "$DISKS/snapshot" --format raw --transient-job --wait --finish
    step "kernel: it is what the disk is" cmp "$DISKS/disk" "$DISKS/snapshot"
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

# What Nova cannot know before: the line of QEMU's is what it gets, and there is a
# domain that it can remove
errors()
{
    local NAME DISKS
    instance private
    cca_settings "mec = present" "mec-count = 8" "mec-in-use = 8"
    start_fails "$NAME" "all private MECIDs are in use" \
        "rme-guest 'rme0': no private MECID is free .this host has 8 in all.*"
    cca_settings "rmm = no"
    start_fails "$NAME" "there is no RMM" \
        '.*qemu-system-aarch64: .*this kernel .* found no RMM to run them.*'
    cca_settings "mec = present" "mec-count = 8"
    step "$NAME: with a context it starts" virsh start "$NAME"
    settles "$NAME: it is" 600 "$NAME" "shut off (shutdown)"
    step "$NAME: virsh undefine" virsh undefine --managed-save --nvram "$NAME"
    says "$NAME: it is no more" 'failed to get domain' virsh domstate "$NAME"
}

host_files
simulated_cca
ordinary_firmware
realm_firmware
start_libvirt
# What tests/cca-nova has of it
virsh capabilities > /results/capabilities.xml
virsh domcapabilities --machine virt --virttype kvm > /results/domcapabilities.xml
start_kernel
firmware
volume
snapshot
end_kernel
errors
stop_libvirt
