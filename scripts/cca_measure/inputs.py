# SPDX-License-Identifier: GPL-2.0-or-later
"""Inputs files: what QEMU's measurement-inputs=FILE writes, checked"""

import base64
import binascii
import json

from . import Bad, read_file
from .rim import DATA_MEASURED, GRANULE, HASH_IDS, digest, ripas_blocks

VERSION = 1
ALGORITHMS = {"sha256": 32, "sha384": 48, "sha512": 64}
U64, U32, U8 = 1 << 64, 1 << 32, 1 << 8


def is_number(value, limit=U64):
    return type(value) is int and 0 <= value < limit


def is_hex(value, size=None):
    try:
        data = bytes.fromhex(value)
    except (TypeError, ValueError):
        return False
    return size is None or len(data) == size


def number(limit=U64):
    return lambda value: is_number(value, limit)


def page(value):
    return is_number(value) and value % GRANULE == 0


def registers(value):
    return (isinstance(value, list) and len(value) == 8 and
            all(is_number(v) for v in value))


def ipa_bits(value):
    """What a VM can have, and has page tables for"""
    return is_number(value, 53) and value >= 32


def a_bool(value):
    return isinstance(value, bool)


def text(value):
    return isinstance(value, str)


STEPS = {
    "realm-create": {"flags": number(), "ipa-bits": ipa_bits, "sve-vl": number(U8),
                     "num-bps": number(U8), "num-wps": number(U8),
                     "pmu-num-ctrs": number(U8), "hash-algo": number(3)},
    "ripas": {"base": page, "top": page},
    "data": {"ipa": page, "measured": a_bool},
    "rec": {"flags": number(), "pc": number(), "gprs": registers},
}
IMAGE = {"name": text, "address": number(), "size": number(), "measured": a_bool}
MACHINE = {"vcpus": number(U32), "ram-size": number()}


def need(path, what, value, members):
    """@value has to be an object with at least @members"""
    if not isinstance(value, dict):
        raise Bad(f"{path}: {what} is no JSON object")
    for name, fits in members.items():
        if name not in value:
            raise Bad(f"{path}: {what} has no '{name}'")
        if not fits(value[name]):
            raise Bad(f"{path}: '{name}' of {what} is "
                      f"{json.dumps(value[name])[:80]}, which cannot be")


def check_step(path, index, step, size):
    what = f"step {index}"
    need(path, what, step, {"step": text})
    kind = step["step"]
    if kind not in STEPS:
        raise Bad(f"{path}: {what} is a '{kind}', not one of {', '.join(STEPS)}")
    need(path, f"{what} ({kind})", step, STEPS[kind])
    if (kind == "realm-create") != (index == 0):
        raise Bad(f"{path}: realm-create has to be the first step and only that")
    if kind == "data" and step["measured"]:
        need(path, f"{what} (data)", step, {"content": lambda v: is_hex(v, size)})


def check_ram(path, steps_of_file):
    """A range of any length would be split into as many blocks"""
    bits = steps_of_file[0]["ipa-bits"]
    for index, step in enumerate(steps_of_file):
        if step["step"] == "ripas" and step["top"] > 1 << bits:
            raise Bad(f"{path}: step {index} is RAM up to {step['top']:#x}, more "
                      f"than the {bits} IPA bits of realm-create reach")


def load(path):
    """The inputs file at @path; every member that is used later is there"""
    raw = read_file(path, "inputs file")
    try:
        inputs = json.loads(raw)
    except (ValueError, RecursionError) as err:
        raise Bad(f"{path} is no inputs file: {err}") from err
    need(path, "the file", inputs, {"version": number()})
    if inputs["version"] != VERSION:
        raise Bad(f"{path} is of version {inputs['version']}, "
                  f"this program reads version {VERSION}")
    need(path, "the file", inputs,
         {"algorithm": lambda v: text(v) and v in ALGORITHMS,
          "machine": lambda v: isinstance(v, dict),
          "images": lambda v: isinstance(v, list),
          "steps": lambda v: isinstance(v, list) and v,
          "rim": lambda v: is_hex(v)})
    size = ALGORITHMS[inputs["algorithm"]]
    need(path, "the file", inputs, {"rim": lambda v: is_hex(v, size)})
    need(path, "machine", inputs["machine"], MACHINE)
    for index, image in enumerate(inputs["images"]):
        need(path, f"image {index}", image, IMAGE)
    for index, step in enumerate(inputs["steps"]):
        check_step(path, index, step, size)
    check_ram(path, inputs["steps"])
    inputs["dtb"] = decode_dtb(path, inputs.get("dtb"))
    return inputs


def decode_dtb(path, value):
    if value is None:
        return None
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error) as err:
        raise Bad(f"{path}: 'dtb' is not base64: {err}") from err


def steps(inputs, kind):
    return [step for step in inputs["steps"] if step["step"] == kind]


def ram_ranges(inputs):
    """The ranges that are RAM at entry, adjacent blocks joined"""
    ranges = []
    for step in steps(inputs, "ripas"):
        if ranges and ranges[-1][1] == step["base"]:
            ranges[-1][1] = step["top"]
        else:
            ranges.append([step["base"], step["top"]])
    return ranges


def dtb_image(inputs):
    """The image that is the DTB of the inputs, by its digest"""
    dtb = inputs["dtb"]
    for image in inputs["images"]:
        known = str(image.get("digest", "")).lower()
        if dtb and known and known in (digest(a, dtb).hex() for a in ALGORITHMS):
            return image
    return None


def contradictions(inputs):
    """Sentences about what in the inputs does not fit together, apart from
    the measurement itself"""
    params = inputs["steps"][0]
    if HASH_IDS[params["hash-algo"]] != inputs["algorithm"]:
        yield (f"realm-create has the hash {HASH_IDS[params['hash-algo']]}, "
               f"the file {inputs['algorithm']}")
    blocks = [(s["base"], s["top"]) for s in steps(inputs, "ripas")]
    expected = [block for base, top in ram_ranges(inputs)
                for block in ripas_blocks(params["ipa-bits"], base, top)]
    if blocks != expected:
        yield (f"the RAM is measured in {len(blocks)} blocks, a Realm of "
               f"{params['ipa-bits']} IPA bits has {len(expected)} others")
    yield from dtb_contradictions(inputs)


def dtb_contradictions(inputs):
    """Is the DTB of the file the one whose pages are measured?"""
    dtb, image = inputs["dtb"], dtb_image(inputs)
    if dtb is None:
        return
    if image is None:
        yield "no image has the digest of the DTB"
        return
    pages = {s["ipa"]: s for s in steps(inputs, "data")}
    start = image["address"]
    first = -(-start // GRANULE) * GRANULE
    for ipa in range(first, start + len(dtb) - GRANULE + 1, GRANULE):
        content = dtb[ipa - start:ipa - start + GRANULE]
        step = pages.get(ipa)
        if step is None or not step["measured"]:
            yield f"the page {ipa:#x} of the DTB is not measured"
        elif bytes.fromhex(step["content"]) != digest(inputs["algorithm"], content):
            yield f"the page {ipa:#x} is not that of the DTB"
