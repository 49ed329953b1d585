# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For the stages of scripts/test: how they report.  A result is a line
#   ok - SENTENCE    not ok - SENTENCE    skip - SENTENCE: REASON
# on stdout; anything else there is shown and not counted. A figure that should be
# seen at the end of the whole run as well is a line
#   summary: SENTENCE

# A function in $(...) runs with errexit, too
shopt -s inherit_errexit

# quick, normal, full or all: see scripts/test
level=${QEMU_CCA_LEVEL:-normal}

# at_least LEVEL: are slow things of LEVEL wanted?
at_least() {
    case $1:$level in
    quick:* | normal:normal | *:all | normal:full | full:full) true ;;
    *) false ;;
    esac
}

ok() { echo "ok - $*"; }
not_ok() { echo "not ok - $*"; }
skip() { echo "skip - $1: $2"; }

# attempt COMMAND...: its exit status in $status and its output in $output;
# a function runs with errexit, as a script does
attempt() {
    set +e
    output=$( (set -e; "$@") 2>&1 < /dev/null)
    status=$?
    set -e
}

# results_of SENTENCE COMMAND...: the lines of COMMAND are results. It has to report
# one, and if it fails, one that failed; a function runs with errexit, which it would
# not in "function || not_ok": there it would go on behind a failure.
results_of() {
    local what=$1 lines rc
    shift
    lines=$(mktemp)
    set +e
    (set -e; "$@") < /dev/null | tee "$lines"
    rc=${PIPESTATUS[0]}
    set -e
    if ! grep -qE '^(ok|not ok|skip) - ' "$lines"; then
        not_ok "$what: it reports a result (exit status $rc)"
    elif [ "$rc" != 0 ] && ! grep -q '^not ok - ' "$lines"; then
        not_ok "$what: it comes to its end (exit status $rc)"
    fi
    rm -f "$lines"
}

show_output() { tail -n 25 <<< "$output" | sed 's/^/    /'; }

# check SENTENCE COMMAND...: the command must succeed
check() {
    local what=$1
    shift
    attempt "$@"
    if [ "$status" = 0 ]; then ok "$what"
    else not_ok "$what (exit status $status)"; show_output
    fi
}

# refuses SENTENCE REGEX COMMAND...: it must fail, with a message that matches
refuses() {
    local what=$1 regex=$2
    shift 2
    attempt "$@"
    if [ "$status" = 0 ]; then not_ok "$what (it succeeded)"; show_output
    elif ! grep -qE -- "$regex" <<< "$output"; then
        not_ok "$what (no \"$regex\" in the message)"; show_output
    else ok "$what"
    fi
}
