# SPDX-License-Identifier: GPL-2.0-or-later
"""What QEMU itself keeps in memory for a Realm, against an ordinary VM

   memory.py WORK RUNS JSON QEMU SIMULATOR [EMULATOR PLUGIN]

The same command line with and without the Realm, in turns: when the guest runs
its first instruction, and when a Realm has shared 64 MiB one by one page and
has written to them, which is what swiotlb of a guest costs at most.
"""
import json
import statistics
import sys

from vm import Host, Images, Vm

# MiB of images, MiB of RAM
CASES = [(1, 1024), (64, 1024), (512, 1024), (1, 16 << 10), (1, 256 << 10)]
SHARED = 64 << 20
CONVERSIONS = f"""exit-rounds = {SHARED >> 12}
exit = memory-fault shared 0x50000000+0x1000%{SHARED:#x} 0x1000
exit = touch shared 0x50000000+0x1000%{SHARED:#x} 0x1000
"""
KINDS = {"ordinary": (None, ""), "realm": ("", ""), "shared": ("", CONVERSIONS)}
COLUMNS = ["anon", "shmem", "page-tables", "backend", "guest-memfd", "simulator"]


def use(host, images, ram, realm, settings):
    with Vm(host, images, ram, realm, settings=settings) as vm:
        vm.run()
        return vm.memory()


def measure(host, work, runs):
    rows = []
    for mib, ram in CASES:
        images = Images(work, mib)
        results = {kind: [] for kind in KINDS}
        for _ in range(runs):
            for kind, (realm, settings) in KINDS.items():
                results[kind].append(use(host, images, ram, realm, settings))
        kinds = {kind: {key: statistics.median(r[key] for r in result) for key in COLUMNS}
                 for kind, result in results.items()}
        rows.append({"image-mib": mib, "ram-gib": ram >> 10, "kinds": kinds})
        show(rows[-1])
    return rows


def show(row):
    plain = row["kinds"]["ordinary"]
    for kind, kib in row["kinds"].items():
        kib["beyond"] = sum(kib[key] - plain[key] for key in ("anon", "page-tables"))
        # Besides the images, which stay for the next reset
        kib["beyond-without-images"] = kib["beyond"] + (row["image-mib"] << 10)
        print(f"{row['image-mib']:5} {row['ram-gib']:4}  {kind:8} " +
              " ".join(f"{kib[key]:11.0f}" for key in COLUMNS) +
              ("" if kind == "ordinary" else
               f" {kib['beyond']:+9.0f} {kib['beyond-without-images']:+9.0f}"), flush=True)


def main(work, runs, out, *programs):
    host = Host(*programs, *[None] * (4 - len(programs)))
    print("KiB when the guest runs; shared: a Realm that has shared 64 MiB, page by page. anon is\n"
          "QEMU's own memory without the guest's and the simulator's, shmem what it has mapped of\n"
          "shared memory, backend and guest-memfd the guest's. On the right anon and page tables\n"
          "beyond those of the ordinary VM, and beyond those less the images, which it keeps for\n"
          "the next reset.\n" +
          ("Page tables are those of the emulator, too.\n" if host.user else "") +
          f"{'image':>5} {'RAM':>4}  {'':8} " + " ".join(f"{key:>11}" for key in COLUMNS) +
          f" {'beyond':>9} {'- images':>9}\n{'MiB':>5} {'GiB':>4}")
    rows = measure(host, work, int(runs))
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"bench": "memory", "runs": int(runs), "emulated": bool(host.user),
                   "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
