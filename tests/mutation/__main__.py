"""Change the sources at random, one place at a time, and see whether a test fails.

python -m tests.mutation --count 300 --seed 0         a sample over the engine and the compiler
python -m tests.mutation --only autograd/sweep.py      all places of one file
python -m tests.mutation --count 300 --skip 120        go on behind the first 120 of the sample

Everything happens in a copy. Each change meets a few quick tests first, and more of them only
where it survives. What survives all is printed as a line: file, line, what was changed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import resource
import shutil
import sys
import tempfile
from pathlib import Path
from random import Random

from tests.mutation.places import changed, places

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "mpmath", "scipy.optimize", "scipy.sparse")
SECONDS = 120  # of processor time, after which a change is taken for an endless loop
PYTHON = {"AUTOGRAD_IMPLEMENTATION": "python"}
HEART = (
    (PYTHON, "tests/heart/test_value.py"),
    (PYTHON, "tests/heart/test_primitives.py"),
    (PYTHON, "tests/heart/test_digits.py", "tests/modes", "tests/derivatives/test_identities.py"),
    (PYTHON, "tests/derivatives", "tests/rows", "tests/heart/test_memory.py"),
    ({}, "tests/heart/test_implementations.py", "tests/c", "tests/program/test_program.py"),
)
COMPILER = (
    ({}, "tests/program/executors/test_networks.py"),
    ({}, "tests/program/test_plans.py", "tests/program/test_describe.py"),
    ({}, "tests/program/compiler", "tests/program/verification/test_witness.py",
     "tests/program/test_recordings.py", "tests/program/executors/test_contractions.py"),
    ({}, "tests/program/executors", "tests/program/test_training.py", "tests/fuzz"),
)  # fmt: skip
SUBJECTS = {
    **dict.fromkeys(("autograd/primitives.py", "autograd/value.py", "autograd/sweep.py"), HEART),
    **{
        str(path.relative_to(ROOT)): COMPILER
        for path in sorted((ROOT / "autograd/program/compiler").glob("*.py"))
    },
}


def passes(copy, stage):
    """Run tests in a fork of this process, which has loaded what takes long; is all well?"""
    settings, *tests = stage
    child = os.fork()
    if not child:
        try:
            _tested(copy, settings, tests)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status == 0


def _tested(copy, settings, tests):
    import pytest

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    os.chdir(copy)
    os.environ.update(settings)
    for name in [x for x in sys.modules if x.split(".")[0] == "tests"]:
        del sys.modules[name]
    sys.path[:] = [str(copy), *(x for x in sys.path if x not in ("", str(ROOT)))]
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1), os.dup2(nothing, 2)
    os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]))


def survives(copy, name, place):
    """Whether all tests pass with a change in a file of the copy, which is put back."""
    file = copy / name
    before = file.read_text()
    try:
        file.write_text(changed(before, place))
        return all(passes(copy, stage) for stage in SUBJECTS[name])
    finally:
        file.write_text(before)


def sample(options):
    names = [options.only] if options.only else SUBJECTS
    every = [(name, place) for name in names for place in places((ROOT / name).read_text())]
    Random(options.seed).shuffle(every)
    return every[options.skip : None if options.only else options.count]


def copied(folder):
    copy = Path(folder, "copy")
    leave = shutil.ignore_patterns(".git", "build", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT, copy, ignore=leave)
    return copy


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--only", choices=SUBJECTS)
    options = parser.parse_args()
    for name in HEAVY:
        importlib.import_module(name)
    sys.dont_write_bytecode = True
    killed = tried = 0
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = copied(folder)
        for stage in (HEART[0], COMPILER[0]):
            assert passes(copy, stage), f"the tests fail as it is: {stage}"
        for name, place in sample(options):
            tried += 1
            if survives(copy, name, place):
                print(f"{name}:{place.line}: {place.what}", flush=True)
            else:
                killed += 1
            print(f"# {killed} of {tried} killed", file=sys.stderr, flush=True)
    print(f"{killed} of {tried} killed")


if __name__ == "__main__":
    main()
