# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Builds of QEMU in the chroot.  Source and build directory are always at
# /src/qemu and /src/build there, so that ccache hits whatever the checkout.

# What a target is:  arm64   the product, with KVM (under qemu-user on x86-64)
#                    native  for this machine: dry runs, unit tests, plain qtests
#                    sanitized  native with ASan and UBSan
# and unpatched-arm64, unpatched-native: the same of the base without the series;
# unpatched-user: qemu-user with plugins, which Debian's has not, to count with.
# Stages use series-arm64 and series-native for one commit of the series,
# mutant-arm64 and mutant-native for a tree with a fault, and portable-novirt and
# portable-targets for builds that are not the product.
build_targets='arm64 native sanitized unpatched-arm64 unpatched-native unpatched-user'

configure_args=(--target-list=aarch64-softmmu --without-default-features
    --enable-system --disable-user --enable-tcg --enable-fdt=system
    --disable-install-blobs --disable-docs --enable-slirp --enable-seccomp
    --enable-virtfs --enable-attr --enable-cap-ng --enable-vhost-net
    --enable-vhost-kernel --enable-vhost-user --enable-vhost-vdpa
    --enable-gcrypt --enable-pixman --enable-trace-backends=log
    --enable-numa --enable-linux-io-uring --enable-linux-aio --enable-vnc --enable-spice
    --enable-werror --disable-download)
user_args=(--cc=gcc --target-list=aarch64-linux-user --without-default-features
    --enable-linux-user --enable-plugins --disable-install-blobs --disable-docs
    --disable-download)

# The devices of series-* where every commit is built: see 80-bisect
series_devices=virt-alone

# This checkout has its own source and build trees: two never mix
checkout=$(echo "$top" | hash12)

# compiles_once TARGET: is this for every commit of the series? Nobody runs what is made,
# and no object is made twice
compiles_once() { [[ ${QEMU_CCA_LEVEL-}:$1 = all:series-* ]]; }

# build_args TARGET: configure's arguments
build_args() {
    case $host_arch:$1 in
    *:unpatched-user) echo "${user_args[*]}"; return ;;
    amd64:portable-targets)
        echo "--cc=gcc ${configure_args[*]} --enable-kvm --target-list=x86_64-softmmu,arm-softmmu"
        return ;;
    amd64:*arm64 | amd64:portable-novirt) echo "--cross-prefix=aarch64-linux-gnu- --enable-kvm" ;;
    # By this name it is ccache's, which has no link for "cc"
    amd64:*) echo --cc=gcc ;;
    arm64:*) echo "--cc=gcc --enable-kvm" ;;
    esac
    # In half the time that it takes with -O1 -g. Reports have their lines
    [ "$1" != sanitized ] || echo "--enable-asan --enable-ubsan -Doptimization=0" \
        "--disable-debug-info --extra-cflags=-g1"
    # For a few commits, ccache has most of what the product's own options make
    ! compiles_once "$1" ||
        echo "--disable-debug-info -Doptimization=0 --with-devices-aarch64=$series_devices"
    [ "$1" != portable-novirt ] || echo "--with-devices-aarch64=novirt"
    echo "${configure_args[*]}"
}

# source_dir TARGET, build_dir TARGET: as host directories
source_dir() {
    case $1 in
    unpatched-*) readlink -f "$base/src" ;;
    series-* | mutant-* | portable-*) echo "$cache/src-${1%-*}$of_base-$checkout" ;;
    *) echo "$cache/src$of_base-$checkout" ;;
    esac
}
build_dir() {
    local key
    # On arm64 both are one build
    [ "$host_arch" != arm64 ] || set -- "${1/native/arm64}"
    key=$( (echo "$chroot_name"; build_args "$1"; readlink -f "$base") | hash12)
    case $1 in
    unpatched-*) echo "$cache/build-$1-$key" ;;
    *) echo "$cache/build-$1-$key-$checkout" ;;
    esac
}

# in_build TARGET DIR COMMAND...: in the chroot, with the target's trees
in_build() {
    local target=$1
    shift
    in_chroot "$cache:/src/cache" "$(source_dir "$target"):/src/qemu" \
        "$(build_dir "$target"):/src/build" -- "$@"
}

# configure_build TARGET: the stamp is written last, so that a build directory
# whose configure was interrupted is made again
configure_build() {
    local dir
    dir=$(build_dir "$1")
    [ ! -e "$dir/configured" ] || return 0
    rm -rf "$dir"
    mkdir -p "$dir"
    # shellcheck disable=SC2046
    in_build "$1" /src/build /src/qemu/configure $(build_args "$1")
    touch "$dir/configured"
}

# Debian keeps firmware that runs in a guest out of QEMU's source package and
# packs it apart, and the builds do not install what is left; but a machine with
# a network card by default, or a screen, does not start without its ROM.
roms=roms-$suite
unpack_roms() {
    local f
    (cd "$1" && apt_get download ipxe-qemu seabios)
    for f in "$1"/*.deb; do dpkg-deb -x "$f" "$1/deb"; done
    mv "$1"/deb/usr/share/qemu/*.rom "$1"/deb/usr/share/seabios/*.bin "$1/"
    rm -r "$1"/deb "$1"/*.deb
    for f in npcm7xx_bootrom.bin npcm8xx_bootrom.bin; do
        ln -s "/src/qemu/pc-bios/$f" "$1/$f"
    done
}
need_roms() {
    [ ! -d "$cache/$roms" ] || return 0
    apt_update
    step "ROMs of guests" roms.log entry "$roms" unpack_roms
}

# run_build TARGET NINJA_ARG...
run_build() {
    local target=$1 bundle env=()
    shift
    configure_build "$target"
    # Looking for an object first is a third of the time
    ! compiles_once "$target" || env=(env CCACHE_DISABLE=1)
    # One of the places where QEMU, when it is not installed, looks for ROMs
    bundle=$(build_dir "$target")/qemu-bundle/usr/local/share
    mkdir -p "$bundle"
    ln -sfn "/src/cache/$roms" "$bundle/qemu-firmware"
    in_build "$target" /src/build "${env[@]}" ninja "$@"
}

# build TARGET NINJA_ARG...: everything that is needed first, then ninja
build() {
    local target=$1 args=${*:2}
    case " $build_targets " in
    *" $target "*) ;;
    *) die "no such build: $target (there are: $build_targets)" ;;
    esac
    need_base
    need_chroot
    need_roms
    case $target in
    unpatched-*) ;;
    *) locked "src$of_base-$checkout" "$top/scripts/qemu-tree" sync "$(source_dir "$target")" ;;
    esac
    locked "build-$target$of_base-$checkout" \
        step "building QEMU${of_base:+ ${of_base#-}} for $target${args:+: $args}" \
        "build-$target$of_base.log" run_build "$@"
}
