# SPDX-License-Identifier: GPL-2.0-or-later
"""How the tests of Realms with Nova report: as those of cca-measure"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests", "cca-measure"))
from harness import check, result, tool  # noqa: E402, F401


def raises(sentence, kind, message, function, *args):
    """It raises that, and says so in one line"""
    try:
        function(*args)
        said = "nothing"
    except kind as err:
        said = str(err)
    result(sentence, message in said and "\n" not in said, said)
