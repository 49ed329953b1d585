# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034
#
# The Realms of Debian's Nova, as in realm-nova, on a host kernel of generation B3:
# the same XML, apart from a memory encryption context, which cannot be had there.
# shellcheck source=/dev/null
. /scenario/libvirt-lib.sh
# shellcheck source=/dev/null
. /scenario/nova-lib.sh
ABI=B3

private()
{
    local NAME DISKS
    instance private
    start_fails "$NAME" "a Realm has no context of its own there" \
        ".*a kernel of generation B3 .* has no choice of the memory encryption context: .*"
    step "$NAME: virsh undefine" virsh undefine --managed-save --nvram "$NAME"
}

host_files
simulated_cca
ordinary_firmware
realm_firmware
start_libvirt
start_kernel
firmware
end_kernel
private
stop_libvirt
