#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-commands - how clang would check files that gcc compiles

  clang-commands TARGET COMPILE_COMMANDS < FILES

FILES are paths below QEMU's source. For each of them that is compiled a line
is printed: its path, a tab, and a shell command that checks it with clang for
TARGET and writes nothing.
"""

import json
import shlex
import sys

# What configure takes for clang instead, see warn_flags in meson.build
GCC_ONLY = {'-Wold-style-declaration', '-Wimplicit-fallthrough=2',
            '-Wshadow=local', '-fdiagnostics-color=auto'}
CLANG_ONLY = ['-Wno-gnu-variable-sized-type-not-at-end',
              '-Wno-initializer-overrides', '-Wno-string-plus-int',
              '-Wno-tautological-type-limit-compare',
              '-Wno-typedef-redefinition']
WRITES = {'-MQ', '-MF', '-o'}


def clang(command, target):
    """The command line without outputs, for clang"""
    words = iter(shlex.split(command))
    next(words)
    out = ['clang', f'--target={target}', '-fsyntax-only'] + CLANG_ONLY
    for word in words:
        if word in WRITES:
            next(words)
        elif word not in GCC_ONLY and word not in ('-MD', '-c'):
            out.append(word)
    return shlex.join(out)


def main():
    target, path = sys.argv[1:]
    wanted = set(sys.stdin.read().split())
    with open(path, encoding='utf-8') as file:
        entries = json.load(file)
    for entry in entries:
        name = entry['file'].removeprefix('../qemu/').removeprefix('/src/qemu/')
        if name in wanted:
            wanted.remove(name)
            print(name, clang(entry['command'], target), sep='\t')


if __name__ == '__main__':
    main()
