# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# For the benchmarks on the simulated host: QEMU in contract mode, and what
# counts its instructions where it is emulated.

# make_counter: build/bench/libcount.so, a plugin of the build unpatched-user
make_counter() {
    [ "$host_arch" != arm64 ] || return 0
    # shellcheck disable=SC2016
    in_build unpatched-user /src/cca sh -c '
        exec gcc -O2 -g -Wall -Werror -shared -fPIC -I/src/qemu/include/qemu \
            $(pkg-config --cflags glib-2.0) tests/cca-host/bench/count.c \
            -o build/bench/libcount.so'
}

# contract_bench PROGRAM [ARGUMENT...]: a program of tests/cca-host/bench, with
# what it needs to start the arm64 QEMU on the simulated host; images in tmpfs
contract_bench() {
    local program=$1 emulator=()
    shift
    [ "$host_arch" = arm64 ] ||
        emulator=(/src/user/qemu-aarch64 /src/cca/build/bench/libcount.so)
    in_chroot "$(build_dir arm64):/src/arm64" "$(build_dir unpatched-user):/src/user" -- \
        /src/cca python3 -B "tests/cca-host/bench/$program" /tmp "$@" \
        "/src/cca/${BENCH_JSON#"$top"/}" /src/arm64/qemu-system-aarch64 \
        /src/cca/build/sim/libccasim.so "${emulator[@]}"
}
