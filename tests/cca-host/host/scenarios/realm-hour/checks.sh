# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect hour.status '^0$' "the page's commands run from top to bottom"
expect hour.out '"settable-personalization-value": true' "the host says what it can"
rim=$(sed -n 's/.*"rim": "\([0-9a-f]*\)".*/\1/p' "$logs/dry-run.json")
expect hour.out "^the Realm has to be [0-9a-f]{128}$" "a measurement is predicted"
expect hour.out "^the token has $(hex challenge)$" "the token answers the challenge"
expect hour.out "^the token has ${rim:-none}$" "the token has the predicted measurement"
refuse hour.out '^the token does not have' "it has the personalization value, too"
expect hour.out '^this is another Realm$' "a changed command line is another Realm"
"$here/cca-token" "$logs/token" > "$logs/claims" 2>&1 || :
refuse claims "^rim ${rim:-}$" "its token says so"
# The rest of the page, where Python is
tool=$top/scripts/cca-measure
sed -n '/^#: why/,$p' "$top/docs/system/arm/cca-hour.sh" > "$logs/why.sh"
(cd "$logs" && PATH=${tool%/*}:$PATH sh why.sh > why.out 2>&1) || :
expect why.out "^${rim:-none}$" "cca-measure computes the same from the launch's inputs"
expect why.out '^no difference$' "what was launched is what was predicted"
expect why.out "^kernel command line: .*run=hour' / .*run=hour debug'$" \
    "cca-measure names what was changed"
