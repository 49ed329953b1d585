#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test-nova.py QEMU SHARE - real Nova's guests, made Realms by contrib/arm-cca/nova

QEMU is a build for this machine that can make dry runs; SHARE the directory with
the schemas of libvirt and the firmware descriptors of Debian.  Nova and the
compute driver are on Python's path.
"""

import difflib
import glob
import os
import re
import subprocess
import sys
import tempfile
from unittest import mock

import nova_host as host
from checks import HERE, TOP, check, raises, result, tool
from nova import exception
from nova.api.validation.extra_specs import validators
from nova.compute import provider_config, provider_tree
from nova.virt.libvirt import driver as libvirt_driver
from lxml import etree
from oslo_concurrency import processutils
import libvirt

QEMU, SHARE = sys.argv[1:3]
CONTRIB = os.path.join(TOP, "contrib", "arm-cca", "nova")
INSTANCES = "/var/lib/nova/instances"
FILES = os.path.join(INSTANCES, host.uuid(1))
TRAIT = "CUSTOM_ARM_CCA_REALM"
REALM = {f"trait:{TRAIT}": "required"}
RPV = "AQ" + "A" * 84 + "=="

# What the manual has for an image
FIRMWARE = {"hw_architecture": "aarch64", "hw_machine_type": "virt-10.0",
            "hw_firmware_type": "uefi", "hw_firmware_stateless": "true",
            "hw_video_model": "none"}
KERNEL = {"hw_architecture": "aarch64", "hw_machine_type": "virt-10.0",
          "os_command_line": "console=ttyAMA0 root=/dev/vda1"}
HOST = ("--breakpoints", "6", "--watchpoints", "4", "--pmu-counters", "off", "--sve", "off")
# The words of libvirt's command line that matter, by hand
LAUNCH = ["qemu-system-aarch64", "-nodefaults", "-machine", "virt-10.0,usb=off,"
          "gic-version=3,dump-guest-core=off,memory-backend=mach-virt.ram", "-accel", "kvm",
          "-cpu", "host,pmu=off", "-m", "size=1048576k", "-object",
          '{"qom-type":"memory-backend-ram","id":"mach-virt.ram","size":1073741824}',
          "-smp", "2,sockets=2,cores=1,threads=1", "-serial", "null",
          "-object", "rme-guest,id=rme0,measurement-algorithm=sha256",
          "-machine", "confidential-guest-support=rme0"]

# What a flavor asks for that the driver refuses: extra specs, what it says
REFUSED = [
    ("a property that there is not", {**REALM, "cca:planes": "2"},
     "a Realm has no property 'planes' to set here: there are measurement-algorithm, "),
    ("a log that is neither on nor off", {**REALM, "cca:measurement_log": "maybe"},
     "measurement_log=maybe is neither true nor false"),
    ("an algorithm that there is not", {**REALM, "cca:measurement_algorithm": "md5"},
     "measurement_algorithm=md5 is none of sha256, sha512"),
    ("a policy that there is not", {**REALM, "cca:mec_policy": "Private"},
     "mec_policy=Private is none of default, private, shared"),
    ("a personalization value that is too short", {**REALM, "cca:personalization_value": "AAAA"},
     "personalization_value=AAAA is not the base64 of 64 bytes (88 characters)"),
    ("one that is no base64", {**REALM, "cca:personalization_value": "A" * 86 + "=!"},
     "is not the base64 of 64 bytes"),
    ("one with bits that are lost", {**REALM, "cca:personalization_value": "A" * 85 + "B=="},
     "is not the base64 of 64 bytes"),
    ("a value of two lines", {**REALM, "cca:mec_policy": "private\nshared"},
     "mec_policy=private shared is none of"),
    ("a property given twice", {**REALM, "cca:mec_policy": "private", "cca:mec-policy": "shared"},
     "mec-policy is set twice"),
    ("properties of a Realm that is none", {"cca:mec_policy": "private"},
     "does not require a Realm: set trait:CUSTOM_ARM_CCA_REALM=required"),
    ("properties and the trait forbidden", {f"trait:{TRAIT}": "forbidden",
                                            "cca:mec_policy": "private"},
     "does not require a Realm"),
]

# What is wrong with a domain: what is replaced in it, by what, what is said
BAD = [
    ("no XML", "</domain>", "", "the domain is not XML: "),
    ("nothing", None, "", "the domain is not XML: no element found"),
    ("a DOCTYPE", "<domain ", "<!DOCTYPE domain><domain ", "a domain XML has no DOCTYPE"),
    ("another root", "domain", "network", "<network> is not a libvirt <domain>"),
    ("TCG", 'type="kvm"', 'type="qemu"', "type='qemu': a Realm needs type='kvm'"),
    ("launch security", "<devices>", '<launchSecurity type="sev"/><devices>',
     "launch security of the type 'sev' already"),
    ("a command line", "<devices>", '<q:commandline xmlns:q="http://libvirt.org/schemas/'
     'domain/qemu/1.0"/><devices>', "elements of the QEMU namespace already"),
    ("another architecture", 'arch="aarch64"', 'arch="x86_64"', "arch='x86_64'"),
    ("another machine", 'machine="virt-10.0"', 'machine="sbsa-ref"',
     "machine='sbsa-ref': a Realm needs 'virt'"),
    ("a CPU by name", 'mode="host-passthrough"', 'mode="custom"', "a CPU of mode='custom'"),
    ("no CPU", "cpu", "blkiotune", "the domain has no <cpu>"),
    ("no devices", "devices", "blkiotune", "the domain has no <devices>"),
    ("Secure Boot", 'secure="no"', 'secure="yes"', "no variables for Secure Boot"),
    ("elements without end", "<devices>", "<a>" * 3000 + "</a>" * 3000 + "<devices>",
     "nested too deep"),
]


def guest(driver, extra_specs, image, kernel=False, **more):
    instance = host.instance_of(extra_specs, image, kernel=kernel)
    xml = host.guest_xml(driver, instance, image, **more)
    # The only thing that is another one each time
    return re.sub("(<nova:creationTime>)[^<]*", r"\1then", xml)


def has(sentence, xml, *paths):
    """Are there such elements?  Those with "not " in front must not be there"""
    root = etree.fromstring(xml)
    names = {"qemu": "http://libvirt.org/schemas/domain/qemu/1.0"}
    wrong = [path for path in paths if bool(root.xpath(path.removeprefix("not "), namespaces=names))
             == path.startswith("not ")]
    result(sentence, not wrong, *wrong, xml)


def test_nova(stock):
    """What Nova makes of it by itself: the manual says so"""
    xml = guest(stock, {}, FIRMWARE)
    print("the domain XML of Nova:", *xml.splitlines(), sep="\n    ")
    has("Nova has firmware in flash memory even with hw_firmware_stateless", xml,
        "/domain/os/loader[@type='pflash'][@stateless='yes']", "not /domain/os/nvram")
    has("Nova has vmcoreinfo, a CPU like the host's, no GIC and no on_reboot", xml,
        "/domain/features/vmcoreinfo", "/domain/cpu[@mode='host-passthrough']",
        "not /domain/features/gic", "not /domain/on_reboot")
    image = {**KERNEL, "hw_video_model": "virtio"}
    has("Nova has flash memory beside a kernel, and a balloon", guest(stock, {}, image, True),
        "/domain/os/loader[@type='pflash']", "/domain/os/nvram", "/domain/os/kernel",
        "/domain/devices/memballoon[@model='virtio']")
    return xml


def schema_says(xml):
    schema = etree.RelaxNG(etree.parse(os.path.join(SHARE, "libvirt/schemas/domain.rng")))
    return str(schema.error_log) if not schema.validate(etree.fromstring(xml)) else ""


def test_realm(driver, stock):
    for kernel, image in ((False, FIRMWARE), (True, KERNEL)):
        what = "a kernel" if kernel else "firmware"
        ordinary = guest(stock, {}, image, kernel)
        check(f"{what}: the driver leaves an ordinary guest as it is",
              guest(driver, {}, image, kernel), ordinary)
        xml = guest(driver, {**REALM, "cca:measurement_algorithm": "sha256"}, image, kernel)
        if not kernel:
            show_difference(ordinary, xml)
        for name, text in (("Nova's XML", ordinary), ("the Realm's XML", xml)):
            check(f"{what}: libvirt's schema takes {name}", schema_says(text), "")
        has(f"{what}: what a Realm cannot have is not there", xml,
            "not /domain/os/nvram", "not //loader[@type='pflash']", "not //vmcoreinfo",
            "not //timer[@name='rtc']",
            "/domain/devices/memballoon[@model='none']")
        has(f"{what}: a reboot of the guest makes another Realm", xml, "not /domain/on_reboot")
        has(f"{what}: the Realm is", xml, "count(//qemu:arg)=4",
            "//qemu:arg[contains(@value, '\"measurement-algorithm\": \"sha256\"')]")
        agree(what, xml, kernel)
        check(f"{what}: the program does what the driver does",
              program(ordinary, "measurement-algorithm=sha256"), (0, xml, ""))
    check("the schema refuses what it does not know",
          "planes" in schema_says(xml.replace("<devices>", "<planes/><devices>")), True)
    for name in ("trait_group1:" + TRAIT, "trait1:" + TRAIT):
        has(f"{name} makes a Realm as well", guest(driver, {name: "required"}, FIRMWARE),
            "//qemu:commandline")
    has("so does the trait of an image",
        guest(driver, {}, {**FIRMWARE, f"trait:{TRAIT}": "required"}), "//qemu:commandline")
    has("extra specs become properties",
        guest(driver, {**REALM, "cca:mec_policy": "private", "cca:measurement_log": "True",
                       "cca:personalization_value": RPV}, FIRMWARE),
        "//qemu:arg[contains(@value, '\"measurement-log\": true')]"
        "[contains(@value, '\"mec-policy\": \"private\"')]"
        f"[contains(@value, '\"personalization-value\": \"{RPV}\"')]")


def show_difference(ordinary, xml):
    print("what the driver changes:")
    for line in difflib.unified_diff(ordinary.splitlines(), xml.splitlines(), n=0,
                                     lineterm=""):
        if not line.startswith(("---", "+++", "@@")):
            print("    " + line)


def agree(what, xml, kernel):
    """The measurement by the XML and by the command line that it stands for"""
    files = ["-kernel", f"{FILES}/kernel", "-initrd", f"{FILES}/ramdisk", "-append",
             KERNEL["os_command_line"], "-machine", "acpi=off"]
    firmware = ["-bios", f"{FILES}/firmware", "-machine", "acpi=on"]
    by_command = tool("--qemu", QEMU, *HOST, "--", *LAUNCH, *(files if kernel else firmware))
    by_xml = tool("--qemu", QEMU, *HOST, "--firmware", f"{FILES}/firmware", "-", stdin=xml)
    check(f"{what}: cca-measure says nothing else", (by_xml.stderr, by_command.stderr), ("", ""))
    result(f"{what}: the measurement by the XML is that of QEMU's dry run",
           re.fullmatch("[0-9a-f]{64}\n", by_xml.stdout) and by_xml.stdout == by_command.stdout,
           by_xml.stdout, by_command.stdout)
    other = tool("--qemu", QEMU, *HOST, "--firmware", f"{FILES}/firmware", "-",
                 stdin=xml.replace("<memory>1048576<", "<memory>2097152<"))
    result(f"{what}: and another one with more memory",
           other.returncode == 0 and other.stdout != by_xml.stdout, other.stdout, other.stderr)


def program(xml, *words):
    done = subprocess.run([sys.executable, "-B", os.path.join(CONTRIB, "realm.py"), *words],
                          input=xml, text=True, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_refusals(driver, ordinary):
    for what, extra_specs, message in REFUSED:
        raises(f"{what}: refused, and not tried on another host", exception.InvalidInput,
               message, guest, driver, extra_specs, FIRMWARE)
    for what, old, new, message in BAD:
        bad = ordinary.replace(old, new) if old else new
        status, out, err = program(bad)
        result(f"a domain with {what} is refused in one line",
               status == 1 and not out and bad != ordinary and message in err and
               err.startswith("realm.py: ") and err.count("\n") == 1, status, out, err)
    status, out, err = program(ordinary, "id=x")
    check("a property that is not to be set", (status, out, err[:40]),
          (1, "", "realm.py: a Realm has no property 'id' t"))


GREETING = '{"QMP": {"version": {}, "capabilities": ["oob"]}}\n{"return": {}}\n'
EVENT = '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "SHUTDOWN"}\n'
CAN = GREETING + '{"return": {"capability": 244, "ipa-bits": 48}}\n{"return": {}}\n' + EVENT
CANNOT = GREETING + ('{"error": {"class": "GenericError", "desc": "found no RMM"}}\n'
                     '{"return": {}}\n') + EVENT
OLD = GREETING + ('{"error": {"class": "CommandNotFound", "desc": "The command '
                  'query-cca-capabilities has not been found"}}\n{"return": {}}\n')
# What QEMU prints, or how it fails, in this order; and has the host the trait then?
ANSWERS = [
    ("QEMU finds no RMM", CANNOT, False, "found no RMM"),
    ("there is an RMM now", CAN, True, None),
    ("it has gone", CANNOT, False, "found no RMM"),
    ("it is back", CAN, True, None),
    ("QEMU is one without Realms", OLD, False, "has not been found"),
    ("it is back again", CAN, True, None),
    ("QEMU says nothing", "", False, "does not answer"),
    ("QEMU says something else", "Illegal instruction\n", False, "does not answer"),
    ("QEMU says half of it", GREETING, False, "does not answer"),
    ("QEMU can be asked", CAN, True, None),
    ("QEMU ends with an error", processutils.ProcessExecutionError(exit_code=1),
     False, "does not answer"),
    ("QEMU can be asked again", CAN, True, None),
    ("QEMU hangs", subprocess.TimeoutExpired("qemu", 60), False, "does not answer"),
    ("QEMU does no longer hang", CAN, True, None),
    ("QEMU is not there", FileNotFoundError(2, "No such file"), False, "does not answer"),
]


def test_traits(driver):
    module = sys.modules[type(driver).__module__]
    tree = provider_tree.ProviderTree()
    node = tree.new_root("host", host.NETWORK)

    def has_trait(answer, seconds):
        """Has the host the trait after an update, and how often was QEMU asked?"""
        said = {"side_effect": answer} if isinstance(answer, Exception) else \
            {"return_value": (answer, "")}
        with mock.patch.object(module.capabilities.processutils, "execute", **said) as execute, \
                mock.patch.object(module, "monotonic", return_value=seconds):
            driver.update_provider_tree(tree, "host")
        if execute.called:
            check("the emulator of libvirt is asked", execute.call_args.args[0],
                  "/usr/bin/qemu-system-aarch64")
        return [TRAIT in tree.data(node).traits, execute.call_count]

    for number, (what, answer, expected, why) in enumerate(ANSWERS):
        check(f"traits, {what}: the host has the trait only with a good answer",
              has_trait(answer, number * module.ASK_AGAIN), [expected, 1])
        check(f"traits, {what}: the reason is kept for the log",
              why in (driver._no_realms or "") if why else driver._no_realms, bool(why) or None)
    now = len(ANSWERS) * module.ASK_AGAIN
    check("traits: an answer counts for some minutes",
          [has_trait(CAN, now), has_trait(CANNOT, now + module.ASK_AGAIN - 1),
           has_trait(CANNOT, now + module.ASK_AGAIN)], [[True, 1], [True, 0], [False, 1]])
    with mock.patch.object(host.Connection, "getDomainCapabilities",
                           side_effect=libvirt.libvirtError("no kvm")):
        check("traits: without KVM there are no Realms, and no QEMU is asked",
              has_trait(CAN, now + 2 * module.ASK_AGAIN), [False, 0])
    check("the host has the trait again", has_trait(CAN, now + 3 * module.ASK_AGAIN), [True, 1])
    check("and what Nova says of it", "MEMORY_MB" in tree.data(node).inventory, True)


def test_settings(ordinary_driver):
    """What the manual has for flavors, images and nova.conf is taken by Nova"""
    for name, value in {**REALM, "cca:mec_policy": "private", "hw:pmu": "false",
                        "resources:CUSTOM_ARM_CCA_PRIVATE_MECID": "1"}.items():
        validators.validate(name, value)
    result("Nova takes the extra specs", True)
    raises("it refuses others", exception.ValidationError, "hw:realm", validators.validate,
           "hw:realm", "true")
    raises("it does not know arm-cca", exception.ValidationError, "hw:mem_encryption_model",
           validators.validate, "hw:mem_encryption_model", "arm-cca")
    meta = host.image_meta(FIRMWARE).properties
    check("Nova knows the image properties", [name for name in FIRMWARE
                                              if not meta.obj_attr_is_set(name)], [])
    configs = provider_config.get_provider_configs(CONTRIB)
    check("Nova takes provider.yaml", [
        list(entry) for entry in configs["$COMPUTE_NODE"]["inventories"]["additional"]],
        [["CUSTOM_ARM_CCA_PRIVATE_MECID"]])


def test_descriptors(load, descriptors):
    """A descriptor of firmware in memory, before, behind and without Debian's"""
    with open(os.path.join(TOP, "docs/system/arm/cca-libvirt-firmware.json"),
              encoding="utf-8") as file:
        text = file.read()
    for name, works in (("70-realm.json", True), ("30-realm.json", False)):
        path = os.path.join(descriptors, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        stock = load()
        if works:
            has(f"{name}: Nova finds the firmware of ordinary guests",
                guest(stock, {}, FIRMWARE), "//loader[contains(., 'AAVMF_CODE')]")
        else:
            raises(f"{name}: Nova does not, it stumbles", KeyError, "executable",
                   guest, stock, {}, FIRMWARE)
        os.remove(path)
    for path in glob.glob(os.path.join(descriptors, "*")):
        os.remove(path)
    raises("without one in flash memory Nova has no firmware, for a Realm neither",
           exception.UEFINotSupported, "UEFI is not supported",
           guest, load(), REALM, FIRMWARE)


def make_files(directory):
    """Disks' directory with what the launches need; descriptors; nova.conf"""
    os.makedirs(FILES, exist_ok=True)
    head = bytes.fromhex("10000014000000000000000000000000") + (1 << 20).to_bytes(8, "little")
    head += (0xa).to_bytes(8, "little") + bytes(24) + b"ARM\x64" + bytes(4)
    for name, data in (("kernel", head + bytes(range(256)) * 4096),
                       ("ramdisk", b"initrd" * 999), ("firmware", b"firmware" * 9999)):
        with open(os.path.join(FILES, name), "wb") as file:
            file.write(data)
    descriptors = os.path.join(directory, "firmware")
    os.mkdir(descriptors)
    for path in glob.glob(os.path.join(SHARE, "qemu/firmware/*.json")):
        os.symlink(path, os.path.join(descriptors, os.path.basename(path)))
    conf = os.path.join(directory, "nova.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write("[DEFAULT]\ncompute_driver = arm_cca.RealmDriver\n"
                   "[libvirt]\nvirt_type = kvm\n")
    return descriptors, conf


def main():
    with tempfile.TemporaryDirectory() as directory:
        descriptors, conf = make_files(directory)
        host.set_up(INSTANCES, descriptors, conf)
        driver = host.load_driver(HERE)

        def stock():
            return host.load_driver(HERE, "libvirt.LibvirtDriver")
        check("nova-compute loads the driver",
              (type(driver).__name__, isinstance(driver, libvirt_driver.LibvirtDriver)),
              ("RealmDriver", True))
        ordinary = test_nova(stock())
        test_realm(driver, stock())
        test_refusals(driver, ordinary)
        test_traits(driver)
        test_settings(driver)
        test_descriptors(stock, descriptors)


main()
