# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2031
#
# libvirt and QEMU for the emulated host, as cpio archives. libvirt is Debian's
# arm64 packages, unpacked and cut down to the daemons, virsh, AppArmor's
# profiles and the libraries that they need. No maintainer script runs; what
# these would have made (users, for example) is the scenario's business.  QEMU
# is what scripts/package built, installed by dpkg, with Debian's libraries.

# What of the packages the host gets, apart from libraries
libvirt_parts=(etc/libvirt usr/sbin/libvirtd usr/sbin/virtlogd usr/bin/virsh
    usr/share/libvirt usr/lib/libvirt usr/lib/aarch64-linux-gnu/libvirt
    etc/apparmor.d usr/sbin/apparmor_parser)

# libvirt_packages: PACKAGE=VERSION, one a line.  The daemon and its driver are
# taken without what they depend on (systemd, a QEMU); their libraries are those
# of the client and of virtlogd.
libvirt_packages() {
    local list version p
    list=$(arm64_apt_get install -s --no-install-recommends \
               libvirt0 libvirt-clients libvirt-daemon-log apparmor |
           sed -nE 's/^Inst ((lib|apparmor)[^ ]*) \(([^ ]*) .*\[arm64\].*/\1:arm64=\3/p')
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
    unpack_packages "$@"
    mkdir "$dir/tree"
    for part in "${libvirt_parts[@]}"; do
        mkdir -p "$dir/tree/$(dirname "$part")"
        mv "$dir/all/$part" "$dir/tree/$part"
    done
    mapfile -t programs < <(find "$dir"/tree/usr -type f \( -perm -1 -o -name '*.so' \))
    mapfile -t libs < <(elf_closure "${programs[@]}")
    copy_libraries "$dir/tree" "${libs[@]}"
    pack "$dir/tree" "$dir/libvirt.cpio"
    rm -r "$dir/all" "$dir/tree"
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

# What of the built packages the host gets: the emulator's and what libvirt
# calls.  They have what qemu-system-arm depends on, apart from libraries, and
# from qemu-system-data, whose ROMs and keymaps a Realm has no use for.
host_debs=(qemu-system-arm qemu-system-common qemu-utils)

# install_package DIR: DIR/tree, as dpkg installs there.  Its scripts run on this
# machine, told where the tree is; as another user than root, without chown.
install_package() {
    local inside=() p
    mkdir -p "$1/tree/var/lib/dpkg/"{info,updates} "$1/deb"
    touch "$1/tree/var/lib/dpkg/"{status,available}
    for p in "${host_debs[@]}"; do
        cp "$package_dir/${p}_"*_arm64.deb "$1/deb/"
        inside+=("/src/deb/$(cd "$1/deb" && echo "${p}"_*)")
    done
    in_package_chroot "$1/tree:/src/tree" "$1/deb:/src/deb" -- / sh -ec '
        dpkg --root=/src/tree --add-architecture arm64
        dpkg --root=/src/tree --force-not-root --force-depends \
            --force-script-chrootless --log=/dev/null --install "$@"' sh "${inside[@]}"
}

# pack_package DIR: DIR/qemu.cpio and the versions of the packages in it
pack_package() (
    # shellcheck disable=SC2034 # image-lib.sh reads them
    root=$cache/$chroot_name dir=$1 library_trees=("$cache/$package_chroot")
    # shellcheck source=/dev/null
    . "$top/tests/cca-host/host/image-lib.sh"
    install_package "$dir"
    mapfile -t programs < <(find "$dir"/tree/usr/{bin,lib} -type f \( -perm -1 -o -name '*.so' \))
    mapfile -t libs < <(elf_closure "${programs[@]}")
    copy_libraries "$dir/tree" "${libs[@]}"
    rm -rf "$dir/tree/usr/share/doc" "$dir/tree/usr/share/man"
    pack "$dir/tree" "$dir/qemu.cpio"
    rm -rf "$dir/deb" "$dir/tree"
)

# need_host_package: the archive with the QEMU of need_package; its path
# is $package_archive
need_host_package() {
    local name
    name=host-$(basename "$package_entry")-$( (echo "$chroot_name" "${host_debs[@]}"
        cat "$top/scripts/lib/libvirt.sh") | hash12)
    # shellcheck disable=SC2034
    package_archive=$cache/$name/qemu.cpio
    [ -d "$cache/$name" ] || step "QEMU's packages, for the emulated host" \
        host-package.log entry "$name" pack_package
}

manual=$top/docs/system/arm

# need_libvirt_host: all that run_libvirt needs
need_libvirt_host() {
    need_package 1
    need_host_package
    need_libvirt
    echo "the emulated host has QEMU $package_version, of $cache/$package_entry"
}

# run_libvirt SCENARIO [OPTION...]: with the manual's files; its lines are results
run_libvirt() {
    local file files=()
    for file in "$manual"/cca-libvirt-*.{xml,json}; do
        files+=(--file "$(basename "$file")=$file")
    done
    results_of "the scenario $1" run_scenario --qemu none --timeout 3000 --archive "$package_archive" \
        --archive "$libvirt_archive" "${files[@]}" \
        --file "firmware.bin=$sim/firmware/fw.bin" "${@:2}" "$1"
}
