# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2031
#
# kexec for guests of the emulated host, as a cpio archive: Debian's arm64 package,
# unpacked, with the libraries that the program needs. No maintainer script runs.

# kexec_packages: PACKAGE=VERSION, one a line
kexec_packages() {
    arm64_apt_get install -s --no-install-recommends kexec-tools |
        sed -nE 's/^Inst ((lib|kexec|zlib)[^ ]*) \(([^ ]*) .*\[arm64\].*/\1:arm64=\3/p'
}

# unpack_kexec PACKAGE=VERSION... DIR
unpack_kexec() (
    # shellcheck disable=SC2034 # image-lib.sh reads them
    root=$cache/$chroot_name dir=${*: -1} library_trees=("${*: -1}/all" "$root")
    # shellcheck source=/dev/null
    . "$top/tests/cca-host/host/image-lib.sh"
    unpack_packages "$@"
    mkdir -p "$dir/tree/bin"
    mv "$(find "$dir/all" -path '*sbin/kexec')" "$dir/tree/bin/"
    mapfile -t libs < <(elf_closure "$dir/tree/bin/kexec")
    copy_libraries "$dir/tree" "${libs[@]}"
    pack "$dir/tree" "$dir/kexec.cpio"
    rm -r "$dir/all" "$dir/tree"
)

# need_kexec: make the archive unless there is one, of whatever version the mirror
# had then; its path is $kexec_archive
need_kexec() {
    local list name
    need_chroot
    name=kexec-$( (echo "$chroot_name"; cat "$top/scripts/lib/kexec.sh") | hash12)
    # shellcheck disable=SC2034
    kexec_archive=$cache/$name/kexec.cpio
    [ ! -d "$cache/$name" ] || return 0
    apt_update
    list=$(kexec_packages)
    [[ $list == *kexec-tools* ]] || die "the mirror has no kexec-tools for arm64 in $suite"
    # shellcheck disable=SC2086
    step "kexec $(sed -n 's/^kexec-tools:arm64=//p' <<< "$list") for arm64" \
        kexec.log entry "$name" unpack_kexec $list
}
