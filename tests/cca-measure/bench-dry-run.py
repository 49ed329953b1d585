# SPDX-License-Identifier: GPL-2.0-or-later
"""A dry run against hashing the same bytes and starting QEMU: CPU time, and time

   bench-dry-run.py QEMU RUNS
"""
import json
import os
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20


def write_image(path, size, head=b""):
    # Not zeros: nothing on the way may take a short cut
    with open(path, "wb") as out:
        out.write(head)
        for done in range(len(head), size, MIB):
            out.write(os.urandom(min(MIB, size - done)))


def arm64_head(size):
    """Header of an arm64 Image: Documentation/arch/arm64/booting.rst of Linux"""
    return struct.pack("<IIQQQQQQ4sI", 0, 0, 0, size, 0, 0, 0, 0, b"ARM\x64", 0)


def seconds(command):
    """Of CPU, and until it ends"""
    since = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, input="quit\n", text=True, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr or done.stdout}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            time.monotonic() - since)


def main(qemu, runs):
    with tempfile.TemporaryDirectory() as work:
        kernel, initrd = f"{work}/kernel", f"{work}/initrd"
        write_image(kernel, 64 * MIB, arm64_head(64 * MIB))
        write_image(initrd, 256 * MIB)
        images = ["-kernel", kernel, "-initrd", initrd]
        common = [qemu, "-nodefaults", "-display", "none", "-m", "1G", *images]
        commands = {
            "sha512sum": ["sha512sum", kernel, initrd],
            "start": [*common, "-machine", "virt", "-cpu", "max", "-S", "-monitor", "stdio"],
            "dry-run": [*common, "-machine", "virt,confidential-guest-support=r", "-accel", "kvm",
                        "-object", "rme-guest,id=r,dry-run=on", "-cpu",
                        "host,num-breakpoints=6,num-watchpoints=4,pmu=off,sve=off"],
        }
        commands["dry-run, 1 CPU"] = ["taskset", "-c", "0", *commands["dry-run"]]
        commands["dry-run, inputs"] = [
            word + f",measurement-inputs={work}/inputs" if "dry-run=on" in word else word
            for word in commands["dry-run"]]
        times = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                times[name].append(seconds(command))
    median = {name: [statistics.median(t) for t in zip(*values)]
              for name, values in times.items()}
    ratios = {name: [t / (a + b) for t, a, b in
                     zip(median[name], median["sha512sum"], median["start"])]
              for name in commands if name.startswith("dry-run")}
    print(f"{'':15} {'CPU':>8} {'wall':>8}   seconds, median of {runs} runs")
    for name, (cpu, wall) in median.items():
        print(f"{name:15} {cpu:8.3f} {wall:8.3f}")
    for name, (cpu, wall) in ratios.items():
        print(f"{name} / (sha512sum + start): CPU {cpu:.2f}, wall {wall:.2f}")
    print(json.dumps({"seconds": times, "ratios": ratios}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
