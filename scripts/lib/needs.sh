# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# For scripts/test and scripts/bench: what a program in scripts/stages/ or
# scripts/benches/ says in its first lines, and making what it needs.

declare -A provided

# header PROGRAM KEY: a "# KEY: value" line of it
header() { sed -n "1,15s/^# $2: *//p" "$1"; }

# program_name FILE: "nn-name" is called "name"
program_name() {
    local name=${1##*/}
    echo "${name#*-}"
}

# provide NEED: a build (TARGET or TARGET=NINJA_TARGET[,...]), the kernel, the
# chroot; what failed once is not tried again
provide() {
    local need=$1 args
    if [ -z "${provided[$need]-}" ]; then
        provided[$need]=ok
        set +e
        case $need in
        kernel) "$top/scripts/kernel" ;;
        chroot) "$top/scripts/in-chroot" true ;;
        base) "$top/scripts/qemu-tree" fetch ;;
        *=*) IFS=, read -r -a args <<< "${need#*=}"
             "$top/scripts/build" "${need%%=*}" "${args[@]}" ;;
        *) "$top/scripts/build" "$need" ;;
        esac > /dev/null || provided[$need]=failed
        set -e
    fi
    [ "${provided[$need]}" = ok ]
}
