# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# For the stages of scripts/test: programs that report in TAP, as GLib's test
# programs do with --tap.

# tap_results TITLE COMMAND...: one result for every line of its TAP.  A program
# that dies, whose plan is missing, or that runs less than it planned, fails.
tap_results() {
    local title=$1 line plan='' seen=0 bad=0 name
    shift
    attempt "$@"
    while read -r line; do
        case $line in
        1..[0-9]*) plan=${line#1..}; plan=${plan%% *} ;;
        ok\ * | not\ ok\ *)
            seen=$((seen + 1))
            name=$(sed -E 's/^(not )?ok [0-9]+ *(- )?//' <<< "$line")
            case $line in
            *'# SKIP'*) skip "$title ${name%% # SKIP*}" "${name#*# SKIP}" ;;
            ok\ *) ok "$title $name" ;;
            *) not_ok "$title $name"; bad=1 ;;
            esac ;;
        esac
    done <<< "$output"
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
        not_ok "$title runs to its end (exit status $status)"
        bad=1
    fi
    if [ -z "$plan" ] || [ "$plan" -lt 1 ] || [ "$plan" != "$seen" ]; then
        not_ok "$title ran what it planned (${plan:-no plan}, $seen results)"
        bad=1
    fi
    [ "$bad" = 0 ] || show_output
}

# tap_total TITLE CASES COMMAND...: one result for the program, which has to
# pass CASES cases or more and to fail none
tap_total() {
    local title=$1 least=$2 results passed skipped
    shift 2
    results=$(tap_results "$title:" "$@")
    passed=$(grep -c '^ok - ' <<< "$results" || true)
    if grep -q '^not ok - ' <<< "$results"; then
        grep -v '^ok - ' <<< "$results"
    elif [ "$passed" -lt "$least" ]; then
        not_ok "$title: $passed cases pass, $least do on the base"
    else
        skipped=$(grep -c '^skip - ' <<< "$results" || true)
        [ "$skipped" = 0 ] ||
            skip "$title: $skipped cases" \
                "$(sed -n 's/^skip - .*: *//p' <<< "$results" | sort | uniq -c | xargs)"
        ok "$title: $passed cases"
    fi
}
