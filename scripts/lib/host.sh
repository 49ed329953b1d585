# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The emulated CCA host of tests/cca-host: what has to be built for it, and its
# scenario runner with everything filled in.

cca_host=tests/cca-host
host_out=$top/build/cca-host

# build_host: the simulator and the test firmware, in build/cca-host
build_host() {
    local cross=
    need_base
    need_chroot
    [ "$host_arch" = arm64 ] || cross=aarch64-linux-gnu-
    mkdir -p "$host_out/firmware"
    step "test firmware" firmware.log in_chroot -- "/src/cca/$cca_host/firmware" \
        make -s CROSS_PREFIX="$cross" O=/src/cca/build/cca-host/firmware
    [ ! -f "$top/$cca_host/Makefile" ] ||
        step "simulator" simulator.log in_chroot "$(readlink -f "$base/src"):/src/qemu" -- \
            "/src/cca/$cca_host" make -s CROSS_PREFIX="$cross" O=/src/cca/build/cca-host
}

# have_scenario NAME
have_scenario() { [ -f "$top/$cca_host/host/scenarios/$1/host.sh" ]; }

# run_scenario [OPTION...] SCENARIO...: with the QEMU of this checkout; the
# results are in build/logs/SCENARIO
run_scenario() {
    local root=$cache/$chroot_name
    CCA_QEMU=$(build_dir arm64)/qemu-system-aarch64 CCA_ROOT=$root \
    CCA_KERNEL=$("$top/scripts/kernel") \
    CCA_SIM=$([ ! -e "$host_out/libccasim.so" ] || echo "$host_out/libccasim.so") \
        "$top/$cca_host/host/run-scenario" --logs "$logs" "$@"
}

# need_host: all that run_scenario needs
need_host() {
    build arm64 qemu-system-aarch64
    "$top/scripts/kernel" > /dev/null
    build_host
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
