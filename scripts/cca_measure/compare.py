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


def image_pairs(one, other):
    """(name, image of one or None, image of other or None) of all images

    Images are often called by their file: those of another name that are at
    the same address are one.
    """
    left, theirs = list(one["images"]), list(other["images"])
    for key in ("name", "address"):
        mine, left = left, []
        for a in mine:
            b = next((b for b in theirs if b[key] == a[key]), None)
            if b is None:
                left.append(a)
                continue
            theirs.remove(b)
            yield (a["name"] if a["name"] == b["name"] else f"{a['name']}' / '{b['name']}"), a, b
    for a in left:
        yield a["name"], a, None
    for b in theirs:
        yield b["name"], None, b


def images(one, other):
    """Lines about the images, and the ranges that these explain"""
    same_hash = one["algorithm"] == other["algorithm"]
    # The DTB is told node by node
    dtbs = [image for image in map(dtb_image, (one, other)) if image]
    lines, known = [], []
    for name, a, b in image_pairs(one, other):
        if a is None or b is None:
            which = "first" if a else "second"
            lines.append(f"image '{name}' is only in the {which}, at "
                         f"{(a or b)['address']:#x} with {(a or b)['size']} bytes")
        else:
            is_dtb = a in dtbs and b in dtbs
            found = pair(f"address of image '{name}'", hex(a["address"]),
                         hex(b["address"]))
            if not is_dtb:
                found += pair(f"size of image '{name}'", f"{a['size']} bytes",
                              f"{b['size']} bytes")
            found += pair(f"image '{name}' is measured", a["measured"], b["measured"])
            if same_hash and a.get("digest") != b.get("digest") and not is_dtb:
                found.append(f"image '{name}' has other contents: digest "
                             f"{a.get('digest')} / {b.get('digest')}")
            lines += found
            if not found and not is_dtb:
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
