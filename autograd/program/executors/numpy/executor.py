"""The instructions through NumPy: the readable reference, always available.

`bind` turns each instruction into calls of NumPy functions on views of the memory, for one
number of lanes; a run makes the calls in order, and each writes where the next one reads.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.instructions import Contraction, Instruction, Instructions, Map
from autograd.program.executors.numpy.maps import bind_map
from autograd.program.executors.numpy.products import bind_product
from autograd.program.executors.numpy.rows import bind_row
from autograd.program.executors.numpy.update import NumpyUpdate, stretch, train
from autograd.program.executors.numpy.views import Call, Views
from autograd.program.memory import KEPT, Ends, Memory


class NumpyExecutor:
    """Runs instructions over a memory; `bind` again whenever the memory has moved."""

    name = "numpy"

    def __init__(self, instructions: Instructions, memory: Memory, ends: Ends) -> None:
        import numpy as np

        self.np, self.instructions, self.memory, self.ends = np, instructions, memory, ends
        self.optimiser = NumpyUpdate(memory)
        self._inputs = stretch(np, ends.inputs)
        self._known: dict[int, _Passes] = {}  # by number of lanes: batches of two sizes alternate
        self.bind()

    def bind(self) -> None:
        """Make the calls for the arrays that the memory holds now, unless they are known."""
        lanes, numbers = self.memory.lanes, self.memory.values[True]
        found = self._known.pop(lanes, None)
        if found is None or found.numbers is not numbers:
            found = _Passes(self.instructions, Views(self.memory))
        self._known[lanes] = self._passes = found
        if len(self._known) > KEPT:
            del self._known[next(iter(self._known))]

    def load(self, examples: Array) -> None:
        """Copy rows of examples to the lanes of the inputs."""
        self.memory.values[True][self._inputs] = examples.T

    def forward(self) -> None:
        """Compute every value."""
        self._run(self._passes.forward)

    def backward(self) -> None:
        """Compute the adjoints that the gradient needs."""
        self._run(self._passes.backward)

    def remaining(self) -> None:
        """Compute all other adjoints."""
        self._run(self._passes.remaining)

    def train(
        self, examples: Array, starts: Array, size: int, costs: Array, first_step: int
    ) -> int:
        """Take a step for each batch of `size` rows; return how many stayed finite."""
        calls = [*self._passes.forward, *self._passes.backward]
        return train(self, calls, examples, starts, size, costs, first_step)

    def _run(self, calls: Sequence[Call]) -> None:
        with self.np.errstate(all="ignore"):  # infinities are looked for in the results
            for call in calls:
                call()


class _Passes:
    """The calls over the arrays of one number of lanes; `numbers` are those with lanes."""

    def __init__(self, program: Instructions, views: Views) -> None:
        self.numbers = views.memory.values[True]
        self.forward = _calls(views, program.forward)
        self.backward = _calls(views, [x for x in program.backward if x.needed])
        self.remaining = _calls(views, [x for x in program.backward if not x.needed])


def _calls(views: Views, instructions: Sequence[Instruction]) -> list[Call]:
    return [call for instruction in instructions for call in _bound(views, instruction)]


def _bound(views: Views, instruction: Instruction) -> list[Call]:
    if isinstance(instruction, Map):
        return bind_map(views, instruction)
    if isinstance(instruction, Contraction):
        return bind_product(views, instruction)
    return bind_row(views, instruction)
