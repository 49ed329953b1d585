# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2031
#
# Debian's Nova, for its libvirt driver: the packages that it needs and the chroot
# does not have, unpacked and cut down to Python modules, libraries, the schemas of
# libvirt and the firmware descriptors.

nova_python=usr/lib/python3/dist-packages
nova_parts=("$nova_python" "usr/lib/$(uname -m)-linux-gnu" usr/share/libvirt/schemas
    usr/share/qemu/firmware)
# The test reads XML with a module that Nova needs as well
nova_packages=(python3-nova python3-libvirt python3-lxml libvirt-common
    qemu-efi-aarch64)

# unpack_nova PACKAGE=VERSION... DIR
unpack_nova() (
    dir=${*: -1}
    unpack_packages "$@"
    for part in "${nova_parts[@]}"; do
        mkdir -p "$dir/$(dirname "$part")"
        mv "$dir/all/$part" "$dir/$part"
    done
    rm -r "$dir/all"
)

# need_nova: the tree, of whatever version the mirror had when it was made; its
# path is $nova_tree
need_nova() {
    local list name
    need_chroot
    name=nova-$( (echo "$chroot_name"; cat "$top/scripts/lib/nova.sh") | hash12)
    nova_tree=$cache/$name
    [ ! -d "$nova_tree" ] || return 0
    apt_update
    list=$(apt_get -o "Dir::State::Status=$cache/$chroot_name/var/lib/dpkg/status" \
               install -s --no-install-recommends "${nova_packages[@]}" |
           sed -nE 's/^Inst ([^ ]*) (\[[^]]*\] )?\(([^ ]*) .*/\1=\3/p')
    [[ $list = *python3-nova=* ]] || die "the mirror has no Nova in $suite"
    # shellcheck disable=SC2086
    step "Nova $(sed -n 's/^python3-nova=//p' <<< "$list"), $(wc -l <<< "$list") packages" \
        nova.log entry "$name" unpack_nova $list
}

# with_nova [HOST:INSIDE]... -- COMMAND...: in tests/cca-nova, with Nova and with the
# driver where an operator puts it; build/nova is the directory of the instances
with_nova() {
    local binds=()
    while [ "$1" != -- ]; do binds+=("$1"); shift; done
    shift
    mkdir -p "$top/build/nova"
    in_chroot "$nova_tree:/src/nova" \
        "$top/contrib/arm-cca/nova:/src/nova/$nova_python/nova/virt/arm_cca" \
        "$top/build/nova:/var/lib/nova" "${binds[@]}" -- /src/cca/tests/cca-nova \
        env "PYTHONPATH=/src/nova/$nova_python" \
        "LD_LIBRARY_PATH=/src/nova/usr/lib/$(uname -m)-linux-gnu" "$@"
}
