# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a launch takes beside its hashes, and how long monitors wait for it

   wall.py WORK RUNS JSON QEMU SIMULATOR [EMULATOR PLUGIN]

The simulator takes 0.1 ms for each page, as an RMM needs its time. Then the same
Realm in turns: without a report, with one, and with one on a single processor.
"""
import json
import statistics
import sys
import time

from vm import Host, Images, Vm

COST = "populate-cost = 100000"
RAM_MIB = 1024
# Properties of the Realm, and what is put in front of the command
KINDS = {
    "off": (",measurement-report=off", ()),
    "on": ("", ()),
    "on, 1 CPU": ("", ("taskset", "-c", "0")),
}


def launch(host, images, kind):
    """Seconds that cont takes, which returns when the Realm runs, and CPU time"""
    realm, prefix = KINDS[kind]
    with Vm(host, images, RAM_MIB, realm, settings=COST, prefix=prefix) as vm:
        before = vm.cost()
        since = time.monotonic()
        vm.ask("cont")
        wall = time.monotonic() - since
        return wall, (vm.cost()["cpu-ms"] - before["cpu-ms"]) / 1000


def answers(host, images):
    """A start without -S: each answer, in seconds, until the Realm runs"""
    times = []
    with Vm(host, images, RAM_MIB, "", settings=COST, paused=False) as vm:
        times.append(vm.greeting_s)
        while True:
            since = time.monotonic()
            status = vm.ask("query-status")["status"]
            times.append(time.monotonic() - since)
            if status != "prelaunch":
                return times
            time.sleep(0.01)


def measure(host, work, mib, runs):
    images = Images(work, mib)
    results = {kind: [] for kind in KINDS}
    for _ in range(runs):
        for kind in KINDS:
            results[kind].append(launch(host, images, kind))
    row = {"image-mib": mib}
    for kind, values in results.items():
        row[kind] = {"wall-s": statistics.median(v[0] for v in values),
                     "cpu-s": statistics.median(v[1] for v in values)}
        ratio = row[kind]["wall-s"] / row["off"]["wall-s"]
        print(f"{mib:5}  {kind:10} {row[kind]['wall-s']:8.2f} {ratio:7.2f} "
              f"{row[kind]['cpu-s']:8.2f}", flush=True)
    times = sorted(answers(host, images))
    row["answers"] = {"number": len(times), "median-ms": statistics.median(times) * 1000,
                      "longest-ms": times[-1] * 1000}
    print(f"{mib:5}  {len(times)} answers without -S: median {row['answers']['median-ms']:.1f} ms, "
          f"longest {row['answers']['longest-ms']:.1f} ms", flush=True)
    return row


def main(work, runs, out, *programs):
    host = Host(*programs, *[None] * (4 - len(programs)))
    print("cont of a Realm with and without measurement-report, 0.1 ms for each page; its CPU\n"
          "time is without the simulator's"
          + (", and that of emulated code" if host.user else "") + ".\n"
          f"{'image':>5}  {'report':10} {'wall':>8} {'ratio':>7} {'CPU':>8}\n"
          f"{'MiB':>5}  {'':10} {'s':>8} {'':>7} {'s':>8}")
    rows = [measure(host, work, mib, int(runs)) for mib in (64, 512)]
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"bench": "wall", "runs": int(runs), "emulated": bool(host.user),
                   "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
