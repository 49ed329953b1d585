#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What cca-measure makes of domain XML"""

import random

from harness import check, fixture, prints, refusal, refuses, result, tool

FIRMWARE = "/images/QEMU_EFI_REALM.fd"
UNDERSTOOD = "may change the measurement and is not understood"


def read(name):
    with open(fixture(name), encoding="utf-8") as file:
        return file.read()


KERNEL, NATIVE, NOVA = map(read, ("kernel-boot.xml", "native.xml", "nova.xml"))
FIRMWARE_XML = read("firmware-boot.xml")

# What is wrong, XML, what is replaced in it, by what, what the message says
BAD = [
    ("a DOCTYPE", NATIVE, "<domain ", "<!DOCTYPE x [<!ENTITY a 'b'>]><domain ", "DOCTYPE"),
    ("an end tag that is missing", NATIVE, "</domain>", "", "not XML: .*line 23"),
    ("another root", NATIVE, "domain", "network", r"<network> in line 1: .*libvirt <domain>"),
    ("type='qemu'", NATIVE, "type='kvm'", "type='qemu'", "a Realm needs type='kvm'"),
    ("no Realm", KERNEL, "rme-guest", "sev-guest", "there is no Realm in it"),
    ("the launch security of another architecture", NATIVE, "'cca'", "'sev-snp'",
     "'sev-snp' is not a Realm"),
    ("an element of launchSecurity that is new", NATIVE, "<measurement-algo>sha256</measurement-algo>",
     "<planes>2</planes>", f"<planes> in line 18: .*{UNDERSTOOD}"),
    ("an attribute of launchSecurity that is new", NATIVE, "measurement-log='no'", "mec='private'",
     f"'mec' {UNDERSTOOD}"),
    ("a measurement-log that is neither", NATIVE, "measurement-log='no'", "measurement-log='on'",
     "measurement-log='on' is not one of yes, no"),
    ("an empty measurement-algo", NATIVE, "sha256", "", "it is empty"),
    ("two launchSecurity", NOVA, '<launchSecurity type="cca"/>',
     '<launchSecurity type="cca"/><launchSecurity type="cca"/>', "there was one in line 49"),
    ("another architecture", NATIVE, "'aarch64'", "'x86_64'", "arch='x86_64' is not one of aarch64"),
    ("another machine", NATIVE, "'virt-10.0'", "'sbsa-ref'", "'sbsa-ref' cannot run a Realm"),
    ("no type of the OS", NATIVE, "<type arch='aarch64' machine='virt-10.0'>hvm</type>", "",
     "<os> in line 5: it has no <type"),
    ("no OS", NOVA, "os", "sysinfo", "'firmware'|there is no <os>"),
    ("an unknown element of the OS", NATIVE, "<firmware>", "<shim>/x</shim><firmware>",
     f"<shim> in line 7: .*{UNDERSTOOD}"),
    ("flash memory", KERNEL, "<kernel>", "<loader type='pflash'>/x</loader><kernel>",
     "no flash memory"),
    ("the firmware that libvirt prefers", FIRMWARE_XML, "<loader type='rom' readonly='yes'/>", "",
     "without <loader type='rom'> libvirt takes"),
    ("secure='yes'", NOVA, 'secure="no"', 'secure="yes"', "secure='yes' is not one of no"),
    ("firmware in another format", NATIVE, "'raw'", "'qcow2'", "format='qcow2' is not one of raw"),
    ("a variable store without launchSecurity", FIRMWARE_XML, "</os>", "<nvram>/x</nvram></os>",
     "no variable store"),
    ("a varstore", NATIVE, "</os>", "<varstore path='/x'/></os>", "no variable store"),
    ("an empty kernel", KERNEL, "/images/Image", "", "<kernel> in line 8: it is empty"),
    ("a feature that is new", NATIVE, "<acpi/>", "<acpi/><nested/>", f"<nested> .*{UNDERSTOOD}"),
    ("a GIC that is none", NATIVE, "version='3'", "version='5'", "version='5' is not one of 2, 3, host"),
    ("a PMU that is neither on nor off", KERNEL, "pmu state='off'", "pmu state='no'", "neither 'on' nor 'off'"),
    ("memory that is no number", KERNEL, ">2<", ">two<", "'two' is not a positive number"),
    ("no memory at all", KERNEL, ">2<", "><", "it is empty"),
    ("memory of 0", KERNEL, ">2<", ">0<", "'0' is not a positive number"),
    ("memory with a minus", KERNEL, ">2<", ">-2<", "'-2' is not a positive number"),
    ("memory of 5000 digits", KERNEL, ">2<", f">{'9' * 5000}<",
     f"'{'9' * 40}' is not a positive number"),
    ("memory that wraps", KERNEL, "'GB'>2", "'EiB'>9000", "is too much"),
    ("an unknown unit", KERNEL, "'GB'", "'GiBi'", "unknown unit 'GiBi'"),
    ("memory that can grow", KERNEL, "<vcpu", "<maxMemory slots='2'>9999999</maxMemory><vcpu",
     f"<maxMemory> in line 5: .*{UNDERSTOOD}"),
    ("no CPU", NATIVE, "<cpu mode='host-passthrough'/>", "", "no <cpu mode='host-passthrough'/>"),
    ("a CPU by name", NATIVE, "host-passthrough", "custom", "mode='custom' is not one of"),
    ("NUMA", KERNEL, "<topology", "<numa/><topology", f"<numa> in line 17: .*{UNDERSTOOD}"),
    ("a CPU feature that may be there", KERNEL, "disable", "optional", "depends on the host"),
    ("a CPU feature with a comma", KERNEL, "'sve'", "'a=1,sve'", "is no name of a feature"),
    ("a topology of nothing", KERNEL, "cores='2'", "cores='0'", "<topology> in line 17: '0'"),
    ("a topology with something new", KERNEL, "cores='2'", "modules='2'", f"'modules' {UNDERSTOOD}"),
    ("more vCPUs at the start than ever", NATIVE, "current='2'", "current='9'",
     "current='9' is not 2, and a Realm cannot get vCPUs later: make both equal"),
    ("vCPUs that may come later", NATIVE, ">2</vcpu>", ">8</vcpu>", "current='2' is not 8"),
    ("vCPUs one by one", NATIVE, "<os ", "<vcpus/><os ", f"<vcpus> in line 5: .*{UNDERSTOOD}"),
    ("a TPM", NOVA, "<rng", "<tpm model='tpm-tis'/><rng", f"<tpm> in line 45: .*{UNDERSTOOD}"),
    ("a vIOMMU", NOVA, "<rng", "<iommu model='smmuv3'/><rng", f"<iommu> .*{UNDERSTOOD}"),
    ("a host device", NOVA, "<rng", "<hostdev/><rng", f"<hostdev> .*{UNDERSTOOD}"),
    ("a device that is new", NOVA, "<rng", "<quantum/><rng", f"<quantum> .*{UNDERSTOOD}"),
    ("a memory device", NOVA, "<rng", "<memory model='dimm'/><rng", f"<memory> .*{UNDERSTOOD}"),
    ("an ISA UART", KERNEL, "pci-serial", "isa-serial", "type='isa-serial' is not on the virt"),
    ("another UART", KERNEL, "pl011", "16550a", "name='16550a' is not on the virt"),
    ("an element at the top that is new", NOVA, "<launch", "<planes/><launch",
     f"<planes> in line 49: .*{UNDERSTOOD}"),
    ("capabilities of libvirt that are turned off", KERNEL, "<qemu:commandline>",
     "<qemu:capabilities/><qemu:commandline>", f"<capabilities> in line 36: .*{UNDERSTOOD}"),
    ("an argument without a value", KERNEL, "value='-machine'", "", "<arg> in line 39: it has no value"),
    ("an option without its value", KERNEL, "<qemu:arg value='confidential-guest-support=rme0'/>", "",
     "-machine at the end has no value"),
    ("an object that is broken", FIRMWARE_XML, '{"qom-type":"rme-guest",', '{"qom-type":"rme-guest"',
     "not JSON"),
]

# What changes nothing: XML, what is replaced, by what
SAME = [
    ("disks and networks", NOVA, '<disk type="file" device="disk">',
     '<interface type="user"/><disk type="file" device="disk">'),
    ("what to do on a crash", NATIVE, "<devices>", "<on_crash>restart</on_crash><devices>"),
    ("the name and the UUID", NATIVE, "<name>native</name>", "<name>x</name><uuid>y</uuid>"),
    ("currentMemory", KERNEL, "<currentMemory unit='GiB'>1", "<currentMemory unit='GiB'>2"),
    ("properties of devices", KERNEL, "<qemu:commandline>",
     "<qemu:override><qemu:device alias='a'/></qemu:override><qemu:commandline>"),
    ("the way to write a size", KERNEL, "unit='GB'>2<", "unit='b'>2000000000<"),
    ("a PCI UART more", KERNEL, "<memballoon",
     "<serial type='pty'><target type='pci-serial'/></serial><memballoon"),
]


def command(xml, *args):
    return tool("--show-command", "--firmware", FIRMWARE, *args, "-", stdin=xml)


def test_refusals():
    for what, xml, old, new, message in BAD:
        assert old in xml, (what, old)
        done = command(xml.replace(old, new))
        result(f"XML with {what} is refused", refusal(done, f"(?:{message})"),
               done.returncode, done.stdout, done.stderr, f"expected {message}")
    refuses("firmware='efi' alone needs --firmware",
            "are not read: name the image with --firmware FILE",
            "--show-command", fixture("nova.xml"))


def test_commands():
    for name in ("kernel-boot", "firmware-boot", "native", "nova"):
        prints(f"the command line of {name}.xml", read(name + ".args").strip("\n"),
               "--show-command", "--firmware", FIRMWARE, fixture(name + ".xml"))
    for what, xml, old, new in SAME:
        assert old in xml, (what, old)
        done = command(xml.replace(old, new))
        check(f"{what} do not change it", (done.stderr, done.stdout),
              ("", command(xml).stdout))


def broken(xml, chance):
    """The XML with some bytes of it wrong, or an end missing"""
    data = bytearray(xml.encode())
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        kind = chance.randrange(3)
        if kind == 0:
            data[at] = chance.choice(b"<>&'\"/= \x0aabz09-:")
        elif kind == 1:
            del data[at:at + chance.randint(1, 12)]
        else:
            data[at:at] = data[at:at + chance.randint(1, 40)]
    return data.decode("utf-8", "replace")


def test_damage(count):
    """Whatever is wrong, it is a command line or one line on stderr"""
    chance, kinds = random.Random(4), {0: 0, 1: 0}
    for _ in range(count):
        xml = broken(chance.choice((KERNEL, NATIVE, NOVA, FIRMWARE_XML)), chance)
        done = command(xml)
        if not (done.returncode == 0 and not done.stderr or refusal(done, "")):
            result("damaged XML is read or refused", False, xml, done.stdout, done.stderr)
            return
        kinds[done.returncode] += 1
    result(f"damaged XML is read ({kinds[0]} times) or refused with one line ({kinds[1]})",
           kinds[1] > count // 4)


test_refusals()
test_commands()
test_damage(400)
