# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU command line: what is in it about the Realm, and what to add"""

import json
import re
import shlex

from . import Bad, read_file

TYPE = "rme-guest"
# Options of qemu-system-aarch64 without a value: all others take one, and a
# value may look like an option
FLAGS = set("""S s daemonize enable-fips enable-kvm enable-sync-profile
    full-screen h help mem-prealloc no-acpi no-fd-bootchk no-quit no-reboot
    no-shutdown no-user-config nodefaults nographic nouserconfig
    only-migratable portrait preconfig semihosting singlestep snapshot usb
    version win2k-hack""".split())


# Quoted text and escaped characters as they are, or a line that goes on
SHELL = re.compile(r"""('[^']*'|\\[^\n])|("(?:\\.|[^"\\])*")|\\\n""", re.S)


def join_lines(match):
    """shlex leaves this to its caller"""
    if match[2]:
        return match[2].replace("\\\n", "")
    return match[1] or ""


def split(text):
    """The words of a command line as a shell has them, without the settings of
    environment variables and the lines with # that stand before it
    """
    lines = text.lstrip()
    while lines.startswith("#"):
        lines = lines.partition("\n")[2].lstrip()
    try:
        words = shlex.split(SHELL.sub(join_lines, lines))
    except ValueError as err:
        raise Bad(f"cannot split the command line into words: {err}") from err
    while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.S):
        words.pop(0)
    return words


def escape(value):
    return value.replace(",", ",,")


def members(value):
    """The key=value parts of an option's value; ",," stands for a comma"""
    parts = [part.replace("\0", ",") for part in value.replace(",,", "\0").split(",")]
    return [(key, val if sep else None)
            for key, sep, val in (part.partition("=") for part in parts)]


# Groups of a -readconfig file that have another name as an option
GROUPS = {"memory": "m", "smp-opts": "smp", "boot-opts": "boot"}
GROUP = re.compile(r'\[([^\s"\]]+)(?:\s+"([^"]+)")?\]')
SETTING = re.compile(r'\s*([^\s=]+)\s*=\s*"([^"]*)"')


def config_words(path):
    """The options that stand in a file of -readconfig, as QEMU reads it"""
    words, data = [], read_file(path, "file of -readconfig")
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        group, setting = GROUP.match(line), SETTING.match(line)
        if not line.strip() or line.startswith("#"):
            continue
        if group:
            words += ["-" + GROUPS.get(group[1], group[1]),
                      f"id={escape(group[2])}" if group[2] else ""]
        elif setting and words:
            words[-1] += ("," if words[-1] else "") + f"{setting[1]}={escape(setting[2])}"
        else:
            raise Bad(f"{path}:{number}: neither [group \"id\"] nor name = \"value\"")
    return words


class CommandLine:
    """@binary: the word that named QEMU, or None; @args: the words after it"""

    def __init__(self, words):
        words = list(words)
        self.binary = words.pop(0) if words and not words[0].startswith("-") else None
        self.args = words
        self.read_configs()

    def read_configs(self):
        """Put the options of each -readconfig with a Realm in its place"""
        for i in reversed(self.values("readconfig")):
            words = config_words(self.args[i])
            if any(TYPE in word for word in words):
                self.args[i - 1:i + 1] = words

    def options(self):
        """(name, index of the value or None) of each option"""
        i = 0
        while i < len(self.args):
            word = self.args[i]
            i += 1
            if not word.startswith("-") or word == "-":
                continue
            name = word[2:] if word.startswith("--") else word[1:]
            if name in FLAGS:
                yield name, None
                continue
            if i == len(self.args):
                raise Bad(f"the option {word} at the end has no value")
            yield name, i
            i += 1

    def values(self, name):
        """The indices of the values of all options @name"""
        return [i for option, i in self.options() if option == name and i is not None]

    def realm_objects(self):
        """(index, properties) of the rme-guest objects"""
        found = []
        for i in self.values("object"):
            value = self.args[i]
            if value.lstrip().startswith("{"):
                props = json_object(value)
            else:
                props = dict(members(value))
                first = members(value)[0]
                props.setdefault("qom-type", first[0] if first[1] is None else None)
            if props.get("qom-type") == TYPE:
                found.append((i, props))
        return found

    def need_realm(self):
        """The first of realm_objects(): QEMU says that a second one is wrong"""
        found = self.realm_objects()
        if not found:
            raise Bad(f"there is no '-object {TYPE},id=...' on the command line: "
                      "this is not the launch of a Realm")
        return found[0]

    def set_on_realm(self, **properties):
        """Set properties of the rme-guest; names with _ for -"""
        i, props = self.need_realm()
        properties = {key.replace("_", "-"): val for key, val in properties.items()}
        if self.args[i].lstrip().startswith("{"):
            props.update(properties)
            self.args[i] = json.dumps(props)
            return
        kept = [escape(key if val is None else f"{key}={val}")
                for key, val in members(self.args[i])]
        kept = [part for part in kept if part.partition("=")[0] not in properties]
        kept += [f"{key}={escape(keyval(val))}" for key, val in properties.items()]
        self.args[i] = ",".join(kept)

    def add_to_realm(self, name, value):
        """Add a property of the rme-guest; it is an error if it is there differently"""
        there = self.need_realm()[1].get(name)
        if there is not None and keyval(there) != value:
            raise Bad(f"--{name} wants {name}={value}, and -object {TYPE} has "
                      f"{name}={keyval(there)}: leave one of them out")
        self.set_on_realm(**{name: {"on": True, "off": False}.get(value, value)})

    def set_on_cpu(self, name, value, flag):
        """Add a property to -cpu; it is an error if it is there differently"""
        found = self.values("cpu")
        if not found:
            raise Bad(f"{flag} needs a -cpu on the command line")
        i = found[-1]
        there = dict(members(self.args[i])[1:])
        for key, val in there.items():
            if key == name and val != value or contradict(name, value, key, val):
                raise Bad(f"{flag} wants {name}={value}, and -cpu has "
                          f"{key}={val}: leave one of them out")
        if name not in there:
            self.args[i] += f",{name}={value}"


def contradict(name, value, key, val):
    """Can a vCPU not have both name=value and key=val, of two properties?"""
    for one, other in (((name, value), (key, val)), ((key, val), (name, value))):
        if one == ("pmu", "off") and other[0] == "num-pmu-counters":
            return True
        if one == ("sve", "off") and re.fullmatch(r"sve\d+", other[0]) and other[1] == "on":
            return True
    return False


def keyval(value):
    return {True: "on", False: "off"}.get(value, value)


def json_object(value):
    try:
        props = json.loads(value)
    except ValueError as err:
        raise Bad(f"-object {value[:60]}: not JSON: {err}") from err
    if not isinstance(props, dict):
        raise Bad(f"-object {value[:60]}: not a JSON object")
    return props
