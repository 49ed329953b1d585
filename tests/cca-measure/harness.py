# SPDX-License-Identifier: GPL-2.0-or-later
"""How the tests of cca-measure run it and report, for scripts/lib/stage.sh"""

import contextlib
import io
import os
import re
import struct
import subprocess
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TOOL = os.path.join(TOP, "scripts", "cca-measure")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, "scripts"))
from cca_measure.cli import main  # noqa: E402


def fixture(name):
    return os.path.join(HERE, name)


class Done:
    def __init__(self, returncode, stdout, stderr):
        self.returncode, self.stdout, self.stderr = returncode, stdout, stderr


def tool(*args, stdin=""):
    """Run it, in this process since that is faster"""
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(list(args))
    except Exception:  # whatever it is, it is a bug
        status, err = 70, io.StringIO(traceback.format_exc())
    finally:
        sys.stdin = before
    return Done(status, out.getvalue(), err.getvalue())


def program(*args, stdin=None, **env):
    """Run it as its users do"""
    return subprocess.run([TOOL, *args], input=stdin, text=True, check=False,
                          capture_output=True, timeout=300, env={**os.environ, **env})


def result(sentence, good, *details):
    print(("ok - " if good else "not ok - ") + sentence)
    if not good:
        for detail in details:
            print("    " + str(detail).strip().replace("\n", "\n    "))
    sys.stdout.flush()


def has(qemu, name):
    """Has this QEMU that property of the Realm?"""
    done = subprocess.run([qemu, "-object", "rme-guest,help"], text=True, check=False,
                          capture_output=True, stdin=subprocess.DEVNULL)
    if name in done.stdout:
        return True
    print(f"skip - what needs {name}: this QEMU does not have it")
    return False


def check(sentence, got, expected):
    result(sentence, got == expected, f"got      {got!r}", f"expected {expected!r}")


def prints(sentence, expected, *args, status=0, **more):
    """It prints these lines on stdout, nothing on stderr"""
    done = tool(*args, **more)
    result(sentence, (done.returncode, done.stdout.strip("\n"), done.stderr) ==
           (status, expected, ""), done.returncode, done.stdout, done.stderr,
           "expected " + expected)


def refusal(done, regex):
    """Is this one clear line, exit status 1?"""
    return (done.returncode == 1 and done.stdout == "" and
            re.fullmatch(f"cca-measure: .*{regex}.*\n", done.stderr) is not None)


def refuses(sentence, regex, *args, **more):
    done = tool(*args, **more)
    result(sentence, refusal(done, regex), f"status {done.returncode}", done.stdout,
           done.stderr, f"expected {regex}")


def fdt(tree):
    """A flattened device tree of {name: bytes, or dict for a node}"""
    strings, words = b"", b""

    def padded(data):
        return data + bytes(-len(data) % 4)

    def node(name, members):
        nonlocal strings, words
        words += struct.pack(">I", 1) + padded(name.encode() + b"\0")
        for key, value in members.items():
            if not isinstance(value, dict):
                words += struct.pack(">III", 3, len(value), len(strings)) + padded(value)
                strings += key.encode() + b"\0"
        for key, value in members.items():
            if isinstance(value, dict):
                node(key, value)
        words += struct.pack(">I", 2)

    node("", tree)
    words += struct.pack(">I", 9)
    start = 40 + 16
    size = start + len(words) + len(strings)
    return struct.pack(">10I", 0xd00dfeed, size, start, start + len(words), 40, 17, 16,
                       0, len(strings), len(words)) + bytes(16) + words + strings
