"""The instructions through the compiled interpreter: its sections and its calls.

The interpreter reads five tables: forward, backward, the products that alone write the
gradient of some parameters, the adjoints that no gradient needs, and an optimiser's rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.instructions import ADD, Contraction, Instruction, Instructions, Row
from autograd.program.executors.interface import Ends, Update
from autograd.program.executors.native.table import Table
from autograd.program.memory import Memory, Room


@dataclass(frozen=True)
class _Rule:
    """An optimiser's rule, or none, as words, with the constants and index lists of all tables.

    `numbers` are its state, then the step and the scale of gradients.
    """

    update: Update | None
    words: Array
    numbers: Array
    constants: Array
    index: Array


class _Calls(NamedTuple):
    """The tables as read for the arrays of one room, and the rule that is among them."""

    replay: Any
    rule: _Rule


class NativeExecutor:
    """Runs instructions over a memory through `_replay`."""

    name = "native"

    def __init__(self, instructions: Instructions, memory: Memory, ends: Ends) -> None:
        import numpy as np

        from autograd.program.executors.native import _replay

        self.np, self.memory, self.ends = np, memory, ends
        self._replay, self._single = _replay.Replay, memory.dtype == np.float32
        self.optimiser = self  # it keeps an optimiser's rule and state as well
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
        self._places = np.ascontiguousarray(ends.inputs, dtype=np.int64)
        self._root = int(ends.root_lanes), ends.root, ends.parameters
        self._scratch = np.empty(_replay.scratch, np.uint8)  # of whichever room is in use
        none = self._rule(None, np.zeros(2, memory.dtype))
        memory.use(self._bound(memory.room, none))

    @property
    def state(self) -> Array:
        """The numbers that the optimiser keeps, (slots, parameters)."""
        rule = self.memory.room.calls.rule
        shape = (rule.update.slots, len(rule.update.places)) if rule.update else (0, 0)
        return rule.numbers[:-2].reshape(shape)

    def resize(self, lanes: int) -> None:
        """Make room for `lanes` examples at a time; it is used once its tables are read."""
        rule, room = self.memory.room.calls.rule, self.memory.prepared(lanes)
        known = room.calls is not None and room.calls.rule is rule
        self.memory.use(room if known else self._bound(room, rule))

    def twin(self, lanes: int) -> NativeExecutor:
        """Return the same over a memory of its own, for trying things out."""
        twin, memory = copy(self), Memory(self.memory.sizes, str(self.memory.dtype))
        memory.room.values[False][:] = self.memory.room.values[False]
        rule = self.memory.room.calls.rule
        twin.memory, twin.optimiser = memory, twin
        own = replace(rule, numbers=rule.numbers.copy())
        memory.use(twin._bound(memory.prepared(lanes), own))
        return twin

    def _rule(self, update: Update | None, numbers: Array) -> _Rule:
        """Return the words of an optimiser's rule, with constants and lists behind the others."""
        np, table, (first, lists) = self.np, self._table, self._lengths
        del table.constants[first:], table.index[lists:], table.bounds[lists + 1 :]
        words = np.array(table.words([update] if update else ()), dtype=np.int64)
        constants = np.array(table.constants, dtype=np.float64)
        index = np.concatenate([np.zeros(0, np.int64), *table.index]).astype(np.int64)
        return _Rule(update, words, numbers, constants, index)

    def _bound(self, room: Room, rule: _Rule) -> Room:
        """Return a room with all tables read for its arrays."""
        replay = self._replay(
            self._single,
            room.lanes,
            (*room.values, *room.adjoints, rule.numbers),
            (*self._sections, rule.words),
            rule.constants,
            rule.index,
            self._scratch,
        )
        return Room(room.lanes, room.values, room.adjoints, _Calls(replay, rule))

    def load(self, examples: Array) -> None:
        """Copy rows of examples to the lanes of the inputs."""
        self.memory.room.calls.replay.load(self.np.ascontiguousarray(examples), self._places)

    def forward(self) -> None:
        """Compute every value."""
        self.memory.room.calls.replay.run(0, 1)

    def backward(self) -> None:
        """Compute the adjoints that the gradient needs."""
        self.memory.room.calls.replay.run(1, 3)

    def evaluate(self, examples: Array) -> float:
        """Compute values and gradient; return the cost, NaN where a number is not finite.

        The examples lie in one piece.
        """
        replay = self.memory.room.calls.replay
        cost: float = replay.evaluate(examples, self._places, *self._root)
        return cost

    def remaining(self) -> None:
        """Compute all other adjoints."""
        self.memory.room.calls.replay.run(3, 4)

    def install(self, update: Update) -> None:
        """Make room for an optimiser and read its rule."""
        rule = self.memory.room.calls.rule
        if rule.update and rule.update.differs_in_numbers(update):
            rule.constants[self._lengths[0] :] = update.expression.constants
            return
        numbers = self.np.zeros(update.slots * len(update.places) + 2, self.memory.dtype)
        if rule.update and rule.update.moves_the_same(update):
            numbers[:] = rule.numbers
        self.memory.use(self._bound(self.memory.room, self._rule(update, numbers)))

    undisturbed = False

    def update(self, step: int, scale: float, taken: Array) -> None:
        """Apply the optimiser's rule to every parameter."""
        calls = self.memory.room.calls
        calls.rule.numbers[-2:] = step, scale
        calls.replay.run(4, 5)
        taken[0] = step

    def train(
        self, examples: Array, starts: Array, costs: Array, taken: Array, first_step: int
    ) -> None:
        """Take a step for each batch, up to one that is not finite; count them in taken[0].

        Large matrices are updated block by block as their gradient is found.
        """
        calls = self.memory.room.calls
        numbers = calls.rule.numbers
        numbers[-1] = 1.0
        where = *self._root, len(numbers) - 2, first_step
        calls.replay.train(examples, self._places, starts, costs, taken, *where)


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
        places = this.index[this.index >= 0]
    else:
        sizes = this.sizes[:2] if isinstance(this, Contraction) else this.sizes
        places = target.addresses(np, sizes)
    return (int(places.min()), int(places.max()) + 1) if places.size else (0, 0)
