#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fuzz-readers - mutated files for what reads them in Python

  fuzz-readers RUNS SEED KEEP_DIR [READER]

cca-measure (inputs files, domain XML, command lines) and event-log-rim get
RUNS files made of the fixtures in tests/cca-measure, of corpus/READER and of a
log written here.  Whatever is in them, the answer is a result, or exit status
1 with one line; an exception, more lines, more than 20 s of CPU or more than
2 GiB are a crash, whose file is kept in KEEP_DIR.
"""

import contextlib
import glob
import importlib.machinery
import importlib.util
import io
import os
import random
import re
import resource
import signal
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TESTS, "cca-measure"))
from harness import tool  # noqa: E402

NUMBERS = [b"0", b"-1", b"1", b"7", b"4095", b"4096", b"2147483648", b"1e9", b"1e999",
           b"4503599627370496", b"9223372036854775807", b"18446744073709551615",
           b"18446744073709551616", b"9" * 5000, b"0x10", b"true", b"null", b'""', b"[]"]
PIECES = [b"\0", b"\xff\xfe", b"\xc3", b"'", b'"', b"\\", b"$(", b"{", b"}", b"[", b"]",
          b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&#0;", b"&b;", b"<![CDATA[", b"]]>",
          b"<a>" * 200, b"--", b" -S ", b",,", b"=", b"\n", b"\r", b"\x1b[31m"]


class TooSlow(BaseException):
    """Not an Exception: nothing may catch it by chance"""


def too_slow(*_args):
    raise TooSlow


def mutated(data, others, rng):
    """One to four changes, and never the whole file at random"""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 1, 2, 8, 64, 500)))
        kind = rng.randrange(7)
        if kind == 0 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]
        elif kind == 1:
            data = data[:at] + data[end:]
        elif kind == 2:
            data = data[:end] + data[at:end] * rng.choice((1, 2, 30)) + data[end:]
        elif kind == 3:
            data = data[:at] + rng.choice(PIECES) + data[at:]
        elif kind == 4:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            data = data[:at] + other[start:start + end - at] + data[end:]
        else:
            found = list(re.finditer(rb"\d+", data))
            if found:
                number = rng.choice(found)
                data = data[:number.start()] + rng.choice(NUMBERS) + data[number.end():]
    return data


def mutated_log(data, others, rng):
    """A log has no digits, but fields of 1, 2, 4 and 8 bytes"""
    for _ in range(rng.randint(1, 4)):
        size = rng.choice((1, 2, 4, 8))
        at = rng.randrange(max(1, len(data) - size))
        value = rng.choice((0, 1, 3, 6, 0x13, 0x8000000a, (1 << 8 * size) - 1,
                            1 << (8 * size - 1), rng.getrandbits(8 * size), 4096,
                            0x40000000)) % (1 << 8 * size)
        data = data[:at] + value.to_bytes(size, "little") + data[at + size:]
    return data if rng.randrange(8) else mutated(data, others, rng)


def answer(done):
    """What is wrong with what cca-measure answered, or None"""
    lines = done.stderr.splitlines()
    if done.returncode == 1:
        if len(lines) != 1 or not lines[0].startswith("cca-measure: "):
            return f"not one line:\n{done.stderr[:2000]}"
        return None
    if done.returncode not in (0, 2) or lines:
        return f"status {done.returncode}:\n{done.stderr[-2000:]}"
    return None


def verify(path):
    return answer(tool("verify", path))


def diff(path):
    return answer(tool("diff", path, os.path.join(TESTS, "cca-measure", "inputs-sha256.json")))


def show(path):
    return answer(tool("--show-command", path))


def load_replay():
    path = os.path.join(TESTS, "cca-host", "host", "event-log-rim")
    loader = importlib.machinery.SourceFileLoader("event_log_rim", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("event_log_rim",
                                                                             loader))
    loader.exec_module(module)
    return module


REPLAY = load_replay()
KERNEL = bytes(range(256)) * 20


def replay(path):
    try:
        # It says on stderr which VMM the log names
        with contextlib.redirect_stderr(io.StringIO()):
            REPLAY.replay(REPLAY.read(path), {"KERNEL": KERNEL})
    except (REPLAY.BadLog, OSError, ValueError) as err:
        return None if "\n" not in str(err) else f"not one line: {err}"
    return None


def sample_log():
    """As the manual describes it: CREATE, RIPAS, a kernel, REC, and the log"""
    digest = REPLAY.hashlib.sha256
    event = b"Spec ID Event03\0" + struct.pack("<IBBBBIHHB", 0, 0, 2, 106, 2, 1, 0xb, 32, 0)
    log = struct.pack("<II20sI", 0, 3, b"", len(event)) + event

    def add(kind, value, hashed):
        nonlocal log
        log += struct.pack("<IIIH", 0, kind, 1, 0xb)
        log += digest(hashed).digest() if hashed is not None else bytes(32)
        log += struct.pack("<I", len(value)) + value

    def tagged(tag, value):
        value = struct.pack("<II", tag, len(value)) + value
        add(6, value, value)

    add(3, b"VM VERSION".ljust(16, b"\0") + bytes(96), None)
    tagged(1, struct.pack("<QBBBBBB", 0, 41, 0, 5, 3, 0, 0))
    tagged(2, struct.pack("<QQ", 0x40000000, 0x400000))
    add(0x13, b"\6KERNEL" + struct.pack("<QQ", 0x40200000, len(KERNEL)), KERNEL)
    tagged(3, struct.pack("<10Q", 1, 0x40200000, *[0] * 8))
    add(0x13, b"\3LOG" + struct.pack("<QQ", 0x40300000, 0x10000), None)
    return log + bytes(64)


# Name: what reads it, how it is changed, which fixtures
READERS = {
    "inputs": (verify, mutated, "inputs-*.json"),
    "inputs-diff": (diff, mutated, "inputs-*.json"),
    "domain": (show, mutated, "*.xml"),
    "command-line": (show, mutated, "*.args"),
    "log": (replay, mutated_log, None),
}


def seeds(name, pattern):
    paths = sorted(glob.glob(os.path.join(HERE, "corpus", name, "*")))
    if pattern:
        paths += sorted(glob.glob(os.path.join(TESTS, "cca-measure", pattern)))
    found = [] if pattern else [sample_log()]
    for path in paths:
        with open(path, "rb") as file:
            found.append(file.read())
    return found


def complaint(reader, path):
    """What is wrong with the answer to the file, or None"""
    signal.setitimer(signal.ITIMER_PROF, 20)
    try:
        return reader(path)
    except TooSlow:
        return "more than 20 s of CPU time"
    except Exception as err:  # whatever it is, it is a bug
        return f"{type(err).__name__}: {err}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def fuzz(name, runs, seed, keep):
    """The number of crashes"""
    reader, mutate, pattern = READERS[name]
    corpus, rng, crashes = seeds(name, pattern), random.Random(f"{name} {seed}"), 0
    path = os.path.join(tempfile.mkdtemp(), "input")
    for run in range(runs):
        # The corpus itself first
        data = corpus[run] if run < len(corpus) else mutate(rng.choice(corpus), corpus, rng)
        with open(path, "wb") as file:
            file.write(data)
        wrong = complaint(reader, path)
        if wrong:
            crashes += 1
            kept = os.path.join(keep, f"{name}-{crashes}")
            with open(kept, "wb") as file:
                file.write(data)
            print(f"    {name}: input {run}, kept in {os.path.basename(kept)}: {wrong}")
    return crashes


def main():
    runs, seed, keep = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    bad = 0
    signal.signal(signal.SIGPROF, too_slow)
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    for name in sys.argv[4:] or READERS:
        crashes = fuzz(name, runs, seed, keep)
        print(f"{name}: inputs fuzzed: {runs}, crashes: {crashes}")
        bad += crashes
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
