#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test-widths.py QEMU - the manual's table of address widths is what QEMU does

Each row of docs/system/arm/cca.rst whose first cell ends in "RAM up to N GiB": a dry
run with its options and that much memory has the width of the row, and with a GiB
more it has another one or none; the address of the UART is the shared one.
"""

import json
import os
import re
import subprocess
import sys

from harness import TOP, result

QEMU = sys.argv[1]
PAGE = os.path.join(TOP, "docs", "system", "arm", "cca.rst")
ROW = re.compile(r"^   \* - ((?:``\S+``|none)), RAM up to (\d+) GiB\n"
                 r"     - (\d+)\n     - ``(0x[0-9a-f]+)``$", re.M)
UART = 0x09000000


def width(options, gib):
    """Of the Realm with these options of -machine, or what QEMU says"""
    machine = "virt,confidential-guest-support=rme0" + (f",{options}" if options else "")
    done = subprocess.run(
        [QEMU, "-nodefaults", "-accel", "kvm", "-machine", machine, "-m", f"{gib}G",
         "-cpu", "host,num-breakpoints=6,num-watchpoints=4,pmu=off,sve=off",
         "-object", "rme-guest,id=rme0,dry-run=on"], text=True, capture_output=True,
        check=False)
    return json.loads(done.stdout)["ipa-bits"] if done.returncode == 0 else done.stderr


def main():
    with open(PAGE, encoding="utf-8") as page:
        rows = ROW.findall(page.read())
    result("the table has rows", len(rows) >= 3, rows)
    for options, gib, bits, address in rows:
        options, gib, bits = "" if options == "none" else options.strip("`"), int(gib), int(bits)
        found, beyond = width(options, gib), width(options, gib + 1)
        result(f"{options or 'no option'}, {gib} GiB: {bits} bits", found == bits, found)
        result(f"{options or 'no option'}, {gib + 1} GiB: not {bits} bits", beyond != bits, beyond)
        result(f"{options or 'no option'}: the UART is at {address}",
               int(address, 16) == UART | 1 << (bits - 1))


main()
