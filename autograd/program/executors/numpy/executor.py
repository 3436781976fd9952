"""The instructions through NumPy: the readable reference, always available.

`resize` turns each instruction into calls of NumPy functions on views of a room, for one
number of lanes; a run makes the calls in order, and each writes where the next one reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.instructions import Contraction, Instruction, Instructions, Map, Row
from autograd.program.compiler.strips import in_strips
from autograd.program.executors.interface import Ends
from autograd.program.executors.numpy.maps import bind_map
from autograd.program.executors.numpy.masked import Masked, bind_masked, masked
from autograd.program.executors.numpy.operations import in_steps
from autograd.program.executors.numpy.products import bind_product
from autograd.program.executors.numpy.rows import bind_row
from autograd.program.executors.numpy.update import NumpyUpdate
from autograd.program.executors.numpy.views import Call, Views
from autograd.program.memory import Memory, Room, stretch


class NumpyExecutor:
    """Runs instructions over a memory."""

    name = "numpy"
    evaluate = train = twin = None

    def __init__(self, instructions: Instructions, memory: Memory, ends: Ends) -> None:
        import numpy as np

        self.memory = memory
        self.instructions = Instructions(
            *([*_prepared(np, code)] for code in (instructions.forward, instructions.backward))
        )
        self.optimiser = NumpyUpdate(memory)
        self._inputs = stretch(np, ends.inputs)
        memory.use(self._bound(memory.room))

    def resize(self, lanes: int) -> None:
        """Make room for `lanes` examples at a time; it is used once its calls are made."""
        self.memory.use(self._bound(self.memory.prepared(lanes)))

    def _bound(self, room: Room) -> Room:
        """Return a room with the calls that run on its arrays."""
        if room.calls is not None:
            return room
        return room._replace(calls=_Passes(self.instructions, Views(room)))

    def load(self, examples: Array) -> None:
        """Copy rows of examples to the lanes of the inputs."""
        self.memory.room.values[True][self._inputs] = examples.T

    def forward(self) -> None:
        """Compute every value."""
        _run(self.memory.room.calls.forward)

    def backward(self) -> None:
        """Compute the adjoints that the gradient needs."""
        _run(self.memory.room.calls.backward)

    def remaining(self) -> None:
        """Compute all other adjoints."""
        _run(self.memory.room.calls.remaining)


def _prepared(np: Any, code: Sequence[Instruction]) -> Iterator[Any]:
    """Yield instructions with functions of arrays; lists of elements in blocks, or in strips."""
    for this in code:
        maps = [*map(_in_steps, in_strips(np, [this], lanes=True))]
        blocks = masked(np, this, maps)
        yield from maps if blocks is None else [blocks]


def _in_steps(this: Instruction) -> Instruction:
    """Return an instruction with the functions of now: names may be given to other rows later."""
    return this._replace(expression=in_steps(this.expression)) if isinstance(this, Map) else this


def _run(calls: Sequence[Call]) -> None:
    for call in calls:
        call()


class _Passes:
    """The calls over the arrays of one number of lanes."""

    def __init__(self, program: Instructions, views: Views) -> None:
        self.forward = _calls(views, program.forward)
        self.backward = _calls(views, [x for x in program.backward if x.needed])
        self.remaining = _calls(views, [x for x in program.backward if not x.needed])


_BINDERS: dict[type, Callable[..., list[Call]]] = {
    Map: bind_map, Contraction: bind_product, Row: bind_row, Masked: bind_masked,
}  # fmt: skip


def _calls(views: Views, instructions: Sequence[Instruction]) -> list[Call]:
    return [call for this in instructions for call in _BINDERS[type(this)](views, this)]
