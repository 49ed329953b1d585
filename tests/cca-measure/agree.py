#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""agree.py QEMU BASE - is the measurement of a Realm the one predicted?

BASE.report is what the simulator saw of a launch on the emulated host, with
the measurement that it computed; BASE.command is the command line of that
launch.  The dry run of QEMU (a build for this machine) has to predict it, given
what only that host knows, and so has the tool's own computation.
"""

import json
import os
import sys
import tempfile

from harness import check, has, result, tool


def host_flags(realm):
    """What the operator of the host would say about it"""
    sve = str(128 * (realm["sve-vl"] + 1)) if realm["sve"] else "off"
    counters = str(realm["pmu-counters"]) if realm["pmu"] else "off"
    return ["--breakpoints", str(realm["num-bps"] + 1), "--sve", sve,
            "--watchpoints", str(realm["num-wps"] + 1), "--pmu-counters", counters]


def agree(qemu, base, name):
    with open(f"{base}.report", encoding="utf-8") as file:
        vms = [vm for vm in json.load(file)["vms"] if vm["realm"] and vm.get("populated")]
    if len(vms) != 1:
        result(f"{name}: one Realm was launched", False, [vm["vm"] for vm in vms])
        return
    flags = ["--qemu", qemu, *host_flags(vms[0])]
    done = tool(*flags, f"{base}.command")
    check(f"{name}: the dry run predicts the measurement of the launch",
          (done.stderr, done.stdout.strip()), ("", vms[0]["rim"]))
    if not has(qemu, "measurement-inputs"):
        return
    done = tool(*flags, "--format", "inputs", f"{base}.command")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "inputs")
        with open(path, "w", encoding="utf-8") as file:
            file.write(done.stdout)
        again = tool("verify", path)
    check(f"{name}: and the operands that it gives lead to it",
          (done.stderr, again.stderr, again.stdout.strip()), ("", "", vms[0]["rim"]))


if has(sys.argv[1], "dry-run"):
    agree(sys.argv[1], sys.argv[2], os.path.basename(sys.argv[2]))
