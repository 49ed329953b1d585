# SPDX-License-Identifier: GPL-2.0-or-later
"""What a conversion costs QEMU, with few and with many shared ranges

   convert.py WORK JSON QEMU SIMULATOR [EMULATOR PLUGIN]

The guest's exits are scripted. A launch with some conversions is taken from one
with more of them, so that what is left is theirs; the simulator's share is
taken off.
"""
import json
import sys

from vm import Host, Images, Vm

BASE, SPAN = 0x44000000, 0x8000000
MANY = 16384
# How many conversions two launches differ by
STEP = 2048
# Name, exits of one round: in round n BASE + (n * STEP) % SPAN, and conversions in it
PAGE = f"{BASE:#x}+%#x%%{SPAN:#x} 0x1000"
ORDERS = {"sequence": 0x1000, "random": 0x3039000, "alternating": 0x2000}
KEYS = ["instructions", "system-calls", "kvm-calls"]


def exits(direction, what):
    return f"exit = memory-fault {direction} {what}\n"


def cost(host, images, script, rounds):
    with Vm(host, images, 512, "", True, f"{script}exit-rounds = {rounds}") as vm:
        vm.run()
        return vm.cost()


def each(host, images, script, first, last):
    """The cost of one round between these two"""
    a, b = (cost(host, images, script, rounds) for rounds in (first, last))
    return {key: (b[key] - a[key]) / (last - first) for key in KEYS if key in a}


def show(rows, name, early, late):
    for key in early:
        ratio = late[key] / early[key]
        rows.append({"what": name, "unit": key, "early": early[key], "late": late[key],
                     "late/early": ratio})
        print(f"{name:24} {key:14} {early[key]:12.1f} {late[key]:12.1f} {ratio:8.3f}", flush=True)


def main(work, out, *programs):
    host = Host(*programs, *[None] * (4 - len(programs)))
    images = Images(work, 1)
    rows = []
    print("A conversion by QEMU as a whole, without the simulator, early and after 16384 of them\n"
          f"{'':24} {'':14} {'early':>12} {'late':>12} {'ratio':>8}")
    for name, step in ORDERS.items():
        script = exits("shared", PAGE % step)
        show(rows, f"to shared, {name}", each(host, images, script, 64, 64 + STEP),
             each(host, images, script, MANY - STEP, MANY))
    big = exits("shared", f"{BASE:#x} 0x4000000") + exits("private", f"{BASE:#x} 0x4000000")
    small = exits("shared", f"{BASE:#x} 0x1000") + exits("private", f"{BASE:#x} 0x1000")
    for name, script in (("page there and back", small), ("64 MiB there and back", big)):
        show(rows, name, each(host, images, script, 16, 272), each(host, images, script, 272, 528))
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"bench": "conversions-qemu", "emulated": bool(host.user), "rows": rows},
                  file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
