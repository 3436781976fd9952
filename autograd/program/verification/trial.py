"""No program is trusted: the first of a structure is tried, and where it is wrong, another runs."""

from __future__ import annotations

import warnings
from functools import partial

from autograd.program.compiler.recording import Recording
from autograd.program.executors import registry
from autograd.program.executors.interface import Parts
from autograd.program.plans import Plan
from autograd.program.verification import eager
from autograd.program.verification.comparison import Comparison, Difference
from autograd.program.verification.witness import Account, account

OPINIONS = None, 0, 1, 2, 3, 4  # before a program is called wrong: a doubt may be small by chance
DEPTH = 4  # calls from the warning to the code that made the program


def trusted(executor: str, dtype: str, plan: Plan, recording: Recording) -> Parts:
    """Return the parts of a program of this structure, which are verified where it is new.

    Where its numbers are not those of its nodes, another way is taken, with a RuntimeWarning.
    """
    way = plan.trusted.get((executor, dtype))
    if way is not None:
        parts: Parts = way(plan, dtype)
        return parts
    way, parts, wrong = tried(executor, dtype, plan, recording)
    if wrong:
        warnings.warn(_report(executor, dtype, recording, wrong, parts), RuntimeWarning, DEPTH)
    plan.trusted[executor, dtype] = way
    return parts


def tried(
    executor: str, dtype: str, plan: Plan, recording: Recording
) -> tuple[partial[Parts], Parts, Difference | None]:
    """Return the first way whose numbers are right, what it made, and what was wrong before."""
    own, parts = partial(registry.assemble, executor), registry.assemble(executor, plan, dtype)
    differs = _differs(dtype, recording, parts)
    if differs is None:
        return own, parts, None
    said, wrong = differs
    if Comparison(recording, parts, said).follows(wrong.lanes):
        return own, parts, None
    for way in registry.others(plan):
        try:
            parts = way(plan, dtype)
        except NotImplementedError:
            continue
        if not Comparison(recording, parts, said).difference():
            return partial(way), parts, wrong
    return partial(eager.assemble), eager.assemble(plan, dtype), wrong


def _differs(dtype: str, recording: Recording, parts: Parts) -> tuple[Account, Difference] | None:
    """Return what the last opinion says and how a program differs; None where one lets it be."""
    said: Account | None = None
    differs = None
    for opinion in OPINIONS[dtype == "float32" :]:  # where rounding shows at once
        other = account(recording, dtype, opinion)
        said = said.doubting(other) if said and opinion else other
        if not said:
            return None
        wrong = Comparison(recording, parts, said).difference()
        if not wrong:
            said.release()
            return None
        differs = said, wrong
    return differs


def _report(
    executor: str, dtype: str, recording: Recording, wrong: Difference, parts: Parts
) -> str:
    return (
        f"a program was compiled wrongly: {wrong}. This one runs by the executor "
        f"{parts.executor.name!r} instead, whose numbers are right, more slowly. Please report the "
        f"mistake, with the code that makes the graph and this: executor {executor!r}, {dtype}, "
        f"{instructions()}, {len(recording)} nodes."
    )


def instructions() -> str:
    """Return which instruction set the compiled kernels use."""
    try:
        from autograd.program.executors.native import _replay
    except ImportError:
        return "not compiled"
    return f"kernels {_replay.tile}"
