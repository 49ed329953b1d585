#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""installed-targets DIR - the files of a meson build that are installed

For ninja to make these and what they need, but no tests.
"""

import json
import os
import subprocess
import sys

build = sys.argv[1]
targets = json.loads(subprocess.check_output(
    ["meson", "introspect", "--targets", build]))
print(*(os.path.relpath(name, build) for target in targets
        if target["installed"] for name in target["filename"]))
