# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The base: QEMU's source without this project, as a cache entry base-* with
#   src/      the unpacked source
#   git       a bare repository whose branch `base' is one commit of it
#   id, tree  what it is, in words; the git tree of it
#
# build/base links to the one that this checkout uses, build/base-RELEASE to that
# of a release which is not the default.

# shellcheck source=qemu-base
. "$top/qemu-base"
export QEMU_CCA_BASE=${QEMU_CCA_BASE:-$DEFAULT_BASE}
base_dir=$top/bases/$QEMU_CCA_BASE
[ -f "$base_dir/base" ] ||
    die "there is no base $QEMU_CCA_BASE (there are: $(cd "$top/bases" && echo *))"
# shellcheck source=bases/10.0/base
. "$base_dir/base"
# What names of trees, builds and logs have: two bases never mix
of_base=-$QEMU_CCA_BASE
[ "$QEMU_CCA_BASE" != "$DEFAULT_BASE" ] || of_base=
base=$top/build/base$of_base

git_identity() {
    export GIT_AUTHOR_NAME=qemu-tree GIT_AUTHOR_EMAIL=qemu-tree@invalid
    export GIT_COMMITTER_NAME=qemu-tree GIT_COMMITTER_EMAIL=qemu-tree@invalid
}

# import ID DIR: DIR/src as a repository.  Name, date and message are fixed, so
# that the same source is the same commit on every machine
import() {
    local id=$1 dir=$2
    (
        git_identity
        export GIT_AUTHOR_DATE='@0 +0000' GIT_COMMITTER_DATE='@0 +0000'
        git init -q --bare -b base "$dir/git"
        export GIT_DIR=$dir/git
        git config core.autocrlf false
        GIT_WORK_TREE=$dir/src git add -A -f
        GIT_WORK_TREE=$dir/src git commit -q -m "QEMU $id"
        git rev-parse 'base^{tree}' > "$dir/tree"
    )
    echo "$id" > "$dir/id"
}

# unpack_debian VERSION DIR: the source package, checked by apt's signatures
# (of the lists that name its .dsc) and by dpkg-source (the .dsc's hashes)
unpack_debian() {
    local version=$1 dir=$2 dsc
    mkdir "$dir/download"
    (cd "$dir/download" && apt_get source --download-only --only-source "qemu=$version")
    for dsc in "$dir"/download/*.dsc; do
        sha256sum "$dsc" | cut -d ' ' -f 1 > "$dir/dsc"
        dpkg-source -x --no-copy "$dsc" "$dir/src"
    done
    rm -rf "$dir/download" "$dir/src/.pc"       # .pc: notes of dpkg-source
    import "${version#*:}" "$dir"
}

# copy_source DIR ENTRY: a source tree that the user named
copy_source() {
    local from=$1 dir=$2
    mkdir "$dir/src"
    rsync -a --exclude=/.git --exclude=/.pc --exclude=/build "$from/" "$dir/src/"
    import "$(cat "$from/VERSION") from $from" "$dir"
}

use_base() {
    mkdir -p "$top/build"
    ln -sfn "$cache/$1" "$base"
}

# in_base_suite COMMAND...: with the apt of the suite that the base is from
in_base_suite() {
    [ "$BASE_SUITE" != "$suite" ] || { "$@"; return; }
    # shellcheck disable=SC2034 # for apt.sh
    local apt_dir=$cache/apt-$BASE_SUITE suite=$BASE_SUITE backports=
    "$@"
}

fetch_debian() { in_base_suite fetch_package; }
fetch_package() {
    local version name
    apt_update
    version=$(apt_cache showsrc --only-source qemu | sed -n 's/^Version: //p' |
              grep -F "1:$BASE_RELEASE." | newest)
    [ -n "$version" ] || die "the mirror has no QEMU $BASE_RELEASE.x in $BASE_SUITE: use" \
        "qemu-tree --base $QEMU_CCA_BASE fetch --source DIR"
    name=base-${version#*:}
    [ -d "$cache/$name" ] ||
        step "source of QEMU ${version#*:}" base.log entry "$name" unpack_debian "$version"
    use_base "$name"
    ln -sfn "$name" "$cache/base$of_base"
}

fetch_directory() {
    local from name
    from=$(cd "$1" && pwd -P)
    [ -f "$from/hw/arm/virt.c" ] ||
        die "$from is not the source of QEMU (there is no hw/arm/virt.c)"
    # Named after the content: an edited directory is another base
    name=base-dir-$(cd "$from" && find . \( -path ./.git -o -path ./.pc -o -path ./build \) \
        -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | hash12)
    [ -d "$cache/$name" ] ||
        step "source of QEMU in $from" base.log entry "$name" copy_source "$from"
    use_base "$name"
}

# base_tested: is this the very source that the series was last tested on?
base_tested() { [ "$(cat "$base/tree")" = "$BASE_TREE" ]; }

# need_base: fetch the base unless this checkout or the cache has one
need_base() {
    host_tools
    [ ! -d "$base/src" ] || return 0
    if [ -d "$cache/base$of_base/src" ]; then use_base "$(readlink "$cache/base$of_base")"
    else fetch_debian
    fi
    base_tested || say "note: QEMU $(cat "$base/id") is used," \
        "the series was tested on ${BASE_VERSION#*:}"
}
