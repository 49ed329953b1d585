# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The emulated CCA host of tests/cca-host: what has to be built for it, and its
# scenario runner with everything filled in.

cca_host=tests/cca-host
sim=$top/build/sim

# make_sim DIR TARGET...: make in tests/cca-host/DIR, results in build/sim
make_sim() {
    local dir=$1 cross=aarch64-linux-gnu-
    shift
    [ "$host_arch" != arm64 ] || cross=
    mkdir -p "$sim"
    in_chroot -- /src/cca make -s -j2 -C "$cca_host/$dir" \
        O=/src/cca/build/sim CROSS_PREFIX="$cross" "$@"
}

# make_firmware: the test firmware, build/sim/firmware/fw.bin
make_firmware() { make_sim firmware O=/src/cca/build/sim/firmware; }

# have_scenario NAME
have_scenario() { [ -f "$top/$cca_host/host/scenarios/$1/host.sh" ]; }

# run_scenario [OPTION...] SCENARIO...: with the QEMU of this checkout; the
# results are in build/logs/SCENARIO
run_scenario() {
    local root=$cache/$chroot_name
    CCA_QEMU=$(build_dir arm64)/qemu-system-aarch64 CCA_ROOT=$root \
    CCA_KERNEL=$("$top/scripts/kernel") \
    CCA_SIM=$sim/libccasim.so \
        "$top/$cca_host/host/run-scenario" --cache "$cache/host" --logs "$logs" "$@"
}

# need_host: all that run_scenario needs
need_host() {
    build arm64 qemu-system-aarch64
    "$top/scripts/kernel" > /dev/null
    step "simulator" simulator.log make_sim . all
}

# realm_host: the parameter of this machine's own KVM, if it has Realms
realm_host() {
    local name value
    [ "$host_arch" = arm64 ] && [ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
    for name in rmi rme; do
        value=$(cat "/sys/module/kvm/parameters/kvm_cap_arm_$name" 2>/dev/null) || continue
        if [[ $value =~ ^[0-9]{1,4}$ ]] && [ "$value" -gt 0 ]; then
            echo "kvm_cap_arm_$name=$value"
            return 0
        fi
    done
    return 1
}

# guest_files DIR: vmlinuz and initrd of the scenarios' guests, as the emulated
# host would have them
# shellcheck disable=SC2030,SC2034
guest_files() (
    root=$cache/$chroot_name kernel=$("$top/scripts/kernel") here=$top/$cca_host/host
    mkdir -p "$cache/host" "$1/scripts/guest"
    cache=$cache/host
    # shellcheck source=/dev/null
    . "$here/image-lib.sh"
    cp "$kernel/vmlinuz" "$1/"
    cp "$here"/guest/guest-*.sh "$1/scripts/guest/"
    pack "$1/scripts" "$1/scripts.cpio"
    cat "$(guest_archive "$here")" "$1/scripts.cpio" > "$1/initrd"
)

# run_on_this_host SCENARIO: a scenario on this machine's own KVM, without the
# emulated host and without the simulator
run_on_this_host() {
    local scenario=$1 guest=$top/build/guest
    rm -rf "$guest" "${logs:?}/$scenario"
    mkdir -p "$guest" "$logs/$scenario"
    guest_files "$guest"
    # Its host.sh is for busybox; on_cca_host would load the simulator
    # shellcheck disable=SC2016
    in_chroot "$guest:/guest" "$logs/$scenario:/results" "$(build_dir arm64):/src/build" \
        "$(source_dir arm64):/src/qemu" -- /src/build busybox sh -c '
            set -e
            mkdir /tmp/bin
            busybox --install -s /tmp/bin
            PATH=/tmp/bin:$PATH
            . /src/cca/tests/cca-host/host/host-lib.sh
            QEMU=/src/build/qemu-system-aarch64
            on_cca_host() { shift; "$@"; }
            . "/src/cca/tests/cca-host/host/scenarios/$0/host.sh"' "$scenario"
}
