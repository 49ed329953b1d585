# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Debian's libvirt starts the Realms whose XML Debian's Nova made (tests/cca-nova,
# given with --file): one boots a kernel; beside it, one boots a firmware, which
# libvirt finds by the manual's descriptor, as Nova does not know such; a third
# one has a memory encryption context of its own, or would have.
# shellcheck source=/dev/null
. /scenario/libvirt-lib.sh
# shellcheck source=/dev/null
. /scenario/nova-lib.sh

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
