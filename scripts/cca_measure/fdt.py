# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading and comparing flattened device trees (Devicetree Specification v0.4)"""

import struct

from . import Bad

MAGIC = 0xd00dfeed
BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9
MAX_DEPTH = 64


def parse(blob):
    """{path: {property: bytes}} in the order of the blob; the path "" holds the
    list of reserved memory, as if it were a property
    """
    try:
        return parse_blob(blob)
    except (struct.error, UnicodeDecodeError, ValueError, IndexError) as err:
        raise Bad(f"the DTB is damaged: {err}") from err


def parse_blob(blob):
    (magic, size, struct_off, strings_off, reserve_off, _, compatible, _,
     strings_size, struct_size) = struct.unpack_from(">10I", blob)
    if magic != MAGIC:
        raise ValueError(f"it begins with {magic:#x}, not with {MAGIC:#x}")
    if compatible > 17:
        raise ValueError(f"it is of version {compatible}")
    if size > len(blob):
        raise ValueError(f"{len(blob)} bytes of {size}")
    strings = blob[strings_off:strings_off + strings_size]
    tree = {"": {"/memreserve": reserved(blob, reserve_off)}}
    walk(blob[struct_off:struct_off + struct_size], strings, tree)
    return tree


def reserved(blob, offset):
    end = offset
    while any(struct.unpack_from(">QQ", blob, end)):
        end += 16
    return blob[offset:end]


def c_string(data, offset):
    return data[offset:data.index(b"\0", offset)].decode("utf-8")


def walk(data, strings, tree):
    """Put the nodes of the structure block @data into @tree"""
    at, path = 0, []
    while True:
        (token,) = struct.unpack_from(">I", data, at)
        at += 4
        if token == BEGIN_NODE:
            name = c_string(data, at)
            at = align(at + len(name.encode()) + 1)
            path.append(name)
            if len(path) > MAX_DEPTH:
                raise ValueError(f"more than {MAX_DEPTH} nodes deep")
            tree.setdefault(node_path(path), {})
        elif token == END_NODE:
            path.pop()
        elif token == PROP:
            length, name_off = struct.unpack_from(">II", data, at)
            value = data[at + 8:at + 8 + length]
            if len(value) != length or not path:
                raise ValueError(f"a property at {at:#x} is cut off")
            tree[node_path(path)][c_string(strings, name_off)] = bytes(value)
            at = align(at + 8 + length)
        elif token == END:
            return
        elif token != NOP:
            raise ValueError(f"unknown token {token:#x} at {at - 4:#x}")


def align(offset):
    return (offset + 3) & ~3


def node_path(path):
    return "/".join(path) or "/"


def show(value):
    """A property's value as a device tree source would have it, shortened"""
    if not value:
        return "(empty)"
    text = value[:-1].split(b"\0")
    if value[-1] == 0 and all(t and all(32 <= c < 127 for c in t) for t in text):
        shown = ", ".join(f'"{t.decode()}"' for t in text)
    elif len(value) % 4 == 0:
        cells = struct.unpack(f">{len(value) // 4}I", value)
        shown = "<" + " ".join(f"{c:#x}" for c in cells) + ">"
    else:
        shown = "[" + value.hex(" ") + "]"
    return shown if len(shown) <= 160 else shown[:157] + "..."


def differences(one, other):
    """Lines that say where the trees of two blobs differ"""
    one, other = parse(one), parse(other)
    for path in list(one) + [p for p in other if p not in one]:
        parent = path.rpartition("/")[0] or "/"
        if path not in other or path not in one:
            # A subtree that only one of them has is named once
            if path == "/" or parent in other and parent in one:
                which = "first" if path in one else "second"
                yield f"{path} is only in the {which}"
            continue
        mine, theirs = one[path], other[path]
        for name in list(mine) + [n for n in theirs if n not in mine]:
            a, b = mine.get(name), theirs.get(name)
            if a != b:
                where = f"{path.rstrip('/')}/{name}".replace("//", "/")
                yield (f"{where}: {'absent' if a is None else show(a)} / "
                       f"{'absent' if b is None else show(b)}")
