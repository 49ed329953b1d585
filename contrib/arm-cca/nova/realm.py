#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""realm.py [NAME=VALUE]... - make an Arm CCA Realm of a libvirt domain

Reads the domain XML of an ordinary KVM guest on stdin, as Nova writes it, and
prints that of a Realm, for a libvirt that has no launch security of this type.
NAME=VALUE are properties of QEMU's rme-guest.

What is changed is what QEMU would refuse although nobody asked for it. What
somebody asked for and a Realm cannot have stays: QEMU says so when it starts.
"""

import base64
import json
import sys
from xml.dom import minidom
from xml.parsers import expat

QEMU_NS = "http://libvirt.org/schemas/domain/qemu/1.0"
REALM_ID = "rme0"


class Bad(Exception):
    """Something that the user can correct, in one line"""

    def __str__(self):
        return " ".join(super().__str__().split())


def one_of(*words):
    def convert(value):
        if value not in words:
            raise ValueError(f"is none of {', '.join(words)}")
        return value
    return convert


def boolean(value):
    words = {"true": True, "yes": True, "on": True, "1": True,
             "false": False, "no": False, "off": False, "0": False}
    if value.lower() not in words:
        raise ValueError("is neither true nor false")
    return words[value.lower()]


def personalization(value):
    # As QEMU has it: in one line, with the padding
    try:
        data = base64.b64decode(value.encode(), validate=True)
    except ValueError:
        data = b""
    if len(data) != 64 or base64.b64encode(data).decode() != value:
        raise ValueError("is not the base64 of 64 bytes (88 characters)")
    return value


# Those that may be set for each Realm, with what makes QEMU's value of a string.
# QEMU checks them as well, but on the host that was chosen, and Nova would try
# the same on others.
PROPERTIES = {
    "measurement-algorithm": one_of("sha256", "sha512"),
    "measurement-log": boolean,
    "measurement-report": boolean,
    "mec-policy": one_of("default", "private", "shared"),
    "personalization-value": personalization,
}


def children(node, name=None):
    return [child for child in node.childNodes if child.nodeType == child.ELEMENT_NODE
            and name in (None, child.tagName)]


def child(node, name):
    """The child of that name, or None"""
    return next(iter(children(node, name)), None)


def need(node, name):
    found = child(node, name)
    if found is None:
        raise Bad(f"the domain has no <{name}>")
    return found


def drop(node, *names):
    for name in names:
        for element in children(node, name):
            node.removeChild(element)


def add(node, name, **attributes):
    element = node.ownerDocument.createElement(name)
    for key, value in attributes.items():
        element.setAttribute(key, value)
    return node.appendChild(element)


def parse(text):
    try:
        document = minidom.parseString(text)
    except (expat.ExpatError, ValueError) as err:       # ValueError: an encoding
        raise Bad(f"the domain is not XML: {err}") from err
    if document.doctype is not None:
        raise Bad("a domain XML has no DOCTYPE")
    return document


def check(domain):
    """What has to be so, because libvirt would start something else"""
    if domain.tagName != "domain":
        raise Bad(f"<{domain.tagName}> is not a libvirt <domain>")
    if domain.getAttribute("type") != "kvm":
        raise Bad(f"the domain has type='{domain.getAttribute('type')}': "
                  "a Realm needs type='kvm' (nova.conf: [libvirt] virt_type = kvm)")
    security = child(domain, "launchSecurity")
    if security is not None:
        raise Bad("the domain has launch security of the type "
                  f"'{security.getAttribute('type')}' already")
    if any(element.namespaceURI == QEMU_NS for element in children(domain)):
        raise Bad("the domain has elements of the QEMU namespace already")
    kind = need(need(domain, "os"), "type")
    if kind.getAttribute("arch") != "aarch64":
        raise Bad(f"the domain has arch='{kind.getAttribute('arch')}': "
                  "a Realm needs 'aarch64'")
    machine = kind.getAttribute("machine")
    if machine != "virt" and not machine.startswith("virt-"):
        raise Bad(f"the domain has machine='{machine}': a Realm needs 'virt' or a "
                  "version of it (image property hw_machine_type=virt)")
    mode = need(domain, "cpu").getAttribute("mode")
    if mode != "host-passthrough":
        raise Bad(f"the domain has a CPU of mode='{mode}': a Realm needs the host's "
                  "(nova.conf: [libvirt] cpu_mode = host-passthrough)")


def set_boot(domain):
    """No flash memory: a kernel boots without firmware, all else with one that
    libvirt finds by its descriptor and loads into memory
    """
    os = child(domain, "os")
    for loader in children(os, "loader"):
        if loader.getAttribute("secure") == "yes":
            raise Bad("a Realm has no variables for Secure Boot: remove os_secure_boot "
                      "of the image and os:secure_boot of the flavor")
    drop(os, "loader", "nvram", "varstore")
    if child(os, "kernel") is None:
        os.setAttribute("firmware", "efi")
        add(os, "loader", type="rom", readonly="yes")
    else:
        if os.hasAttribute("firmware"):
            os.removeAttribute("firmware")
        drop(os, "firmware")
        # libvirt: "ACPI requires UEFI on this architecture"
        for features in children(domain, "features"):
            drop(features, "acpi")


def set_features(domain):
    """What is in the measurement must not depend on the host"""
    features = child(domain, "features") or add(domain, "features")
    # Nobody can read what a guest puts there
    drop(features, "vmcoreinfo")
    if child(features, "gic") is None:
        add(features, "gic", version="3")
    if child(features, "pmu") is None:
        add(features, "pmu", state="off")
    cpu = child(domain, "cpu")
    if not cpu.hasAttribute("check"):
        cpu.setAttribute("check", "none")
    # The machine's RTC cannot make up for lost ticks: a warning of QEMU's would come
    # before each error
    for clock in children(domain, "clock"):
        for timer in children(clock, "timer"):
            if timer.getAttribute("name") == "rtc":
                clock.removeChild(timer)


def set_devices(domain):
    devices = need(domain, "devices")
    drop(devices, "memballoon")
    add(devices, "memballoon", model="none")
    # A ROM of the host's would run in the guest and is not in the measurement
    for interface in children(devices, "interface"):
        if child(interface, "rom") is None:
            add(interface, "rom", enabled="no")


def set_realm(domain, properties):
    realm = {"qom-type": "rme-guest", "id": REALM_ID, **properties}
    # minidom does not look at it, so that the prefix has to be declared as well
    domain.setAttribute("xmlns:qemu", QEMU_NS)
    line = add(domain, "qemu:commandline")
    for value in ("-object", json.dumps(realm), "-machine",
                  f"confidential-guest-support={REALM_ID}"):
        add(line, "qemu:arg", value=value)


def tidy(node):
    """Remove the blanks between elements, which no longer fit"""
    elements = children(node)
    for text in list(node.childNodes):
        if elements and text.nodeType == text.TEXT_NODE and not text.data.strip():
            node.removeChild(text)
    for element in elements:
        tidy(element)


def read_properties(pairs):
    """The properties of rme-guest in (name, value) pairs, both strings

    "_" in a name stands for "-".
    """
    properties = {}
    for key, value in pairs:
        name = key.replace("_", "-")
        if name not in PROPERTIES:
            raise Bad(f"a Realm has no property '{key}' to set here: there are "
                      f"{', '.join(PROPERTIES)}")
        if name in properties:
            raise Bad(f"{name} is set twice ('_' and '-' are the same)")
        try:
            properties[name] = PROPERTIES[name](value)
        except ValueError as err:
            raise Bad(f"{key}={value} {err}") from err
    return properties


def realm_xml(text, properties):
    """@text, the XML of a domain, as that of a Realm with these properties of
    rme-guest.  Raises Bad.
    """
    domain = parse(text).documentElement
    check(domain)
    set_boot(domain)
    set_features(domain)
    set_devices(domain)
    set_realm(domain, properties)
    try:
        tidy(domain)
        return domain.toprettyxml(indent="  ")
    except RecursionError as err:
        raise Bad("the elements of the domain are nested too deep") from err


def main(arguments):
    try:
        pairs = [argument.partition("=")[::2] for argument in arguments]
        sys.stdout.write(realm_xml(sys.stdin.read(), read_properties(pairs)))
    except (Bad, UnicodeDecodeError) as err:
        print(f"realm.py: {' '.join(str(err).split())}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
