# SPDX-License-Identifier: GPL-2.0-or-later
"""CPU time of a dry run against hashing the same bytes and starting QEMU

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


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, input="quit\n", text=True, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr or done.stdout}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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
        times = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                times[name].append(cpu_seconds(command))
    median = {name: statistics.median(t) for name, t in times.items()}
    ratio = median["dry-run"] / (median["sha512sum"] + median["start"])
    print(f"{'':12} {'median':>9} {'least':>9} {'most':>9}   CPU seconds, {runs} runs")
    for name, t in times.items():
        print(f"{name:12} {median[name]:9.3f} {min(t):9.3f} {max(t):9.3f}")
    print(f"dry run / (sha512sum + start): {ratio:.2f}; the goal is at most 1.50")
    print(json.dumps({"seconds": times, "ratio": ratio}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
