# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of cca-measure itself"""

import argparse
import base64
import binascii
import os
import shlex
import sys

from . import Bad, compare, dryrun, inputs, read_file, rim
from .cmdline import CommandLine, split
from .domain import Domain
from .formats import FORMATS, REMS, RPV_SIZE, Measurement

DESCRIPTION = """\
The Realm Initial Measurement of a launch, before it: from the QEMU command line
(after --, or in a file) or from a libvirt domain XML. QEMU itself computes it, on
any machine, in a dry run.

  cca-measure [OPTION...] -- qemu-system-aarch64 ...
  cca-measure [OPTION...] FILE              command line or domain XML; - is stdin
  cca-measure diff INPUTS INPUTS            what differs, in words
  cca-measure verify INPUTS                 compute it again, without QEMU

Exit status: 0; 1 if something is wrong, with one line on stderr; 2 if diff or
verify found a difference."""

FORMAT_NAMES = list(FORMATS) + ["inputs"]
DIFFERENT = 2
# Flags for what only the real host knows: the CPU property of each
CPU_FLAGS = {"breakpoints": "num-breakpoints", "watchpoints": "num-watchpoints",
             "pmu_counters": "num-pmu-counters"}
MAY_BE_OFF = {"pmu_counters": "pmu"}
# The same of the rme-guest: what it may be
REALM_FLAGS = {"kernel-abi": ("a", "b", "b1", "b2", "b3", "b4", "b5"), "lpa2": ("on", "off")}


class Parser(argparse.ArgumentParser):
    """A usage error is an error like any other: one line, status 1"""

    def error(self, message):
        raise Bad(f"{message} (see {self.prog} --help)")


def parser():
    p = Parser(prog="cca-measure", description=DESCRIPTION, allow_abbrev=False,
               formatter_class=argparse.RawDescriptionHelpFormatter,
               usage=argparse.SUPPRESS)
    p.add_argument("--format", metavar="F", default="hex",
                   help=f"one of {', '.join(FORMAT_NAMES)} (hex)")
    p.add_argument("--old-profile", action="store_true",
                   help="comid and corim of Veraison's profile before 2025")
    p.add_argument("--rem", metavar="HEX", action="append", default=[],
                   help="what the guest will have extended: REM0, and so on")
    p.add_argument("--qemu", metavar="PATH", help="the QEMU to ask")
    p.add_argument("--firmware", metavar="FILE",
                   help="for <os firmware='efi'> without a path: the image")
    for name in CPU_FLAGS:
        flag = name.replace("_", "-")
        value, none = ("off|N", ", or off for no PMU") if name in MAY_BE_OFF else ("N", "")
        p.add_argument(f"--{flag}", metavar=value, help="the number of "
                       f"{flag.replace('-', ' ')}{none}, if -cpu does not say it")
    p.add_argument("--sve", metavar="off|BITS",
                   help="the SVE vector length, if -cpu does not say it")
    p.add_argument("--kernel-abi", metavar="G",
                   help="generation of the host's kernel: a, b1 to b5, or b (a)")
    p.add_argument("--lpa2", metavar="on|off",
                   help="does the host's KVM use 52-bit addresses? Generations b1 to b4")
    p.add_argument("--show-command", action="store_true",
                   help="print the QEMU command line that is measured, run nothing")
    p.add_argument("file", metavar="FILE", nargs="?", help=argparse.SUPPRESS)
    return p


def decimal(value, flag):
    if not (value.isascii() and value.isdigit() and len(value) < 5):
        raise Bad(f"{flag} {value}: not a number")
    return str(int(value))


def command_line(args, words):
    """The CommandLine to measure, with what the flags add"""
    if words and args.file:
        raise Bad(f"both '{args.file}' and a command line after --: give one of them")
    if words:
        line = CommandLine(words)
    elif args.file:
        line = from_file(args)
    else:
        raise Bad("nothing to measure: give a file, or a command line after --")
    for name, prop in CPU_FLAGS.items():
        value, flag = getattr(args, name), "--" + name.replace("_", "-")
        if value == "off" and name in MAY_BE_OFF:
            line.set_on_cpu(MAY_BE_OFF[name], "off", flag)
        elif value is not None:
            line.set_on_cpu(prop, decimal(value, flag), flag)
    if args.sve == "off":
        line.set_on_cpu("sve", "off", "--sve")
    elif args.sve is not None:
        line.set_on_cpu(f"sve{decimal(args.sve, '--sve')}", "on", "--sve")
    for name, values in REALM_FLAGS.items():
        value = getattr(args, name.replace("-", "_"))
        if value is not None:
            if value not in values:
                raise Bad(f"--{name} {value}: not one of {', '.join(values)}")
            line.add_to_realm(name, value)
    return line


def from_file(args):
    data = read_file(args.file, "file")
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return CommandLine(Domain(data, args.file, args.firmware).args())
    try:
        words = split(data.decode("utf-8"))
    except UnicodeDecodeError as err:
        raise Bad(f"{args.file} is neither a command line nor XML") from err
    if not words:
        raise Bad(f"{args.file} is empty")
    return CommandLine(words)


def rpv_of(text):
    try:
        rpv = base64.b64decode(text, validate=True)
    except (TypeError, binascii.Error) as err:
        raise Bad(f"the personalization value is not base64: {err}") from err
    if len(rpv) != RPV_SIZE:
        raise Bad(f"the personalization value has {len(rpv)} bytes, not {RPV_SIZE}")
    return rpv


def rems_of(values, size):
    if len(values) > REMS:
        raise Bad(f"--rem was given {len(values)} times: there are {REMS}")
    for value in values:
        if not inputs.is_hex(value, size):
            raise Bad(f"--rem {value}: not {size} bytes in hex")
    return [bytes.fromhex(value) for value in values]


def measure(args, words):
    if args.format not in FORMAT_NAMES:
        raise Bad(f"there is no format '{args.format}', only {', '.join(FORMAT_NAMES)}")
    if args.old_profile and args.format not in ("comid", "corim"):
        raise Bad("--old-profile is for the formats comid and corim")
    line = command_line(args, words)
    line.need_realm()
    if args.show_command:
        return shlex.join([line.binary or dryrun.NAME] + line.args)
    command = dryrun.find(args.qemu, line.binary)
    info, text, warnings = dryrun.run(command, line, args.format == "inputs")
    sys.stderr.write(warnings)
    if text is not None:
        return text.rstrip("\n")
    value = bytes.fromhex(info["rim"])
    # Their sizes differ
    sizes = {size: name for name, size in inputs.ALGORITHMS.items()}
    algorithm = info.get("measurement-algorithm", sizes.get(len(value)))
    if inputs.ALGORITHMS.get(algorithm) != len(value):
        raise Bad(f"QEMU answered with {len(value)} bytes of '{algorithm}'")
    # It is no part of the measurement, but the Realm has what is asked for
    rpv = rpv_of(line.need_realm()[1].get("personalization-value") or
                 base64.b64encode(bytes(RPV_SIZE)))
    result = Measurement(value, algorithm, rpv, rems_of(args.rem, len(value)))
    return FORMATS[args.format](result, args.old_profile)


def diff(paths):
    if len(paths) != 2:
        raise Bad("diff takes two inputs files")
    one, other = map(inputs.load, paths)
    lines = compare.compare(one, other)
    same = one["rim"].lower() == other["rim"].lower()
    if not lines and same:
        print("no difference")
        return 0
    for text in lines:
        print(text)
    if same:
        print("the measurement is the same")
    elif not lines:
        print("the measurement differs though nothing that leads to it does: "
              "'cca-measure verify' says which file is wrong")
    return DIFFERENT


def verify(paths):
    if len(paths) != 1:
        raise Bad("verify takes one inputs file")
    content = inputs.load(paths[0])
    computed = rim.compute(content).hex()
    wrong = list(inputs.contradictions(content))
    if computed != content["rim"].lower():
        wrong.append(f"the steps lead to {computed}, the file says {content['rim']}")
    for text in wrong:
        print(f"{paths[0]}: {text}")
    if not wrong:
        print(computed)
    return DIFFERENT if wrong else 0


def run(argv):
    if argv[:1] in (["diff"], ["verify"]):
        if any(word.startswith("-") and word != "-" for word in argv[1:]):
            raise Bad(f"{argv[0]} has no options")
        return (diff if argv[0] == "diff" else verify)(argv[1:])
    split_at = argv.index("--") if "--" in argv else len(argv)
    print(measure(parser().parse_args(argv[:split_at]), argv[split_at + 1:]))
    return 0


def main(argv):
    try:
        status = run(argv)
        sys.stdout.flush()
        return status
    except Bad as err:
        print(f"cca-measure: {err}", file=sys.stderr)
    except BrokenPipeError:
        # Who reads this has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
