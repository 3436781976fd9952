"""Draws programs one after another and reports those that differ from the engine."""

from __future__ import annotations

import gc
from random import Random
from time import monotonic

from tests.fuzz.cases import Unsound
from tests.fuzz.checks import TILE, WAYS, difference
from tests.fuzz.drawing import BLOCKS, drawn, zeros
from tests.fuzz.forms import own_rows
from tests.fuzz.printing import source
from tests.fuzz.shrinking import shrunk


def case_of(seed):
    """Return the program of a seed with the ways to run it."""
    rng = Random(f"how {seed}")
    ways = tuple(rng.sample(WAYS, 2)) if rng.random() < 0.9 else WAYS
    extras = ["verified"] * (rng.random() < 0.15)
    extras += ["nodes"] * (rng.random() < 0.05) + ["warm"] * (rng.random() < 0.2)
    if rng.random() < 0.1:
        extras.append(("train", rng.choice(("sgd", "momentum", "adam")), rng.choice((1, 2, 100))))
    elif rng.random() < 0.2:
        extras.append(("outputs",))
    elif Random(f"derived {seed}").random() < 0.06:
        extras.append(("derivatives",))
    return drawn(seed, ways, tuple(extras), [*BLOCKS, zeros])


def examined(seed):
    """Return whether a seed has a program, and its difference."""
    try:
        with own_rows():
            case = case_of(seed)
        return case, difference(case)
    except Unsound:
        return None, None


def hunt(prefix, seconds=None, count=None, most=5, report=print, before=lambda seed: None):
    """Examine programs for so long or so many; return how many, and the seeds that differ."""
    gc.freeze()  # what is there already need not be looked through again and again
    end = monotonic() + (seconds or float("inf"))
    programs, found, k = 0, [], 0
    while monotonic() < end and programs != count and len(found) < most:
        seed = f"{prefix}/{k}"
        before(seed)
        k += 1
        case, wrong = examined(seed)
        programs += case is not None
        if wrong:
            found.append(seed)
            report(f"# {seed}, program {programs}: {wrong[0]}, {wrong[1]}")
            small, left = shrunk(case, wrong[0])
            report(source(small, TILE, f"{left[0]}, {left[1]}") + "\n")
    return programs, found
