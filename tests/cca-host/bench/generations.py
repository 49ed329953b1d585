# SPDX-License-Identifier: GPL-2.0-or-later
"""What QEMU itself does to launch a Realm, by the generation of the kernel's interface

   generations.py WORK RUNS JSON QEMU SIMULATOR [EMULATOR PLUGIN]

The same Realm with images of 512 MiB, in turns, from cont to the first instruction
of the guest; the simulator's share is taken off. Generation A takes contents from
the shared mapping, a piece at a time; B takes them from wherever they are.
"""
import json
import statistics
import sys

from vm import Host, Images, Vm

IMAGES_MIB, RAM_MIB = 512, 1024
GENERATIONS = ["A", "B1", "B2", "B3", "B4", "B5"]
# What all of them have, so that none is warned of
REALM = ",measurement-algorithm=sha256,measurement-report=off"
COLUMNS = ["cpu-ms", "faults", "kvm-calls", "anon", "shmem", "backend"]


def launch(host, images, generation):
    with Vm(host, images, RAM_MIB, REALM, settings=f"abi = {generation}") as vm:
        start = vm.cost()
        vm.run()
        end = vm.cost()
        return {**{key: end[key] - start[key] for key in ("cpu-ms", "faults", "kvm-calls")},
                **vm.memory()}


def main(work, runs, out, *programs):
    host = Host(*programs, *[None] * (4 - len(programs)))
    images = Images(work, IMAGES_MIB)
    print(f"A Realm with {IMAGES_MIB} MiB of images, measurement-report=off, from cont to the "
          "first\ninstruction of the guest, without the simulator; on the right KiB when it runs\n"
          "(backend: the shared side of its RAM).\n"
          f"{'':10} {'CPU':>9} {'of':>7} {'page':>8} {'KVM':>7}\n"
          f"{'generation':10} {'ms':>9} {'A':>7} {'faults':>8} {'calls':>7} {'anon':>9} "
          f"{'shmem':>9} {'backend':>9}")
    results = {generation: [] for generation in GENERATIONS}
    for _ in range(int(runs)):
        for generation, result in results.items():
            result.append(launch(host, images, generation))
    rows = {generation: {key: statistics.median(r[key] for r in result) for key in COLUMNS}
            for generation, result in results.items()}
    for generation, row in rows.items():
        row["ratio"] = row["cpu-ms"] / rows["A"]["cpu-ms"]
        print(f"{generation:10} {row['cpu-ms']:9.1f} {row['ratio']:7.3f} {row['faults']:8.0f} "
              f"{row['kvm-calls']:7.0f} {row['anon']:9.0f} {row['shmem']:9.0f} "
              f"{row['backend']:9.0f}")
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"bench": "generations", "runs": int(runs), "emulated": bool(host.user),
                   "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
