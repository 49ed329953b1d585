# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# What a scenario's host.sh uses inside the emulated host (busybox sh).

QEMU=/bin/qemu-system-aarch64
KERNEL=/guest/vmlinuz
INITRD=/guest/initrd
export QEMU KERNEL INITRD

# Lines that begin with @@ are shown by the runner while the scenario runs.
progress()
{
    echo "@@ $*"
}

# Arguments of a guest whose console goes to /results/NAME.log through
# virtio: an emulated UART costs two exits a character.
console_args()
{
    echo "-device virtio-serial-pci -chardev file,id=con,path=/results/$1.log" \
         "-device virtconsole,chardev=con"
}

# note_command WORD...: QEMU's command line, as a shell reads it, without what
# stands before QEMU
note_command()
{
    local word
    while [ $# -gt 0 ] && [ "$1" != "$QEMU" ]; do
        shift
    done
    for word in "$@"; do
        printf "'%s' " "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"
    done
    echo
}

# run_guest NAME SECONDS COMMAND...: run QEMU, wait for its end at most
# SECONDS. Leaves NAME.qemu.log, NAME.command (its command line) and
# NAME.status (exit status, or "timeout").
run_guest()
{
    local name="$1" limit="$2" pid start now beat=0
    shift 2
    note_command "$@" > "/results/$name.command"
    start=$(date +%s)
    progress "$name: starts"
    "$@" > "/results/$name.qemu.log" 2>&1 < /dev/null &
    pid=$!
    while kill -0 $pid 2> /dev/null; do
        now=$(($(date +%s) - start))
        if [ $now -ge "$limit" ]; then
            progress "$name: no end after $limit s, killed"
            # Of a function, like on_cca_host, that is a shell around QEMU
            # shellcheck disable=SC2046 # a list
            kill -9 $pid $(cat "/proc/$pid/task/$pid/children")
            wait $pid
            echo timeout > "/results/$name.status"
            return 1
        fi
        if [ $((now / 30)) -gt $beat ]; then
            beat=$((now / 30))
            progress "$name: $now s, last line:" \
                "$(tail -n 1 "/results/$name.log" 2> /dev/null | cut -c 1-90)"
        fi
        sleep 0.2
    done
    wait $pid
    now=$?
    echo $now > "/results/$name.status"
    progress "$name: QEMU ended with status $now after" \
        "$(($(date +%s) - start)) s"
    return $now
}

# sim_conf NAME [LINE...]: settings of the simulated CCA host for run NAME
sim_conf()
{
    local name="$1" line
    shift
    {
        echo "mode = run"
        echo "report = /results/$name.report"
        echo "trace = /results/$name.trace"
        echo "attribute-waste = no"
        for line in "$@"; do
            echo "$line"
        done
    } > "/tmp/$name.conf"
}

# on_cca_host NAME COMMAND...: run it on the simulated CCA host
on_cca_host()
{
    local name="$1"
    shift
    env LD_PRELOAD=/files/libccasim.so CCA_SIM_CONF="/tmp/$name.conf" "$@"
}

# disk_and_net_backends NAME [PORT]: arguments for the disk "d0", and a host
# side of the network that listens on PORT, keeps what it gets and then sends a
# file
disk_and_net_backends()
{
    dd if=/dev/zero of="/tmp/$1.disk" bs=1M count=1 2> /dev/null
    head -c 200000 /dev/urandom > "/tmp/$1.send"
    mkfifo "/tmp/$1.silent"     # not /dev/null: its end would end nc
    {
        nc -l -p "${2:-7000}" <> "/tmp/$1.silent" > "/tmp/$1.received"
        nc -l -p "${2:-7000}" < "/tmp/$1.send" > /dev/null
    } > /dev/null 2>&1 &
    echo "-drive file=/tmp/$1.disk,format=raw,if=none,id=d0"
}

# disk_and_net NAME [PORT]: the same with devices, on PCI and a user network
disk_and_net()
{
    disk_and_net_backends "$@"
    echo "-device virtio-blk-pci,drive=d0" \
         "-netdev user,id=n0 -device virtio-net-pci,netdev=n0,romfile="
}

# tap_network: the user network's host address on an interface of the host, to
# be used as -netdev tap,script=/tmp/tap-up
tap_network()
{
    cat > /tmp/tap-up <<'END'
#!/bin/sh
ip addr add 10.0.2.2/24 dev "$1" && ip link set "$1" up
END
    chmod +x /tmp/tap-up
}

# collect NAME: the host's view of disk and transfer, in NAME.host
collect()
{
    {
        echo "host: file on the disk: $(tar -xOf "/tmp/$1.disk" file)"
        tar -xOf "/tmp/$1.disk" data > "/tmp/$1.data"
        same "data on the disk" "/tmp/$1.data" sent "$1"
        same "data from the network" "/tmp/$1.received" sent "$1"
        same "data to the network" "/tmp/$1.send" received "$1"
    } > "/results/$1.host" 2>&1
}

# collect_token NAME: the attestation token that the guest got, and its challenge
collect_token()
{
    tar -C /results -xf "/tmp/$1.disk" challenge token
    mv /results/challenge "/results/$1.challenge"
    mv /results/token "/results/$1.token"
}

# same TEXT FILE WORD NAME: has FILE the sum that the guest printed for WORD?
same()
{
    if grep -q "guest: $3 $(sha256sum < "$2" | cut -c 1-64)" "/results/$4.log"
    then
        echo "host: $1: as the guest says ($(wc -c < "$2") bytes)"
    else
        echo "host: $1: DIFFERENT ($(wc -c < "$2") bytes)"
    fi
}

# wait_for WORD...: until the command is successful, but not forever
wait_for()
{
    local i=0
    while [ $i -lt 600 ] && ! "$@" 2> /dev/null; do
        sleep 0.5
        i=$((i + 1))
    done
}

# answered NAME N: has QEMU answered N commands, or ended?
answered()
{
    [ -e "/results/$1.status" ] ||
        [ "$(grep -cE '^\{"(return|error)"' "/results/$1.qmp")" -ge "$2" ]
}

# qmp NAME COMMAND...: what QEMU answers goes to NAME.qmp. The answer is waited for
# before the next command, as quit would end the connection with what is in it.
qmp()
{
    local name="$1" command
    shift
    for command in "$@"; do
        set -- "$@" "{\"execute\":\"$command\"}"
        shift
    done
    qmp_json "$name" "$@"
}

# qmp_json NAME JSON...: the same with whole commands
qmp_json()
{
    local name="$1" command n=0
    shift
    for command in '{"execute":"qmp_capabilities"}' "$@"; do
        echo "$command"
        n=$((n + 1))
        wait_for answered "$name" $n
    done | nc 127.0.0.1 4444 > "/results/$name.qmp" 2>&1
}

# query_when_up NAME: ask QEMU about its Realm once the guest is up
query_when_up()
{
    wait_for grep -q "guest: up" "/results/$1.log"
    qmp "$1" query-cca query-status
}

# start_and_query NAME: the same at once, of a QEMU that has -S and so waits
start_and_query()
{
    # A socket that listens on port 4444
    wait_for grep -q ':115C 00000000:0000 0A' /proc/net/tcp
    qmp "$1" cont query-cca
}

# disk NAME: arguments for a drive that is empty
disk()
{
    truncate -s 1M "/tmp/masters.$1"
    echo "-drive if=none,id=$1,format=raw,file=/tmp/masters.$1"
}

# frames NAME PORT: a network on which everything comes back to its sender
frames()
{
    echo "-netdev dgram,id=$1,local.type=inet,local.host=127.0.0.1," \
        "local.port=$2,remote.type=inet,remote.host=127.0.0.1," \
        "remote.port=$2" | sed 's/, /,/g'
}

# echoes: host sides of a tap network with script=/tmp/echo-up and of vsock, which
# send back what they get. host-echo is given as --file host-echo=...
echoes()
{
    cat > /tmp/echo-up <<'END'
#!/bin/sh
echo 1 > "/proc/sys/net/ipv6/conf/$1/disable_ipv6"
ip link set "$1" up
/files/host-echo tap "$1" > /tmp/echo-tap.log 2>&1 &
END
    chmod +x /tmp/echo-up
    /files/host-echo vsock 7200 > /tmp/echo-vsock.log 2>&1 &
}

# firmware NAME MACHINE-OPTIONS QEMU-ARGUMENT...: the test firmware as -bios of a
# Realm with a measurement log; it is given as --file firmware.bin=... Settings of
# the simulator are in $settings.
firmware()
{
    local name="$1" machine="$2"
    shift 2
    sim_conf "$name" ${settings:+"$settings"}
    truncate -s 1M "/tmp/$name.disk"
    run_guest "$name" 600 on_cca_host "$name" "$QEMU" \
        -M "virt,gic-version=3,confidential-guest-support=rme0$machine" \
        -object rme-guest,id=rme0,measurement-log=on -cpu host -accel kvm \
        -smp 2 -m 512M -nodefaults -display none -no-reboot \
        -bios /files/firmware.bin -serial "file:/results/$name.log" \
        -drive "if=none,id=disk,format=raw,file=/tmp/$name.disk" \
        -device virtio-blk-pci,drive=disk,disable-legacy=on,iommu_platform=on \
        -device virtio-rng-pci "$@"
}

# collect_firmware NAME: the sector that it wrote, and whose RIM it read
collect_firmware()
{
    local rim
    dd if="/tmp/$1.disk" bs=512 skip=1 count=1 of="/results/$1.sector" 2> /dev/null
    rim=$(sed -n 's/.*"rim": "\([0-9a-f]*\)".*/\1/p' "/results/$1.report" | tail -n 1)
    if grep -qi "fw: RIM $rim" "/results/$1.log"; then
        echo "host: the firmware and the simulator read the same RIM"
    else
        echo "host: RIM DIFFERENT: $rim in the report"
    fi > "/results/$1.host"
}

# masters NAME QEMU-ARGUMENT...: the test firmware drives the bus masters of a
# Realm; settings of the simulator are in $settings
masters()
{
    local name="$1"
    shift
    sim_conf "$name" ${settings:+"$settings"}
    run_guest "$name" 600 on_cca_host "$name" "$QEMU" \
        -M virt,gic-version=3,confidential-guest-support=rme0 \
        -object rme-guest,id=rme0 -cpu host -accel kvm -m 512 \
        -nodefaults -display none -serial "file:/results/$name.log" \
        -bios /files/firmware.bin \
        -fw_cfg name=opt/cca/command,string=only+masters -d guest_errors "$@"
}

# realm_of_generation ABI: a Realm with 4 vCPUs, disk and vhost network on a kernel
# of generation B, which has no personalization value
realm_of_generation()
{
    local name="$1"
    sim_conf "$name" "abi = $1"
    head -c 64 /dev/zero > "/results/$name.rpv"
    tap_network
    query_when_up "$name" &
    # shellcheck disable=SC2046
    run_guest "$name" 600 on_cca_host "$name" "$QEMU" \
        -M virt,gic-version=3,confidential-guest-support=rme0 \
        -object rme-guest,id=rme0,measurement-algorithm=sha256 -cpu host,pmu=off -accel kvm \
        -qmp tcp:127.0.0.1:4444,server=on,wait=off \
        -smp 4 -m 512M -nodefaults -display none -no-reboot \
        -kernel "$KERNEL" -initrd "$INITRD" \
        -append "console=hvc0 quiet swiotlb=8192 run=realm" \
        $(console_args "$name") $(disk_and_net_backends "$name") \
        -device virtio-blk-pci,drive=d0 \
        -netdev tap,id=n0,vhost=on,script=/tmp/tap-up,downscript=no \
        -device virtio-net-pci,netdev=n0,romfile=
    collect "$name"
    collect_token "$name"
}

# firmware_of_generation ABI: the test firmware there, and what vhost serves
firmware_of_generation()
{
    local settings="abi = $1"
    start_and_query "$1" &
    firmware "$1" "" -S -qmp tcp:127.0.0.1:4444,server=on,wait=off
    collect_firmware "$1"
    echoes
    masters "$1-vhost" -device vhost-vsock-pci,guest-cid=42 \
        -netdev tap,id=n0,vhost=on,script=/tmp/echo-up,downscript=no \
        -device virtio-net-pci,netdev=n0,romfile= \
        --trace vhost_iotlb_miss --trace rme_dma_unmap
}
