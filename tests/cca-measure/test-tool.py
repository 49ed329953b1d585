#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The command lines that cca-measure takes and the formats that it writes

A stand-in answers for QEMU here; stage "measure" asks QEMU itself too.
"""

import base64
import json
import os
import tempfile
import uuid

from harness import check, fixture, prints, program, refusal, refuses, result, tool

QEMU = fixture("stand-in-qemu")
RIM256, RIM512 = bytes(range(32)), bytes(range(64, 128))
RPV = bytes(range(100, 164))
LAUNCH = ("qemu-system-aarch64", "-M", "virt,confidential-guest-support=r", "-cpu",
          "host,pmu=off", "-append", "-object", "-object", "rme-guest,id=r", "-daemonize")


def b64(data):
    return base64.b64encode(data).decode()


WITH_RPV = LAUNCH[:-2] + (f"rme-guest,id=r,personalization-value={b64(RPV)}",)


def answers(rim=RIM256, algorithm="sha256", **more):
    os.environ["ANSWER"] = json.dumps({"enabled": True, "rim": rim.hex(),
                                       "measurement-algorithm": algorithm, **more})


def seen():
    with open(os.environ["SEEN"], encoding="utf-8") as file:
        return json.load(file)


def passes(sentence, expected, *args, stdin=""):
    """These words reach QEMU"""
    done = tool("--qemu", QEMU, *args, stdin=stdin)
    check(sentence, (done.stderr, seen() if not done.returncode else None), ("", expected))


BAD = [
    ("nothing at all", (), "nothing to measure"),
    ("a file and a command line", ("x.xml", "--", *LAUNCH), "give one of them"),
    ("two files", ("a", "b"), "unrecognized arguments: b"),
    ("an unknown option", ("--fast",), "unrecognized arguments: --fast"),
    ("an option cut short", ("--form", "hex", "--", *LAUNCH), "unrecognized arguments"),
    ("an unknown format", ("--format", "xml", "--", *LAUNCH),
     "there is no format 'xml', only hex, base64, claims-json, comid, corim, trustee-rvps, "
     "ccatoken-rvstore, inputs"),
    ("the old profile of a format without one", ("--old-profile", "--", *LAUNCH),
     "is for the formats comid and corim"),
    ("a file that is not there", ("/nowhere/realm.xml",),
     "cannot read the file '/nowhere/realm.xml': No such file or directory"),
    ("a directory", ("/",), "cannot read the file '/': Is a directory"),
    ("an empty file", ("/dev/null",), "/dev/null is empty"),
    ("a command line without a Realm", ("--", "qemu-system-aarch64", "-M", "virt"),
     "there is no '-object rme-guest,id=...'"),
    ("a Realm that is only a value", ("--", "qemu", "-append", "rme-guest,id=r"),
     "there is no '-object rme-guest,id=...'"),
    ("another confidential guest", ("--", "qemu", "-object", "sev-guest,id=r"),
     "this is not the launch of a Realm"),
    ("an object that is not JSON", ("--", "qemu", "-object", "{"), "-object {: not JSON"),
    ("an object that is a list", ("--", "qemu", "-object", "{}", "-object", " []"),
     "there is no '-object"),
    ("an option without its value", ("--", *LAUNCH, "-m"), "the option -m at the end has no value"),
    ("a number that is none", ("--breakpoints", "six", "--", *LAUNCH), "--breakpoints six"),
    ("a number below zero", ("--watchpoints=-1", "--", *LAUNCH), "--watchpoints -1"),
    ("a vector length that is none", ("--sve", "yes", "--", *LAUNCH), "--sve yes"),
    ("a generation that is none", ("--kernel-abi", "b9", "--", *LAUNCH), "--kernel-abi b9"),
    ("LPA2 that is neither on nor off", ("--lpa2", "yes", "--", *LAUNCH), "--lpa2 yes"),
    ("LPA2 twice", ("--lpa2", "on", "--", "qemu", "-object", "rme-guest,id=r,lpa2=off"),
     "--lpa2 wants lpa2=on, and -object rme-guest has lpa2=off"),
    ("a number twice", ("--breakpoints", "6", "--", "qemu", "-cpu", "host,num-breakpoints=4",
                        "-object", "rme-guest,id=r"),
     "--breakpoints wants num-breakpoints=6, and -cpu has num-breakpoints=4"),
    ("a number without a PMU", ("--pmu-counters", "6", "--", "qemu", "-cpu", "host,pmu=off",
                                "-object", "rme-guest,id=r"),
     "--pmu-counters wants num-pmu-counters=6, and -cpu has pmu=off: leave one of them out"),
    ("no PMU with a number", ("--pmu-counters", "off", "--", "qemu", "-cpu",
                              "host,num-pmu-counters=4", "-object", "rme-guest,id=r"),
     "wants pmu=off, and -cpu has num-pmu-counters=4: leave one of them out"),
    ("a vector length without SVE", ("--sve", "512", "--", "qemu", "-cpu", "host,sve=off",
                                     "-object", "rme-guest,id=r"),
     "--sve wants sve512=on, and -cpu has sve=off: leave one of them out"),
    ("no SVE with a vector length", ("--sve", "off", "--", "qemu", "-cpu", "host,sve512=on",
                                     "-object", "rme-guest,id=r"),
     "--sve wants sve=off, and -cpu has sve512=on: leave one of them out"),
    ("a -readconfig that is not there", ("--", "qemu", "-readconfig", "/nowhere/file"),
     "cannot read the file of -readconfig '/nowhere/file': No such file or directory"),
    ("a -readconfig that is none", ("--", "qemu", "-readconfig", fixture("native.xml")),
     "native.xml:1: neither .group"),
    ("a number without a CPU", ("--pmu-counters", "6", "--", "qemu", "-object", "rme-guest,id=r"),
     "--pmu-counters needs a -cpu"),
    ("five REMs", ("--rem", "00" * 32) * 5 + ("--", *LAUNCH), "--rem was given 5 times"),
    ("a REM of another size", ("--rem", "00" * 64, "--", *LAUNCH), "not 32 bytes in hex"),
    ("a REM that is not hex", ("--rem", "zz" * 32, "--", *LAUNCH), "not 32 bytes in hex"),
    ("a quote that is not closed", ("-",), "No closing quotation"),
]


def test_refusals():
    answers()
    for what, args, message in BAD:
        done = tool("--qemu", QEMU, *args, stdin="qemu -append 'a")
        result(f"{what} is refused", refusal(done, message), done.returncode, done.stdout,
               done.stderr, f"expected {message}")
    refuses("a QEMU that is not there", "'/nowhere/qemu' of --qemu is no program", "--qemu",
            "/nowhere/qemu", "--", *LAUNCH)
    refuses("one that is a directory", "'/' of --qemu is no program", "--qemu", "/", "--", *LAUNCH)
    refuses("one on the command line that is not there", "of the command line is no program",
            "--", "/nowhere/qemu", *LAUNCH[1:])
    refuses("one that is no program", "cannot run '.*': Exec format error", "--qemu",
            os.environ["NO_PROGRAM"], "--", *LAUNCH)


def qemu_says(sentence, regex, says="", status="1", answer=None):
    answers()
    if answer is not None:
        os.environ["ANSWER"] = answer
    os.environ.update(SAYS=says, STATUS=status)
    refuses(sentence, regex, "--qemu", QEMU, "--", *LAUNCH)
    os.environ.update(SAYS="", STATUS="0")


def test_qemu_errors():
    qemu_says("QEMU's own error is one line", "QEMU: could not load kernel '/x'",
              "qemu-system-aarch64: warning: old\nqemu-system-aarch64: could not load kernel '/x'\n")
    qemu_says("an error of two lines too", "QEMU: no such option; try another",
              "qemu-system-aarch64: no such option\ntry another\n")
    qemu_says("an exit without a word", "QEMU: exit status 3", status="3")
    qemu_says("a QEMU that does not know the dry run", "did not answer with a measurement",
              status="0", answer="")
    qemu_says("an answer without a measurement", "without a measurement", status="0",
              answer='{"enabled": false}')
    for what, more, message in (
            ("of another size", {"algorithm": "sha512"}, "32 bytes of 'sha512'"),
            ("of a new algorithm", {"algorithm": "sha3"}, "32 bytes of 'sha3'"),
            ("of no size that there is", {"rim": b"123"}, "3 bytes of 'sha256'")):
        answers(**more)
        refuses(f"an answer {what}", message, "--qemu", QEMU, "--", *LAUNCH)
    answers()
    for value, message in (("?", "not base64"), ("AAAA", "has 3 bytes, not 64")):
        refuses(f"a personalization value of {value}", message, "--qemu", QEMU, "--", "qemu",
                "-object", f"rme-guest,id=r,personalization-value={value}")
    answers()
    os.environ["SAYS"] = "qemu-system-aarch64: warning: something\n"
    done = tool("--qemu", QEMU, "--", *LAUNCH)
    check("a warning is shown, and the measurement is", (done.stdout, done.stderr),
          (RIM256.hex() + "\n", os.environ["SAYS"]))
    os.environ["SAYS"] = ""


def test_command_lines():
    answers()
    rest = list(LAUNCH[1:])
    dry = rest[:7] + ["rme-guest,id=r,dry-run=on", "-daemonize"]
    passes("a command line is as it was but for dry-run=on", dry, "--", *LAUNCH)
    passes("it need not name QEMU", dry, "--", *LAUNCH[1:])
    passes("it can be a file", dry, "-",
           stdin="# the launch\nA=b C='d e' qemu-system-aarch64 \\\n  -M "
                 "virt,confidential-guest-support=r \\\n -cpu host,pmu=off -append -object"
                 " -object rme-guest,id=r -daemonize\n")
    passes("quotes are a shell's", ["-append", "a b'c\"d e\\\nf gh", "-object",
                                    "rme-guest,id=r,dry-run=on"], "-",
           stdin="""-append "a b'c\\"d"' e\\\nf '"g\\\nh" -object rme-guest,id=r""")
    for what, before, after in (
            ("as qom-type=", "qom-type=rme-guest,id=r", "qom-type=rme-guest,id=r,dry-run=on"),
            ("with a comma in a value", "rme-guest,id=a,,b",
             "rme-guest,id=a,,b,dry-run=on"),
            ("with dry-run=off", "rme-guest,dry-run=off,id=r", "rme-guest,id=r,dry-run=on"),
            ("as JSON", '{"qom-type":"rme-guest","id":"r"}',
             '{"qom-type": "rme-guest", "id": "r", "dry-run": true}')):
        passes(f"the object {what}", ["--object", after, "-S"], "--", "qemu", "--object",
               before, "-S")
    passes("what only a host knows", ["-object", "rme-guest,id=r,dry-run=on", "-cpu",
                                      "host,num-watchpoints=4,num-breakpoints=6,"
                                      "num-pmu-counters=8,sve512=on"],
           "--breakpoints", "6", "--watchpoints", "4", "--pmu-counters", "8", "--sve", "512",
           "--", "qemu", "-object", "rme-guest,id=r", "-cpu", "host,num-watchpoints=4")
    passes("the kernel of the host", ["-object", "rme-guest,id=r,kernel-abi=b3,lpa2=on,dry-run=on"],
           "--kernel-abi", "b3", "--lpa2", "on", "--", "qemu", "-object", "rme-guest,id=r")
    passes("no PMU and no SVE", ["-object", "rme-guest,id=r,dry-run=on", "-cpu",
                                 "host,pmu=off,sve=off"],
           "--sve", "off", "--pmu-counters", "off", "--", "qemu", "-object", "rme-guest,id=r", "-cpu", "host")
    passes("a file of -readconfig with the object", [
        "-S", "-object", "id=r,qom-type=rme-guest,dry-run=on", "-m", "size=1G",
        "-device", "driver=virtio-rng-pci", "-name", "a,,b"],
           "--", "qemu", "-S", "-readconfig", fixture("realm.cfg"), "-name", "a,,b")
    done = tool("--qemu", QEMU, fixture("native.xml"))
    check("a domain XML", (done.stderr, seen()[:2], seen()[-2:]),
          ("", ["-nodefaults", "-no-user-config"],
           ["-smp", "2,sockets=2,cores=1,threads=1"]))
    os.environ["INPUTS"] = '{"version": 1}\n'
    prints("inputs are what QEMU wrote", '{"version": 1}', "--qemu", QEMU, "--format", "inputs",
           "--", *LAUNCH)


def shown(name, *args):
    return json.loads(tool("--qemu", QEMU, "--format", name, *args, "--", *WITH_RPV).stdout)


# Readers of the formats: each takes the RIM, the algorithm, and the RPV from
# where those who use the format look for them, and nothing else may be there
def read_claims(value):
    rems = value.pop("cca-realm-extensible-measurements")
    return (value.pop("cca-realm-initial-measurement"), value.pop("cca-realm-hash-algo-id"),
            value.pop("cca-realm-personalization-value"), rems, value)


def read_comid(value):
    uuid.UUID(value["tag-identity"].pop("id"))
    (triple,) = value["triples"].pop("reference-values")
    class_id = triple["environment"]["class"]["id"]
    keyed = {m["key"]["value"]: m["value"] for m in triple["measurements"]}
    ((algorithm, rim),) = keyed.pop("cca.rim")["digests"]
    rpv = keyed.pop("cca.rpv")["raw-value"]
    rems = [keyed.pop(f"cca.rem{i}")["digests"][0] for i in range(len(keyed))]
    return (rim, algorithm, rpv, rems, class_id, keyed, value,
            {m["key"]["type"] for m in triple["measurements"]})


def read_old_comid(value):
    (triple,) = value["triples"]["reference-values"]
    (measurement,) = triple["measurements"]
    registers = measurement["value"]["integrity-registers"]
    return (triple["environment"]["instance"], measurement["value"]["raw-value"],
            [registers[r]["value"] for r in ("rim", "rem0", "rem1", "rem2", "rem3")],
            {r["key-type"] for r in registers.values()})


def test_formats():
    rem = bytes(range(32, 64))
    for rim, algorithm, iana, name in ((RIM256, "sha256", 1, "sha-256"),
                                       (RIM512, "sha512", 8, "sha-512")):
        answers(rim, algorithm)
        zero = bytes(len(rim))
        prints(f"hex of {name}", rim.hex(), "--qemu", QEMU, "--", *LAUNCH)
        done = tool("--qemu", QEMU, "--format", "base64", "--", *LAUNCH)
        check(f"base64 of {name} is the hex", base64.b64decode(done.stdout.strip(), validate=True), rim)
        check(f"claims-json of {name}", read_claims(shown("claims-json")),
              (b64(rim), name, b64(RPV), [b64(zero)] * 4, {}))
        bytes_of = {"type": "bytes"}
        check(f"comid of {name}", read_comid(shown("comid")),
              (b64(rim), iana, {**bytes_of, "value": b64(RPV)}, [],
               {**bytes_of, "value": b64(rim)}, {},
               {"tag-identity": {"version": 0}, "triples": {}}, {"string"}))
        check(f"comid of the old profile and {name}", read_old_comid(
            shown("comid", "--old-profile")),
              ({**bytes_of, "value": b64(rim)}, {**bytes_of, "value": b64(RPV)},
               [[f"{name};{b64(rim)}"]] + [[f"{name};{b64(zero)}"]] * 4, {"text"}))
        check(f"trustee-rvps of {name}", shown("trustee-rvps"),
              {"cca.realm.cca-realm-initial-measurement": [b64(rim)]})
        check(f"ccatoken-rvstore of {name}", shown("ccatoken-rvstore"),
              {"platform": [], "realm": [{
                  "initial-measurement": rim.hex(), "rak-hash-algorithm": "sha-256",
                  "extensible-measurements": [zero.hex()] * 4,
                  "personalization-value": RPV.hex()}]})
    answers()
    check("comid with a REM", read_comid(shown("comid", "--rem", rem.hex()))[3], [[1, b64(rem)]])
    check("ccatoken-rvstore with a REM", shown("ccatoken-rvstore", "--rem", rem.hex())
          ["realm"][0]["extensible-measurements"], [rem.hex()] + ["00" * 32] * 3)
    check("without a personalization value it is zero",
          base64.b64decode(read_claims(json.loads(tool(
              "--qemu", QEMU, "--format", "claims-json", "--", *LAUNCH).stdout))[2]), bytes(64))
    check("corim names the profile", shown("corim")["profile"],
          {"type": "uri", "value": "tag:arm.com,2025:cca_realm#1.0.0"})
    check("corim of the old profile", shown("corim", "--old-profile")["profile"]["value"],
          "http://arm.com/cca/realm/1")
    check("identifiers do not change", shown("corim"), shown("corim"))
    one = shown("comid")["tag-identity"]["id"]
    answers(bytes(32))
    result("and are others for another Realm", shown("comid")["tag-identity"]["id"] != one)


def test_program():
    """Once as its users run it"""
    done = program("--qemu", QEMU, "--", *LAUNCH[1:], ANSWER=json.dumps(
        {"rim": RIM256.hex(), "measurement-algorithm": "sha256"}))
    check("the program prints the measurement", (done.returncode, done.stdout, done.stderr),
          (0, RIM256.hex() + "\n", ""))
    done = program("--format")
    result("the program says what is wrong in one line", refusal(done, "expected one argument"),
           done.returncode, done.stderr)
    done = program("--help")
    result("and how it is used", done.returncode == 0 and "--format" in done.stdout, done.stdout)


with tempfile.TemporaryDirectory() as directory:
    os.environ["SEEN"] = os.path.join(directory, "seen")
    os.environ["NO_PROGRAM"] = os.path.join(directory, "no-program")
    with open(os.environ["NO_PROGRAM"], "wb") as _file:
        _file.write(b"\0\0\0")
    os.chmod(os.environ["NO_PROGRAM"], 0o755)
    test_refusals()
    test_qemu_errors()
    test_command_lines()
    test_formats()
    test_program()
