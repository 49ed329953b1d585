# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2119,SC2120
#
# libvirt on the emulated host.  What is tried goes to /results/steps as "ok - "
# and "not ok - " lines.

PATH=/usr/sbin:/usr/bin:$PATH
IMAGES=/var/lib/libvirt/images
BOOT=/var/lib/libvirt/boot

# step TEXT COMMAND...: the command must succeed
step()
{
    local text="$1" out
    shift
    if out=$("$@" 2>&1); then
        echo "ok - $text" >> /results/steps
        progress "$text"
    else
        echo "not ok - $text: $(echo "$out" | tr '\n' ' ')" >> /results/steps
        progress "FAILED: $text: $out"
        return 1
    fi
}

# says TEXT REGEX COMMAND...: its output, whatever its status, must match
says()
{
    local text="$1" regex="$2"
    shift 2
    step "$text" said "$regex" "$@"
}
said()
{
    local regex="$1" out
    shift
    out=$("$@" 2>&1)
    echo "$out"
    echo "$out" | grep -qE -- "$regex"
}

# until_so SECONDS COMMAND...: wait until it succeeds
until_so()
{
    local end=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$end" ] || return 1
        sleep 0.5
    done
}

# in_state STATE OPTION...: is it what `virsh domstate' says?
in_state()
{
    local want="$1" state
    shift
    state=$(virsh domstate "$@" 2>&1)
    echo "$state"
    [ "$state" = "$want" ]
}

# settles TEXT SECONDS DOMAIN STATE, with its reason in parentheses
settles()
{
    until_so "$2" in_state "${4% (*}" "$3" > /dev/null
    step "$1: $4" in_state "$4" --reason "$3"
}

# wait_log NAME SECONDS REGEX: a line on the console of the domain
wait_log()
{
    until_so "$2" grep -qaE -- "$3" "/results/$1.log"
}

# The host as Debian's packages would have set it up, were they installed
host_files()
{
    mkdir -p /run /var/lock /var/log/libvirt $IMAGES $BOOT /usr/share/qemu/firmware
    ln -s /run /var/run
    cat > /etc/passwd <<'END'
root:x:0:0:root:/root:/bin/sh
libvirt-qemu:x:64055:994:Libvirt Qemu:/var/lib/libvirt:/bin/sh
END
    cat > /etc/group <<'END'
root:x:0:
tty:x:5:
kvm:x:994:
libvirt-qemu:x:64055:libvirt-qemu
END
    # What udev does
    chgrp 994 /dev/kvm
    chmod 660 /dev/kvm
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
}

# only_devices FILE...: cgroup_device_acl, also what /dev of a domain has
only_devices()
{
    sed -i '/^cgroup_device_acl/d' /etc/libvirt/qemu.conf
    echo "cgroup_device_acl = [ $(printf '"%s", ' "$@")]" |
        sed 's/, \]/ ]/' >> /etc/libvirt/qemu.conf
}

# The simulator in every QEMU, in nothing else, without LD_PRELOAD: libvirt
# clears the environment.  Its userfaultfd has to work for libvirt's QEMU user.
simulated_cca()
{
    echo 1 > /proc/sys/vm/unprivileged_userfaultfd
    mkdir -m 777 /results/sim
    cca_settings
    echo /files/libccasim.so > /etc/ld.so.preload
}

# cca_settings LINE...: settings of the simulator for domains that start now, beside
# ABI, the generation of the host's kernel
ABI=A
cca_settings()
{
    {
        echo "mode = run"
        echo "abi = $ABI"
        echo "report = /results/sim/%p.report"
        for line in "$@"; do
            echo "$line"
        done
    } > /etc/cca-sim.conf
}

start_libvirt()
{
    virtlogd -d
    LIBVIRT_LOG_OUTPUTS=2:file:/results/libvirtd.log libvirtd -d
    step "libvirtd answers" until_so 300 virsh -q uri
}

# What those hear who watch domains goes to /results/events
watch_events()
{
    virsh event --event lifecycle --loop > /results/events 2>&1 &
    watcher=$!
}
stop_events()
{
    kill -INT "$watcher"
    wait "$watcher"
}

stop_libvirt()
{
    local pids
    pids="$(cat /run/libvirtd.pid) $(cat /run/virtlogd.pid)"
    # shellcheck disable=SC2086
    kill $pids
    # shellcheck disable=SC2086
    step "libvirtd ends" until_so 60 gone $pids
}
gone()
{
    for pid in "$@"; do
        [ ! -d "/proc/$pid" ] || return 1
    done
}

# domain NAME XML [SED...]: an XML of the manual under another name, changed
domain()
{
    local name="$1" xml="$2"
    shift 2
    sed -e "s,<name>.*</name>,<name>$name</name>," \
        -e "s,[a-z]*\.raw,$name.raw," "$@" "/files/$xml" > "/tmp/$name.xml"
    truncate -s 1M "$IMAGES/$name.raw"
    step "$name: virsh define --validate" \
        virsh define --validate "/tmp/$name.xml"
}

# cmdline RUN [PORT]: the sed command for the scenario's guest
cmdline()
{
    echo "s,<cmdline>.*</cmdline>,<cmdline>console=hvc0 quiet swiotlb=8192" \
        "run=$1 port=${2:-7000}</cmdline>,"
}

# start_on_console NAME [OPTION]: what it says goes to NAME.log
start_on_console()
{
    local name="$1"
    shift
    # It insists on a terminal and reads none here
    virsh start "$@" --console "$name" < /dev/console > "/results/$name.log" 2>&1 &
    step "$name: virsh start" until_so 300 grep -q "Escape character" \
        "/results/$name.log"
}

# start_fails NAME TEXT REGEX: QEMU's message arrives, as one line
start_fails()
{
    virsh start "$1" 2>&1 | grep . > "/results/$1.error"
    says "$1: virsh start says: $2" "^error: internal error: .*: $3\$" \
        tail -n 1 "/results/$1.error"
    says "$1: in one line" '^2$' grep -c "^error:" "/results/$1.error"
    settles "$1: it is" 60 "$1" "shut off (failed)"
}

# report_of NAME: the simulator's report on the process of a running domain
report_of()
{
    cp "/results/sim/$(cat "/run/libvirt/qemu/$1.pid").report" \
        "/results/$1.report"
}

# The test firmware, found through the manual's descriptor
firmware()
{
    cp /files/cca-libvirt-firmware.json /usr/share/qemu/firmware/60-realm.json
    cp /files/firmware.bin /usr/share/qemu/realm-firmware.fd
    domain firmware cca-libvirt-firmware.xml
    start_on_console firmware --paused
    settles "firmware: it is" 30 firmware "paused (user)"
    step "firmware: virsh resume, which makes the Realm" virsh resume firmware
    settles "firmware: it is" 600 firmware "shut off (shutdown)"
}

# wait_boots NAME PATTERN N: on its console
wait_boots()
{
    [ "$(grep -caE -- "$2" "/results/$1.log")" -ge "$3" ]
}

# object TEXT: the sed command for properties of the rme-guest
object()
{
    echo "s/\"id\":\"rme0\"/&,$1/"
}
