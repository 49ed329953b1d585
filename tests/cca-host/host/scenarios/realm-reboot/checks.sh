# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
boots=$(sed -n 's/.*boots=\([0-9]*\).*/\1/p' "$logs/reboot.command")

# n_of PATTERN: lines of the guest
n_of() { grep -caE -- "$1" "$logs/reboot.log" || :; }

# is COUNT WANTED SENTENCE
is() {
    if [ "$1" = "$2" ]; then
        result ok "$3 ($1)"
    else
        result "not ok" "$3 ($1, not $2)"
    fi
}

is "$(n_of "guest: boot [0-9]+ is done")" "$boots" "the Realm boots again and again"
is "$(n_of "RME: Using RSI version")" "$boots" "each time it is a Realm"
is "$(n_of "guest: boot [0-9]+ of $boots, 4 CPUs")" "$boots" "each time it has 4 vCPUs"
# transfers GUEST HOST: how many sums are the same on both sides
transfers()
{
    comm -12 <(grep -aoE "guest: $1 [0-9a-f]{64}" "$logs/reboot.log" | sed 's/.* //' | sort) \
        <(sed -n "s/^$2 //p" "$logs/reboot.peer" | sort) | wc -l
}
is "$(transfers sent received)" "$boots" "each time its network carries data to the host"
is "$(transfers received sent)" "$boots" "and from it"
is "$(n_of "guest: for zeros a token [0-9a-f]{64}")" "$boots" "each time there is a token"
is "$(grep -aoE 'guest: for zeros a token [0-9a-f]{64}' "$logs/reboot.log" | sort -u | wc -l)" 1 \
    "all tokens for one challenge are the same"
kept=0
for ((n = 2; n <= boots; n++)); do
    left=$(grep -aoE "guest: boot $((n - 1)) leaves [0-9a-f]+" "$logs/reboot.log" | sed 's/.* //')
    found=$(grep -aoE "guest: boot $n finds [0-9a-f]+" "$logs/reboot.log" | sed 's/.* //')
    [ -z "$left" ] || [ "$left" != "$found" ] || kept=$((kept + 1))
done
is $kept $((boots - 1)) "the disk has what the boot before wrote"
expect reboot.qmp "\"launches\": $boots[,}]" "query-cca has the number of launches"
expect reboot.status '^0$' "QEMU exits 0 when the Realm powers off"
refuse reboot.qemu.log 'rme-guest|[Cc]annot|[Ff]ailed' "QEMU has nothing to say"
expect reboot.report '"complaint-count": 0,' "nothing of a Realm outlives it"
mapfile -t samples < "$logs/reboot.samples"
say "realm-reboot: ${samples[0]-}; ${samples[1]-}"
is "$(sed 's/.*: \(.*threads\),.*/\1/' <<< "${samples[1]-none}")" \
    "$(sed 's/.*: \(.*threads\),.*/\1/' <<< "${samples[0]-}")" \
    "descriptors and threads of QEMU are those after the second boot"
first=$(grep -oE '[0-9]+ kB' <<< "${samples[0]-}" | cut -d ' ' -f 1)
last=$(grep -oE '[0-9]+ kB' <<< "${samples[1]-}" | cut -d ' ' -f 1)
if [ -n "$first" ] && [ -n "$last" ] && [ $((last - first)) -lt 8192 ]; then
    result ok "its own memory grows by less than 8 MiB"
else
    result "not ok" "its own memory grows by less than 8 MiB (from ${first:-?} to ${last:-?} KiB)"
fi
