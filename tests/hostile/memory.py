"""No memory while programs are made and run: each allocation is failed in turn, and tried again.

python -m tests.hostile.memory --every 1                   each allocation, some minutes
python -m tests.hostile.memory --every 50 --only "train, native"

Every try is a process of its own, for a mistake may crash it. What fails says so, by an exception;
the same work is then done in peace and must give the numbers it always gives, or be refused.
NumPy itself loses the right to write to a view where memory fails it; that is such a refusal. It
also crashes in some places, which is not counted where the line calls none of our extensions.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import linecache
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any
from unittest.mock import patch

import numpy as np

import nn
from autograd import Program, jit, tanh
from autograd.program import machine, plans
from autograd.program.executors import registry
from tests.program import zoo
from tests.program.reference import bits

LOSS, INPUTS, PARAMETERS = zoo.mlp(sizes=(3, 4, 2))
X = np.random.default_rng(0).normal(size=(40, len(INPUTS)))
FAILED = (MemoryError, SystemError)  # the second where Python has no memory to say so
REFUSED = ("read-only", "output array is not acceptable")  # where NumPy may not write any more
OTHERS = (*REFUSED, "StringDType", "allocate lock", "bytes-like")  # what NumPy and locks say
OURS = (
    "_value",
    "_replay",
    "_witness",
    "_grouping",
    "compiled",
    "replay",
    "run(",
    "compare(",
)  # a call of C
CALM = 4  # tries in a row without a failure: all allocations were failed

Work = tuple[Callable[[], Any], Callable[[Any], list[bytes]]]  # what is there before, and the work


def made(executor: str) -> Program:
    way = "native" if executor == "tape" else executor
    with patch.object(registry, "is_irregular", lambda nodes, groups: executor == "tape"):
        return Program(LOSS, inputs=INPUTS, parameters=PARAMETERS, executor=way)


def first_call(executor: str) -> Work:
    def act(nothing: Any) -> list[bytes]:
        with patch.object(machine, "PLANS", plans.Plans()):
            return bits(*made(executor)(X[:5]))

    return lambda: None, act


def other_lanes(executor: str) -> Work:
    def ready() -> Program:
        program = made(executor)
        program(X[:3])
        return program

    return ready, lambda program: bits(*program(X[:7]), program.value(LOSS))


def train(executor: str) -> Work:
    def act(program: Program) -> list[bytes]:
        program.load_parameters()
        return bits(program.train(X, nn.Adam(program.parameters), 6, 8), program(X)[1])

    return partial(made, executor), act


def jitted() -> Work:
    ready = lambda: jit(lambda x: tanh(x[0] * x[1]) + x[1])
    return ready, lambda f: bits(f.value_and_grad([0.3, 0.5])[1])


WORK: dict[str, Callable[[], Work]] = {
    **{f"first call, {x}": partial(first_call, x) for x in ("native", "numpy", "tape")},
    **{f"other lanes, {x}": partial(other_lanes, x) for x in ("native", "numpy", "tape")},
    **{f"train, {x}": partial(train, x) for x in ("native", "numpy")},
    "jit": jitted,
}


def _try(work: Work, expected: list[bytes], start: int) -> tuple[bool, str]:
    """Fail one allocation; return whether that was noticed, and what is wrong."""
    import _testcapi

    ready, act = work
    subject, failed, wrong = ready(), False, ""
    gc.collect()  # empties Python's lists of free objects
    try:
        _testcapi.set_nomemory(start, start + 1)
        try:
            found = act(subject)
        finally:
            _testcapi.remove_mem_hooks()
        wrong = "" if found == expected else "other numbers without an error"
    except Exception as error:
        failed = True
        if not isinstance(error, FAILED) and not any(x in str(error) for x in OTHERS):
            wrong = f"{type(error).__name__}: {error}"
    try:
        wrong = wrong or ("" if act(subject) == expected else "other numbers afterwards")
    except ValueError as error:
        refused = any(x in str(error) for x in REFUSED)
        wrong = wrong or ("" if refused else f"afterwards: {error}")
    return failed, wrong


def _tried_apart(work: Work, expected: list[bytes], start: int) -> tuple[bool, str]:
    """Do that in a process of its own."""
    source, end = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what Python prints of what it lost
        faulthandler.enable(end)
        failed, wrong = _try(work, expected, start)
        os.write(end, wrong.encode()[:4000])
        os._exit(failed)
    os.close(end)
    with os.fdopen(source) as pipe:
        wrong = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return bool(status), wrong if status in (0, 1) else _crash(wrong)


def _crash(said: str) -> str:
    """Return where a process crashed; nothing where NumPy did, in whose C code memory failed."""
    place = re.search(r'File "(.*)", line (\d+) in (\w+)', said)
    if place is None:
        return "crashed"
    file, line, function = place.groups()
    said = f"crashed in {function}, {file}:{line}"
    if not any(name in linecache.getline(file, int(line)) for name in OURS):
        print(f"NumPy {said}", flush=True)
        return ""
    return said


def faults(name: str, every: int, first: int = 0) -> Iterator[str]:
    """Fail every `every`-th allocation of a work; say what went wrong, and how many there are."""
    warnings.simplefilter("ignore")
    work = WORK[name]()
    ready, act = work
    expected = act(ready())
    if act(ready()) != expected:
        yield f"{name} is not the same twice"
    calm = 0
    for start in count(first, every):
        failed, wrong = _tried_apart(work, expected, start)
        if wrong:
            yield f"{name}, allocation {start}: {wrong}"
        calm = 0 if failed or wrong else calm + 1
        if calm == CALM:
            print(f"{name}: {start // every} of {start} allocations", flush=True)
            return


def main() -> bool:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.memory", description=__doc__)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", choices=WORK)
    options, wrong = parser.parse_args(), 0
    gc.collect()
    gc.freeze()
    for name in [options.only] if options.only else WORK:
        for fault in faults(name, options.every, options.first):
            wrong += 1
            print(fault, flush=True)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
