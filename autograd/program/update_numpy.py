"""An optimiser's rule over all parameters through NumPy, and the loop that applies it."""

from __future__ import annotations

from typing import Any

from autograd.program.accesses import Array
from autograd.program.operations import operations
from autograd.program.training import Update

BLOCK = 8192  # parameters that a rule takes at once


class NumpyUpdate:
    """The rule that is installed, and its state: an array (slots, parameters)."""

    def __init__(self, memory: Any) -> None:
        import numpy as np

        self.np, self.memory = np, memory
        self.state = np.zeros((0, 0), memory.dtype)
        self._installed: Update | None = None
        self._blocks: list[Any] = []

    def install(self, update: Update) -> None:
        """Make room for an optimiser's state, if it is another one than before."""
        shape = update.slots, len(update.places)
        if self.state.shape != shape:
            self.state = self.np.zeros(shape, self.memory.dtype)
        self._installed = update
        places = stretch(self.np, update.places)
        if isinstance(places, slice):  # blocks that stay in the cache
            blocks = range(places.start, places.stop, BLOCK)
            self._blocks = [slice(k, min(k + BLOCK, places.stop)) for k in blocks]
        else:
            self._blocks = [places]

    def update(self, step: int, scale: float) -> None:
        """Apply the optimiser's rule to every parameter."""
        this, number = self._installed, self.memory.dtype.type
        if this is None:
            raise RuntimeError("no optimiser is installed; use Program.train.")
        code, table, at = this.expression, operations(), 0
        values, adjoints = self.memory.values[False], self.memory.adjoints[False]
        numbers = (number(step), number(scale), *map(number, code.constants))
        registers: list[Any] = [None] * code.registers
        with self.np.errstate(all="ignore"):
            for places in self._blocks:
                w = values[places]
                state = self.state[:, at : at + len(w)]
                at += len(w)
                given = (w, adjoints[places], *state, *numbers)
                registers[: len(given)] = given
                for name, result, operands in code.steps:
                    registers[result] = table[name](*[registers[k] for k in operands])
                results = [registers[k] for k in code.results]
                values[places] = results[0]
                for old, new in zip(state, results[1:], strict=True):
                    old[...] = new


def train(
    executor: Any, examples: Array, starts: Array, size: int, costs: Array, first_step: int
) -> int:
    """Take a step for each batch of `size` rows; return how many stayed finite."""
    import numpy as np

    ends, memory, loaded = executor.ends, executor.memory, -1
    for k, start in enumerate(starts):
        if start != loaded:
            executor.load(examples[start : start + size])
            loaded = start
        executor.forward()
        executor.backward()
        costs[k] = memory.values[ends.root_lanes][ends.root].mean()
        if not np.isfinite(costs[k] + memory.adjoints[False][: ends.parameters].sum()):
            return k
        executor.optimiser.update(first_step + k, 1.0)
    return len(starts)


def stretch(np: Any, places: Array) -> Any:
    """Return addresses as a slice, where they are consecutive."""
    if len(places) and places[-1] - places[0] == len(places) - 1 and (np.diff(places) == 1).all():
        return slice(int(places[0]), int(places[-1]) + 1)
    return places
