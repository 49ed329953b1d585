# SPDX-License-Identifier: GPL-2.0-or-later
"""What QEMU itself does to launch a Realm, against an ordinary VM

   launch.py WORK RUNS JSON QEMU SIMULATOR [EMULATOR PLUGIN]

The same command line with and without the Realm, in turns, up to the first
instruction of the guest; the simulator's share is taken off.
"""
import json
import statistics
import sys

from vm import Host, Images, Vm

BARE = ",measurement-report=off"
# MiB of images, MiB of RAM, what is compared with the ordinary VM
CASES = [
    (1, 1024, {"bare": BARE, "realm": ""}),
    (64, 1024, {"bare": BARE, "realm": ""}),
    (512, 1024, {"bare": BARE, "realm": ""}),
    (1, 16 << 10, {"bare": BARE}),
    (1, 64 << 10, {"bare": BARE}),
    (1, 256 << 10, {"bare": BARE, "realm": ""}),
]
PHASES = ["start", "launch"]


def launch(host, images, ram, realm, counting):
    """The cost up to cont, and from cont until the guest runs"""
    with Vm(host, images, ram, realm, counting) as vm:
        start = vm.cost()
        vm.run()
        end = vm.cost()
    return {"start": start, "launch": {key: end[key] - start[key] for key in end}}


def median(results, phase, key):
    values = [r[phase][key] for r in results if key in r[phase]]
    return statistics.median(values) if values else None


def measure(host, work, runs):
    rows = []
    for mib, ram, realms in CASES:
        images = Images(work, mib)
        kinds = {"ordinary": None, **realms}
        results = {kind: [] for kind in kinds}
        # One counts, for which time means nothing; the others are for the time
        for i in range(runs + 1):
            for kind, realm in kinds.items():
                result = launch(host, images, ram, realm, i == 0)
                if i == 0:
                    for phase in PHASES:
                        del result[phase]["cpu-ms"]
                results[kind].append(result)
        rows.append({"image-mib": mib, "ram-gib": ram >> 10, "kinds": {
            kind: {phase: {key: median(r, phase, key) for key in
                           ("cpu-ms", "instructions", "system-calls", "kvm-calls", "faults")}
                   for phase in PHASES} for kind, r in results.items()}})
        show(rows[-1])
    return rows


def total(costs, key):
    parts = [costs[phase][key] for phase in PHASES]
    return None if None in parts else sum(parts)


def text(value, form, scale=1):
    return "-" if value is None else format(value / scale, form)


def show(row):
    plain = row["kinds"]["ordinary"]
    for kind, costs in row["kinds"].items():
        launched, both = costs["launch"], total(costs, "cpu-ms")
        beyond = both - 1.1 * total(plain, "cpu-ms")
        costs["beyond-ms-per-mib"] = beyond / row["image-mib"]
        costs["ratio"] = both / total(plain, "cpu-ms")
        print(f"{row['image-mib']:5} {row['ram-gib']:4}  {kind:8} "
              f"{launched['cpu-ms']:9.1f} {text(launched['instructions'], '9.2f', 1e6):>9} "
              f"{text(launched['system-calls'], '.0f'):>8} {launched['kvm-calls']:8.0f} "
              f"{launched['faults']:8.0f} {both:10.1f} {costs['ratio']:7.3f} "
              f"{costs['beyond-ms-per-mib']:10.3f}", flush=True)


def main(work, runs, out, *programs):
    host = Host(*programs, *[None] * (4 - len(programs)))
    print("From cont to the first instruction of the guest, without the simulator; on the right\n"
          "since the start of QEMU: CPU time, its ratio to the ordinary VM's, and what is beyond\n"
          "1.1 times that for each MiB of image. bare: with measurement-report=off.\n"
          + ("CPU time is that of emulated code; instructions are those of arm64.\n"
             if host.user else "") +
          f"{'image':>5} {'RAM':>4}  {'':8} {'CPU':>9} {'instr.':>9} {'system':>8} {'KVM':>8} "
          f"{'page':>8} {'CPU':>10} {'ratio':>7} {'beyond':>10}\n"
          f"{'MiB':>5} {'GiB':>4}  {'':8} {'ms':>9} {'10^6':>9} {'calls':>8} {'calls':>8} "
          f"{'faults':>8} {'ms':>10} {'':>7} {'ms/MiB':>10}")
    rows = measure(host, work, int(runs))
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"bench": "launch", "runs": int(runs), "emulated": bool(host.user),
                   "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
