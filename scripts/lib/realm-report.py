#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The life of a Realm in a few lines, from what a scenario left behind.

realm-report.py DIR NAME: DIR/NAME.report is the simulator's, DIR/NAME.qmp has
QEMU's own answer to query-cca, if it has that command, and DIR/NAME.claims what
host/cca-token found in the attestation token.
"""

import json
import os
import sys


def simulator_lines(report):
    """(label, text) pairs about the VM that ran"""
    calls = report["calls"]
    realm = max((vm for vm in report["vms"] if vm["realm"]),
                key=lambda vm: vm["recs"])
    source = [c["path"] for c in calls
              if c["call"] == "SYSFS_READ" and c["result"] == 0]
    yield "capability", "%d, from %s" % (
        realm["cap"], source[-1] if source else "probing a throw-away Realm VM")
    yield "host's interface", report["personality"]
    yield "address width", "%d bits, the top one marks what is shared" % (
        realm["ipa-bits"])
    yield "MEC", "policy %s" % realm["mec-policy"].replace("unset", "default")
    yield "measured with", realm["hash"]
    yield "measurement", realm.get("rim", "none")
    yield "vCPUs", str(realm["recs"])
    for call in calls:
        if call["call"] == "REALM_INIT_RIPAS" and call["vm"] == realm["vm"]:
            yield "private RAM", "%#x + %d MiB" % (
                call["base"], call["size"] >> 20)
    for start, end in realm["populated"]:
        yield "put into it", "%#x..%#x" % (start, end - 1)
    conversions = sum(c["call"] == "EXIT_MEMORY_FAULT" for c in calls)
    yield "conversions", "%d asked for by the guest" % conversions
    yield "complaints", "%d by the simulator" % report["complaint-count"]
    yield "state", realm["state"]


def query_cca(path):
    """QEMU's answer to query-cca: the one that speaks of a Realm"""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            answer = json.loads(line).get("return", {}) if line.strip() else {}
            if isinstance(answer, dict) and "enabled" in answer:
                return answer
    return {}


def query_lines(info, report):
    """(label, text) pairs about what QEMU says of it"""
    if not info:
        return
    rims = [vm.get("rim") for vm in report["vms"]]
    yield "query-cca", "state %s, kernel ABI %s, %s, the %s measurement" % (
        info["state"], info["kernel-abi"], info["measurement-algorithm"],
        "no" if "rim" not in info else "same" if info["rim"] in rims else "OTHER")
    for image in info["images"]:
        yield "image", "%s: %d bytes at %#x, %s%s" % (
            os.path.basename(image["name"]), image["size"], image["address"],
            "measured" if image["measured"] else "not measured",
            ", digest %s..." % image["digest"][:16] if "digest" in image else "")


def token_lines(path, report):
    """(label, text) pairs about the token that the guest got; PATH has claims"""
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as lines:
        claims = dict(line.split(None, 1) for line in lines if " " in line)
    rims = [vm.get("rim") for vm in report["vms"]]
    yield "token", "the %s measurement, signed %s" % (
        "same" if claims.get("rim", "").strip() in rims else "OTHER",
        claims.get("signed", "?").strip())


def main():
    base = os.path.join(sys.argv[1], sys.argv[2])
    with open(base + ".report", encoding="utf-8") as file:
        report = json.load(file)
    for label, text in simulator_lines(report):
        print("%-17s %s" % (label, text))
    for label, text in query_lines(query_cca(base + ".qmp"), report):
        print("%-17s %s" % (label, text))
    for label, text in token_lines(base + ".claims", report):
        print("%-17s %s" % (label, text))


main()
