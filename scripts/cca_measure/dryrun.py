# SPDX-License-Identifier: GPL-2.0-or-later
"""Let QEMU say what a launch would be measured as"""

import glob
import json
import os
import shutil
import subprocess
import tempfile

from . import Bad, read_file

NAME = "qemu-system-aarch64"
SCRIPTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def built_here():
    """The command of the build that belongs to this script, or None

    That is QEMU's directory build/, or, where the scripts make a Debian chroot
    to build in, the native build there.  The latter needs the loader, the
    libraries and the ROMs of the chroot.
    """
    plain = os.path.join(os.path.dirname(SCRIPTS), "build", NAME)
    library = os.path.join(SCRIPTS, "lib", "all.sh")
    if os.access(plain, os.X_OK) and not os.path.isdir(plain):
        return [plain]
    if not os.path.exists(library):
        return None
    script = '. "$0"; build_dir native; echo "$cache/$chroot_name"; echo "$cache/$roms"'
    asked = subprocess.run(["bash", "-c", script, library], text=True, check=False,
                           capture_output=True, stdin=subprocess.DEVNULL)
    lines = asked.stdout.splitlines()
    if asked.returncode or len(lines) != 3:
        return None
    binary, root, roms = os.path.join(lines[0], NAME), lines[1], lines[2]
    if not os.access(binary, os.X_OK):
        return None
    loaders = glob.glob(f"{glob.escape(root)}/usr/lib/*-linux-gnu/ld-linux-*.so.*")
    if not loaders:
        return [binary]
    return [loaders[0], "--library-path", os.path.dirname(loaders[0]), binary, "-L", roms]


def find(asked, named):
    """The command that starts QEMU: --qemu, a path on the command line, the
    build of this tree, or what is installed
    """
    for path, what in ((asked, "--qemu"), (named, "the command line")):
        if path and (path is asked or "/" in path):
            if not os.access(path, os.X_OK) or os.path.isdir(path):
                raise Bad(f"'{path}' of {what} is no program that can be run here")
            return [path if "/" in path else f"./{path}"]
    command = built_here()
    if command:
        return command
    path = shutil.which(NAME)
    if not path:
        raise Bad(f"there is no {NAME}: build it with 'scripts/build native', "
                  "or name one with --qemu")
    return [path]


def complaint(stderr):
    """What QEMU said, without its warnings, as one line"""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if ": warning: " not in line and ": info: " not in line]
    lines = errors or lines
    # The program's name says nothing new
    return "; ".join(line.partition(f"{NAME}: ")[2] or line for line in lines)


def run(command, line, with_inputs):
    """Measure the launch of the CommandLine @line

    Returns: QEMU's answer as a dict; the text of the inputs file, or None; and
    the warnings of QEMU
    """
    with tempfile.TemporaryDirectory(prefix="cca-measure-") as directory:
        inputs = os.path.join(directory, "inputs")
        line.set_on_realm(dry_run=True)
        if with_inputs:
            line.set_on_realm(measurement_inputs=inputs)
        try:
            done = subprocess.run(command + line.args, text=True, errors="replace",
                                  capture_output=True, stdin=subprocess.DEVNULL, check=False)
        except OSError as err:
            raise Bad(f"cannot run '{command[0]}': {err.strerror}") from err
        if done.returncode:
            why = complaint(done.stderr)
            if done.returncode < 0:
                why = f"it was ended by signal {-done.returncode}; {why}"
            raise Bad(f"QEMU: {why or f'exit status {done.returncode}'}")
        text = None
        if with_inputs:
            text = read_file(inputs, "inputs that QEMU wrote").decode("utf-8")
    return answer(done.stdout), text, done.stderr


def answer(stdout):
    try:
        info = json.loads(stdout)
    except ValueError as err:
        raise Bad("QEMU did not answer with a measurement: it may be one without "
                  "the dry run") from err
    if not isinstance(info, dict) or not info.get("rim"):
        raise Bad("QEMU answered without a measurement")
    return info
