#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test-options.py QEMU - cca-measure refuses what the manual says a launch refuses

Every row of docs/system/arm/cca-options.csv that is refused and is a command line:
with QEMU's own dry run, the tool has to say the same in one line.  That a launch says
it is for tests/qtest/rme-contract-options-test.c.
"""

import csv
import fnmatch
import os
import re
import shlex
import subprocess
import sys
import tempfile

from harness import TOP, result, tool

QEMU = sys.argv[1]
TABLE = os.path.join(TOP, "docs", "system", "arm", "cca-options.csv")
HOST = ("--breakpoints", "6", "--watchpoints", "4", "--pmu-counters", "6", "--sve", "off")
LAUNCH = ["qemu-system-aarch64", "-nodefaults", "-machine",
          "virt,confidential-guest-support=rme0", "-object", "rme-guest,id=rme0",
          "-m", "256M"]


def devices():
    text = subprocess.run([QEMU, "-machine", "virt", "-device", "help"], text=True,
                          capture_output=True, check=True).stdout
    return re.findall(r'^name "([^"]*)"', text, re.M)


def release():
    text = subprocess.run([QEMU, "--version"], text=True, capture_output=True, check=True).stdout
    return tuple(int(part) for part in re.search(r"version (\d+)\.(\d+)", text).groups())


def is_of(option, version):
    """Whether that release of QEMU has what the row is about"""
    since = re.search(r"\(from QEMU (\d+)\.(\d+) on\)", option)
    until = re.search(r"\(before QEMU (\d+)\.(\d+)\)", option)
    return ((not since or version >= tuple(map(int, since.groups()))) and
            (not until or version < tuple(map(int, until.groups()))))


def why_not(tried):
    """Why a row is no command line that a dry run could refuse"""
    if not tried:
        return "nobody tries it"
    if tried.startswith("TEST:"):
        return "it is tried in " + tried.partition(": ")[2].partition("/")[0]
    for key, why in (("QMP:", "it is for a Realm that runs"),
                     ("HMP:", "it is for a Realm that runs"),
                     ("HOST:", "only the host of the launch knows it")):
        if key in tried:
            return why
    return None


def commands(option, tried, types):
    if "{each}" not in tried:
        return [tried]
    words = re.split("[ ,]+", option)
    return [tried.replace("{each}", name) for name in types
            if any(fnmatch.fnmatch(name, word) for word in words)]


def test_row(name, text, tried, directory):
    for place in ("file", "ram", "socket"):
        tried = tried.replace("{%s}" % place, os.path.join(directory, place))
    words = shlex.split(tried.replace("(early)", ""))
    line = LAUNCH + ([] if "-accel" in words else ["-accel", "kvm"])
    line += ["-cpu", "host"] if "-cpu" not in words else []
    # Other CPUs have no such numbers
    numbers = HOST if "-cpu" not in words or "-cpu host" in tried else ()
    done = tool("--qemu", QEMU, *numbers, "--", *line, *words)
    said = done.stderr.removeprefix("cca-measure: ").removeprefix("QEMU: ")
    pattern = ".*".join(map(re.escape, text.split("...")))
    result(f"refused: {name}", done.returncode == 1 and not done.stdout and
           said.count("\n") == 1 and re.search(pattern, said), done.returncode,
           done.stdout, done.stderr, f"expected {text}")


XML = """<domain type='kvm'>
  <memory unit='MiB'>256</memory>
  <os><type arch='aarch64' machine='virt'>hvm</type></os>
  <cpu mode='host-passthrough'/>
  BACKING<devices>DEVICES</devices>
  <launchSecurity type='cca'/>
</domain>
"""
RAM = "memory backend 'mach-virt.ram' has "
# What a domain has in <memoryBacking> or <devices>, and what QEMU says to it
DOMAINS = [
    ("<allocation mode='immediate'/>", RAM + "prealloc=on"),
    ("<hugepages/>", "has huge pages: memory is shared in pages of 4 KiB"),
    ("<source type='file'/>", RAM + "share=off"),
    ("<memballoon model='virtio'/>", "device virtio-balloon-pci"),
    ("<interface type='vhostuser'/>", "vhost-user cannot serve a confidential guest"),
    ("<interface type='vdpa'/>", "vhost-vdpa cannot serve a confidential guest"),
    ("<disk type='vhostuser'/>", "device vhost-user-blk-pci"),
    ("<filesystem><driver type='virtiofs'/></filesystem>", "device vhost-user-fs-pci"),
    ("<rng model='virtio-transitional'/>", "it has the legacy interface of virtio"),
    ("<interface type='user'><model type='virtio-transitional'/></interface>",
     "it has the legacy interface of virtio"),
    ("<disk><driver iommu='off'/></disk>", "remove iommu_platform=off"),
]
# The same elements, as a Realm can have them
ACCEPTED = ["<source type='memfd'/><access mode='shared'/>", "<memballoon model='none'/>",
            "<source type='file'/><access mode='shared'/>", "<allocation mode='ondemand'/>",
            "<rng model='virtio-non-transitional'/>",
            "<disk type='file'><driver iommu='on'/></disk>", "<interface type='bridge'/>"]
# Has no effect in a Realm, and the tool says what a launch says
LOCKED = "warning: mem-lock= of -overcommit has no effect: "


def measure_domain(element):
    in_backing = re.match("<(locked|allocation|hugepages|source)", element)
    xml = XML.replace("BACKING", f"<memoryBacking>{element}</memoryBacking>" if in_backing else "")
    xml = xml.replace("DEVICES", "" if in_backing else element)
    return tool("--qemu", QEMU, *HOST, "-", stdin=xml)


def test_domains():
    for element, message in DOMAINS:
        done = measure_domain(element)
        result(f"refused: a domain with {element}", done.returncode == 1 and not done.stdout and
               done.stderr.count("\n") == 1 and message in done.stderr,
               done.returncode, done.stdout, done.stderr, f"expected {message}")
    done = measure_domain("<locked/>")
    result("warned of: a domain with <locked/>", done.returncode == 0 and
           done.stderr.count("\n") == 1 and LOCKED in done.stderr, done.returncode, done.stderr)
    for element in ACCEPTED:
        done = measure_domain(element)
        result(f"accepted: a domain with {element}", done.returncode == 0 and not done.stderr,
               done.stderr)


def main():
    test_domains()
    types, version, skipped, tried_rows = devices(), release(), {}, 0
    with open(TABLE, encoding="utf-8", newline="") as file, \
            tempfile.TemporaryDirectory() as directory:
        for name, size in (("file", 64 << 10), ("ram", 256 << 20)):
            with open(os.path.join(directory, name), "wb") as data:
                data.truncate(size)
        for row in csv.DictReader(file):
            if row["In a Realm"] != "refused":
                continue
            why = (why_not(row["Tried as"]) if is_of(row["Option"], version) else
                   "QEMU {}.{} has no such thing".format(*version))
            if why:
                skipped.setdefault(why, []).append(row["Option"])
                continue
            tried_rows += 1
            for command in commands(row["Option"], row["Tried as"], types):
                test_row(command.strip(), row["What it says or means"], command, directory)
    for why, options in skipped.items():
        print(f"not asked of a dry run, {why}: {'; '.join(options)}")
    result("there are many such rows", tried_rows > 40, tried_rows)


main()
