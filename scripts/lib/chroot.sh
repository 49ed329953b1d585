# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The Debian 13 chroot in which everything is built and tested, so that the
# result does not depend on the host.  On x86-64 it has the cross compiler, the
# libraries of both architectures and qemu-user; on arm64 it is native.

host_arch=$(dpkg --print-architecture 2>/dev/null || uname -m)

both_packages=(libglib2.0-dev libpixman-1-dev libfdt-dev libslirp-dev
    libseccomp-dev libattr1-dev libcap-ng-dev zlib1g-dev libgcrypt20-dev
    libnuma-dev liburing-dev libaio-dev libspice-server-dev)
chroot_packages=(gcc libc6-dev clang make ninja-build meson python3-venv
    pkg-config flex bison ccache git perl cpio rsync device-tree-compiler
    qemu-system-arm busybox-static:arm64 shellcheck python3-sphinx
    python3-sphinx-rtd-theme "${both_packages[@]}")

case $host_arch in
amd64)
    chroot_archs=amd64,arm64
    chroot_packages+=(crossbuild-essential-arm64 qemu-user "${both_packages[@]/%/:arm64}") ;;
arm64)
    chroot_archs=arm64
    chroot_packages+=(build-essential) ;;
*) die "the host must be x86-64 or arm64, not $host_arch" ;;
esac

# Change the number when make_chroot changes
chroot_name=chroot-$(echo 1 "$suite" "$chroot_archs" "${chroot_packages[@]}" | hash12)

# checks_age: does this machine's apt refuse lists of packages that are old? A mirror
# that has them late is usable only where it does not
checks_age() {
    local check=true
    eval "$(apt-config shell check Acquire::Check-Valid-Until)"
    echo "$check"
}

# make_chroot DIR: in a mount namespace, so that no mount outlives a failure
make_chroot() {
    # deb-src and backports are not for the chroot, apt wants the name *.list
    grep "^deb .* $suite main" "$apt_dir/sources.list" > "$apt_dir/$suite.list"
    as_root rmdir "$1"
    as_root unshare -m --propagation private \
        mmdebstrap --mode=root --variant=apt --format=directory \
        --architectures="$chroot_archs" \
        --include="$(IFS=,; echo "${chroot_packages[*]}")" \
        --aptopt='APT::Install-Recommends "false"' \
        --aptopt='Acquire::Retries "3"' \
        --aptopt="Acquire::Check-Valid-Until \"$(checks_age)\"" \
        --dpkgopt='path-exclude=/usr/share/man/*' \
        "$suite" "$1" "$apt_dir/$suite.list"
    as_root mkdir -p "$1/src" "$1/ccache"
}

need_chroot() {
    announce_root
    [ ! -d "$cache/$chroot_name" ] || return 0
    apt_update
    step "Debian 13 chroot, about a minute" chroot.log entry "$chroot_name" make_chroot
}

# The inner half of in_chroot, as root in namespaces of its own.  The devices
# are bound one by one, so that no test can remove one of the host's.  $1 chroot,
# $2 user:group, $3 all its groups, $4 compiler cache, then pairs HOST:INSIDE up
# to --, then the command
# shellcheck disable=SC2016
chroot_script='
    set -e
    root=$1 user=$2 groups=$3 ccache=$4
    shift 4
    for pair; do
        [ "$pair" != -- ] || break
        # The chroot gets a mount point for what is not below /src
        case $pair in *:/src/*) ;; *) mkdir -p "$root${pair#*:}" ;; esac
    done
    mount --bind "$root" "$root"
    mount -o remount,bind,ro "$root"
    for dir in src tmp run; do mount -t tmpfs -o mode=1777 tmpfs "$root/$dir"; done
    mkdir -m 1777 "$root/src/home"
    mount -t proc proc "$root/proc"
    dev=$root/dev
    mount -t tmpfs -o mode=755 tmpfs "$dev"
    mkdir "$dev/pts" "$dev/shm" "$dev/net"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$dev/shm"
    ln -s pts/ptmx "$dev/ptmx"
    for fd in fd: stdin:/0 stdout:/1 stderr:/2; do
        ln -s "/proc/self/fd${fd#*:}" "$dev/${fd%%:*}"
    done
    for node in null zero full random urandom tty kvm net/tun vhost-net; do
        [ -c "/dev/$node" ] || continue
        touch "$dev/$node"
        mount --bind "/dev/$node" "$dev/$node"
    done
    mount --bind "$ccache" "$root/ccache"
    while [ "$1" != -- ]; do
        [ -d "$root${1#*:}" ] || mkdir -p "$root${1#*:}"
        mount --bind "${1%%:*}" "$root${1#*:}"
        shift
    done
    shift
    cd "$root"
    # Not exec: process 1 of the namespace would survive its own abort()
    chroot --userspec="$user" --groups="$groups" "$root" env -i \
        PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin HOME=/src/home \
        LC_ALL=C.UTF-8 TERM="${TERM-dumb}" PYTHONDONTWRITEBYTECODE=1 \
        CCACHE_DIR=/ccache CCACHE_COMPILERCHECK=content CCACHE_MAXSIZE=4G \
        CCACHE_SLOPPINESS=time_macros \
        sh -c '\''cd "$1"; shift; exec "$@"'\'' sh "$@" || exit
    exit 0
'

# in_chroot [HOST:INSIDE]... -- DIR COMMAND...: run COMMAND in DIR as the
# calling user.  The chroot itself is read-only; the checkout is at /src/cca.
# The process namespace ends whatever COMMAND leaves running.
in_chroot() {
    mkdir -p "$cache/ccache"
    as_root unshare -m --propagation private -p -f --kill-child \
        bash -c "$chroot_script" in_chroot "$cache/$chroot_name" \
        "$(id -u):$(id -g)" "$(id -G | tr ' ' ,)" "$cache/ccache" "$top:/src/cca" "$@"
}
