"""Whether steps of training are those of the optimiser's rule: the first one is rehearsed.

From numbers of its own, one step is taken by the rule itself, in Python, for a few parameters; by
NumPy for all of them; and in the way that is to be used, from the gradient that is verified by
then. Nobody else's numbers are touched.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd.engine import Value
from autograd.program.compiler.accesses import Array
from autograd.program.executors.interface import Executor, Numbers, Optimiser, Update
from autograd.program.executors.numpy.update import NumpyUpdate
from autograd.program.memory import Memory
from autograd.program.verification.comparison import CLEAR, Difference
from autograd.program.verification.points import pool
from autograd.program.verification.trial import instructions
from autograd.program.verification.witness import PRECISIONS

BY_HAND = 4  # parameters
DEPTH = 6  # calls from the warning to the code that trains
ROUGH = 100.0  # times the noise, of what a step changes: rules lose digits where numbers cancel

Rule = Callable[[Any, Any, tuple[Any, ...], Any], tuple[Any, Any]]


class RuleByHand:
    """A rule, parameter by parameter: slow, and right by definition."""

    def __init__(self, memory: Numbers, rule: Rule) -> None:
        import numpy as np

        self.np, self.memory, self.rule = np, memory, rule
        self.state: Array = np.zeros((0, 0), memory.dtype)
        self._places: Array = None
        self.undisturbed = False

    def install(self, update: Update) -> None:
        """Make room for an optimiser's state, if it is another one than before."""
        self._places, shape = update.places, (update.slots, len(update.places))
        if self.state.shape != shape:
            self.state = self.np.zeros(shape, self.memory.dtype)

    def update(self, step: int, scale: float, count: Array) -> None:
        """Apply the optimiser's rule to every parameter, and count the step in count[0]."""
        values, gradient = self.memory.room.values[False], self.memory.room.adjoints[False]
        for k, place in enumerate(self._places.tolist()):
            g = scale * float(gradient[place])
            moved = taken(self.rule, float(values[place]), g, self.state[:, k].tolist(), step)
            values[place], self.state[:, k] = moved[0], moved[1:]
        count[0] = step


def taken(rule: Rule, w: float, g: float, state: Sequence[float], step: int) -> list[float]:
    """Return a parameter and its state after a step; NaN where the rule has no number.

    >>> taken(lambda w, g, state, step: (w - 0.5 * g, state), 1.0, 0.5, [], 1)
    [0.75]
    """
    try:
        new, kept = rule(Value(w), Value(g), tuple(map(Value, state)), step)
    except (ArithmeticError, ValueError):
        return [math.nan] * (1 + len(state))
    return [float(getattr(x, "data", x)) for x in (new, *kept)]


@dataclass(frozen=True)
class Rehearsal:
    """One step as a rule says, told that its number is `step`, beside how it will be taken.

    `executor` is a twin of the one that takes steps or applies the rule, by its own `loop` or
    not; None where NumPy applies it. It runs these examples.
    """

    dtype: str
    update: Update
    rule: Rule
    step: int
    examples: Array
    executor: Executor | None = None
    loop: bool = False

    def difference(self) -> Difference | None:
        """Return a number that a step does not make what the rule says; None where all agree."""
        import numpy as np

        with np.errstate(all="ignore"):
            return _Stage(np, self).difference()


def replacement(
    known: dict[Any, Any], executor: Executor, optimiser: Optimiser, rehearsal: Rehearsal
) -> Optimiser | None:
    """Return what to apply a rule by where `optimiser`, or the loop it is in, is found wrong.

    The executor's twin is made for the rehearsal, once for each kind of rule that is not `known`.
    """
    update, code = rehearsal.update, rehearsal.update.expression
    shape = code.sources, code.steps, code.results, update.slots, update.places.tobytes()
    key = (type(optimiser), rehearsal.loop, rehearsal.dtype, shape)
    if key not in known:
        known[key] = _found(executor, optimiser, rehearsal)
    make = known[key]
    if make is None:
        return None
    other: Optimiser = make(executor.memory, rehearsal.rule)
    other.install(update)
    other.state[:] = optimiser.state
    return other


def _found(executor: Executor, optimiser: Optimiser, rehearsal: Rehearsal) -> Any:
    """Return what makes an optimiser that is right, None where the given one is; warn if not."""
    theirs: Any = executor
    twin = executor.twin if optimiser is theirs else None
    own = twin(len(rehearsal.examples)) if twin else None
    wrong = replace(rehearsal, executor=own).difference()
    if not wrong:
        return None
    warnings.warn(_report(executor, rehearsal, wrong), RuntimeWarning, DEPTH)
    by_numpy = own and not replace(rehearsal, executor=None).difference()
    return _by_numpy if by_numpy else RuleByHand


def _by_numpy(memory: Numbers, rule: Rule) -> Optimiser:
    return NumpyUpdate(memory)


def _report(executor: Executor, rehearsal: Rehearsal, wrong: Difference) -> str:
    return (
        f"steps of training were compiled wrongly: {wrong}. They are taken by the rule itself "
        "instead, or by NumPy, more slowly. Please report the mistake, with the code that makes "
        f"the graph, the optimiser and this: executor {executor.name!r}, {rehearsal.dtype}, "
        f"{instructions()}, steps {rehearsal.update.expression.steps}."
    )


class _Stage:
    """Where a rehearsal takes place: numbers before the step, and what steps make of them."""

    def __init__(self, np: Any, asked: Rehearsal) -> None:
        self.np, self.asked, self.places = np, asked, asked.update.places
        self.memory = asked.executor.memory if asked.executor else _memory(np, asked)
        if asked.executor:
            asked.executor.load(asked.examples)
            asked.executor.forward()
            asked.executor.backward()
        values, self.adjoints = self.memory.room.values[False], self.memory.room.adjoints[False]
        self.values, self.start = values, values.copy()
        self.gradient = self.adjoints[self.places]
        largest = np.abs(self.gradient).max(initial=0.0)
        parts = np.resize(pool(), (asked.update.slots + 1, len(self.places)))
        state = (1.5 + 0.5 * parts[1:]) * largest  # above 0, as what squares become
        self.before = np.vstack([self.start[self.places], state]).astype(asked.dtype)
        self.noise = PRECISIONS[asked.dtype].noise
        self.near = self.gradient + self.noise * largest * parts[0]

    def difference(self) -> Difference | None:
        np, asked = self.np, self.asked
        reference = NumpyUpdate(self.memory)
        reference.install(asked.update)
        expected, noisy = (self._moved(reference, g) for g in (self.gradient, self.near))
        last = len(self.places) - 1
        some = [k * last // (BY_HAND - 1) for k in range(BY_HAND)]
        right = np.array([self._by_hand(k) for k in some]).T
        if not all(np.isfinite(x).all() for x in (expected, noisy, right)):
            return None
        change = ROUGH * abs(expected - self.before) + abs(expected)
        room = self.noise * change + CLEAR * abs(noisy - expected)
        wrong = self._first(expected[:, some], right, room[:, some])
        if wrong or not asked.executor:
            return wrong
        return self._first(self._moved(asked.executor.optimiser, self.gradient), expected, room)

    def _moved(self, by: Optimiser, gradient: Array) -> Array:
        """Return parameters and state, (1 + slots, parameters), after a step from the start."""
        asked, np = self.asked, self.np
        self.values[:], by.state[:] = self.start, self.before[1:]
        self.adjoints[self.places] = gradient
        theirs: Any = asked.executor
        loop = theirs.train if theirs and asked.loop else None
        count = np.array([asked.step - 1])
        if loop and by is theirs:
            loop(asked.examples, np.zeros(1, np.int64), np.zeros(1), count, asked.step)
        else:
            by.update(asked.step, 1.0, count)
        return np.vstack([self.values[self.places], by.state]).astype(float)

    def _by_hand(self, k: int) -> list[float]:
        w, *state = self.before[:, k].tolist()
        return taken(self.asked.rule, w, float(self.gradient[k]), state, self.asked.step)

    def _first(self, found: Array, expected: Array, room: Array) -> Difference | None:
        """Return the first number that is not near what is expected."""
        wrong = ~(abs(found - expected) <= room)
        if not wrong.any():
            return None
        row, k = self.np.argwhere(wrong)[0].tolist()
        what = f"number {row} of the state of a parameter" if row else "a parameter after a step"
        lanes = len(self.asked.examples)
        return Difference(what, float(found[row, k]), float(expected[row, k]), lanes)


def _memory(np: Any, asked: Rehearsal) -> Memory:
    """Return room for parameters and a gradient, both made up."""
    memory = Memory((int(asked.update.places.max(initial=0)) + 1, 0), asked.dtype)
    for k, numbers in enumerate((memory.room.values[False], memory.room.adjoints[False])):
        numbers[:] = np.resize(pool()[k:], len(numbers))
    return memory
