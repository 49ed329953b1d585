#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Mutants: faults that are put into the source one by one (scripts/stages/58-mutants)

  mutants.py list                 the names, those with unit tests first
  mutants.py tests KIND NAME...   their unit or contract tests: of each program a line,
                                  PROGRAM and PATHs with tabs in between
  mutants.py explained NAME       why no test can see it, or nothing
  mutants.py check TREE           is every old text there, just once?
  mutants.py apply NAME TREE      put it in; prints the file
  mutants.py restore TREE         take it out again

The files beside this one describe them, in blocks with an empty line in between:

  mutant NAME                     unique
  why SENTENCE                    what is wrong then
  file NAME                       looked up in the directories below, or a path
  unit PROGRAM [PATH]             a test that is to fail; a PATH is as -p has it, or
                                  has the sentence of a contract test
  contract PROGRAM [PATH]
  explained SENTENCE              no test can: not tried then, or survives by right
  - LINE                          old text, as it stands in the file
  + LINE                          new text; none: the old text goes
"""
import pathlib
import re
import shutil
import sys

DIRECTORIES = ('hw/arm/cca', 'target/arm')
HERE = pathlib.Path(__file__).resolve().parent / 'mutants'
SAVED = '.mutants-saved'


def parse_block(lines):
    mutant = {'unit': [], 'contract': [], '-': [], '+': []}
    for line in lines:
        key, _, value = line.partition(' ')
        if isinstance(mutant.get(key), list):
            mutant[key].append(value)
        elif key in ('mutant', 'why', 'file', 'explained'):
            mutant[key] = value
        else:
            sys.exit(f'mutants.py: {line!r}?')
    for key in ('mutant', 'why', 'file', '-'):
        if not mutant.get(key):
            sys.exit(f'mutants.py: no {key} in the block of {lines[0]!r}')
    if not mutant['unit'] and not mutant['contract'] and 'explained' not in mutant:
        sys.exit(f'mutants.py: nothing is to find {mutant["mutant"]}')
    return mutant


def load():
    mutants = {}
    for path in sorted(HERE.iterdir()):
        for block in path.read_text().split('\n\n'):
            lines = [x for x in block.splitlines() if x and not x.startswith('#')]
            if not lines:
                continue
            mutant = parse_block(lines)
            if mutant['mutant'] in mutants:
                sys.exit(f'mutants.py: {mutant["mutant"]} is there twice')
            mutants[mutant['mutant']] = mutant
    return mutants


def find(mutant, tree):
    """The file that @mutant is for, and its text before and behind the old one"""
    directories = [''] if '/' in mutant['file'] else DIRECTORIES
    paths = [tree / d / mutant['file'] for d in directories]
    paths = [p for p in paths if p.is_file()]
    if len(paths) != 1:
        raise ValueError(f'{mutant["mutant"]}: {mutant["file"]} is in {len(paths)} places')
    parts = paths[0].read_text().split('\n'.join(mutant['-']) + '\n')
    if len(parts) != 2:
        raise ValueError(f'{mutant["mutant"]}: the old text is {len(parts) - 1} times in '
                         f'{mutant["file"]}')
    return paths[0], parts


def test_path(path):
    """As contract_path() of tests/qtest/rme-contract.c makes it of a sentence"""
    match = re.fullmatch('(/rme-contract/[^/]*/)(.+)', path)
    if not match:
        return path
    dashes = ''
    for c in match[2].lower():
        if re.match('[-a-z0-9._=+]', c):
            dashes += c
        elif dashes and dashes[-1] != '-':
            dashes += '-'
    return match[1] + dashes.removesuffix('-')


def print_tests(mutants, kind):
    programs = {}
    for test in (x for mutant in mutants for x in mutant[kind]):
        program, _, path = test.partition(' ')
        programs.setdefault(program, set()).add(test_path(path))
    for program, paths in programs.items():
        # All of it, if one wants that
        print(program, *([] if '' in paths else sorted(paths)), sep='\t')


def check(mutants, tree):
    bad = []
    for mutant in mutants.values():
        try:
            find(mutant, tree)
        except ValueError as e:
            bad.append(str(e))
    sys.exit('\n'.join(bad) or 0)


def apply(mutant, tree):
    path, parts = find(mutant, tree)
    saved = tree / SAVED / path.relative_to(tree)
    saved.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, saved)
    path.write_text(''.join(x + '\n' for x in mutant['+']).join(parts))
    print(path.relative_to(tree))


def restore(tree):
    for path in (tree / SAVED).rglob('*.c'):
        (tree / path.relative_to(tree / SAVED)).write_text(path.read_text())
    shutil.rmtree(tree / SAVED, ignore_errors=True)


def main(command, *args):
    mutants = load()
    if command == 'list':
        print(*sorted(mutants, key=lambda m: not mutants[m]['unit']), sep='\n')
    elif command == 'tests':
        print_tests([mutants[name] for name in args[1:]], args[0])
    elif command == 'explained':
        print(mutants[args[0]].get('explained', ''))
    elif command == 'check':
        check(mutants, pathlib.Path(args[0]))
    elif command == 'apply':
        apply(mutants[args[0]], pathlib.Path(args[1]))
    elif command == 'restore':
        restore(pathlib.Path(args[0]))
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main(*sys.argv[1:] or [''])
