# SPDX-License-Identifier: GPL-2.0-or-later
"""What a reset of a Realm costs, against a fresh start of QEMU

   reboot.py WORK RUNS JSON QEMU SIMULATOR [EMULATOR PLUGIN]

From the reset to the first instruction of the next Realm, and from the start of
QEMU to that of the first one; the simulator's share of the CPU time is taken off.
"""
import json
import statistics
import sys
import time

from vm import Host, Images, Vm

# MiB of images, MiB of RAM
CASES = [(1, 1024), (64, 1024), (512, 2048), (1, 64 << 10)]
KEYS = ["cpu-ms", "wall-ms"]


def one(host, images, ram):
    """Costs of a start and of three resets of the same QEMU"""
    begin = time.monotonic()
    results = []
    with Vm(host, images, ram, "") as vm:
        vm.run()
        cost = vm.cost()["cpu-ms"]
        results.append({"cpu-ms": cost, "wall-ms": (time.monotonic() - begin) * 1000})
        for _ in range(3):
            before, begin, waits = vm.cost()["cpu-ms"], time.monotonic(), vm.waits()
            vm.ask("system_reset")
            while vm.waits() == waits:
                vm.alive()
                time.sleep(0.005)
            results.append({"cpu-ms": vm.cost()["cpu-ms"] - before,
                            "wall-ms": (time.monotonic() - begin) * 1000})
    return results[0], results[1:]


def measure(host, work, runs):
    rows = []
    for mib, ram in CASES:
        images = Images(work, mib)
        starts, resets = [], []
        for _ in range(runs):
            start, more = one(host, images, ram)
            starts.append(start)
            resets += more
        row = {"image-mib": mib, "ram-gib": ram >> 10}
        for key in KEYS:
            row[f"start-{key}"] = statistics.median(r[key] for r in starts)
            row[f"reset-{key}"] = statistics.median(r[key] for r in resets)
            row[f"ratio-{key}"] = row[f"reset-{key}"] / row[f"start-{key}"]
        rows.append(row)
        print(f"{mib:5} {row['ram-gib']:4} " + " ".join(
            f"{row[f'start-{key}']:9.0f} {row[f'reset-{key}']:9.0f} {row[f'ratio-{key}']:6.3f}"
            for key in KEYS), flush=True)
    return rows


def main(work, runs, out, *programs):
    host = Host(*programs, *[None] * (4 - len(programs)))
    print("To the first instruction of the guest: from the start of QEMU, and from a reset of the\n"
          "running Realm. CPU time is without the simulator's share, wall time with it.\n"
          f"{'image':>5} {'RAM':>4} {'CPU':>9} {'CPU':>9} {'':6} {'wall':>9} {'wall':>9}\n"
          f"{'MiB':>5} {'GiB':>4} {'start ms':>9} {'reset ms':>9} {'ratio':>6} "
          f"{'start ms':>9} {'reset ms':>9} {'ratio':>6}")
    rows = measure(host, work, int(runs))
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"bench": "reboot", "runs": int(runs), "emulated": bool(host.user),
                   "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
