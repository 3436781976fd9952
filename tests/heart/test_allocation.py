"""No memory: an operation that fails for want of it changes nothing, and works when tried again.

Every allocation is failed in turn, in a process of its own, for a mistake may crash it.
"""

from __future__ import annotations

import gc
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd import (
    Value,
    detect_anomaly,
    dot,
    gradients,
    log_softmax,
    logsumexp,
    mean,
    no_grad,
    softmax,
    take,
    tanh,
    total,
)
from autograd.engine import Function, adjoints, share, topological
from autograd.table import PRIMITIVES

_testcapi = pytest.importorskip("_testcapi")
pytestmark = pytest.mark.skipif(
    autograd.implementation != "c", reason="readable nodes are allocated by Python itself"
)

ROOT = Path(autograd.__file__).parents[1]
Act = Callable[["Setting"], Any]


class Setting:
    """A small graph of every kind of node, and what an operation may use of it."""

    def __init__(self) -> None:
        self.name = "-".join(["a", "name"])  # a text of its own, to count references to
        self.x, self.y = Value(0.3, "x"), Value(0.7)
        x, y = self.x, self.y
        self.sum = x + 2.0
        self.sum.label = "sum"
        self.dot = dot((x, 1.5, y), (y, x, 3.0), 0.5)
        self.total = total([x, 2.0, y])
        self.row = (x * y).softsign()
        self.shares = softmax([x, 2.0, y])
        several = self.shares[0] * self.shares[2] + logsumexp([x, 1.0]) * mean([y, 3.0])
        self.root = self.sum * self.dot + self.total / self.row - tanh(x) ** 2.0 * several
        self.doomed = [self.labelled()]

    def labelled(self) -> Value:
        node = self.x * self.y
        node.label = self.name
        return node

    def seen(self) -> list[Any]:
        """Return all numbers and labels of the graph, walking to every node but constants."""
        nodes = [n for n in topological(self.root) if not n.constant]
        return [(n.op, n._data, n.grad, n.label, len(n.operands)) for n in nodes]

    def references(self) -> list[int]:
        kept = (
            self.name,
            self.x,
            self.y,
            self.sum,
            self.dot,
            self.total,
            self.row,
            self.root,
            *self.shares,
        )
        return [sys.getrefcount(thing) for thing in (*kept, dot)]


def wide(setting: Setting) -> Value:
    return total([setting.x * float(k) for k in range(200)]).softsign()


def deep(setting: Setting) -> Value:
    node = setting.root
    for _ in range(100):
        node = (node * setting.y).softsign() + setting.x
    return node


def mixed(s: Setting) -> Any:
    node = s.x * 2.0 + total([s.x, s.y])
    found = node, node.data, node < 3.0, bool(node), node.partials
    node.backward()  # the last, for what it did is not undone by what fails after it
    return found


def stale(s: Setting) -> None:
    s.x.data = 0.3
    s.root.backward()


def identity(name: str) -> Function:
    return Function(name, lambda x: x, (lambda x, out: 1.0,), "every x")


# What runs C alone raises MemoryError and nothing else, and leaks nothing.
IN_C: dict[str, Act] = {
    "leaf": lambda s: Value(2.5),
    "leaf of an int": lambda s: Value(2, "name"),
    "add": lambda s: s.x + s.y,
    "add a float": lambda s: 2.0 + s.x,
    "sub": lambda s: 3 - s.x,
    "mul": lambda s: s.x * s.y,
    "div": lambda s: s.x / s.y,
    "pow": lambda s: s.x**s.y,
    "neg": lambda s: -s.x,
    "abs": lambda s: abs(s.x),
    "dot": lambda s: dot([s.x, 1, 2.0], (s.y, s.x, 3.0), bias=4),
    "dot of numbers": lambda s: dot([1.0, 2.0], [3.0, 4.0]),
    "nodes that share operands": lambda s: share(PRIMITIVES["softmax"].function, (s.x, 2, s.y)),
    "backward": lambda s: s.root.backward(),
    "backward of a leaf": lambda s: s.x.backward(),
    "backward, deep": lambda s: deep(s).backward(),
    "adjoints": lambda s: adjoints(s.root, [s.x, s.sum, s.y]),
    "adjoints, deep": lambda s: adjoints(deep(s), [s.x, s.y]),
    "topological": lambda s: len(topological(s.root)),
    "op": lambda s: s.root.op,
    "partials": lambda s: [n.partials for n in (s.root, s.dot, s.total, s.row, s.x, *s.shares)],
    "parents": lambda s: [
        n.parents for n in (s.root, s.sum, s.dot, s.total, s.row, s.x, *s.shares)
    ],
    "operands": lambda s: [
        n.operands for n in (s.root, s.sum, s.dot, s.total, s.row, s.x, *s.shares)
    ],
    "grad": lambda s: setattr(s.y, "grad", 2),
    "label of a leaf": lambda s: setattr(s.x, "label", "".join(["u", "v"])),
    "label of a node": lambda s: setattr(s.dot, "label", "".join(["u", "v"])),
    "label once more": lambda s: setattr(s.sum, "label", s.name),
    "repr": lambda s: [repr(s.x), repr(s.sum), repr(s.root)],
    "format": lambda s: f"{s.x:.3f} {s.sum}",
    "compare": lambda s: [s.x < s.y, s.x >= 1, s.x == s.y, bool(s.x)],
    "free": lambda s: s.doomed.clear(),
}

# Where functions of Python run, Python 3.11 itself loses references, and the exception if a single
# allocation fails as it is raised (a SystemError says so).
THROUGH_PYTHON: dict[str, Act] = {
    "leaf of a fraction": lambda s: Value(Fraction(1, 2)),
    "leaf of no number": lambda s: Value("3"),
    "leaf of a label that is none": lambda s: Value(3.0, 4),
    "add a fraction": lambda s: s.x + Fraction(1, 2),
    "add a text": lambda s: s.x + "3",
    "divide by zero": lambda s: s.x / 0.0,
    "pow of a negative": lambda s: (-2.0) ** s.x,
    "domain": lambda s: PRIMITIVES["log"](-1.0 * s.x),
    "count": lambda s: PRIMITIVES["log"](s.x, s.x),
    "dot of unequal lengths": lambda s: dot([s.x], [3.0, 4.0]),
    "total": lambda s: total([s.x, 1, s.y]),
    "mean": lambda s: mean([s.x, 1, s.y]),
    "mean of nothing": lambda s: PRIMITIVES["mean"](),
    "logsumexp": lambda s: logsumexp([s.x, 1, s.y]),
    "take": lambda s: take([s.x, s.y], Value(1)),
    "take of an index that is none": lambda s: take([s.x, s.y], Value(2)),
    "log_softmax": lambda s: log_softmax([s.x, 1, s.y]),
    "log_softmax, one": lambda s: log_softmax([s.x, s.y], 1).backward(),
    "backward with a seed": lambda s: s.root.backward(seed=Fraction(1, 2)),
    "backward, stale": stale,
    "backward, no partial": lambda s: ((s.x - s.x).sqrt() + s.y).backward(),
    "backward, wide": lambda s: wide(s).backward(),
    "gradients": lambda s: gradients(s.root, {"x": s.x, "rest": [s.y, s.dot]}),
    "gradients as a graph": lambda s: gradients(s.root, [s.x, s.y], build_graph=True),
    "second derivatives": lambda s: gradients(gradients(s.root, s.x, build_graph=True), [s.x, s.y]),
    "topological of a number": lambda s: topological(1.0),
    "data": lambda s: setattr(s.y, "data", Fraction(1, 2)),
    "data of a node": lambda s: setattr(s.root, "data", 1.0),
    "grad of no number": lambda s: setattr(s.y, "grad", "2"),
    "copy": lambda s: s.x.__reduce__(),
    "compare with a fraction": lambda s: s.x > Fraction(1, 2),
    "float": lambda s: float(s.x),
    "free while raising": lambda s: float.fromhex(s.doomed.pop()),
    "function": lambda s: repr(identity("identity")),
    "function applied": lambda s: identity("identity")(s.x),
}

MODES = {"no_grad": no_grad, "detect_anomaly": detect_anomaly}


def row_acts() -> Iterator[tuple[str, Act]]:
    for name, row in PRIMITIVES.items():
        n = row.arity or 3

        def apply(s: Setting, row: Any = row, n: int = n) -> Value:
            node: Value = row(*(s.x, s.y, s.sum)[:n])
            return node

        yield f"{name}, forward", apply
        yield f"{name}, backward", lambda s, apply=apply: apply(s).backward()
        yield f"{name}, partials", lambda s, apply=apply: apply(s).partials


def drained(places: int) -> Value:
    """Return a chain of all nodes that were kept for use again, but for some places."""
    chain = one = Value(1.0)
    spared = [Value(0.0) for _ in range(places)]
    _testcapi.set_nomemory(0)
    try:
        while True:
            chain = chain + one
    except MemoryError:
        return chain
    finally:
        _testcapi.remove_mem_hooks()
        spared.clear()


def outcome(act: Act, setting: Setting, mode: Any, start: int, stop: int, places: int = 0) -> str:
    """Return what comes out of an operation while allocations after `start` fail.

    So many nodes find a place; the next one needs new memory, which then does for many.
    """
    if len(KEPT) == MOST_KEPT:
        KEPT.clear()
    KEPT.append(drained(places))
    gc.collect()  # empties Python's lists of free floats and tuples
    try:
        with mode():
            _testcapi.set_nomemory(start, stop)
            try:
                result = act(setting)
            finally:
                _testcapi.remove_mem_hooks()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return repr(result)


ENOUGH = 1_000_000  # more allocations than any of the operations makes
KEPT: list[Value] = []  # what was drained, as long as it takes for nodes to come from new memory
MOST_KEPT = 200
PLACES = (0, 1, 2, 5)  # for nodes before memory is needed for more

# Python 3.13 crashes as it words an error, or imports, without memory; here C is what is tried.
TRIED = sys.version_info < (3, 12)


def faults(act: Act, in_c: bool, mode: Any = nullcontext, places: int = 0) -> Iterator[str]:
    """Say what went wrong while each allocation of an operation failed, alone or with the rest."""
    setting = Setting()
    before = setting.seen()
    expected = outcome(act, setting, mode, ENOUGH, 0)
    references, after = setting.references(), setting.seen()
    for length in (1, 0):
        failures = ("MemoryError",) if in_c or not length else ("MemoryError", "SystemError")
        unharmed = 0
        for start in itertools.count():
            setting = Setting()
            found = outcome(act, setting, mode, start, start + length if length else 0, places)
            where = f"allocation {start}{'' if length else ' and the rest'}"
            if found.startswith(failures):
                unharmed = 0
                if setting.seen() != before:
                    yield f"{where} left its mark: {before} {setting.seen()}"
                setting.doomed = setting.doomed or [setting.labelled()]
                found = outcome(act, setting, mode, ENOUGH, 0)
            else:
                unharmed += 1
            if found != expected:
                yield f"{where}: {found} instead of {expected}"
            if setting.seen() != after:
                yield f"{where} ended in {setting.seen()} instead of {after}"
            if in_c and setting.references() != references:
                yield f"{where} left references: {setting.references()}, not {references}"
            if unharmed > 3:
                break


def main() -> None:
    gc.collect()
    gc.freeze()
    jobs = [(name, act, True, nullcontext) for name, act in IN_C.items()]
    if TRIED:
        jobs += [(name, act, False, nullcontext) for name, act in THROUGH_PYTHON.items()]
        jobs += [(name, act, False, nullcontext) for name, act in row_acts()]
        jobs += [(name, mixed, False, mode) for name, mode in MODES.items()]
    for name, act, in_c, mode in jobs:
        print(name, flush=True)
        for places in PLACES if in_c else PLACES[:1]:
            for fault in faults(act, in_c, mode, places):
                print("   ", fault, flush=True)
    print("done")


def run(*arguments: str, implementation: str = "c") -> str:
    """Return what another process printed; its last line is "done" if it did not crash."""
    environment = {**os.environ, "AUTOGRAD_IMPLEMENTATION": implementation}
    process = subprocess.run(
        [sys.executable, "-X", "faulthandler", *arguments],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    last = process.stdout.splitlines()[-1:]
    assert last == ["done"], f"crashed in {last}: {process.stderr[-2000:]}"
    return process.stdout


def test_every_allocation_that_fails_changes_nothing_and_can_be_tried_again():
    printed = run("-m", "tests.heart.test_allocation")
    assert "backward, deep\n" in printed
    assert "\n    " not in printed, printed


IMPORT = """
import _testcapi, itertools, os, autograd
from importlib.util import find_spec, module_from_spec
spec = find_spec("autograd._value")

def imported():
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

def fails(start):
    _testcapi.set_nomemory(start, start + 1)
    try:
        imported()
    except (MemoryError, SystemError):  # Python 3.11 does not always say that it has no memory
        return True
    finally:
        _testcapi.remove_mem_hooks()
    return False

def outcome(start):  # in a process of its own, for a process imports once
    child = os.fork()
    if not child:
        failed = fails(start)
        works = not failed or (imported().Value(3.0) * 2.0).data == 6.0
        os._exit(int(failed) if works else 2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

failures = unharmed = 0
for start in itertools.count():
    found = outcome(start)
    assert found in (0, 1), (start, found)
    failures, unharmed = failures + found, 0 if found else unharmed + 1
    if unharmed > 20:
        break
assert failures > 20, failures
print("done")
"""


@pytest.mark.skipif(not TRIED, reason="newer Pythons crash as they import without memory")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="each allocation fails in a process of its own")
def test_an_import_that_failed_can_be_tried_again():
    run("-c", IMPORT, implementation="python")


if __name__ == "__main__":
    main()
