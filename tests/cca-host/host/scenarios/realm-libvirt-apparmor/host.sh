# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A Realm under Debian's AppArmor profiles of libvirt.  The module parameter that
# QEMU looks at is not seen here: the simulator answers for it.
# shellcheck source=/dev/null
. /scenario/libvirt-lib.sh

RULES=/etc/apparmor.d/abstractions/libvirt-qemu.d

# What the profiles of a real host need not allow
simulator_rules()
{
    mkdir -p "$RULES" /etc/apparmor.d/local
    echo "/files/libccasim.so mr," > /etc/apparmor.d/local/usr.lib.libvirt.virt-aa-helper
    cat > "$RULES/simulator" <<'END'
/files/libccasim.so mr,
/etc/cca-sim.conf r,
/results/sim/* rw,
owner @{PROC}/@{pid}/maps r,
END
}

apparmor()
{
    mount -t securityfs securityfs /sys/kernel/security
    ln -s usr/sbin /sbin
    step "the host's kernel has AppArmor" grep -qw apparmor /sys/kernel/security/lsm
    for profile in usr.lib.libvirt.virt-aa-helper usr.sbin.libvirtd; do
        step "the profile $profile is loaded" \
            apparmor_parser -r "/etc/apparmor.d/$profile"
    done
    echo 'security_driver = "apparmor"' >> /etc/libvirt/qemu.conf
}

confined()
{
    local pid
    domain confined cca-libvirt-firmware.xml
    start_on_console confined --paused
    pid=$(cat /run/libvirt/qemu/confined.pid)
    says "confined: QEMU is" '^libvirt-[-0-9a-f]{36} \(enforce\)$' \
        cat "/proc/$pid/attr/current"
    step "confined: virsh resume, which makes the Realm" virsh resume confined
    settles "confined: it is" 600 confined "shut off (shutdown)"
}

host_files
simulated_cca
simulator_rules
apparmor
dmesg -n 1
start_libvirt
cp /files/cca-libvirt-firmware.json /usr/share/qemu/firmware/60-realm.json
cp /files/firmware.bin /usr/share/qemu/realm-firmware.fd
confined
dmesg | grep 'apparmor="DENIED"' > /results/denied
stop_libvirt
