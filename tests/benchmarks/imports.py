"""Importing, beside an interpreter that does nothing."""

from __future__ import annotations

import subprocess
import sys

from tests.benchmarks.harness import Contest, Side


def interpreter(code):
    def run(times):
        for _ in range(times):
            subprocess.run([sys.executable, "-c", code], check=True)

    run(1)  # which writes what is compiled
    return run, []


def contests():
    codes = ("pass", "import autograd", "import autograd, nn", "import numpy")
    sides = tuple(Side(code, "imports:interpreter", (code,)) for code in codes)
    yield Contest("import", sides, "process")
