# SPDX-License-Identifier: GPL-2.0-or-later
"""What DMA of a guest that is no Realm costs QEMU, with the series and without

   ordinary.py RUNS JSON QEMU UNPATCHED-QEMU EMULATOR PLUGIN

The test is the guest (-accel qtest): it fills a queue of virtio-blk, whose disk
does nothing, and notifies. Instructions of a number of requests are taken from
those of twice the number, so that what is left is one request's: the queue's
cache, the mapping of its buffers and their end.
"""
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from vm import numbers

# Where the first virtio-mmio device of virt is, and its registers (VIRTIO 1.2, 4.2.4)
DEVICE = 0x0a003e00
PAGE_SIZE, QUEUE_NUM, QUEUE_ALIGN, QUEUE_PFN, NOTIFY, STATUS = 0x28, 0x38, 0x3c, 0x40, 0x50, 0x70
QUEUE, BUFFERS, SIZE = 0x40010000, 0x40100000, 128
ROUNDS = 64
NEXT, WRITE = 1, 2


class Guest:
    def __init__(self, work, qemu, user, plugin):
        self.counts = f"{work}/counts"
        path = f"{work}/qtest"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen(1)
            self.process = subprocess.Popen(
                [user, "-plugin", f"{plugin},out={self.counts}", "-L", "/", qemu,
                 "-nodefaults", "-no-user-config", "-display", "none", "-M", "virt",
                 "-accel", "qtest", "-m", "64M", "-qtest", f"unix:{path}",
                 "-qtest-log", "none",
                 "-blockdev", "null-aio,node-name=disk,size=1073741824,read-zeroes=off",
                 "-device", "virtio-blk-device,drive=disk"], stdin=subprocess.DEVNULL)
            self.file = server.accept()[0].makefile("rw", encoding="ascii")
        os.unlink(path)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()

    def ask(self, command):
        self.file.write(command + "\n")
        self.file.flush()
        answer = self.file.readline()
        if not answer.startswith("OK"):
            sys.exit(f"{command[:60]}: {answer or 'QEMU has ended'}")
        return answer[3:].strip()

    def write(self, addr, data):
        self.ask(f"write {addr:#x} {len(data):#x} 0x{data.hex()}")

    def read16(self, addr):
        return int(self.ask(f"readw {addr:#x}"), 16)

    def register(self, offset, value):
        self.ask(f"writel {DEVICE + offset:#x} {value:#x}")

    def instructions(self):
        return numbers(self.counts, "<QQQQ")[0]


class Disk:
    """A legacy queue of virtio-blk: each request a header, a buffer and a status"""
    per_round = SIZE // 4

    def __init__(self, guest, write, size):
        self.guest, self.index = guest, 0
        self.used = QUEUE + 0x1000 * -(-(SIZE * 18 + 6) // 0x1000)
        for offset, value in ((STATUS, 0), (STATUS, 3), (PAGE_SIZE, 4096), (QUEUE_NUM, SIZE),
                              (QUEUE_ALIGN, 4096), (QUEUE_PFN, QUEUE // 4096), (STATUS, 7)):
            guest.register(offset, value)
        table = b""
        for i in range(self.per_round):
            at, data = BUFFERS + i * 0x100, BUFFERS + 0x100000 + i * size
            guest.write(at, struct.pack("<IIQ", write, 0, 0))
            table += struct.pack("<QIHHQIHHQIHH", at, 16, NEXT, 3 * i + 1,
                                 data, size, NEXT | (0 if write else WRITE), 3 * i + 2,
                                 at + 16, 1, WRITE, 0)
        guest.write(QUEUE, table)
        ring = [3 * (i % self.per_round) for i in range(SIZE)]
        guest.write(QUEUE + 16 * SIZE, struct.pack(f"<HH{SIZE}H", 0, 0, *ring))

    def round(self):
        self.index = (self.index + self.per_round) & 0xffff
        self.guest.write(QUEUE + 16 * SIZE + 2, struct.pack("<H", self.index))
        self.guest.register(NOTIFY, 0)
        # So that there is nothing to ask twice
        time.sleep(0.01)
        since = time.monotonic()
        while self.guest.read16(self.used + 2) != self.index:
            if time.monotonic() - since > 60:
                sys.exit("the disk does not answer")


# Name, is it a write, bytes
ROWS = [("virtio-blk, read of 4 KiB", 0, 0x1000), ("virtio-blk, write of 4 KiB", 1, 0x1000),
        ("virtio-blk, read of 64 KiB", 0, 0x10000)]


def each(qemu, user, plugin, write, size):
    """Instructions of one request"""
    at = []
    with tempfile.TemporaryDirectory() as work, Guest(work, qemu, user, plugin) as guest:
        load = Disk(guest, write, size)
        for rounds in (ROUNDS, ROUNDS, 2 * ROUNDS):
            for _ in range(rounds):
                load.round()
            at.append(guest.instructions())
    return (at[2] - 2 * at[1] + at[0]) / (ROUNDS * load.per_round)


def main(runs, out, qemu, unpatched, user, plugin):
    rows = []
    print(f"{'instructions of QEMU for one':30} {'without':>9} {'series':>9} {'ratio':>7}")
    for name, write, size in ROWS:
        results = [[each(q, user, plugin, write, size) for q in (unpatched, qemu)]
                   for _ in range(int(runs))]
        base, ours = (statistics.median(r) for r in zip(*results))
        print(f"{name:30} {base:9.0f} {ours:9.0f} {ours / base:7.3f}", flush=True)
        rows.append({"what": name, "base": base, "series": ours, "ratio": ours / base})
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"bench": "ordinary", "unit": "instructions", "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
