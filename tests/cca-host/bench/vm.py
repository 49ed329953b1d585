# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU on the simulated host, in contract mode, whose costs are looked at

QEMU and the simulator are one process, and on another machine than an arm64
one so is the emulator. What the simulator costs is reported by itself (its
setting own-costs) and taken off. What the emulator costs can only be taken off
where instructions and system calls are counted (count.c).
"""
import array
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
PAGE = 4096
# What is there in front of the images of a launch: none of it is measured
COMMON = ["-nodefaults", "-no-user-config", "-display", "none", "-accel", "kvm",
          "-cpu", "host"]


def numbers(path, form):
    """The numbers of a file that is mapped and written while we read"""
    with open(path, "rb") as file:
        data = file.read(struct.calcsize(form))
    return struct.unpack(form, data.ljust(struct.calcsize(form), b"\0"))


def write_image(path, size, head=b""):
    with open(path, "wb") as out:
        out.write(head)
        for done in range(len(head), size, MIB):
            out.write(os.urandom(min(MIB, size - done)))


class Images:
    """A kernel and, for more than 16 MiB, an initrd, of a size in MiB"""
    def __init__(self, work, mib):
        kernel = mib if mib <= 16 else 16
        self.mib = mib
        self.options = ["-kernel", f"{work}/kernel-{kernel}"]
        if not os.path.exists(self.options[1]):
            # Header of an arm64 Image: Documentation/arch/arm64/booting.rst of Linux
            write_image(self.options[1], kernel * MIB, struct.pack(
                "<IIQQQQQQ4sI", 0, 0, 0, kernel * MIB, 0, 0, 0, 0, b"ARM\x64", 0))
        if mib > kernel:
            self.options += ["-initrd", f"{work}/initrd-{mib - kernel}"]
            if not os.path.exists(self.options[3]):
                write_image(self.options[3], (mib - kernel) * MIB)


class Host:
    """The programs of one run of a benchmark"""
    def __init__(self, qemu, sim, user, plugin):
        self.qemu, self.sim, self.user, self.plugin = qemu, sim, user, plugin

    def command(self, conf, counts):
        preload = {"LD_PRELOAD": self.sim, "CCA_SIM_CONF": conf}
        if not self.user:
            return ["env", *(f"{k}={v}" for k, v in preload.items()), self.qemu]
        plugin = ["-plugin", f"{self.plugin},out={counts}"] if counts else []
        settings = [word for k, v in preload.items() for word in ("-E", f"{k}={v}")]
        return [self.user, *plugin, "-L", "/", *settings, self.qemu]


class Vm:
    """One QEMU, stopped before the first instruction of its guest"""
    def __init__(self, host, images, ram_mib, realm=None, counting=False, settings="",
                 prefix=(), paused=True, options=()):
        """realm: None for an ordinary VM, else more properties of rme-guest; prefix: of
        the command; paused: with -S; options: more of them"""
        self.work = tempfile.TemporaryDirectory()
        self.own = f"{self.work.name}/own"
        self.counts = f"{self.work.name}/counts" if counting and host.user else None
        conf, sock = f"{self.work.name}/conf", f"{self.work.name}/qmp"
        with open(conf, "w", encoding="ascii") as out:
            out.write(f"own-costs = {self.own}\nmeasure = no\nlist-calls = no\n{settings}\n")
        machine = "virt,gic-version=3,memory-backend=ram"
        options = [*options, "-m", f"{ram_mib}M", "-object",
                   f"memory-backend-memfd,id=ram,size={ram_mib}M,share=on,reserve=off"]
        if realm is not None:
            machine += ",confidential-guest-support=rme0"
            options += ["-object", f"rme-guest,id=rme0{realm}"]
        self.process = subprocess.Popen(
            [*prefix, *host.command(conf, self.counts), *COMMON, *["-S"][:paused],
             "-machine", machine, *options,
             *images.options, "-qmp", f"unix:{sock},server=on,wait=off"],
            stdin=subprocess.DEVNULL)
        self.qmp = self.connect(sock)
        since = time.monotonic()
        self.read()
        self.greeting_s = time.monotonic() - since
        self.ask("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.work.cleanup()

    def alive(self):
        if self.process.poll() is not None:
            sys.exit(f"QEMU ended with status {self.process.returncode}")

    def connect(self, path):
        s = socket.socket(socket.AF_UNIX)
        while True:
            try:
                s.connect(path)
                return s.makefile("rw", encoding="utf-8")
            except OSError:
                self.alive()
                time.sleep(0.05)

    def read(self):
        line = self.qmp.readline()
        if not line:
            self.process.wait()
            self.alive()
        return json.loads(line)

    def ask(self, command):
        self.qmp.write(json.dumps({"execute": command}) + "\n")
        self.qmp.flush()
        while True:
            answer = self.read()
            if "return" in answer or "error" in answer:
                return answer["return"]

    def waits(self):
        return numbers(self.own, "<QqQQ")[3]

    def run(self):
        """Start the guest and wait until its vCPU has nothing to do"""
        before = self.waits()
        self.ask("cont")
        while self.waits() == before:
            self.alive()
            time.sleep(0.02)

    def cost(self):
        """What QEMU itself has cost so far"""
        own_cpu, _, kvm_calls, _ = numbers(self.own, "<QqQQ")
        # clock_getcpuclockid(): of all threads, those that have ended, too
        cpu = time.clock_gettime_ns(~self.process.pid << 3 | 2)
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            faults = int(file.read().rpartition(")")[2].split()[7])
        cost = {"cpu-ms": (cpu - own_cpu) / 1e6, "kvm-calls": kvm_calls, "faults": faults}
        if self.counts:
            insns, calls, own_insns, own_calls = numbers(self.counts, "<QQQQ")
            cost["instructions"] = insns - own_insns
            cost["system-calls"] = calls - own_calls + kvm_calls
        return cost

    def memory(self):
        """KiB of QEMU itself, and of each kind of guest memory"""
        pid = self.process.pid
        heap = numbers(self.own, "<QqQQ")[1] // 1024
        found = {"anon": anonymous(pid, f"{self.own}.maps") - heap, "simulator": heap}
        for key, memfd in (("backend", "memory-backend-memfd"), ("guest-memfd", "kvm-gmem")):
            found[key] = blocks(pid, memfd)
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            status = dict(line.split(":", 1) for line in file)
        found["page-tables"] = int(status["VmPTE"].split()[0])
        # The simulator maps guest_memfd, as no kernel lets QEMU
        found["shmem"] = int(status["RssShmem"].split()[0]) - resident(pid, "kvm-gmem")
        return found


def blocks(pid, memfd):
    """KiB of the files in memory of that name"""
    seen, total = set(), 0
    for fd in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{fd}"
        if os.readlink(path).startswith(f"/memfd:{memfd}"):
            st = os.stat(path)
            total += 0 if st.st_ino in seen else st.st_blocks // 2
            seen.add(st.st_ino)
    return total


def resident(pid, memfd):
    """KiB of the files in memory of that name that the process has mapped"""
    total, ours = 0, False
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if not words[0].endswith(":"):
                ours = f"/memfd:{memfd}" in line
            elif ours and words[0] == "Rss:":
                total += int(words[1])
    return total


def anonymous(pid, maps):
    """KiB of the program's own memory, what Linux calls RssAnon. The maps are those that
    the program sees: among its pages may be those of an emulator
    """
    pages = 0
    with open(maps, encoding="utf-8") as file, open(f"/proc/{pid}/pagemap", "rb") as pagemap:
        for line in file:
            if "memfd:" in line:
                continue
            start, end = (int(word, 16) // PAGE for word in line.split()[0].split("-"))
            pagemap.seek(start * 8)
            entries = array.array("Q", pagemap.read((end - start) * 8))
            # Bit 63: there is a page; bit 61: it is of a file or shared
            pages += sum(entry >> 61 in (4, 6) for entry in entries)
    return pages * PAGE // 1024
