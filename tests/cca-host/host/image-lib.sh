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
# For scripts that load them themselves
GUEST_MORE_MODULES=(scsi_common scsi_mod virtio_scsi virtio_input
                    vsock vmw_vsock_virtio_transport_common
                    vmw_vsock_virtio_transport)

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

# find_library NAME: print its path, the first one in the trees of $library_trees
find_library()
{
    local tree path
    for tree in "${library_trees[@]:-$root}"; do
        path=${tree%/}/usr/lib/aarch64-linux-gnu/$1
        [ ! -e "$path" ] || { echo "$path"; return; }
    done
    return 1
}

# Shared libraries that an ELF file needs, recursively, from the Debian tree or,
# if the array library_trees is set, from the trees in it.
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
            path=$(find_library "$lib") ||
                die "$f needs $lib, which is not in ${library_trees[*]:-$root}"
            seen[$lib]=$path
            todo+=("$path")
        done < <(from_root readelf -d "$f" |
                 sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    done
    printf '%s\n' "${seen[@]}"
}

# copy_libraries TREE FILE...: libraries, and the loader where programs expect it
copy_libraries()
{
    local tree=$1
    shift
    mkdir -p "$tree"/{lib,usr/lib/aarch64-linux-gnu}
    cp -L "$@" "$tree/usr/lib/aarch64-linux-gnu/"
    mv "$tree/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1" "$tree/lib/"
}

# pack DIR FILE: DIR as a cpio archive, complete or not at all. The same content
# gives the same bytes: a Realm's measurement depends on its initrd.
pack()
{
    chmod -R u=rwX,go=rX "$1"
    find "$1" -exec touch -h -d @0 {} +
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

# archive KIND FILL FILE...: the archive of that kind that is made of FILE...,
# from the cache or packed from what `FILL TREE FILE...' puts into a directory.
# Prints its path.
archive()
{
    local tree out kind=$1 fill=$2
    shift 2
    out=$cache/$kind-$(key "$@").cpio
    if [ ! -e "$out" ]; then
        tree=$(mktemp -d)
        "$fill" "$tree" "$@"
        pack "$tree" "$out"
        rm -rf "$tree"
        forget_others "$out" "$kind"
    fi
    echo "$out"
}

fill_base()
{
    local tree=$1 init=$2
    busybox_tree "$tree"
    copy_modules "$tree/modules" "${HOST_MODULES[@]}"
    mkdir "$tree/guest"
    cp "$kernel/vmlinuz" "$tree/guest/vmlinuz"
    cp "$init" "$tree/init"
}

# Distribution part: busybox, modules and the guests' kernel. Prints the file.
base_archive()
{
    archive base fill_base "$1/init" "$1/image-lib.sh" \
        "${root%/}/usr/bin/busybox" "$kernel/vmlinuz"
}

fill_qemu()
{
    local tree=$1 qemu=$2
    shift 2
    mkdir -p "$tree/bin"
    copy_libraries "$tree" "$@"
    from_root aarch64-linux-gnu-strip -o "$tree/bin/qemu-system-aarch64" "$qemu"
}

# QEMU under test with everything it is linked to. Prints the file.
qemu_archive()
{
    local -a libs
    mapfile -t libs < <(elf_closure "$1")
    [ ${#libs[@]} -gt 0 ] || die "$1: no libraries found"
    archive qemu fill_qemu "$1" "${libs[@]}"
}

fill_guest()
{
    local tree=$1 init=$2
    busybox_tree "$tree"
    copy_modules "$tree/modules" "${GUEST_MODULES[@]}"
    copy_modules "$tree/modules/more" "${GUEST_MORE_MODULES[@]}"
    cp "$init" "$tree/init"
}

# Root file system of the guests; their scripts are appended to it.
guest_archive()
{
    archive guest fill_guest "$1/guest-init" "$1/image-lib.sh" \
        "${root%/}/usr/bin/busybox" "$kernel/vmlinuz"
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
