#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""verify and diff of cca-measure

The inputs files of this directory were measured by TF-RMM v0.6.0 (its own
rim.c, measurement.c and the handlers that call them, run natively), and so were
the values of CREATED.  Those of RMM 2.0 are in tests/unit/rme-rim-vectors-b.h.
"""

import base64
import copy
import hashlib
import json
import os
import re
import struct
import tempfile

from harness import check, fdt, fixture, prints, refuses, result, tool

# REALM_CREATE alone: operands that differ from those of inputs-sha256.json; the
# last one is also published in tests/event_log.rs of Veraison's
# cca-realm-measurements
CREATED = [
    ({"ipa-bits": 48, "num-bps": 15, "num-wps": 15},
     "6a28640164ad3a8e77152ac56096d6e9ab911a80e373d751c056729373f58b98"),
    ({"ipa-bits": 36, "num-bps": 1, "num-wps": 1},
     "867f6ebec28d0baf3e1ef57b12349c413c2858482b6bc3b6085584f481b82171"),
    ({"ipa-bits": 48},
     "8960d56826370aaa6fc9b3a041d4240689582ba41e2ad8bb8f9adf6d2a0cd5e7"),
]
GIB = 1 << 30

with open(fixture("inputs-sha256.json"), encoding="utf-8") as _file:
    BASE = json.load(_file)


def changed(base=None, **members):
    """A copy of the base with members replaced; __ is a step down"""
    value = copy.deepcopy(base or BASE)
    for path, new in members.items():
        at, keys = value, [int(k) if k.isdigit() else k.replace("_", "-")
                           for k in path.split("__")]
        for key in keys[:-1]:
            at = at[key]
        if new is None:
            del at[keys[-1]]
        else:
            at[keys[-1]] = new
    return value


def saved(value):
    path = os.path.join(directory.name, f"{len(os.listdir(directory.name))}.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(value if isinstance(value, str) else json.dumps(value))
    return path


BAD = [
    ("that is not JSON", "{", "is no inputs file"),
    ("that is no object", "[]", "the file is no JSON object"),
    ("nested too deep", "[" * 100000, "is no inputs file"),
    ("without a version", changed(version=None), "has no 'version'"),
    ("of the next version", changed(version=2), "of version 2, this program reads version 1"),
    ("of an unknown algorithm", changed(algorithm="md5"), "'algorithm' of the file is \"md5\""),
    ("whose algorithm is a list", changed(algorithm=[]), "'algorithm' of the file"),
    ("without steps", changed(steps=[]), "'steps' of the file"),
    ("with a RIM of another size", changed(rim="00"), "'rim' of the file"),
    ("whose RIM is not hex", changed(rim="x" * 64), "'rim' of the file"),
    ("without vCPUs", changed(machine__vcpus=None), "machine has no 'vcpus'"),
    ("with an image that has no address", changed(images__0__address=None),
     "image 0 has no 'address'"),
    ("with a step that is new", changed(steps__1__step="planes"), "step 1 is a 'planes'"),
    ("with a step without a name", changed(steps__1={}), "step 1 has no 'step'"),
    ("with realm-create twice", changed(steps__1=BASE["steps"][0]), "has to be the first"),
    ("without realm-create", changed(steps=BASE["steps"][1:]), "has to be the first"),
    ("with a page at half a page", changed(steps__3__ipa=0x800), "'ipa' of step 3"),
    ("with an address below zero", changed(steps__3__ipa=-4096), "'ipa' of step 3"),
    ("with an address of 65 bits", changed(steps__3__ipa=1 << 64), "'ipa' of step 3"),
    ("with an address as text", changed(steps__3__ipa="0x40000000"), "'ipa' of step 3"),
    ("whose measured page has no content", changed(steps__3__content=None), "no 'content'"),
    ("with content of another size", changed(steps__3__content="00"), "'content' of step 3"),
    ("with seven registers", changed(steps__5__gprs=[0] * 7), "'gprs' of step 5"),
    ("with a hash that is none", changed(steps__0__hash_algo=3), "'hash-algo' of step 0"),
    ("with true for a number", changed(steps__0__num_bps=True), "'num-bps' of step 0"),
    ("with fewer IPA bits than there are", changed(steps__0__ipa_bits=31),
     "is 31, which cannot be"),
    ("with more IPA bits than there are", changed(steps__0__ipa_bits=53),
     "'ipa-bits' of step 0"),
    ("with RAM outside of the address space", changed(steps__2__top=1 << 52),
     "step 2 is RAM up to 0x10000000000000, more than the 33 IPA bits of realm-create reach"),
    ("whose DTB is not base64", changed(dtb="?"), "'dtb' is not base64"),
]


def vectors_b():
    """(name, inputs) of each macro call in the file that the unit test has, too"""
    path = os.path.join(os.path.dirname(__file__), "..", "unit", "rme-rim-vectors-b.h")
    with open(path, encoding="utf-8") as file:
        calls = re.findall(r'^VECTOR\(([^()]*)\)$', file.read(), re.M)
    for call in calls:
        name, *words, _, _, rim = [word.strip().strip('"') for word in call.split(",")]
        flags, bits, sve, wps, data, x0, x7 = (int(w, 0) if w[0].isdigit() else w
                                               for w in words)
        steps = [{"step": "realm-create", "flags": flags, "ipa-bits": bits, "sve-vl": sve,
                  "num-bps": 5, "num-wps": wps, "pmu-num-ctrs": 0, "hash-algo": 0}]
        if data != "NONE":
            steps.append({"step": "data", "ipa": 0x40000000, "measured": data == "MEASURED",
                          "content": hashlib.sha256(b"\xa5" * 4096).hexdigest()})
        steps.append({"step": "rec", "flags": 1, "pc": 0x90000000,
                      "gprs": [x0, 0, 0, 0, 0, 0, 0, x7]})
        yield name, changed(steps=steps, images=[], rim=rim)


def test_refusals():
    for what, value, message in BAD:
        refuses(f"an inputs file {what} is refused", message, "verify", saved(value))
    refuses("an inputs file that is not there is refused",
            "cannot read the inputs file '/nowhere/x': No such file", "verify", "/nowhere/x")
    refuses("verify without a file is refused", "verify takes one inputs file", "verify")
    refuses("diff of one file is refused", "diff takes two inputs files", "diff",
            fixture("inputs-sha256.json"))
    refuses("verify has no options", "verify has no options", "verify", "--fast", "x")


def test_verify():
    for name in ("inputs-sha256.json", "inputs-sha512.json"):
        with open(fixture(name), encoding="utf-8") as file:
            prints(f"{name} leads to TF-RMM's measurement", json.load(file)["rim"],
                   "verify", fixture(name))
    for operands, rim in CREATED:
        value = changed(steps=[{**BASE["steps"][0], **operands}], images=[], rim=rim)
        prints(f"so does REALM_CREATE with {operands}", rim, "verify", saved(value))
    vectors = dict(vectors_b())
    for name, value in vectors.items():
        prints(f"so does vector {name} of RMM 2.0", value["rim"], "verify", saved(value))
    check("there are vectors of hosts without and with LPA2", len(vectors), 10)
    wrong = saved(changed(steps__3__ipa=0x40002000))
    done = tool("verify", wrong)
    result("a page elsewhere is found", done.returncode == 2 and
           f"the file says {BASE['rim']}" in done.stdout, done.stdout, done.stderr)
    block = {"step": "ripas", "base": 0x40000000, "top": 0x40400000}
    done = tool("verify", saved(changed(steps=[BASE["steps"][0], block] + BASE["steps"][3:])))
    result("RAM in blocks that no page table has is found", done.returncode == 2 and
           "in 1 blocks, a Realm of 33 IPA bits has 2 others" in done.stdout, done.stdout)
    done = tool("verify", saved(changed(steps__0__hash_algo=1)))
    result("two algorithms in one file are found",
           "realm-create has the hash sha512, the file sha256" in done.stdout, done.stdout)


def tree(bootargs="console=ttyAMA0", cpus=2, **more):
    return fdt({"compatible": b"linux,dummy-virt\0",
                "cpus": {f"cpu@{i}": {"reg": struct.pack(">I", i)} for i in range(cpus)},
                "chosen": {"bootargs": bootargs.encode() + b"\0"}, **more})


def with_dtb(dtb, base=None):
    """The base with a DTB at 0x40100000 that is measured page by page"""
    value, address = copy.deepcopy(base or BASE), 0x40100000
    digest = hashlib.sha256
    value["dtb"] = base64.b64encode(dtb).decode()
    value["images"].append({"name": "dtb", "address": address, "size": len(dtb),
                            "measured": True, "digest": digest(dtb).hexdigest()})
    for at in range(0, len(dtb), 4096):
        page = dtb[at:at + 4096].ljust(4096, b"\0")
        value["steps"].insert(-1, {"step": "data", "ipa": address + at, "measured": True,
                                   "content": digest(page).hexdigest()})
    return value


def with_rim(value):
    """The value with the RIM that its steps lead to"""
    done = tool("verify", saved(value))
    rim = done.stdout.split("the steps lead to ")[-1].split(",")[0].strip()
    return changed(value, rim=rim)


def differs(sentence, one, other, *lines):
    prints(sentence, "\n".join(lines), "diff", saved(with_rim(one)), saved(with_rim(other)),
           status=2)


def test_dtb():
    big = tree(pad=bytes(9000))
    good = with_rim(with_dtb(big))
    prints("a DTB whose pages are measured is in order", good["rim"], "verify", saved(good))
    bad = changed(good, steps__6__content="11" * 32)
    done = tool("verify", saved(bad))
    result("a page that is not the DTB's is found", done.returncode == 2 and
           "the page 0x40101000 is not that of the DTB" in done.stdout, done.stdout)
    bad = changed(good, dtb=base64.b64encode(big + b"x").decode())
    done = tool("verify", saved(bad))
    result("a DTB that is no image is found", "no image has the digest of the DTB"
           in done.stdout, done.stdout)


def test_diff():
    prints("two files that are the same", "no difference", "diff",
           fixture("inputs-sha256.json"), fixture("inputs-sha256.json"))
    differs("the number of vCPUs, by the DTB", with_dtb(tree()),
            with_dtb(tree(cpus=4), changed(machine__vcpus=4)), "vCPU count: 1 / 4",
            "DTB differs at /cpus/cpu@2 is only in the second",
            "DTB differs at /cpus/cpu@3 is only in the second")
    differs("the command line, by the DTB", with_dtb(tree()),
            with_dtb(tree("quiet"), changed(machine__append="quiet")),
            "kernel command line: 'console=ttyAMA0' / 'quiet'",
            'DTB differs at /chosen/bootargs: "console=ttyAMA0" / "quiet"')
    differs("a property that only one has", with_dtb(tree()),
            with_dtb(tree(chosen={"bootargs": b"console=ttyAMA0\0", "rng": bytes(8)})),
            "DTB differs at /chosen/rng: absent / <0x0 0x0>")
    differs("a DTB that is damaged", with_dtb(tree()), with_dtb(tree()[:80]),
            "DTB differs, and cannot be compared: the DTB is damaged: 80 bytes of 256")
    differs("an image", BASE, changed(images__0__digest="22" * 32, steps__3__content="33" * 32),
            "image 'kernel' has other contents: digest "
            f"{BASE['images'][0]['digest']} / {'22' * 32}")
    prints("an image of another file name", "no difference", "diff",
           fixture("inputs-sha256.json"), saved(changed(images__0__name="/tmp/Image")))
    differs("an image of another file name with other contents", BASE, changed(
        images__0__name="/tmp/Image", images__0__digest="22" * 32, steps__3__content="33" * 32),
            f"image 'kernel' / '/tmp/Image' has other contents: digest "
            f"{BASE['images'][0]['digest']} / {'22' * 32}")
    differs("an image that is missing", BASE, changed(images=BASE["images"][:1], steps=[
        s for s in BASE["steps"] if s.get("measured") is not False]),
            "image 'log' is only in the first, at 0x40001000 with 4096 bytes")
    differs("a page that no image explains", BASE, changed(steps__3__content="33" * 32),
            "1 other pages differ, the first at 0x40000000")
    differs("the Realm's parameters", BASE, changed(
        steps__0__flags=6, steps__0__num_bps=6, steps__0__pmu_num_ctrs=4,
        steps__0__ipa_bits=34), "SVE: off / on", "PMU: off / on", "IPA bits: 33 / 34",
            "breakpoints: 6 / 7", "PMU counters: 0 / 4")
    differs("the first vCPU", BASE, changed(steps__5__pc=0x200000, steps__5__gprs__1=7),
            "entry point: 0x40000000 / 0x200000", "x1 at entry: 0x0 / 0x7")
    more = {"step": "ripas", "base": 0x40400000, "top": 0x40600000}
    differs("the RAM", BASE, changed(machine__ram_size=6 << 20, steps=BASE["steps"][:3] + [more]
                                     + BASE["steps"][3:]), "RAM: 4 MiB / 6 MiB",
            "RAM at entry: 0x40000000..0x403fffff / 0x40000000..0x405fffff")
    differs("the order of the steps", BASE, changed(steps=BASE["steps"][:3] + [
        BASE["steps"][4], BASE["steps"][3], BASE["steps"][5]]),
            "the same steps in another order")
    prints("a measurement that differs without a reason",
           "the measurement differs though nothing that leads to it does: "
           "'cca-measure verify' says which file is wrong", "diff",
           fixture("inputs-sha256.json"), saved(changed(rim="00" * 32)), status=2)
    done = tool("diff", fixture("inputs-sha256.json"), fixture("inputs-sha512.json"))
    result("two algorithms, and no word about each digest", done.returncode == 2 and
           "algorithm: sha256 / sha512" in done.stdout and "digest" not in done.stdout and
           "hash" not in done.stdout, done.stdout)


def test_fdt_damage():
    """Any damage is a sentence, not a traceback"""
    good = tree(pad=b"abc")
    base = saved(with_dtb(good))
    for at in range(0, len(good), 4):
        for word in (0xffffffff, 1, 3, 2):
            bad = good[:at] + struct.pack(">I", word) + good[at + 4:]
            done = tool("diff", base, saved(with_dtb(bad)))
            if done.returncode != 2 and bad != good or done.stderr:
                result("a damaged DTB is compared or said to be damaged", False,
                       f"{word:#x} at {at}", done.stdout, done.stderr)
                return
    result("a damaged DTB is compared or said to be damaged", True)


directory = tempfile.TemporaryDirectory()
with directory:
    test_refusals()
    test_verify()
    test_dtb()
    test_diff()
    test_fdt_damage()
check("nothing is left behind", os.path.exists(directory.name), False)
