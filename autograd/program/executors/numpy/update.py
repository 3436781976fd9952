"""An optimiser's rule over all parameters through NumPy, for whoever keeps them in arrays."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from operator import call
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.steps import Expression
from autograd.program.executors.interface import Numbers, Update
from autograd.program.executors.numpy.maps import bind_steps
from autograd.program.executors.numpy.operations import in_steps
from autograd.program.executors.numpy.views import Call
from autograd.program.memory import stretch

BLOCK = 1 << 18  # bytes of parameters that a rule takes at once: they stay in the cache


@dataclass(frozen=True)
class _Bound:
    """The calls of a rule over an array of values; `numbers` are step, scale and constants.

    `undisturbed` tells whether all of them are C, where no interrupt arrives.
    """

    values: Array
    numbers: list[Array]
    calls: list[Call]
    undisturbed: bool


class NumpyUpdate:
    """The rule that is installed, and its state: an array (slots, parameters)."""

    def __init__(self, memory: Numbers) -> None:
        import numpy as np

        self.np, self.memory = np, memory
        self.state = np.zeros((0, 0), memory.dtype)
        self._installed: Update | None = None
        self._bound: _Bound | None = None

    def install(self, update: Update) -> None:
        """Make room for an optimiser's state, if it is another one than before."""
        shape, before, bound = (update.slots, len(update.places)), self._installed, self._bound
        self._installed = self._bound = None
        if self.state.shape != shape:
            self.state = self.np.zeros(shape, self.memory.dtype)
        elif bound and before and before.differs_in_numbers(update):
            constants = update.expression.constants
            for number, constant in zip(bound.numbers[2:], constants, strict=True):
                number[...] = constant
            self._bound = bound
        self._installed = update

    @property
    def undisturbed(self) -> bool:
        """Whether `update` runs in C from its first change on to the count of the step."""
        return self._ready().undisturbed

    def update(self, step: int, scale: float, taken: Array) -> None:
        """Apply the optimiser's rule to every parameter, and count the step in taken[0]."""
        bound = self._ready()
        bound.numbers[0][...] = step
        bound.numbers[1][...] = scale
        count = partial(taken.__setitem__, 0, step)
        each: Any = call
        deque(map(each, (*bound.calls, count)), 0)  # C calls C: no Ctrl-C is looked for

    def _ready(self) -> _Bound:
        """Return the calls for the arrays that the memory has now."""
        if self._installed is None:
            raise RuntimeError("no optimiser is installed; use Program.train.")
        if self._bound is None or self._bound.values is not self.memory.room.values[False]:
            self._bound = self._made(self._installed)
        return self._bound

    def _made(self, this: Update) -> _Bound:
        """Return the calls; the numbers of the rule become sources, so that they may change."""
        np, code, dtype = self.np, this.expression, self.memory.dtype
        numbers = [np.array(x, dtype) for x in (0.0, 1.0, *code.constants)]
        code = in_steps(replace(code, sources=code.sources + len(code.constants), constants=()))
        places, calls, scratch = stretch(np, this.places), list[Call](), dict[Any, Array]()
        if isinstance(places, slice):
            length = BLOCK // dtype.itemsize
            for start in range(places.start, places.stop, length):
                stop = min(start + length, places.stop)
                state = self.state[:, start - places.start : stop - places.start]
                calls += self._over(code, slice(start, stop), [*state, *numbers], scratch)
        else:
            calls = self._over(code, places, [*self.state, *numbers], scratch)
        return _Bound(self.memory.room.values[False], numbers, calls, all(map(_is_c, calls)))

    def _over(
        self, code: Expression, places: Any, others: list[Array], scratch: dict[Any, Array]
    ) -> list[Call]:
        """Return the calls for the parameters at these places; `others` are state and numbers."""
        room = self.memory.room
        values, adjoints = room.values[False], room.adjoints[False]
        w, g = values[places], adjoints[places]
        before: list[Call] = []
        after: list[Call] = []
        if not isinstance(places, slice):  # then w and g are copies
            before = [
                partial(self.np.take, values, places, 0, w, "clip"),
                partial(self.np.take, adjoints, places, 0, g, "clip"),
            ]
            after = [partial(values.__setitem__, places, w)]
        sources, ends = [w, g, *others], [w, *others[: len(self.state)]]
        return before + bind_steps(code, sources, ends, w.dtype, scratch)[0] + after


def _is_c(this: Any) -> bool:
    """Whether a call is a ufunc or an assignment: no Python runs on the way."""
    return type(this.func).__name__ in ("ufunc", "method-wrapper")
