# SPDX-License-Identifier: GPL-2.0-or-later
"""The Realm Initial Measurement from the operands of its steps

By the text of Arm DEN0137 (RMM specification) 1.0: B4.3.9.4 REALM_CREATE,
RTT_INIT_RIPAS, B4.3.1.4 DATA_CREATE, B4.3.12.4 REC_CREATE.  This shares no code
with QEMU, so that the two can be compared.
"""

import hashlib
import struct

from . import Bad

GRANULE = 4096
# Values of RmiHashAlgorithm; SHA-384 came with version 2.0
HASH_IDS = {0: "sha256", 1: "sha512", 2: "sha384"}
# The RIM stands in a field of this size, shorter ones are followed by zeros
RIM_FIELD = 64
DESC_SIZE = 256
DESC_DATA, DESC_REC, DESC_RIPAS = 0, 1, 2
DATA_MEASURED = 1
REC_RUNNABLE = 1


def digest(algorithm, data):
    return hashlib.new(algorithm, data).digest()


def put(image, offset, fmt, *values):
    struct.pack_into("<" + fmt, image, offset, *values)


def descriptor(kind, rim):
    """The head that the descriptors of all steps have"""
    image = bytearray(DESC_SIZE)
    put(image, 0x00, "B", kind)
    put(image, 0x08, "Q", DESC_SIZE)
    image[0x10:0x10 + len(rim)] = rim
    return image


def create(algorithm, step):
    image = bytearray(GRANULE)
    put(image, 0x000, "Q", step["flags"])
    put(image, 0x008, "I", step["ipa-bits"])
    put(image, 0x010, "I", step["sve-vl"])
    put(image, 0x018, "I", step["num-bps"])
    put(image, 0x020, "I", step["num-wps"])
    put(image, 0x028, "I", step["pmu-num-ctrs"])
    put(image, 0x030, "B", step["hash-algo"])
    return digest(algorithm, image)


def ripas(algorithm, rim, step):
    image = descriptor(DESC_RIPAS, rim)
    put(image, 0x50, "QQ", step["base"], step["top"])
    return digest(algorithm, image)


def data(algorithm, rim, step):
    image = descriptor(DESC_DATA, rim)
    put(image, 0x50, "Q", step["ipa"])
    if step["measured"]:
        content = bytes.fromhex(step["content"])
        put(image, 0x58, "Q", DATA_MEASURED)
        image[0x60:0x60 + len(content)] = content
    return digest(algorithm, image)


def rec(algorithm, rim, step):
    if not step["flags"] & REC_RUNNABLE:
        return rim
    params = bytearray(GRANULE)
    put(params, 0x000, "Q", step["flags"])
    put(params, 0x200, "Q", step["pc"])
    put(params, 0x300, "8Q", *step["gprs"])
    content = digest(algorithm, params)
    image = descriptor(DESC_REC, rim)
    image[0x50:0x50 + len(content)] = content
    return digest(algorithm, image)


EXTEND = {"ripas": ripas, "data": data, "rec": rec}


def compute(inputs):
    """The RIM that the steps of an inputs file lead to, as bytes"""
    algorithm = inputs["algorithm"]
    rim = None
    for step in inputs["steps"]:
        if step["step"] == "realm-create":
            rim = create(algorithm, step)
        else:
            rim = EXTEND[step["step"]](algorithm, rim, step)
    return rim


def largest_block(ipa_bits):
    """The size that a page table entry of the root level stands for"""
    level = 4 - (ipa_bits - 8) // 9
    return GRANULE << 9 * (3 - level)


def ripas_blocks(ipa_bits, base, top):
    """How a fresh Realm's page tables split the range [base, top)"""
    if base % GRANULE or top % GRANULE or base >= top:
        raise Bad(f"{base:#x}..{top:#x} is no range of pages")
    while base < top:
        size = largest_block(ipa_bits)
        while base % size or base + size > top:
            size >>= 9
        yield base, base + size
        base += size
