#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is different in a patch on another base

patch-diff.py PATCH OTHER OLD

PATCH is one of the series, OTHER the same commit on another base, OLD the
difference as it was (it need not be there).  Prints the difference; nothing if
PATCH applies as it is.  That lines have other numbers, blobs other hashes, and
files another order, is none.  The sentence in front of it, why it is needed, is that of OLD.
"""

import difflib
import os
import re
import sys

HUNK = re.compile(r'@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@(.*)')


def read(name):
    with open(name, encoding='utf-8', errors='surrogateescape') as f:
        return f.read()


def parse(patch):
    """The message, and [(file, head of the file, [hunk])]"""
    message, *parts = re.split(r'(?m)^(?=diff --git a/)', patch)
    files = []
    for part in parts:
        head, *hunks = re.split(r'(?m)^(?=@@ -)', part)
        files.append((head.split()[2], head, hunks))
    return message, files


def changes(hunk):
    return [line for line in hunk.split('\n')[1:] if line[:1] in ('+', '-')]


def renumber(hunk, like):
    """The first line of @hunk with the line numbers of @like"""
    new, old = HUNK.match(hunk), HUNK.match(like)
    return '@@ -%s%s +%s%s @@%s' % (
        old[1], new[2] or '', old[3], new[4] or '', old[5]) + hunk[new.end():]


def normal(patch, other):
    """@other with numbers and hashes of @patch"""
    message, files = parse(patch)
    theirs = {name: (head, hunks) for name, head, hunks in files}
    result = message
    order = list(theirs)
    others = sorted(parse(other)[1], key=lambda part:
                    order.index(part[0]) if part[0] in theirs else len(order))
    for name, head, hunks in others:
        if name not in theirs:
            result += head + ''.join(hunks)
            continue
        result += theirs[name][0]
        left = list(theirs[name][1])
        for hunk in hunks:
            same = [h for h in left if changes(h) == changes(hunk)]
            if not same and len(hunks) == len(theirs[name][1]):
                same = [theirs[name][1][hunks.index(hunk)]]
            if not same:
                score = [(difflib.SequenceMatcher(
                    None, changes(h), changes(hunk), False).ratio(), h) for h in left]
                same = [h for ratio, h in score if ratio > 0.3][:1]
            if same:
                hunk = renumber(hunk, same[0])
                if same[0] in left:
                    left.remove(same[0])
            result += hunk
    return result


def main():
    patch, other = read(sys.argv[1]), read(sys.argv[2])
    name = os.path.basename(sys.argv[1])
    lines = list(difflib.unified_diff(
        patch.splitlines(True), normal(patch, other).splitlines(True),
        'a/' + name, 'b/' + name, n=1))
    if not lines:
        return
    why = 'FIXME: why?\n\n'
    if os.path.exists(sys.argv[3]):
        why = read(sys.argv[3]).split('--- a/')[0]
    sys.stdout.reconfigure(errors='surrogateescape')
    sys.stdout.write(why + ''.join(lines))


main()
