# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between the inputs of two measurements, in words"""

from . import Bad, fdt
from .inputs import dtb_image, ram_ranges, steps
from .rim import GRANULE

# Members of realm-create: what they are called, and how they are counted
PARAMS = {
    "ipa-bits": ("IPA bits", 0), "num-bps": ("breakpoints", 1),
    "num-wps": ("watchpoints", 1), "pmu-num-ctrs": ("PMU counters", 0),
    "sve-vl": ("SVE vector length in 128-bit units", 1),
    "hash-algo": ("hash identifier", 0),
}
FLAGS = {0: "LPA2", 1: "SVE", 2: "PMU", 3: "device assignment"}
MIB = 1 << 20


def size_text(size):
    return f"{size // MIB} MiB" if size % MIB == 0 else f"{size} bytes"


def pair(label, one, other):
    return [] if one == other else [f"{label}: {one} / {other}"]


def machine(one, other):
    a, b = one["machine"], other["machine"]
    lines = pair("vCPU count", a["vcpus"], b["vcpus"])
    lines += pair("RAM", size_text(a["ram-size"]), size_text(b["ram-size"]))
    lines += pair("kernel command line", repr(a.get("append", "")),
                  repr(b.get("append", "")))
    lines += pair("rules of kernel interface", one.get("kernel-abi", "a"),
                  other.get("kernel-abi", "a"))
    return lines + pair("algorithm", one["algorithm"], other["algorithm"])


def params(one, other):
    a, b = one["steps"][0], other["steps"][0]
    lines = []
    for bit in range(64):
        has = [bool(s["flags"] >> bit & 1) for s in (a, b)]
        lines += pair(FLAGS.get(bit, f"flag {bit} of the Realm"),
                      *("on" if h else "off" for h in has))
    for name, (label, more) in PARAMS.items():
        # The hash follows from the algorithm, and the length needs SVE
        if name == "hash-algo" and one["algorithm"] != other["algorithm"]:
            continue
        lines += pair(label, a[name] + more, b[name] + more)
    return lines


def memory(one, other):
    def words(inputs):
        return ", ".join(f"{base:#x}..{top - 1:#x}"
                         for base, top in ram_ranges(inputs)) or "none"
    return pair("RAM at entry", words(one), words(other))


def images(one, other):
    """Lines about the images, and the ranges that these explain"""
    mine = {image["name"]: image for image in one["images"]}
    theirs = {image["name"]: image for image in other["images"]}
    same_hash = one["algorithm"] == other["algorithm"]
    # The DTB is told node by node
    dtbs = [image["name"] for image in map(dtb_image, (one, other)) if image]
    lines, known = [], []
    for name in list(mine) + [n for n in theirs if n not in mine]:
        a, b = mine.get(name), theirs.get(name)
        if a is None or b is None:
            which = "first" if a else "second"
            lines.append(f"image '{name}' is only in the {which}, at "
                         f"{(a or b)['address']:#x} with {(a or b)['size']} bytes")
        else:
            found = pair(f"address of image '{name}'", hex(a["address"]),
                         hex(b["address"]))
            if name not in dtbs:
                found += pair(f"size of image '{name}'", f"{a['size']} bytes",
                              f"{b['size']} bytes")
            found += pair(f"image '{name}' is measured", a["measured"], b["measured"])
            if same_hash and a.get("digest") != b.get("digest") and name not in dtbs:
                found.append(f"image '{name}' has other contents: digest "
                             f"{a.get('digest')} / {b.get('digest')}")
            lines += found
            if not found and name not in dtbs:
                continue
        known += [image for image in (a, b) if image]
    return lines, known


def device_tree(one, other):
    a, b = one["dtb"], other["dtb"]
    if a == b:
        return []
    if a is None or b is None:
        return [f"DTB is only in the {'first' if b is None else 'second'}"]
    try:
        lines = [f"DTB differs at {line}" for line in fdt.differences(a, b)]
    except Bad as err:
        return [f"DTB differs, and cannot be compared: {err}"]
    return lines or ["DTB differs, but not in its nodes and properties "
                     "(their order, or padding)"]


def registers(one, other):
    a, b = steps(one, "rec"), steps(other, "rec")
    lines = pair("number of measured vCPUs", len(a), len(b))
    for x, y in zip(a, b):
        lines += pair("flags of the first vCPU", hex(x["flags"]), hex(y["flags"]))
        lines += pair("entry point", hex(x["pc"]), hex(y["pc"]))
        for i, (v, w) in enumerate(zip(x["gprs"], y["gprs"])):
            lines += pair(f"x{i} at entry", hex(v), hex(w))
    return lines


def pages(one, other, known):
    """The pages that differ outside the images that are known to differ"""
    a = {s["ipa"]: s for s in steps(one, "data")}
    b = {s["ipa"]: s for s in steps(other, "data")}

    def explained(ipa):
        return any(image["address"] < ipa + GRANULE and
                   ipa < image["address"] + image["size"] for image in known)

    same_hash = one["algorithm"] == other["algorithm"]
    odd = []
    for ipa in sorted(a.keys() | b.keys()):
        x, y = a.get(ipa), b.get(ipa)
        differ = (x is None or y is None or x["measured"] != y["measured"] or
                  same_hash and x.get("content") != y.get("content"))
        if differ and not explained(ipa):
            odd.append(ipa)
    if not odd:
        return []
    return [f"{len(odd)} other pages differ, the first at {odd[0]:#x}"]


def order(one, other):
    """Everything is the same, but not in the same order?"""
    if one["steps"] != other["steps"]:
        return ["the same steps in another order"]
    return []


def compare(one, other):
    """Lines that say what differs; none if nothing does"""
    lines = machine(one, other) + params(one, other) + memory(one, other)
    about_images, known = images(one, other)
    lines += about_images + device_tree(one, other)
    lines += registers(one, other) + pages(one, other, known)
    return lines or order(one, other)
