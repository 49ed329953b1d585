# SPDX-License-Identifier: GPL-2.0-or-later
"""The QEMU command line that libvirt makes of a domain, as far as it is measured

Only the elements that enter the measurement of a Realm on the virt machine are
read: the DTB (vCPUs and their topology, memory, GIC, PMU, ACPI, UARTs, command
line), the images, and the Realm's own parameters.  What is known not to enter
it is skipped, by the lists below and by nothing else.
"""

import json

from . import Bad, refused
from .xmltree import parse

QEMU_NS = "http://libvirt.org/schemas/domain/qemu/1.0"
REALM_ID = "rme0"

# Not measured: the host's own business, names, and what only ACPI, SMBIOS or
# the guest's drivers see
SKIPPED = set("""name uuid genid title description metadata currentMemory
    memoryBacking memtune blkiotune cputune numatune iothreads iothreadids
    defaultiothread resource clock pm perf seclabel on_poweroff on_reboot
    on_crash on_lockfailure sysinfo throttlegroups""".split())
SKIPPED_OS = set("boot bootmenu bios smbios acpi firmware".split())
# PCI devices, their backends, and virtio-mmio devices: the machine's own PCI
# host and virtio-mmio transports are in the DTB, what is plugged there is not
SKIPPED_DEVICES = set("""emulator disk controller filesystem interface channel
    console input graphics sound audio video watchdog rng panic vsock redirdev
    redirfilter hub lease crypto memballoon""".split())
SKIPPED_QEMU = set("env override deprecation".split())

MIB = 1 << 20
UNITS = {"b": 1, "bytes": 1}
for _power, _letter in enumerate("KMGTPE", 1):
    UNITS[_letter + "B"] = 1000 ** _power
    UNITS[_letter] = UNITS[_letter + "iB"] = 1024 ** _power
UNITS = {name.lower(): size for name, size in UNITS.items()}


class Reader:
    """Reads elements strictly: every child and attribute has to be known"""

    def __init__(self, path):
        self.path = path

    def bad(self, element, message):
        return Bad(f"{self.path}: {element.where()}: {message}")

    def not_understood(self, element):
        return self.bad(element, "it may change the measurement and is not understood")

    def children(self, element, known, skipped=()):
        """Only children that are known or skipped"""
        for child in element.children:
            if child.name not in known and child.name not in skipped:
                raise self.not_understood(child)

    def attributes(self, element, known):
        for name in element.attributes:
            if name not in known.split():
                raise self.bad(element, f"its attribute '{name}' may change the "
                                        "measurement and is not understood")

    def leaf(self, element, attributes=""):
        """Its text; it can have these attributes and no children"""
        self.children(element, ())
        self.attributes(element, attributes)
        return element.text.strip()

    def need_text(self, element, attributes=""):
        text = self.leaf(element, attributes)
        if not text:
            raise self.bad(element, "it is empty")
        return text

    def number(self, element, text):
        # Python refuses to convert thousands of digits
        short = text.isascii() and text.isdigit() and len(text) < 20
        if not short or not 0 < int(text) < 1 << 63:
            raise self.bad(element, f"'{text[:40]}' is not a positive number")
        return int(text)

    def on_off(self, element, name="state", default="on"):
        """An attribute as QEMU's on or off"""
        value = element.get(name, default)
        if value not in ("on", "off"):
            raise self.bad(element, f"{name}='{value}' is neither 'on' nor 'off'")
        return value

    def choice(self, element, name, values, default=None):
        value = element.get(name, default)
        if value not in values:
            raise self.bad(element, f"{name}='{value}' is not one of "
                                    f"{', '.join(v for v in values if v)}")
        return value


class Domain(Reader):
    """A <domain> of a Realm; args() is its command line without the binary

    @firmware: the image for <os firmware='efi'> without a path, which libvirt
    would take from the firmware descriptors of the host
    """

    def __init__(self, data, path, firmware=None):
        super().__init__(path)
        self.root = parse(data, path)
        self.firmware = firmware
        self.machine = []
        self.arguments = []
        self.native = None
        self.size = None

    def args(self):
        root = self.root
        if root.name != "domain":
            raise self.bad(root, "this is not a libvirt <domain>")
        self.attributes(root, "type id")
        if root.get("type") != "kvm":
            raise self.bad(root, f"type='{root.get('type')}': a Realm needs type='kvm'")
        known = {"memory", "vcpu", "os", "features", "cpu", "devices",
                 "launchSecurity", QEMU_NS + " commandline"}
        # What qemu:override and qemu:deprecation change is no part of the DTB
        self.children(root, known, SKIPPED | {f"{QEMU_NS} {n}" for n in SKIPPED_QEMU})
        passed = self.passthrough()
        self.native = root.find("launchSecurity")
        if self.native is not None:
            self.launch_security(self.native)
        elif not any("rme-guest" in word for word in passed):
            raise Bad(f"{self.path}: there is no Realm in it: neither <launchSecurity "
                      "type='cca'> nor an rme-guest in <qemu:commandline>")
        self.os(self.need("os"))
        self.features(root.find("features"))
        self.memory(self.need("memory"))
        topology = self.cpu(self.need("cpu", "<cpu mode='host-passthrough'/>"))
        self.vcpu(root.find("vcpu"), topology)
        self.devices(root.find("devices"))
        head = ["-nodefaults", "-no-user-config", "-display", "none",
                "-accel", "kvm", "-machine", ",".join(self.machine)]
        return head + self.arguments + refused.options(root, self.size) + passed

    def need(self, name, example=None):
        element = self.root.find(name)
        if element is None:
            raise Bad(f"{self.path}: there is no {example or f'<{name}>'} in it")
        return element

    def add(self, option, value):
        self.arguments += [option, value]

    def passthrough(self):
        """The words of <qemu:commandline>"""
        words = []
        for element in self.root.all(QEMU_NS + " commandline"):
            self.attributes(element, "")
            for child in element.children:
                if child.name == QEMU_NS + " env":
                    continue
                if child.name != QEMU_NS + " arg":
                    raise self.not_understood(child)
                self.leaf(child, "value")
                if "value" not in child.attributes:
                    raise self.bad(child, "it has no value")
                words.append(child.get("value"))
        return words

    def launch_security(self, element):
        if element.get("type") != "cca":
            raise self.bad(element, f"type='{element.get('type')}' is not a Realm: "
                                    "that has type='cca'")
        self.attributes(element, "type measurement-log")
        self.children(element, {"measurement-algo", "personalization-value"})
        # libvirt gives QEMU only what the XML has
        props = {"qom-type": "rme-guest", "id": REALM_ID}
        for name, prop in (("measurement-algo", "measurement-algorithm"),
                           ("personalization-value", "personalization-value")):
            child = element.find(name)
            if child is not None:
                props[prop] = self.need_text(child)
        if "measurement-log" in element.attributes:
            # Its place in memory is measured; without it all is as by default
            if self.choice(element, "measurement-log", ("yes", "no")) == "yes":
                props["measurement-log"] = True
        self.add("-object", json.dumps(props))

    def os(self, element):
        self.attributes(element, "firmware")
        self.children(element, {"type", "loader", "nvram", "varstore", "kernel",
                                "initrd", "cmdline", "dtb"}, SKIPPED_OS)
        kind = element.find("type")
        if kind is None:
            raise self.bad(element, "it has no <type arch='aarch64' machine='virt'>")
        if self.leaf(kind, "arch machine") != "hvm":
            raise self.bad(kind, "a Realm needs 'hvm'")
        self.choice(kind, "arch", ("aarch64",), "aarch64")
        machine = kind.get("machine", "")
        if machine != "virt" and not machine.startswith("virt-"):
            raise self.bad(kind, f"machine='{machine}' cannot run a Realm: use 'virt' "
                                 "or a version of it")
        self.machine.append(machine)
        if self.native is not None:
            self.machine.append(f"confidential-guest-support={REALM_ID}")
        self.loader(element)
        for name in ("kernel", "initrd", "cmdline", "dtb"):
            child = element.find(name)
            if child is not None:
                self.add("-append" if name == "cmdline" else f"-{name}",
                         self.need_text(child))

    def loader(self, parent):
        """-bios for what libvirt would load from memory"""
        auto = parent.get("firmware")
        if auto is not None:
            self.choice(parent, "firmware", ("efi",))
        loader, path = parent.find("loader"), ""
        if loader is not None:
            path = self.leaf(loader, "type readonly secure stateless format")
            kind = loader.get("type")
            self.choice(loader, "type", (None, "rom", "pflash"))
            self.choice(loader, "secure", ("no",), "no")
            self.choice(loader, "format", ("raw",), "raw")
            # libvirt turns flash into ROM for its own launch security only
            stateless = loader.get("stateless") == "yes"
            if self.native is None and (kind == "pflash" or kind is None and
                                        not (auto and stateless) and not
                                        (path and not auto)):
                raise self.bad(loader, "a Realm has no flash memory: use "
                                       "<loader type='rom' readonly='yes'>")
        elif auto and self.native is None:
            raise self.bad(parent, "without <loader type='rom'> libvirt takes firmware "
                                   "in flash memory, which a Realm does not have")
        for name in ("nvram", "varstore"):
            extra = parent.find(name)
            if extra is not None and (self.native is None or name == "varstore"):
                raise self.bad(extra, "a Realm has no variable store: remove it")
        if auto and not path:
            if not self.firmware:
                raise self.bad(parent, "firmware='efi' leaves the choice to the descriptors "
                                       "in /usr/share/qemu/firmware of the launch's host, and "
                                       "those of this one are not read: name the image with "
                                       "--firmware FILE")
            path = self.firmware
        if path:
            self.add("-bios", path)

    def features(self, element):
        acpi = "off"
        if element is not None:
            self.attributes(element, "")
            self.children(element, {"acpi", "gic", "pmu", "ras", "mte"}, {"apic", "pae"})
            for child in element.children:
                if child.name == "acpi":
                    self.leaf(child)
                    acpi = "on"
                elif child.name == "gic":
                    self.leaf(child, "version")
                    if "version" in child.attributes:
                        self.choice(child, "version", ("2", "3", "host"))
                        self.machine.append(f"gic-version={child.get('version')}")
                elif child.name in ("ras", "mte"):
                    self.leaf(child, "state")
                    self.machine.append(f"{child.name}={self.on_off(child)}")
        self.machine.append(f"acpi={acpi}")

    def memory(self, element):
        """libvirt counts in KiB and gives QEMU whole MiB, both rounded up"""
        text = self.need_text(element, "unit dumpCore")
        unit = element.get("unit", "KiB").lower()
        if unit not in UNITS:
            raise self.bad(element, f"unknown unit '{element.get('unit')}'")
        size = self.number(element, text) * UNITS[unit]
        if size >= 1 << 63:
            raise self.bad(element, f"{text} {unit} is too much")
        self.size = f"{-(-size // MIB) * 1024}k"
        self.add("-m", f"size={self.size}")

    def cpu(self, element):
        """-cpu; the four numbers of <topology>, or None"""
        self.attributes(element, "mode check match migratable")
        self.children(element, {"topology", "feature", "model"}, {"cache", "maxphysaddr"})
        mode = self.choice(element, "mode", ("host-passthrough", "maximum"))
        for child in element.all("model"):
            if self.leaf(child, "fallback"):
                raise self.bad(child, f"mode='{mode}' has no model")
        parts = ["host" if mode == "host-passthrough" else "max"]
        for child in element.all("feature"):
            self.leaf(child, "name policy")
            policy = self.choice(child, "policy", ("force", "require", "disable", "forbid",
                                                   "optional"), "require")
            if policy == "optional":
                raise self.bad(child, "policy='optional' depends on the host")
            name = child.get("name", "")
            if not name.replace("-", "").replace("_", "").isalnum():
                raise self.bad(child, f"'{name}' is no name of a feature")
            parts.append(f"{name}={'on' if policy in ('force', 'require') else 'off'}")
        features = self.root.find("features")
        pmu = features.find("pmu") if features is not None else None
        if pmu is not None:
            self.leaf(pmu, "state")
            parts.append(f"pmu={self.on_off(pmu)}")
        self.add("-cpu", ",".join(parts))
        topology = element.find("topology")
        if topology is None:
            return None
        self.leaf(topology, "sockets dies clusters cores threads")
        return {name: self.number(topology, topology.get(name, "1"))
                for name in ("sockets", "dies", "clusters", "cores", "threads")}

    def vcpu(self, element, topology):
        count = 1
        if element is not None:
            count = self.number(element, self.need_text(element, "placement cpuset current"))
            current = self.number(element, element.get("current", str(count)))
            if current != count:
                raise self.bad(element, f"current='{current}' is not {count}, and a Realm "
                               "cannot get vCPUs later: make both equal")
        value = str(count)
        # Every vCPU is a socket in libvirt unless it is told otherwise
        topology = topology or {"sockets": count, "cores": 1, "threads": 1}
        for name, number in topology.items():
            if name in ("sockets", "cores", "threads") or number > 1:
                value += f",{name}={number}"
        self.add("-smp", value)

    def devices(self, element):
        if element is None:
            return
        self.attributes(element, "")
        self.children(element, {"serial"}, SKIPPED_DEVICES)
        for child in element.all("serial"):
            self.serial(child)

    def serial(self, element):
        """The machine's UARTs: a second one has a node in the DTB"""
        target = element.find("target")
        kind = target.get("type", "system-serial") if target is not None else "system-serial"
        if kind in ("pci-serial", "usb-serial"):
            return
        if kind != "system-serial":
            raise self.bad(target, f"type='{kind}' is not on the virt machine")
        model = target.find("model") if target is not None else None
        if model is not None and model.get("name") != "pl011":
            raise self.bad(model, f"name='{model.get('name')}' is not on the virt machine")
        self.add("-serial", "null")
