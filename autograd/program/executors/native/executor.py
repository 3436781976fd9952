"""The instructions through the compiled interpreter: its sections and its calls.

The interpreter reads five tables: forward, backward, the products that alone write the
gradient of some parameters, the adjoints that no gradient needs, and an optimiser's rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.instructions import ADD, Contraction, Instruction, Instructions, Row
from autograd.program.executors.native.table import Table
from autograd.program.memory import KEPT, Ends, Memory
from autograd.program.training import Update


class NativeExecutor:
    """Runs instructions over a memory through `_replay`."""

    name = "native"

    def __init__(self, instructions: Instructions, memory: Memory, ends: Ends) -> None:
        import numpy as np

        self.np, self.memory, self.ends = np, memory, ends
        self.optimiser = self  # it keeps an optimiser's rule and state as well
        self.state = np.zeros((0, 0), memory.dtype)
        self._installed: Update | None = None
        table = Table()
        needed = [x for x in instructions.backward if x.needed]
        gradients = _last_products(np, needed, ends.parameters)
        sections = [
            table.words(instructions.forward),
            table.words(x for x in needed if not any(x is product for product in gradients)),
            table.words(gradients),
            table.words(x for x in instructions.backward if not x.needed),
        ]
        self._sections = [np.array(words, dtype=np.int64) for words in sections]
        self._table, self._lengths = table, (len(table.constants), len(table.index))
        self._numbers = np.zeros(2, memory.dtype)  # an optimiser's state, its step and scale
        self._update = np.zeros(0, np.int64)
        self._places = np.ascontiguousarray(ends.inputs, dtype=np.int64)
        self._seal()
        self.bind()

    def _seal(self) -> None:
        np, table = self.np, self._table
        self._constants = np.array(table.constants, dtype=np.float64)
        self._index = np.concatenate([np.zeros(0, np.int64), *table.index]).astype(np.int64)
        self._bound: dict[int, tuple[Array, Any]] = {}

    def bind(self) -> None:
        """Read the tables for the arrays that the memory holds now."""
        from autograd.program.executors.native import _replay

        memory = self.memory
        values, self._replay = self._bound.get(memory.lanes, (None, None))
        if values is not memory.values[True]:
            self._replay = _replay.Replay(
                memory.dtype == self.np.float32,
                memory.lanes,
                (*memory.values, *memory.adjoints, self._numbers),
                (*self._sections, self._update),
                self._constants,
                self._index,
            )
            self._bound[memory.lanes] = memory.values[True], self._replay
            if len(self._bound) > KEPT:
                del self._bound[next(iter(self._bound))]

    def load(self, examples: Array) -> None:
        """Copy rows of examples to the lanes of the inputs."""
        self._replay.load(self.np.ascontiguousarray(examples), self._places)

    def forward(self) -> None:
        """Compute every value."""
        self._replay.run(0, 1)

    def backward(self) -> None:
        """Compute the adjoints that the gradient needs."""
        self._replay.run(1, 3)

    def remaining(self) -> None:
        """Compute all other adjoints."""
        self._replay.run(3, 4)

    def install(self, update: Update) -> None:
        """Make room for an optimiser and read its rule."""
        np, slots, count, known = self.np, update.slots, len(update.places), self._installed
        self._installed = update
        if known and known.differs_in_numbers(update):
            self._constants[self._lengths[0] :] = update.expression.constants
            return
        fresh = np.zeros(slots * count + 2, self.memory.dtype)
        if known and known.moves_the_same(update):
            fresh[:] = self._numbers
        self._numbers = fresh
        self.state = fresh[: slots * count].reshape(slots, count)
        del self._table.constants[self._lengths[0] :], self._table.index[self._lengths[1] :]
        self._update = np.array(self._table.update(update), dtype=np.int64)
        self._seal()
        self.bind()

    def update(self, step: int, scale: float) -> None:
        """Apply the optimiser's rule to every parameter."""
        self._numbers[-2:] = step, scale
        self._replay.run(4, 5)

    def train(
        self, examples: Array, starts: Array, size: int, costs: Array, first_step: int
    ) -> int:
        """Take a step for each batch of `size` rows; return how many stayed finite.

        Large matrices are updated block by block as their gradient is found. Where that
        gradient is not finite, the steps are taken again without, up to the one that fails.
        """
        ends, parameters = self.ends, self.memory.values[False][: self.ends.parameters]
        self._numbers[-1] = 1.0
        counter = len(self._numbers) - 2
        before = parameters.copy(), self._numbers.copy()
        where = int(ends.root_lanes), ends.root, ends.parameters, counter, first_step
        done = int(self._replay.train(examples, self._places, starts, costs, *where, True))
        if done < 0:
            parameters[:], self._numbers[:] = before
            again = starts[: -1 - done], costs[: -1 - done]
            done = int(self._replay.train(examples, self._places, *again, *where, False))
        return done


def _last_products(np: Any, backward: Sequence[Instruction], parameters: int) -> list[Contraction]:
    """Return the products that alone write the gradient of some parameters, by address.

    They can run last, each with the update of its parameters: nothing reads what they write.
    """
    ends = [_written(np, this) for this in backward]
    found = []
    for this, (first, last) in zip(backward, ends, strict=True):
        if not isinstance(this, Contraction) or this.mode == ADD or last > parameters:
            continue
        shared = this.destination.adjoint and not this.destination.lanes
        if shared and sum(first < end and start < last for start, end in ends) == 1:
            found.append(this)
    return sorted(found, key=lambda this: this.destination.offset)


def _written(np: Any, this: Instruction) -> tuple[int, int]:
    """Return the first address of shared adjoints that an instruction writes, and the end."""
    target = this.destination
    if not target.adjoint or (this.sources_lanes if isinstance(this, Row) else target.lanes):
        return 0, 0
    if isinstance(this, Row):
        places = this.index[this.index >= 0] if this.operation == "untake" else this.index[:0]
    else:
        sizes = this.sizes[:2] if isinstance(this, Contraction) else this.sizes
        places = target.addresses(np, sizes)
    return (int(places.min()), int(places.max()) + 1) if places.size else (0, 0)
