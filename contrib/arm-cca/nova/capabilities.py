# SPDX-License-Identifier: GPL-2.0-or-later
"""Can this host start Realms?  What its QEMU answers to query-cca-capabilities"""

import json
import subprocess
from xml.etree import ElementTree

import libvirt
from oslo_concurrency import processutils

COMMANDS = "".join(f'{{"execute": "{name}"}}\n'
                   for name in ("qmp_capabilities", "query-cca-capabilities", "quit"))
TIMEOUT = 60


class NoRealms(Exception):
    """Why there are none, in one line"""


def emulator_of(connection):
    """The QEMU that libvirt starts for a guest with KVM"""
    try:
        xml = connection.getDomainCapabilities(None, "aarch64", None, "kvm", 0)
    except libvirt.libvirtError as err:
        raise NoRealms(f"libvirt has no AArch64 guests with KVM here: {err}") from err
    return ElementTree.fromstring(xml).findtext("path")


def answers_of(output):
    """What QMP says to the commands, in their order"""
    lines = [json.loads(line) for line in output.splitlines() if line.strip()]
    return [line for line in lines if "return" in line or "error" in line]


def ask(emulator):
    """The answer as a dict.  Raises NoRealms."""
    try:
        output, _ = processutils.execute(
            emulator, "-machine", "none,accel=kvm:tcg", "-nodefaults", "-no-user-config",
            "-display", "none", "-qmp", "stdio", process_input=COMMANDS, timeout=TIMEOUT)
        answer = answers_of(output)[1]
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired,
            processutils.ProcessExecutionError) as err:
        why = " ".join(str(err).split())
        raise NoRealms(f"{emulator} does not answer query-cca-capabilities: {why}") from err
    if "error" in answer:
        raise NoRealms(answer["error"]["desc"])
    return answer["return"]
