#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""build-harness - a fuzzing harness, from a build of QEMU by gcc

  build-harness NAME RESOURCE_DIR OUTPUT_DIR [SED_SCRIPT]

Run in QEMU's build directory.  The harness and the files that it is about are
compiled by clang with libFuzzer, ASan and UBSan, with the flags that the build
has for these files; the rest of QEMU is linked as it is, in the way of a unit
test.  RESOURCE_DIR is that of clang, with the libraries of the sanitizers.
With SED_SCRIPT the files have a mistake, to see that it is found.
"""

import json
import os
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = "/src/qemu"

# Name: the test to link like, the file whose flags the harness gets, the files
# that are instrumented, and those that are part of the harness
HARNESSES = {
    "plan": ("test-rme-plan", "hw/arm/cca/plan.c", ["hw/arm/cca/plan.c"], []),
    "shared": ("test-rme-shared", "hw/arm/cca/shared.c",
               ["hw/arm/cca/shared.c", "hw/arm/cca/shared-stale.c"], []),
    "event-log": ("test-rme-event-log", "hw/arm/cca/event-log.c",
                  ["hw/arm/cca/event-log.c", "hw/arm/cca/measure.c",
                   "hw/arm/cca/plan.c"], []),
    "property": ("test-rme-dma", "hw/arm/cca/guest.c",
                 ["hw/arm/cca/guest.c", "util/base64.c"], []),
    "image": ("test-rme-dma", "hw/arm/boot.c", ["hw/core/loader.c"],
              ["hw/arm/boot.c"]),
}
# As QEMU's own builds for UBSan; and memcpy() of 0 bytes to NULL is common there
SANITIZE = ["-fsanitize=fuzzer,address,undefined",
            "-fno-sanitize=function,nonnull-attribute",
            "-fno-sanitize-recover=undefined"]
# What clang does not know, or says of code that gcc is content with
GCC_ONLY = {"-Wold-style-declaration", "-Wimplicit-fallthrough=2",
            "-Wshadow=local", "-fdiagnostics-color=auto", "-MD", "-c"}
QUIET = ["-Wno-error", "-Wno-unknown-warning-option", "-Wno-missing-prototypes",
         "-Wno-gnu-variable-sized-type-not-at-end", "-Wno-initializer-overrides",
         "-Wno-string-plus-int", "-Wno-tautological-type-limit-compare",
         "-Wno-typedef-redefinition"]


def ninja_database(*rules):
    return json.loads(subprocess.run(["ninja", "-t", "compdb", "-x", *rules],
                                     check=True, stdout=subprocess.PIPE).stdout)


def flags(path, test):
    """How the build compiles a file, without what it reads and writes"""
    with open("compile_commands.json", encoding="utf-8") as file:
        entries = [e for e in json.load(file) if e["file"].endswith(path)]
    own = [e for e in entries if f"/{test}.p/" in e["output"]]
    words = iter(shlex.split((own or entries)[0]["command"])[1:])
    out = []
    for word in words:
        if word in ("-MQ", "-MF", "-o"):
            next(words)
        elif word not in GCC_ONLY and not word.endswith(path):
            out.append(word)
    return out + QUIET + ["-O1"]


def link_arguments(test, replaced):
    """What the test is linked from, without its own files and REPLACED"""
    path = f"tests/unit/{test}"
    entry, = [e for e in ninja_database("c_LINKER", "c_LINKER_RSP")
              if e["output"] == path]
    objects = tuple("/" + r.replace("/", "_") + ".o" for r in replaced)
    words = iter(shlex.split(entry["command"])[1:])
    out = []
    for word in words:
        if word == "-o":
            next(words)
        elif not word.startswith(path) and not word.endswith(objects):
            out.append(word)
    return out


def run(*command):
    """The messages of the compiler say it all"""
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"build-harness: {command[0]} failed")


def with_mistake(source, script, output):
    """A copy that has it"""
    copy = f"{output}/mistake-{os.path.basename(source)}"
    run("sed", "-n", f"{script};w{copy}", source)
    return copy


def main():
    name, resources, output = sys.argv[1:4]
    test, like, instrumented, included = HARNESSES[name]
    clang = ["clang", "-resource-dir", resources] + SANITIZE
    objects = []
    jobs = [(f"{HERE}/fuzz-{name}.c", like)]
    for path in instrumented:
        source = f"{SOURCE}/{path}"
        if sys.argv[4:]:
            source = with_mistake(source, sys.argv[4], output)
        jobs.append((source, path))
    for source, flags_of in jobs:
        objects.append(f"{output}/{name}-{os.path.basename(source)}.o")
        # A copy with a mistake includes what is beside the original
        run(*clang, *flags(flags_of, test), "-I", HERE, "-iquote",
            os.path.dirname(f"{SOURCE}/{flags_of}"), "-c", source,
            "-o", objects[-1])
    run(*clang, *objects, *link_arguments(test, instrumented + included),
        "-o", f"{output}/fuzz-{name}")


if __name__ == "__main__":
    main()
