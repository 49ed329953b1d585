# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What every script here shares: where things are, progress, cache entries.
#
# Nothing that takes time to make lives in the checkout: it is an entry of
# $cache, named after everything that it is made from, so that a stale one is
# never used, and renamed into place when complete, so that a half made one is
# never seen.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache=${XDG_CACHE_HOME:-${HOME:?is not set}/.cache}/qemu-cca
logs=$top/build/logs
me=${0##*/}
started=${QEMU_CCA_STARTED:-$EPOCHSECONDS}
export QEMU_CCA_STARTED=$started    # scripts called by scripts go on counting

# seconds S: S as minutes and seconds
seconds() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# Progress goes to stderr: stdout is for what a caller may want to read.
say() { printf '[%5s] %s\n' "$(seconds $((EPOCHSECONDS - started)))" "$*" >&2; }
die() { printf '%s: %s\n' "$me" "$*" >&2; exit 1; }

# usage: the comment at the top of the script, from its second paragraph on
usage() {
    sed -n '3,/^$/{/^$/q;s/^# \{0,1\}//p;}' "$0"
    exit "${1:-0}"
}

# as_root COMMAND...: needed for apt, for chroot and for nothing else
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo -- "$@"
    else die "root is needed for: $* (and sudo is not installed)"
    fi
}

# announce_root: before the first command that needs root
announce_root() {
    [ -z "${QEMU_CCA_ROOT_SAID-}" ] || return 0
    export QEMU_CCA_ROOT_SAID=1
    [ "$(id -u)" = 0 ] ||
        say "root is needed for apt-get and for the build chroot, nothing else: sudo may ask"
}

# ticker WHAT LOG: every 20 seconds, what is waited for and the log's last line
ticker() {
    local what=$1 log=$2 since=$EPOCHSECONDS fd line
    exec {fd}<> <(:)            # a read that times out: no child to leave behind
    while kill -0 $$ 2>/dev/null; do
        read -r -t 20 -u "$fd" _ || true
        kill -0 $$ 2>/dev/null || break
        line=$(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c 1-90)
        say "$what: $((EPOCHSECONDS - since)) s so far: $line"
    done
}

# step WHAT LOG COMMAND...: run it with its output in build/logs/LOG, telling
# what is waited for; a failure shows the end of the log and ends the script
step() {
    local what=$1 log=$logs/$2 since=$EPOCHSECONDS tick rc
    shift 2
    mkdir -p "$logs"
    : > "$log"
    say "$what (log: ${log#"$PWD"/})"
    ticker "$what" "$log" &
    tick=$!
    set +e
    (set -e; "$@") > "$log" 2>&1
    rc=$?
    set -e
    kill "$tick" 2>/dev/null
    wait "$tick" 2>/dev/null || true
    if [ "$rc" != 0 ]; then
        tail -n 25 "$log" >&2
        die "$what: failed with exit status $rc, see $log"
    fi
    say "$what: done in $((EPOCHSECONDS - since)) s"
}

# locked NAME COMMAND...: one at a time; the children do not inherit the lock
locked() {
    local lock=$cache/lock/$1 fd
    shift
    mkdir -p "$cache/lock"
    exec {fd}> "$lock"
    flock -n "$fd" || { say "waiting for another run that holds $lock"; flock "$fd"; }
    eval '"$@"' "$fd>&-"
    exec {fd}>&-
}

# entry NAME COMMAND...: make the cache entry NAME if it is not there: COMMAND
# gets the name of an empty directory as one more argument and fills it
entry() {
    [ -d "$cache/$1" ] || locked "$1" make_entry "$@"
}
make_entry() {
    local dir=$cache/$1
    shift
    [ ! -d "$dir" ] || return 0
    [ ! -e "$dir.part" ] || as_root rm -rf --one-file-system "$dir.part"
    mkdir -p "$dir.part"
    "$@" "$dir.part"
    mv -T "$dir.part" "$dir"
}

# hash12: a short hash of stdin, for names of cache entries
hash12() { sha256sum | cut -c 1-12; }

# host_tools: the few Debian packages that the scripts themselves run on
host_tools() {
    local missing=() pair
    for pair in git:git rsync:rsync mmdebstrap:mmdebstrap xz:xz-utils \
                dpkg-source:dpkg-dev unshare:util-linux; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
        missing+=(debian-archive-keyring)
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        die "this is not a Debian system; install: ${missing[*]}"
    announce_root
    step "installing ${missing[*]}" host-tools.log install_packages "${missing[@]}"
}
install_packages() {
    as_root apt-get update
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@"
}
