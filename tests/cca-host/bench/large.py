# SPDX-License-Identifier: GPL-2.0-or-later
"""Large Realms: what the start and the end cost with more RAM and more vCPUs

   large.py WORK RUNS JSON QEMU SIMULATOR [EMULATOR PLUGIN]

The images are small, so that what grows is due to RAM or vCPUs. Start: from the
start of QEMU to the first instruction of the guest, without the simulator's
share. End: from quit, or SIGKILL, until the process is gone.
"""
import json
import signal
import statistics
import sys
import time

from vm import Host, Images, Vm

# GiB of RAM, vCPUs
CASES = [(1, 1), (16, 1), (64, 1), (256, 1), (1, 16), (1, 64), (1, 128), (256, 128)]
KINDS = {"ordinary": None, "realm": ""}
KEYS = ["instructions", "cpu-ms", "kvm-calls", "quit-ms", "kill-ms"]


def ended(vm, end):
    """Milliseconds until QEMU is gone"""
    since = time.monotonic()
    end(vm)
    vm.process.wait()
    return (time.monotonic() - since) * 1000


def quit_vm(vm):
    vm.ask("quit")


def kill_vm(vm):
    vm.process.send_signal(signal.SIGKILL)


def one(host, images, gib, vcpus, realm):
    cost = {}
    for key, end in (("quit-ms", quit_vm), ("kill-ms", kill_vm)):
        with Vm(host, images, gib << 10, realm, counting=True,
                options=["-smp", str(vcpus)]) as vm:
            vm.run()
            cost.update(vm.cost())
            cost[key] = ended(vm, end)
    return cost


def measure(host, work, runs):
    images = Images(work, 1)
    rows = []
    for gib, vcpus in CASES:
        results = {kind: [] for kind in KINDS}
        for _ in range(runs):
            for kind, realm in KINDS.items():
                results[kind].append(one(host, images, gib, vcpus, realm))
        row = {"ram-gib": gib, "vcpus": vcpus}
        for kind, values in results.items():
            row[kind] = {key: statistics.median(v[key] for v in values)
                         for key in KEYS if key in values[0]}
        rows.append(row)
        for kind in KINDS:
            print(f"{gib:4} {vcpus:5}  {kind:8} " + " ".join(
                f"{row[kind].get(key, float('nan')):13.1f} "
                f"{row[kind].get(key, float('nan')) / rows[0][kind].get(key, 1):7.2f}"
                for key in KEYS), flush=True)
    return rows


def main(work, runs, out, *programs):
    host = Host(*programs, *[None] * (4 - len(programs)))
    print("Beside each number its ratio to the first row of the same kind\n"
          f"{'GiB':>4} {'vCPUs':>5}  {'':8} " + (" " * 9).join(f"{key:>13}" for key in KEYS))
    rows = measure(host, work, int(runs))
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"bench": "large", "runs": int(runs), "emulated": bool(host.user),
                   "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
