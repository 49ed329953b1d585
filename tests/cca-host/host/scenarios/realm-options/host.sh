# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The test firmware (tests/cca-host/firmware) in Realms of different shapes:
# hash, personalization value, address width, memory, vCPUs, ITS, threads. It
# is given as --file firmware.bin=...

# 3 GiB of RAM that a Realm does not touch are no reason to refuse it
echo 1 > /proc/sys/vm/overcommit_memory

# firmware NAME MACHINE-OPTIONS RME-GUEST-OPTIONS DISK-OPTIONS QEMU-ARGUMENT...
firmware()
{
    local name="$1" machine="$2" rme="$3" disk="$4"
    shift 4
    truncate -s 64K "/tmp/$name.disk"
    sim_conf "$name"
    run_guest "$name" 240 on_cca_host "$name" "$QEMU" -M \
        "virt,gic-version=3,confidential-guest-support=rme0$machine" \
        -object "rme-guest,id=rme0$rme" -cpu host -accel kvm \
        -nodefaults -display none -serial "file:/results/$name.log" \
        -bios /files/firmware.bin -object iothread,id=thread \
        -drive "if=none,id=disk,format=raw,file=/tmp/$name.disk" -device \
        "virtio-blk-pci,drive=disk,disable-legacy=on,iommu_platform=on$disk" \
        "$@"
}

# bytes 0 to 63
rpv=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1
rpv=${rpv}Njc4OTo7PD0+Pw==
firmware sha256 "" ",measurement-algorithm=sha256,personalization-value=$rpv" \
    "" -m 512
firmware large "" "" "" -m 3G -smp 4
firmware width33 ,highmem=off ,ipa-bits=33 "" -m 512
firmware width48 "" ,ipa-bits=48 "" -m 512 -smp 2
firmware no-its ,its=off "" "" -m 512
firmware thread "" "" ,iothread=thread -m 512 -device virtio-rng-pci
