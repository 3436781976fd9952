"""An optimiser's rule over all parameters through NumPy, and the loop that applies it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.steps import Expression
from autograd.program.executors.numpy.maps import Steps
from autograd.program.executors.numpy.operations import all_finite
from autograd.program.executors.numpy.views import Call
from autograd.program.training import Update

BLOCK = 1 << 18  # bytes of parameters that a rule takes at once: they stay in the cache


class NumpyUpdate:
    """The rule that is installed, and its state: an array (slots, parameters)."""

    def __init__(self, memory: Any) -> None:
        import numpy as np

        self.np, self.memory = np, memory
        self.state = np.zeros((0, 0), memory.dtype)
        self._installed: Update | None = None
        self._numbers: list[Array] = []  # step, scale and the rule's constants
        self._calls: list[Call] = []
        self._bound: Array | None = None  # the values that the calls refer to

    def install(self, update: Update) -> None:
        """Make room for an optimiser's state, if it is another one than before."""
        shape = update.slots, len(update.places)
        if self.state.shape != shape:
            self.state = self.np.zeros(shape, self.memory.dtype)
            self._bound = None
        before, self._installed = self._installed, update
        if self._bound is None or before is None or not before.differs_in_numbers(update):
            self._bound = None
            return
        for number, constant in zip(self._numbers[2:], update.expression.constants, strict=True):
            number[...] = constant

    def update(self, step: int, scale: float) -> None:
        """Apply the optimiser's rule to every parameter."""
        if self._installed is None:
            raise RuntimeError("no optimiser is installed; use Program.train.")
        if self._bound is not self.memory.values[False]:
            self._bind(self._installed)
        self._numbers[0][...] = step
        self._numbers[1][...] = scale
        for call in self._calls:
            call()

    def _bind(self, this: Update) -> None:
        """Make the calls; the numbers of the rule become sources, so that they may change."""
        np, code = self.np, this.expression
        self._bound = self.memory.values[False]
        self._numbers = [np.array(x, self.memory.dtype) for x in (0.0, 1.0, *code.constants)]
        code = replace(code, sources=code.sources + len(code.constants), constants=())
        places, self._calls = stretch(np, this.places), []
        if not isinstance(places, slice):
            self._calls = self._over(code, places, self.state)
            return
        length = BLOCK // self.memory.dtype.itemsize
        for start in range(places.start, places.stop, length):
            stop = min(start + length, places.stop)
            state = self.state[:, start - places.start : stop - places.start]
            self._calls += self._over(code, slice(start, stop), state)

    def _over(self, code: Expression, places: Any, state: Array) -> list[Call]:
        """Return the calls for the parameters at these places and their state."""
        values, adjoints = self.memory.values[False], self.memory.adjoints[False]
        w, g = values[places], adjoints[places]
        before: list[Call] = []
        after: list[Call] = []
        if not isinstance(places, slice):  # then w and g are copies
            before = [
                partial(self.np.take, values, places, 0, w, "clip"),
                partial(self.np.take, adjoints, places, 0, g, "clip"),
            ]
            after = [partial(values.__setitem__, places, w)]
        sources, ends = [w, g, *state, *self._numbers], [w, *state]
        steps = Steps(self.np, code, sources, ends, w.dtype, spent=1)  # g: training leaves none
        return before + steps.calls + after


def train(
    executor: Any, calls: Sequence[Call], examples: Array, starts: Array, size: int,
    costs: Array, first_step: int,
) -> int:  # fmt: skip
    """Take a step for each batch of `size` rows; return how many stayed finite.

    `calls` compute all values and the gradient.
    """
    import numpy as np

    ends, memory, loaded = executor.ends, executor.memory, -1
    values = memory.values[ends.root_lanes]  # the root is read in place, an array (m,) or (1,)
    root = values[ends.root] if ends.root_lanes else values[ends.root : ends.root + 1]
    gradient = memory.adjoints[False][: ends.parameters]
    with np.errstate(all="ignore"):  # infinities are looked for after each step
        for k, start in enumerate(starts.tolist()):
            if start != loaded:
                executor.load(examples[start : start + size])
                loaded = start
            for call in calls:
                call()
            costs[k] = cost = np.add.reduce(root) / len(root)
            if not (math.isfinite(cost) and all_finite(np, gradient)):
                return k
            executor.optimiser.update(first_step + k, 1.0)
    return len(starts)


def stretch(np: Any, places: Array) -> Any:
    """Return addresses as a slice, where they are consecutive."""
    if len(places) and places[-1] - places[0] == len(places) - 1 and (np.diff(places) == 1).all():
        return slice(int(places[0]), int(places[-1]) + 1)
    return places
