"""Which lines the tests reach: of C, or of Python.

python -m tests.coverage                        all that concerns C, some minutes
python -m tests.coverage tests/c tests/heart    these tests only
python -m tests.coverage --python               of Python, by all tests: as long as these take
python -m tests.coverage --missing              the lines as well that nothing reaches

For C the extensions are built for gcov in a copy, and tried there. Each header is counted once,
whichever unit it is compiled in: with the kernels of the best instruction set that the processor
has, then with those of the others. For Python it takes `pip install coverage`, and is fastest on
3.12 and later; what runs in a process of its own is counted too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = (
    "tests/c", "tests/heart", "tests/modes", "tests/derivatives/test_functional.py",
    "tests/program", "tests/hostile/test_interrupts.py", "tests/fuzz",
)  # fmt: skip
ENGINE = ("tests/heart", "tests/rows", "tests/modes")  # what tells of the engine in Python
OTHERS = {  # instruction sets, and what is enough to try their kernels
    "v3": ("tests/program/executors/native", "tests/program/executors/test_networks.py"),
    "plain": ("tests/program/executors/native", "tests/program/executors/test_networks.py"),
}


def built(copy):
    """Build the extensions in a copy of the sources, so that they count."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    setup = copy / "setup.py"
    setup.write_text(setup.read_text().replace('"-O3"', '"-O1", "-fno-inline", "--coverage"'))
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    subprocess.run(command, cwd=copy, env={**os.environ, "LDFLAGS": "--coverage"}, check=True)


def tried(copy, tests, tile=""):
    """Run tests in the copy; whether they pass is for others to say."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    subprocess.run(command, cwd=copy, env={**os.environ, "AUTOGRAD_TILE": tile}, check=False)


def counted(copy):
    """Return how often each line was reached, by file: in all units that have it together."""
    reached = defaultdict(lambda: defaultdict(int))
    for data in sorted(copy.glob("build/**/*.gcda")):
        found = subprocess.run(
            ["gcov", "--json-format", "--stdout", data], cwd=copy, capture_output=True, check=True
        )
        for file in json.loads(found.stdout)["files"]:
            if file["file"].startswith("autograd/"):
                for line in file["lines"]:
                    reached[file["file"]][line["line_number"]] += line["count"]
    return reached


def reported(reached, missing):
    """Print the share of lines that were reached, of each file and of all."""
    total = sum(map(len, reached.values()))
    none = {name: [k for k, n in sorted(x.items()) if not n] for name, x in reached.items()}
    for name in sorted(reached, key=lambda name: -len(none[name])):
        lines = len(reached[name])
        print(f"{name}: {lines - len(none[name])} of {lines}", end="")
        print(f", not {' '.join(map(str, none[name]))}" if missing and none[name] else "")
    left = sum(map(len, none.values()))
    print(f"{total - left} of {total} lines of C, {1 - left / total:.1%}")


CONFIGURATION = """
[run]
source = autograd, nn
parallel = true
patch = subprocess
data_file = {folder}/found
disable_warnings = no-sysmon
[report]
skip_covered = true
show_missing = {missing}
exclude_also =
    if TYPE_CHECKING:
    ^ *\\.\\.\\.$
    : \\.\\.\\.$
"""


def counted_in_python(folder, tests, missing):
    """Run tests on both engines, and print which lines of Python they reached."""
    (folder / "rc").write_text(CONFIGURATION.format(folder=folder, missing=missing))
    tool = [sys.executable, "-m", "coverage"]
    own = f"--rcfile={folder / 'rc'}"
    environment = {**os.environ, "COVERAGE_CORE": "sysmon"}
    for engine in ("", "python"):
        some = tests or (ENGINE if engine else ())
        command = [*tool, "run", own, "-m", "pytest", "-q", "-n", "2", *some]
        subprocess.run(
            command, cwd=ROOT, env={**environment, "AUTOGRAD_IMPLEMENTATION": engine}, check=False
        )
    subprocess.run([*tool, "combine", "-q", own], cwd=ROOT, check=True)
    subprocess.run([*tool, "report", own], cwd=ROOT, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tests", nargs="*", default=TESTS, help="what to run")
    parser.add_argument("--missing", action="store_true", help="print lines that are not reached")
    parser.add_argument("--python", action="store_true", help="of Python instead")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        copy = Path(folder)
        if options.python:
            counted_in_python(
                copy, () if options.tests is TESTS else options.tests, options.missing
            )
            return
        built(copy)
        tried(copy, options.tests)
        for tile, tests in OTHERS.items() if options.tests is TESTS else ():
            tried(copy, tests, tile)
        reported(counted(copy), options.missing)


if __name__ == "__main__":
    main()
