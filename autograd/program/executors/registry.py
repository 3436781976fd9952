"""The executors by name, in the order in which executor="auto" tries them.

A new entry goes before "numpy", the last resort, which runs every program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from autograd.program.executors import matrices, native
from autograd.program.executors.interface import Parts
from autograd.program.executors.native.executor import NativeExecutor
from autograd.program.executors.numpy.executor import NumpyExecutor
from autograd.program.executors.tape import executor as tape
from autograd.program.executors.tape.irregular import is_irregular, number_of_levels
from autograd.program.plans import Plan

MANY = 4096  # groups, which take a few seconds


@dataclass(frozen=True)
class Way:
    """A way to run programs: how to assemble one, and whether that can be done here.

    `assemble` raises NotImplementedError for a program with an operation that is unknown to it.
    """

    assemble: Callable[[Plan, str], Parts]
    available: Callable[[], bool]
    remedy: str  # what to say where it is not


def _native(plan: Plan, dtype: str) -> Parts:
    if _is_irregular(plan):
        return tape.assemble(plan, dtype)
    return matrices.assemble(NativeExecutor, plan, dtype)


def _is_irregular(plan: Plan) -> bool:
    """Whether a plan is better run as a tape.

    Often the levels of its graph, each of which needs a group of its own, are too many already.
    Groups of few nodes may be joined, but then their operands lie here and there.
    """
    work = max(len(plan.recording), len(plan.recording.flat) // 2)
    levels = number_of_levels(plan.recording)
    if is_irregular(work, levels):
        return True
    reroll = plan.reroll
    if not is_irregular(work, len(reroll.exact.levels)):
        return False
    joined = reroll.joined if reroll.exact.large else None  # of more than one map each
    return joined is None or is_irregular(work, 2 * reroll.count)


WAYS = {
    "native": Way(
        _native,
        native.available,
        "executor='native' needs the C extension, which was not built, or is not used by a Python "
        "without its global lock. Install a C compiler and run pip install -e . again, or use "
        "executor='auto'.",
    ),
    "numpy": Way(partial(matrices.assemble, NumpyExecutor), lambda: True, ""),
}


def others(plan: Plan) -> list[Callable[[Plan, str], Parts]]:
    """Return the ways that may be right where the usual one is wrong.

    Matrices of many groups would take minutes to be written down.
    """
    tapes = [tape.assemble] if native.available() else []
    return [*tapes, *([WAYS["numpy"].assemble] if len(plan.reroll.groups) <= MANY else ())]


def assemble(executor: str, plan: Plan, dtype: str) -> Parts:
    """Return the parts of a program; "auto" takes the first way that is there and can run it.

    Raises ValueError for an unknown executor, ImportError for one that was not built.
    """
    if executor == "auto":
        *others, last = (way for way in WAYS.values() if way.available())
        for way in others:
            try:
                return way.assemble(plan, dtype)
            except NotImplementedError:  # an operation that only a later one has
                pass
        return last.assemble(plan, dtype)
    if executor not in WAYS:
        *names, last_name = map(repr, ("auto", *WAYS))
        raise ValueError(f"executor is {', '.join(names)} or {last_name}; got {executor!r}.")
    if not WAYS[executor].available():
        raise ImportError(WAYS[executor].remedy)
    return WAYS[executor].assemble(plan, dtype)
