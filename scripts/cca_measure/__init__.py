# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of cca-measure, and how they say that something is wrong"""

import sys


class Bad(Exception):
    """Something the user can correct: one line, for stderr"""

    def __init__(self, message):
        super().__init__(" ".join(str(message).split()))


def read_file(path, what):
    """The bytes of the file at @path, or of stdin if that is "-"."""
    try:
        if path == "-":
            return sys.stdin.buffer.read()
        with open(path, "rb") as file:
            return file.read()
    except OSError as err:
        raise Bad(f"cannot read the {what} '{path}': {err.strerror}") from err
