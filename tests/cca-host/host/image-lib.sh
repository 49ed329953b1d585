# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# The parts of the emulated arm64 host's file system, as cpio archives.
#
# The kernel unpacks concatenated archives one after the other, so what is
# large and rarely changes (the distribution's part, QEMU) is packed once and
# kept under the name of a hash of its content, and what changes with every
# run (the scenario, the simulator) is a small archive of its own.
#
# Needs in the environment of the caller:
#   root    Debian 13 tree with the arm64 libraries ("/" on an arm64 Debian 13)
#   kernel  directory with the vmlinuz and modules/ of an arm64 kernel
#   cache   directory for the archives

# Modules in an order in which insmod works; built-in ones are passed over.
HOST_MODULES=(tun tap vhost_iotlb vhost vhost_net
              vsock vmw_vsock_virtio_transport_common vhost_vsock)
GUEST_MODULES=(virtio_mmio virtio_blk failover net_failover virtio_net
               virtio-rng configfs tsm_report arm-cca-guest)

die()
{
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Run a program of the Debian tree without chroot(2), which only root may use.
from_root()
{
    local prog=$1 loader=
    shift
    if [ "$root" = / ]; then
        "$prog" "$@"
        return
    fi
    for loader in "$root"/lib64/ld-linux-x86-64.so.2 \
                  "$root"/lib/ld-linux-aarch64.so.1; do
        [ -e "$loader" ] && break
    done
    "$loader" --library-path "$(printf '%s:' "$root"/usr/lib/*-linux-gnu)" \
        --argv0 "$prog" "$root/usr/bin/$prog" "$@"
}

# copy_modules DESTDIR NAME...: the modules and the order to load them in.
copy_modules()
{
    local dest=$1 m f
    shift
    mkdir -p "$dest"
    : > "$dest/order"
    for m in "$@"; do
        f=$(find "$kernel/modules/kernel" -name "$m.ko*" | head -n 1)
        if [ -n "$f" ]; then
            cp "$f" "$dest/"
            basename "$f" >> "$dest/order"
        elif ! grep -q "/$m\.ko$" "$kernel/modules/modules.builtin"; then
            die "the kernel in $kernel has no module $m"
        fi
    done
}

# Shared libraries that an ELF file needs, from the Debian tree, recursively.
elf_closure()
{
    local -A seen=()
    local -a todo=("$@")
    local f lib path
    while [ ${#todo[@]} -gt 0 ]; do
        f=${todo[0]}
        todo=("${todo[@]:1}")
        while read -r lib; do
            [ -n "${seen[$lib]:-}" ] && continue
            path=${root%/}/usr/lib/aarch64-linux-gnu/$lib
            [ -e "$path" ] || die "$f needs $lib, which is not in $root"
            seen[$lib]=$path
            todo+=("$path")
        done < <(from_root readelf -d "$f" |
                 sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    done
    printf '%s\n' "${seen[@]}"
}

# pack DIR FILE: DIR as a cpio archive, complete or not at all.
pack()
{
    (cd "$1" && find . | LC_ALL=C sort |
         from_root cpio --quiet --reproducible -R 0:0 -o -H newc) > "$2.new"
    mv "$2.new" "$2"
}

# key FILE...: a hash of names and contents.
key()
{
    sha256sum "$@" | sha256sum | cut -c 1-16
}

# Archives of which a newer version was packed are of no more use.
forget_others()
{
    local keep=$1 kind=$2 f
    for f in "$cache/$kind"-*.cpio; do
        [ "$f" = "$keep" ] || rm -f "$f"
    done
}

busybox_tree()
{
    local tree=$1
    mkdir -p "$tree"/{bin,dev,proc,sys,tmp,etc}
    cp "${root%/}/usr/bin/busybox" "$tree/bin/busybox"
    ln -s busybox "$tree/bin/sh"
}

# Distribution part: busybox, modules and the guests' kernel. Prints the file.
base_archive()
{
    local tree out here=$1
    out=$cache/base-$(key "${root%/}/usr/bin/busybox" "$kernel/vmlinuz" \
        "$here/init" "$here/image-lib.sh").cpio
    if [ ! -e "$out" ]; then
        tree=$(mktemp -d)
        busybox_tree "$tree"
        copy_modules "$tree/modules" "${HOST_MODULES[@]}"
        mkdir "$tree/guest"
        cp "$kernel/vmlinuz" "$tree/guest/vmlinuz"
        cp "$here/init" "$tree/init"
        pack "$tree" "$out"
        rm -rf "$tree"
        forget_others "$out" base
    fi
    echo "$out"
}

# QEMU under test with everything it is linked to. Prints the file.
qemu_archive()
{
    local tree out qemu=$1 lib
    local -a libs
    mapfile -t libs < <(elf_closure "$qemu")
    [ ${#libs[@]} -gt 0 ] || die "$qemu: no libraries found"
    out=$cache/qemu-$(key "$qemu" "${libs[@]}").cpio
    if [ ! -e "$out" ]; then
        tree=$(mktemp -d)
        mkdir -p "$tree"/{lib,bin,usr/lib/aarch64-linux-gnu}
        for lib in "${libs[@]}"; do
            cp -L "$lib" "$tree/usr/lib/aarch64-linux-gnu/"
        done
        mv "$tree/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1" "$tree/lib/"
        from_root aarch64-linux-gnu-strip -o "$tree/bin/qemu-system-aarch64" \
            "$qemu"
        pack "$tree" "$out"
        rm -rf "$tree"
        forget_others "$out" qemu
    fi
    echo "$out"
}

# Root file system of the guests; their scripts are appended to it.
guest_archive()
{
    local tree out here=$1
    out=$cache/guest-$(key "${root%/}/usr/bin/busybox" "$kernel/vmlinuz" \
        "$here/guest-init" "$here/image-lib.sh").cpio
    if [ ! -e "$out" ]; then
        tree=$(mktemp -d)
        busybox_tree "$tree"
        copy_modules "$tree/modules" "${GUEST_MODULES[@]}"
        cp "$here/guest-init" "$tree/init"
        pack "$tree" "$out"
        rm -rf "$tree"
        forget_others "$out" guest
    fi
    echo "$out"
}

# scenario_archive OUT HERE SCENARIO-DIR GUEST-ARCHIVE [NAME=FILE...]: what
# this run adds: the scenario, the guests' initrd (also left as OUT.initrd), the
# files it was given.
scenario_archive()
{
    local out=$1 here=$2 dir=$3 guest=$4 tree gtree pair
    shift 4
    tree=$(mktemp -d)
    gtree=$(mktemp -d)
    mkdir -p "$tree"/{guest,files,scenario} "$gtree/guest"
    cp "$dir"/*.sh "$tree/scenario/"
    cp "$here/host-lib.sh" "$tree/"
    cp "$here"/guest/guest-*.sh "$gtree/guest/"
    pack "$gtree" "$gtree.cpio"
    cat "$guest" "$gtree.cpio" > "$tree/guest/initrd"
    cp "$tree/guest/initrd" "$out.initrd"
    for pair in "$@"; do
        cp "${pair#*=}" "$tree/files/${pair%%=*}"
        chmod 755 "$tree/files/${pair%%=*}"
    done
    pack "$tree" "$out"
    rm -rf "$tree" "$gtree" "$gtree.cpio"
}
