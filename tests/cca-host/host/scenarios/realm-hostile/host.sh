# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A Realm that does not behave: actions of the test firmware
# (tests/cca-host/firmware). It is given as --file firmware.bin=...

# most FILE NAME KIB: keep the largest value of NAME in FILE. A process that has
# just ended tells no value.
most()
{
    [ "${3:-0}" -le "$(sed -n "s/^$2 //p" "$1")" ] || sed -i "s/^$2 .*/$2 $3/" "$1"
}

# memfd_kib PID NAME: what all memfds of that name have, in KiB; the simulator has
# a second descriptor of some
memfd_kib()
{
    for fd in "/proc/$1/fd"/*; do
        case $(readlink "$fd") in
        "/memfd:$2"*) stat -L -c '%i %b' "$fd" ;;
        esac
    done | sort -u | { sum=0; while read -r _ n; do sum=$((sum + n)); done; echo $((sum / 2)); }
}

# watch_memory NAME: the most that QEMU has while the run lasts, in NAME.memory,
# in KiB: RssAnon and RssShmem with what is the simulator's, private memory of the
# Realm, and shared memory, which the simulator keeps in a file of its own
watch_memory()
{
    local file="/results/$1.memory" pid kind
    printf '%s 0\n' RssAnon RssShmem guest_memfd shared samples > "$file"
    while [ ! -e "/results/$1.status" ]; do
        sleep 0.2
        pid=$(pidof qemu-system-aarch64) || continue
        for kind in RssAnon RssShmem; do
            most "$file" $kind "$(sed -n "s/^$kind:[^0-9]*\([0-9]*\) kB/\1/p" "/proc/$pid/status" || echo 0)"
        done
        for kind in guest_memfd shared; do
            most "$file" $kind "$(memfd_kib "$pid" $kind)"
        done
        most "$file" samples $(($(sed -n 's/^samples //p' "$file") + 1))
    done 2> /dev/null
}

# firmware NAME ACTIONS [QEMU-ARGUMENT...]: NAME.log is what it prints
firmware()
{
    local name="$1" actions="$2" watcher
    shift 2
    truncate -s 64K "/tmp/$name.disk"
    sim_conf "$name"
    watch_memory "$name" &
    watcher=$!
    run_guest "$name" 240 on_cca_host "$name" "$QEMU" \
        -M virt,gic-version=3,confidential-guest-support=rme0 \
        -object rme-guest,id=rme0,reboot=exit -cpu host -accel kvm -m 512 \
        -nodefaults -display none -serial "file:/results/$name.log" \
        -bios /files/firmware.bin \
        -fw_cfg "name=opt/cca/command,string=only+$actions" \
        -drive "if=none,id=disk,format=raw,file=/tmp/$name.disk" \
        -device virtio-blk-pci,drive=disk,disable-legacy=on,iommu_platform=on \
        -d guest_errors "$@"
    wait $watcher
}

# asked NAME LOG TEXT ACTIONS [QEMU-ARGUMENT...]: a firmware that does not end by
# itself. Once TEXT is in NAME.LOG, QEMU is asked how it is, and to quit.
asked()
{
    local name="$1" log="/results/$1.$2" text="$3" actions="$4"
    shift 4
    {
        wait_for grep -q "$text" "$log"
        [ ! -e "/results/$name.status" ] || exit
        progress "$name: the monitor is asked"
        sleep 3
        qmp "$name" query-status query-cpus-fast quit
    } &
    firmware "$name" "$actions" \
        -qmp tcp:127.0.0.1:4444,server=on,wait=off "$@"
}

firmware dma dma-targets+dma-ring+dma-msi
# With KVM's own ITS and irqfds
firmware msi msi -device virtio-rng-pci,vectors=2 -device virtio-scsi-pci \
    -netdev user,id=n0 -device virtio-net-pci,netdev=n0,romfile= \
    -drive if=none,id=d1,driver=null-co,read-zeroes=on \
    -device nvme,serial=1,drive=d1 -device qemu-xhci \
    -device vhost-vsock-pci,guest-cid=44
firmware ranges hostcall+set-bad-range+set-holes+set-devices+mmio-abort+mmio-edges
firmware calls host-calls+psci+fw-cfg+set-all -smp 2
firmware storm reset-storm -smp 3
firmware alias touch-alias
firmware many convert-many
firmware reset reset
firmware elsewhere off-elsewhere -smp 3
firmware races convert-race -smp 3
firmware dma-race dma-race -smp 2
asked cpu-on log 'passed, .* failed' cpu-on+spin -smp 2
asked nowhere qemu.log 'cannot go on' touch-nowhere
asked destroyed qemu.log 'cannot go on' cpu-on-destroyed -smp 2
