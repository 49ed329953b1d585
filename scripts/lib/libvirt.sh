# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2031
#
# libvirt for the emulated host: Debian's arm64 packages, unpacked and cut down
# to the daemons, virsh and the libraries that they need, as a cpio archive.
# No maintainer script runs; what these would have made (users, for example) is
# the scenario's business.

# What of the packages the host gets, apart from libraries
libvirt_parts=(etc/libvirt usr/sbin/libvirtd usr/sbin/virtlogd usr/bin/virsh
    usr/share/libvirt usr/lib/libvirt usr/lib/aarch64-linux-gnu/libvirt)

# As on an arm64 machine on which nothing is installed
arm64_apt_get() {
    apt_get -o APT::Architecture=arm64 -o APT::Architectures=arm64 "$@"
}

# libvirt_packages: PACKAGE=VERSION, one a line.  The daemon and its driver are
# taken without what they depend on (systemd, a QEMU); their libraries are those
# of the client and of virtlogd.
libvirt_packages() {
    local list version p
    list=$(arm64_apt_get install -s --no-install-recommends \
               libvirt0 libvirt-clients libvirt-daemon-log |
           sed -nE 's/^Inst (lib[^ ]*) \(([^ ]*) .*\[arm64\].*/\1:arm64=\2/p')
    version=$(sed -n 's/^libvirt0:arm64=//p' <<< "$list")
    [ -n "$version" ] || die "the mirror has no libvirt for arm64 in $suite"
    echo "$list"
    for p in '' -common -driver-qemu; do echo "libvirt-daemon$p:arm64=$version"; done
}

# unpack_libvirt PACKAGE=VERSION... DIR
unpack_libvirt() (
    # shellcheck disable=SC2034 # image-lib.sh reads them
    root=$cache/$chroot_name dir=${*: -1} library_trees=("${*: -1}/all" "$root")
    # shellcheck source=/dev/null
    . "$top/tests/cca-host/host/image-lib.sh"
    mkdir "$dir/deb" "$dir/all" "$dir/tree"
    (cd "$dir/deb" && apt_get download "${@:1:$#-1}")
    for p in "$dir"/deb/*.deb; do dpkg-deb -x "$p" "$dir/all"; done
    for part in "${libvirt_parts[@]}"; do
        mkdir -p "$dir/tree/$(dirname "$part")"
        mv "$dir/all/$part" "$dir/tree/$part"
    done
    mapfile -t programs < <(find "$dir"/tree/usr -type f \( -perm -1 -o -name '*.so' \))
    mapfile -t libs < <(elf_closure "${programs[@]}")
    cp -L "${libs[@]}" "$dir/tree/usr/lib/aarch64-linux-gnu/"
    # Programs name it by another path
    mkdir "$dir/tree/lib"
    mv "$dir/tree/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1" "$dir/tree/lib/"
    pack "$dir/tree" "$dir/libvirt.cpio"
    printf '%s\n' "${@:1:$#-1}" > "$dir/packages"
    rm -r "$dir/deb" "$dir/all" "$dir/tree"
)

# need_libvirt: make the archive unless there is one, of whatever version the
# mirror had then; its path is $libvirt_archive
need_libvirt() {
    local list name
    need_chroot
    name=libvirt-$( (echo "$chroot_name"; cat "$top/scripts/lib/libvirt.sh") | hash12)
    # shellcheck disable=SC2034
    libvirt_archive=$cache/$name/libvirt.cpio
    [ ! -d "$cache/$name" ] || return 0
    apt_update
    list=$(libvirt_packages)
    # shellcheck disable=SC2086
    step "libvirt $(sed -n 's/^libvirt0:arm64=//p' <<< "$list") for arm64" \
        libvirt.log entry "$name" unpack_libvirt $list
}
