# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A private apt: Debian 13 from the mirror that this machine already uses,
# checked with Debian's keys, in lists and caches of its own.  Nothing under
# /etc or /var is touched and no mirror is named in this repository.  Another
# suite is these three with other values, see in_base_suite.

suite=trixie
backports=trixie-backports
apt_dir=$cache/apt

# mirror: the URI of Debian's archive in this machine's own configuration
mirror() {
    local uri
    # The origin is known only after an `apt-get update` on this machine
    uri=$(apt-get indextargets --format "\$(ORIGIN)|\$(LABEL)|\$(REPO_URI)" \
          'Created-By: Packages' | sed -n 's/^Debian|Debian|//p' | sed -n 1p)
    echo "${uri%/}"
}

# apt_setup: write the configuration; fails if no mirror can be found
apt_setup() {
    local uri key=/usr/share/keyrings/debian-archive-keyring.gpg s
    host_tools
    uri=$(mirror)
    if [ -z "$uri" ]; then
        announce_root
        step "apt-get update, to learn this machine's mirror" apt-host.log \
            as_root apt-get update
        uri=$(mirror)
    fi
    [ -n "$uri" ] ||
        die "apt knows no mirror of Debian here; use qemu-tree fetch --source DIR"
    mkdir -p "$apt_dir"/{lists,cache}/partial "$apt_dir/cache/archives/partial"
    : > "$apt_dir/status"
    {
        for s in "$suite" $backports; do
            echo "deb [signed-by=$key arch=amd64,arm64] $uri $s main"
        done
        echo "deb-src [signed-by=$key] $uri $suite main"
    } > "$apt_dir/sources.list"
    # Given with -c this is read last, so the machine's own settings cannot
    # point these elsewhere; its proxies and credentials stay in force
    cat > "$apt_dir/apt.conf" <<END
Dir::Etc::SourceList "$apt_dir/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "$apt_dir/lists";
Dir::State::Status "$apt_dir/status";
Dir::Cache "$apt_dir/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
END
}

apt_cache() { apt-cache -c "$apt_dir/apt.conf" -q "$@"; }
apt_get() { apt-get -c "$apt_dir/apt.conf" -q "$@"; }
# As on an arm64 machine on which nothing is installed
arm64_apt_get() {
    apt_get -o APT::Architecture=arm64 -o APT::Architectures=arm64 "$@"
}

# unpack_packages PACKAGE=VERSION... DIR: into DIR/all, what they are into
# DIR/packages. No maintainer script runs
unpack_packages() {
    local dir=${*: -1} p
    mkdir "$dir/deb" "$dir/all"
    (cd "$dir/deb" && apt_get download "${@:1:$#-1}")
    for p in "$dir"/deb/*.deb; do dpkg-deb -x "$p" "$dir/all"; done
    rm -r "$dir/deb"
    printf '%s\n' "${@:1:$#-1}" > "$dir/packages"
}

# apt_update: fetch and verify the package lists, once in a run of the scripts
apt_update() {
    [ "${QEMU_CCA_APT-}" != "$apt_dir" ] || return 0
    apt_setup
    locked apt step "package lists of Debian ${suite/trixie/13}" apt-update.log \
        apt_get update --error-on=any
    export QEMU_CCA_APT=$apt_dir
}

# newest: the highest of the Debian versions on stdin
newest() {
    local best="" v
    while read -r v; do
        if [ -z "$best" ] || dpkg --compare-versions "$v" gt "$best"; then best=$v; fi
    done
    echo "$best"
}
