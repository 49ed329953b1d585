# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2031
#
# Debian's arm64 packages of QEMU with the series: a source package of its own
# version, built in a chroot that has what Debian's package builds with. All of
# it is of the suite that the base is from: in_base_suite.

package_dir=$top/build/package$of_base

# What of Debian's build is left out, as its build profiles
package_profiles=cross,nocheck,nodoc,pkg.qemu.use-upstream-vdso,pkg.qemu.omit-vdso-build-dep

# package_base: the base must be Debian's, its version is $base_version
package_base() {
    need_base
    [ -f "$base/dsc" ] ||
        die "the base is $(cat "$base/id"), a package needs Debian's: scripts/qemu-tree fetch"
    base_version=1:$(cat "$base/id")
}

# build_depends: the packages that Debian's builds with, and what they need,
# as on an empty machine
build_depends() {
    apt_get build-dep -s --arch-only --no-install-recommends -a arm64 \
        -P "$package_profiles" "qemu=$base_version" | sed -nE 's/^Inst ([^ ]*) .*/\1/p'
}

# The chroot of packages is one like the other, with other packages.  qemu-user
# is for the test of what was built.
package_tools=(ccache git busybox libgcrypt20-dev:arm64)
case $host_arch in
amd64) package_tools+=(crossbuild-essential-arm64 qemu-user) ;;
arm64) package_tools+=(build-essential)
       package_profiles=${package_profiles#cross,} ;;
esac
make_package_chroot() {
    local list chroot_packages=("${package_tools[@]}")
    list=$(build_depends)
    # shellcheck disable=SC2206 # one word each
    chroot_packages+=($list)
    make_chroot "$1"
}

need_package_chroot() {
    announce_root
    package_base
    package_chroot=package-chroot-$(echo 1 "$chroot_name$of_base" "${package_tools[@]}" \
        "$package_profiles" "$(cat "$base/dsc")" | hash12)
    [ ! -d "$cache/$package_chroot" ] || return 0
    apt_update
    step "chroot with what Debian's QEMU builds with" package-chroot.log \
        entry "$package_chroot" make_package_chroot
}

# in_package_chroot: as in_chroot
in_package_chroot() {
    # shellcheck disable=SC2034
    local chroot_name=$package_chroot
    in_chroot "$@"
}

# The binary packages that are kept: all that has to be of the same version as
# qemu-system-arm or qemu-utils.  qemu-system-data need not be, it is Debian's.
package_names='qemu-system-arm qemu-system-common qemu-system-gui
    qemu-system-modules-opengl qemu-system-modules-spice qemu-block-extra qemu-utils'

# edit FILE SED: a change that does not find what it is for is an error
edit() {
    cp "$1" "$1.before"
    sed -Ei "$2" "$1"
    ! cmp -s "$1" "$1.before" ||
        die "debian/${1#*/debian/} has nothing for: $2: bring scripts/lib/package.sh up to date"
    rm "$1.before"
}

# keep_packages FILE: the stanzas of debian/control that are built
keep_packages() {
    awk -v RS= -v ORS='\n\n' -v "names=$package_names" '
        BEGIN { count = split(names, list); for (i in list) keep[list[i]] = 1 }
        match($0, /(^|\n)(:[a-z]*:)?Package: [^\n]*/) {
            name = substr($0, RSTART, RLENGTH)
            sub(/.*: /, "", name)
            if (!(name in keep)) next
            count--
        }
        { print }
        END { exit count != 0 }' "$1" > "$1.cut" || die "debian/control has not all of: $package_names"
    mv "$1.cut" "$1"
}

# faster_hash DEBIAN: what measures a Realm's images. Its ciphers are those of nettle, but for
# Twofish-192, and nettle, which Debian takes, has no code for Arm's SHA-512 instructions
faster_hash() {
    local f
    for f in "$1/control-in" "$1/control"; do
        edit "$f" 's/^# --enable-nettle/# --enable-gcrypt/'
        edit "$f" 's/^ nettle-dev/ libgcrypt20-dev/'
    done
}

# cut_package DEBIAN: one emulator, no documentation, nothing of what Debian's
# source has besides; what is ours has a place in qemu-system-common
cut_package() {
    local d=$1 tool=usr/share/qemu/arm-cca
    keep_packages "$d/control-in"
    keep_packages "$d/control"
    edit "$d/control.mk" 's/^(system-packages :=).*/\1 arm/'
    edit "$d/control.mk" 's/^(system-archlist-arm :=) aarch64 arm$/\1 aarch64/'
    edit "$d/rules" 's/^enable-system = .*/enable-system = y/'
    edit "$d/rules" 's/^qemu-builds \+= man html$/# no documentation/'
    edit "$d/rules" 's/^common_configure_opts = /&--target-list=aarch64-softmmu /'
    # Not the tests, which are part of "all", as "install" would have it
    edit "$d/rules" 's/^\t\$\{NINJA\} -C b\/qemu$/& $$(python3 debian\/installed-targets b\/qemu)/'
    edit "$d/rules" 's/\$\{NINJA\} -C b\/qemu install$/${MESON} install -C b\/qemu --no-rebuild/'
    cp "$top/scripts/lib/installed-targets.py" "$d/installed-targets"
    # The links to manual pages that are not made
    edit "$d/rules" 's/^\tdh_missing -a$/\trm -r debian\/qemu-system-arm\/usr\/share\/man\n&/'
    # Of packages that are not made
    edit "$d/rules" '/^\tdh_install(init|systemd|udev) -pqemu-guest-agent/d'
    edit "$d/rules" 's/^\tdh_shlibdeps -a -Nqemu-user$/\tdh_shlibdeps -a/'
    # Modules with devices that this target has not
    edit "$d/qemu-system-modules-opengl.install" '/hw-display-virtio-vga-gl.so$/d'
    edit "$d/qemu-system-modules-spice.install" '/hw-display-qxl.so$/d'
    edit "$d/qemu-system-common.install" '/hw-display-virtio-vga.so$/d'
    edit "$d/qemu-system-common.install" '/^b\/docs\//d'
    edit "$d/qemu-utils.install" '/^b\/docs\//d'
    printf '%s\n' "docs/system/arm/cca* usr/share/doc/qemu-system-common/arm-cca" \
        "scripts/cca-measure $tool" "scripts/cca_measure $tool" >> "$d/qemu-system-common.install"
    echo "$tool/cca-measure usr/bin/cca-measure" >> "$d/qemu-system-common.links"
    touch "$d/control"          # not to be made again of control-in
}

# add_series DEBIAN DIR: the patches of `qemu-tree export DIR'
add_series() {
    local p
    mkdir "$1/patches/cca"
    for p in "$2"/[0-9]*.patch; do
        [ "${p##*/}" != 0000-cover-letter.patch ] || continue
        cp "$p" "$1/patches/cca/"
        echo "cca/${p##*/}" >> "$1/patches/series"
    done
}

# add_changelog DEBIAN: dated as Debian's last entry, for the same bytes always
add_changelog() {
    local date
    date=$(dpkg-parsechangelog -l "$1/changelog" -S Date)
    {
        cat <<END
qemu ($package_version) $suite; urgency=medium

  * Add Arm CCA Realms for the virt machine (debian/patches/cca).
  * Build qemu-system-aarch64 and the tools only: no qemu-system-arm and no
    other target, no user mode, guest agent, documentation, data, no tests.
  * Take libgcrypt, which is faster for SHA-512 on Arm, and not nettle.

 -- qemu-cca <qemu-cca@invalid>  $date

END
        cat "$1/changelog"
    } > "$1/changelog.new"
    mv "$1/changelog.new" "$1/changelog"
}

# package_source DIR: DIR/qemu, ready to be built
package_source() {
    (cd "$1" && apt_get source --download-only --only-source "qemu=$base_version")
    dpkg-source -x --no-copy "$1"/*.dsc "$1/qemu"
    "$top/scripts/qemu-tree" export "$1/series"
    add_series "$1/qemu/debian" "$1/series"
    add_changelog "$1/qemu/debian"
    faster_hash "$1/qemu/debian"
    cut_package "$1/qemu/debian"
}

# package_build DIR: source and binary packages in DIR
package_build() {
    in_package_chroot "$1:/src/package" -- /src/package/qemu env \
        DEB_BUILD_OPTIONS="nocheck noautodbgsym terse parallel=$(nproc)" \
        DEB_CFLAGS_STRIP=-g DEB_CXXFLAGS_STRIP=-g \
        sh -ec 'dpkg-source --before-build .
                dpkg-source -b .
                dpkg-buildpackage -B -nc -a arm64 -P"$1" -us -uc' sh "$package_profiles"
}

# make_package DIR
make_package() {
    local since=$EPOCHSECONDS dir=$1
    package_source "$dir"
    package_build "$dir"
    mkdir "$dir/result" "$dir/result/source"
    mv "$dir"/*.deb "$dir/result/"
    mv "$dir"/*"${package_version#*:}".{dsc,debian.tar.xz} "$dir"/*.orig.tar.xz "$dir/result/source/"
    echo $((EPOCHSECONDS - since)) > "$dir/result/seconds"
    find "$dir" -mindepth 1 -maxdepth 1 ! -name result -exec rm -rf {} +
    mv "$dir"/result/* "$dir/"
    rmdir "$dir/result"
}

# package_key: a hash of everything that the packages are made of
package_key() {
    local p f
    {
        echo "$package_chroot" "$package_version"
        cat "$top/scripts/lib/package.sh" "$top/patches/series" "$base_dir"/*
        for p in "$top"/patches/*.patch; do
            cat "$p"
            sed -n -e '/^---$/q' -e 's/^Adds:[[:space:]]*//p' "$p" |
                while read -r f; do cat "$top/$f"; done
        done
    } | hash12
}

# need_package REVISION: $package_dir, made again only if something changed; it
# is a copy of the cache entry $package_entry
need_package() { in_base_suite need_package_here "$1"; }
need_package_here() {
    need_package_chroot
    package_version=$base_version+cca$1
    package_entry=package-$(package_key)
    if [ ! -d "$cache/$package_entry" ]; then
        apt_update
        step "Debian's packages of QEMU $package_version for arm64" \
            "package$of_base.log" entry "$package_entry" make_package
    fi
    rm -rf "$package_dir"
    cp -rT --reflink=auto "$cache/$package_entry" "$package_dir"
}
