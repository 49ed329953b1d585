#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test-qemu.py QEMU - cca-measure with QEMU's own dry run

The examples of the manual, domain XML against the command line that libvirt
makes of it, and that what is skipped in XML does not change the measurement.
"""

import base64
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import textwrap

from harness import TOOL, TOP, check, fixture, has, refusal, result, tool
from cca_measure.rim import GRANULE, compute, digest, ripas_blocks

QEMU = sys.argv[1]
PAGE = os.path.join(TOP, "docs", "system", "arm", "cca.rst")
SECTION = "Know the measurement before the launch"
HOST = ("--qemu", QEMU, "--breakpoints", "6", "--watchpoints", "4", "--sve", "off")
NO_PMU = ("--pmu-counters", "off")
RIM = {"sha256": "[0-9a-f]{64}", "sha512": "[0-9a-f]{128}"}

DOMAINS = ("kernel-boot", "firmware-boot", "native", "nova")

# The launch of the manual's first example, as a domain
REALM_XML = """<domain type='kvm'>
  <name>realm</name>
  <memory unit='GiB'>2</memory>
  <vcpu>2</vcpu>
  <os>
    <type arch='aarch64' machine='virt-10.0'>hvm</type>
    <kernel>Image</kernel><initrd>initrd.img</initrd>
    <cmdline>console=ttyAMA0</cmdline>
  </os>
  <cpu mode='host-passthrough'><topology sockets='1' cores='2' threads='1'/></cpu>
  <launchSecurity type='cca'/>
</domain>
"""
LAUNCH = ["qemu-system-aarch64", "-accel", "kvm", "-cpu", "host", "-smp", "2", "-m", "1G",
          "-machine", "virt-10.0,confidential-guest-support=rme0", "-object",
          "rme-guest,id=rme0", "-nodefaults", "-kernel", "Image"]

# What the XML reader skips, as options: none of it is measured
UNMEASURED = [
    ("disks", ["-device", "pcie-root-port,id=p1", "-drive", "if=none,id=d,file=initrd.img,"
               "format=raw", "-device", "virtio-blk-pci,drive=d,bus=p1"]),
    ("a network", ["-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n,romfile="]),
    ("a random number generator", ["-device", "virtio-rng-pci"]),
    ("a console", ["-device", "virtio-serial-pci", "-chardev", "null,id=c", "-device",
                   "virtconsole,chardev=c"]),
    ("a first UART", ["-serial", "null"]),
    ("a PCI UART", ["-chardev", "null,id=c", "-device", "pci-serial,chardev=c"]),
    ("a device on virtio-mmio", ["-device", "virtio-rng-device"]),
    ("names", ["-name", "x", "-uuid", "5f8b0d3e-6c43-4a8f-9b0c-cca000000001"]),
    ("SMBIOS", ["-smbios", "type=1,manufacturer=x"]),
    ("the boot order", ["-boot", "strict=on"]),
    ("the clock", ["-rtc", "base=utc"]),
    ("ACPI with a kernel", ["-machine", "acpi=off"]),
    ("a memory backend", ["-object", "memory-backend-memfd,id=m,size=1G", "-machine",
                          "memory-backend=m"]),
]
MEASURED = [
    ("a second UART", ["-serial", "null", "-serial", "null"]),
    ("a command line", ["-append", "quiet"]),
    ("the topology", ["-smp", "2,sockets=2"]),
    ("more memory", ["-m", "2G"]),
    ("an initrd", ["-initrd", "initrd.img"]),
    ("an algorithm", None),
]


# What both generations of kernels can launch: what it is, more options, and of the
# operands what is not as in the first line
RAM = 0x40000000
PARAMS = {"step": "realm-create", "flags": 0, "ipa-bits": 41, "sve-vl": 0, "num-bps": 5,
          "num-wps": 3, "pmu-num-ctrs": 0, "hash-algo": 0}
GENERATIONS = [
    ("a kernel", [], {}, {}),
    ("a kernel with an initrd", ["-initrd", "initrd.img", "-append", "quiet"], {}, {}),
    ("8 vCPUs and 4 GiB", ["-smp", "8", "-m", "4G"], {}, {"size": 4 << 30}),
    ("48 bits", [], {"ipa-bits": 48}, {"object": ",ipa-bits=48"}),
    ("SVE", [], {"flags": 2, "sve-vl": 1}, {"cpu": ",sve256=on"}),
    ("a firmware", ["-bios", "firmware.fd"], {}, {}),
    ("a log", [], {}, {"object": ",measurement-log=on"}),
]


def image(size):
    """A kernel Image: header as Documentation/arch/arm64/booting.rst of Linux"""
    head = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, 0, size, 0xa, 0, 0, 0, b"ARM\x64", 0)
    return head + bytes(i % 251 for i in range(size - len(head)))


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


def rim(*args, more=NO_PMU):
    done = tool(*HOST, *more, *args)
    if done.returncode or not re.fullmatch("[0-9a-f]+\n", done.stdout):
        return f"status {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def inputs_of(*args, more=NO_PMU):
    with open("inputs.json", "w", encoding="utf-8") as file:
        file.write(tool(*HOST, *more, "--format", "inputs", *args).stdout)
    return "inputs.json"


def examples():
    """The literal blocks of the section that begin with cca-measure"""
    with open(PAGE, encoding="utf-8") as file:
        section = file.read().partition(f"\n{SECTION}\n")[2].split("\n-----", 1)[0]
    blocks = re.findall(r"::\n\n((?:  .*\n|\n)+)", section)
    return [textwrap.dedent(b).strip() for b in blocks if b.startswith("  cca-measure")]


def shell(script, **env):
    script = f"cca-measure() {{ '{TOOL}' \"$@\"; }}\nset -e\n{script}\n"
    return subprocess.run(["bash", "-c", script], text=True, capture_output=True, check=False,
                          env={**os.environ, **env}, stdin=subprocess.DEVNULL)


def test_refusals():
    launch = ["--", *LAUNCH]
    for what, args, message in (
            ("an image that is missing", launch[:-1] + ["nowhere"], "nowhere"),
            ("a wrong property", launch + ["-machine", "gic-colour=red"], "gic-colour"),
            ("a wrong property of the Realm",
             [w.replace("id=rme0", "id=rme0,colour=red") for w in launch], "colour"),
            ("a machine that does not use the Realm", launch + ["-machine",
                                                                "confidential-guest-support="],
             "confidential-guest-support")):
        done = tool(*HOST, *NO_PMU, *args)
        result(f"{what} is one line", refusal(done, message), done.returncode, done.stdout,
               done.stderr)
    for i, flag in enumerate(("num-breakpoints", "num-watchpoints", "sve", "num-pmu-counters")):
        flags = HOST[:2] + sum([(HOST + NO_PMU)[j:j + 2] for j in (2, 4, 6, 8) if j != 2 * i + 2], ())
        done = tool(*flags, *launch)
        result(f"a dry run without a word about {flag} is refused", refusal(done, flag),
               done.returncode, done.stdout, done.stderr)


def run_examples(blocks):
    """Their output and the exit status of each, as lines"""
    script = "\n".join("set +e; " + b + '; echo "status $?"' for b in blocks)
    done = shell(script.replace("cca-measure --breakpoints",
                                f"cca-measure --qemu '{QEMU}' --breakpoints"))
    result("examples of the manual run", blocks and done.stderr == "", done.stdout, done.stderr)
    return done.stdout.splitlines()


def test_examples():
    write("realm.xml", REALM_XML.encode())
    lines = run_examples([b for b in examples() if ".json" not in b])
    result("they print a measurement", re.fullmatch(RIM["sha512"], lines[0]), lines)
    check("a domain has the measurement of the same command line", lines[1:],
          ["status 0", lines[0], "status 0"])


def test_inputs_examples():
    write("other.xml", REALM_XML.replace("console=ttyAMA0", "quiet").encode())
    write("other.json", tool(*HOST, *NO_PMU, "--format", "inputs", "other.xml").stdout.encode())
    lines = run_examples([b for b in examples() if ".json" in b])
    check("diff says what differs", lines[:3],
          ["kernel command line: 'console=ttyAMA0' / 'quiet'",
           'DTB differs at /chosen/bootargs: "console=ttyAMA0" / "quiet"', "status 2"])
    check("verify computes the same", lines[3:], [rim("realm.xml"), "status 0"])


def domain(name):
    """The XML of that name with the images of this directory; algorithm, flags"""
    with open(fixture(f"{name}.xml"), encoding="utf-8") as file:
        text = file.read()
    for path, here in (("/images/Image", "Image"), ("/images/initrd, of today.img", "initrd.img"),
                       ("/images/QEMU_EFI_REALM.fd", "firmware.fd")):
        text = text.replace(path, here)
    write("domain.xml", text.encode())
    pmu = () if "<pmu state='off'/>" in text else NO_PMU
    return ("sha256" if "sha256" in text else "sha512", ("--firmware", "firmware.fd", *pmu))


def test_domains():
    for name in DOMAINS:
        algorithm, more = domain(name)
        value = rim("domain.xml", more=more)
        result(f"{name}.xml has a measurement", re.fullmatch(RIM[algorithm], value), value)
    with open(fixture("firmware-boot.libvirt"), encoding="utf-8") as file:
        text = file.read().replace("/images/QEMU_EFI_REALM.fd", "firmware.fd")
    write("libvirt.args", text.encode())
    _, more = domain("firmware-boot")
    value = rim("libvirt.args", more=())
    result("libvirt's own command line has one", re.fullmatch(RIM["sha512"], value), value)
    check("and the domain has the same", rim("domain.xml", more=more), value)


def test_what_is_measured():
    launch = ["--", *LAUNCH]
    value = rim(*launch)
    result("a launch has a measurement", re.fullmatch(RIM["sha512"], value), value)
    if not value.isalnum():
        return
    check("twice the same", rim(*launch), value)
    for what, more in UNMEASURED:
        check(f"without a change: {what}", rim(*launch, *more), value)
    for what, more in MEASURED:
        other = rim(*launch, *more) if more else rim(
            *[w.replace("id=rme0", "id=rme0,measurement-algorithm=sha256") for w in launch])
        result(f"with a change: {what}", other != value and re.fullmatch("[0-9a-f]+", other), other)
    os.rename("Image", "another-name")
    check("without a change: the name of a file", rim(*launch[:-1], "another-name"), value)
    os.rename("another-name", "Image")


def test_inputs():
    for name in DOMAINS:
        _, more = domain(name)
        done = tool("verify", inputs_of("domain.xml", more=more))
        check(f"{name}.xml: the operands lead to the measurement",
              (done.stderr, done.stdout.strip()), ("", rim("domain.xml", more=more)))
    with open(inputs_of("--", *LAUNCH), encoding="utf-8") as file:
        content = json.load(file)
    check("the inputs say what the machine is", content["machine"]["vcpus"], 2)
    check("and how much memory it has", content["machine"]["ram-size"], 1 << 30)
    check("its entry point is the kernel",
          [s["pc"] for s in content["steps"] if s["step"] == "rec"], [0x40000000])
    write("dtb", b"x" * 4096)
    more = ["-device", "loader,addr=0x70000000,file=dtb,force-raw=on"]
    with open(inputs_of("--", *LAUNCH, *more), encoding="utf-8") as file:
        content = json.load(file)
    check("a file that is called dtb is an image",
          [i["name"] for i in content["images"]].count("dtb"), 2)
    check("and not the DTB", base64.b64decode(content["dtb"])[:4], bytes.fromhex("d00dfeed"))


def gaps(base, top, pages):
    """What is left of the range [base, top) without these pages"""
    for page in sorted(pages):
        if base <= page < top:
            if base < page:
                yield base, page
            base = page + GRANULE
    if base < top:
        yield base, top


def operands(inputs, params, size, kernel_abi):
    """The steps of a launch, from the images themselves and not from QEMU's steps"""
    pages, unmeasured, dtb = {}, [], None
    for i in inputs["images"]:
        if not i["measured"]:
            unmeasured += range(i["address"], i["address"] + i["size"], GRANULE)
            continue
        if i["name"] == "dtb":
            dtb, content = i["address"], base64.b64decode(inputs["dtb"])
        else:
            with open(i["name"], "rb") as file:
                content = file.read()
        content += bytes(i["size"] - len(content))
        for at in range(i["address"] // GRANULE * GRANULE, i["address"] + i["size"], GRANULE):
            page = pages.setdefault(at, bytearray(GRANULE))
            start = max(at, i["address"])
            part = content[start - i["address"]:at + GRANULE - i["address"]]
            page[start - at:start - at + len(part)] = part
    data = [{"step": "data", "ipa": at, "measured": True, "content": digest("sha256", page).hex()}
            for at, page in sorted(pages.items())]
    unmeasured_data = [{"step": "data", "ipa": at, "measured": False} for at in unmeasured]
    # A firmware is not told where the DTB is
    kernel = min(i["address"] for i in inputs["images"])
    rec = [{"step": "rec", "flags": 1, "pc": kernel, "gprs": [dtb if kernel else 0] + [0] * 7}]

    def ripas(ranges):
        return [{"step": "ripas", "base": base, "top": top} for start, end in ranges
                for base, top in ripas_blocks(params["ipa-bits"], start, end)]

    if kernel_abi == "a":
        return [params, *ripas([(RAM, RAM + size)]), *data, *rec, *unmeasured_data]
    if kernel_abi == "b1":
        return [params, *data, *unmeasured_data, *rec,
                *ripas(gaps(RAM, RAM + size, [*pages, *unmeasured]))]
    return [params, *data, *unmeasured_data, *rec]


# What a dry run is told, and what kernel-abi it answers with
ABIS = [("a", "", 0, "a"), ("b", "", 0, "b5"), ("b1", ",lpa2=off", 0, "b1"),
        ("b2", ",lpa2=on", 1, "b2"), ("b3", ",lpa2=off", 0, "b3"), ("b3", ",lpa2=on", 1, "b3"),
        ("b4", ",lpa2=on", 1, "b4"), ("b5", "", 0, "b5"), ("b5", ",lpa2=on", 0, "b5")]


def test_generations():
    """Dry runs for kernels of each, against what the images and options lead to"""
    for what, more, params, change in GENERATIONS:
        values = []
        for abi, lpa2, flag, answer in ABIS:
            flags = [*HOST[:6], *(() if "cpu" in change else HOST[6:]), *NO_PMU]
            launch = [w.replace("id=rme0", f"id=rme0,measurement-algorithm=sha256,kernel-abi={abi}"
                                + lpa2 + change.get("object", ""))
                      for w in (LAUNCH[:-2] if "-bios" in more else LAUNCH)]
            launch[launch.index("host")] += change.get("cpu", "")
            done = tool(*flags, "--format", "inputs", "--", *launch, *more)
            sentence = f"{what}, kernel-abi={abi}{lpa2}"
            if abi == "b1" and "-bios" in more:
                result(f"{sentence}: has no measurement that can be known",
                       "in an order that nobody else knows" in done.stderr, done.stderr)
                continue
            if not done.stdout:
                result(f"{sentence}: there are inputs", False, done.stderr)
                continue
            inputs = json.loads(done.stdout)
            create = {**PARAMS, **params}
            create["flags"] |= flag
            steps = operands(inputs, create, change.get("size", 1 << 30), abi)
            check(f"{sentence}: the measurement that its images lead to",
                  (inputs["kernel-abi"], inputs["rim"]),
                  (answer, compute({"algorithm": "sha256", "steps": steps}).hex()))
            values.append(inputs["rim"])
        # RIPAS first, last and not at all; each of the latter with and without LPA2
        result(f"{what}: the generations measure different values",
               len(set(values)) == (3 if "-bios" in more else 4), values)


def test_digests():
    """To hash an image a second time, as a whole, is for formats with its digest"""
    for what, more, there in (("a dry run", "", 0), ("measurement-log", ",measurement-log=on", 2),
                              ("measurement-inputs", ",measurement-inputs=inputs.json", 2)):
        launch = [QEMU, *LAUNCH[1:]]
        launch[launch.index("rme-guest,id=rme0")] += ",dry-run=on" + more
        launch[launch.index("host")] += ",num-breakpoints=6,num-watchpoints=4,pmu=off,sve=off"
        done = subprocess.run(launch, capture_output=True, text=True, check=False)
        images = json.loads(done.stdout or "{}").get("images", [])
        measured = [i for i in images if i["measured"]]
        check(f"digests of whole images with {what}",
              (len(measured), sum("digest" in i for i in measured), done.stderr), (2, there, ""))


def main():
    write("Image", image(3 << 20))
    write("initrd.img", bytes(i % 7 for i in range(100000)))
    write("firmware.fd", bytes(i % 13 for i in range(70000)))
    test_refusals()
    test_what_is_measured()
    test_domains()
    test_examples()
    if has(QEMU, "measurement-inputs"):
        test_digests()
        test_inputs()
        test_inputs_examples()
        test_generations()


if has(QEMU, "dry-run"):
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        main()
        os.chdir("/")
