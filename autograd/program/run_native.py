"""The instructions through the compiled interpreter: the table it reads, and its calls.

A table is a row of 64-bit words. Every instruction starts with its kind and its length:

* Map: 1, length, lanes, dimensions, sources, destinations, constants, first constant, steps,
  registers, indexed, the sizes; then each operand as (buffer, offset, index or -1, strides),
  a destination followed by (register, add); then each step as (operation, result, a, b, c).
* Contraction: 2, length, lanes, add, M, N, K; then left, right and destination as
  (buffer, offset, row stride, column stride); then the start as (buffer or -1, offset, stride).
* Row: 3, length, operation, lanes, rows, width, index, lanes of the sources, buffer, offset;
  then the chosen operand as (buffer or -1, offset, index or -1, stride).

Buffers are 2·adjoint + lanes; the fifth holds an optimiser's state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from autograd.engine import require_interface
from autograd.program.accesses import Access, Array, accesses
from autograd.program.expression import Expression
from autograd.program.instructions import (
    ADD,
    STORE,
    Contraction,
    Instruction,
    Instructions,
    Map,
    Row,
)
from autograd.program.memory import KEPT, Ends, Memory
from autograd.program.peephole import in_place, joined
from autograd.program.training import Update

STEP = 5  # words of a step
_ROWS = ("peak", "rest", "take", "untake")


def available() -> bool:
    """Whether the compiled interpreter was built; one from other sources is an ImportError."""
    try:
        from autograd.program import _replay
    except ImportError:
        return False
    require_interface(_replay)
    return True


class Table:
    """Collects the words of instructions, with their constants and index lists."""

    def __init__(self) -> None:
        from autograd.program import _replay

        self.codes = {name: k for k, name in enumerate(_replay.operations)}
        self.constants: list[float] = []
        self.index: list[Array] = []
        self._index_length = 0

    def words(self, instructions: Iterable[Instruction]) -> list[int]:
        """Return the words of instructions. Raises NotImplementedError for unknown steps."""
        words: list[int] = []
        for this in instructions:
            if isinstance(this, Map):
                body = self._map(this)
            elif isinstance(this, Contraction):
                body = self._contraction(this)
            else:
                body = self._row(this)
            words += (body[0], len(body) + 1, *body[1:])
        return words

    def _map(self, this: Map) -> list[int]:
        code = this.expression
        if not code.steps and this.mode == STORE:  # a copy that can go where it belongs
            code = replace(code, steps=(("copy", code.registers, (0,)),), results=(code.registers,))
        steps = self._steps(code)
        every = (*this.sources, this.destination)
        words = [
            1, this.lanes, len(this.sizes), len(this.sources), 1, len(code.constants),
            len(self.constants), len(steps) // STEP, code.registers,
            any(x.index is not None for x in every), *this.sizes,
        ]  # fmt: skip
        self.constants += code.constants
        for access in every:
            words += self._operand(access, len(this.sizes))
        words += (code.results[0], this.mode == ADD)
        return words + steps

    def _steps(self, code: Expression) -> list[int]:
        words: list[int] = []
        for name, result, operands in joined(code.steps, code.results):
            if name not in self.codes:
                raise NotImplementedError(f"the native executor has no operation {name!r}")
            a, b, c = (*operands, *(operands[:1] * (3 - len(operands))))
            words += (self.codes[name], result, a, b, c)
        return words

    def _operand(self, access: Access, dimensions: int) -> list[int]:
        strides = access.strides or (0,) * dimensions
        return [_buffer(access), access.offset, self._place(access.index), *strides]

    def _place(self, index: Array | None) -> int:
        if index is None:
            return -1
        self.index.append(index.ravel())
        self._index_length += index.size
        return self._index_length - int(index.size)

    def _contraction(self, this: Contraction) -> list[int]:
        words = [2, this.lanes, this.mode == ADD, *this.sizes]
        for access in (this.left, this.right, this.destination):
            words += (_buffer(access), access.offset, *access.strides)
        start = this.start
        return words + ([0, start.offset, start.strides[0]] if start else [-1, 0, 0])

    def _row(self, this: Row) -> list[int]:
        words = [
            3, _ROWS.index(this.operation), this.lanes, *this.index.shape,
            self._place(this.index), this.sources_lanes,
            _buffer(this.destination), this.destination.offset,
        ]  # fmt: skip
        chosen = this.chosen
        if chosen is None:
            return [*words, -1, 0, -1, 0]
        stride = chosen.strides[0] if chosen.strides else 0
        return [*words, _buffer(chosen), chosen.offset, self._place(chosen.index), stride]

    def update(self, this: Update) -> list[int]:
        """Return the words of an optimiser's rule: a Map of several results."""
        import numpy as np

        count, slots = len(this.places), this.slots
        code = in_place(this.expression, (0, *range(2, 2 + slots)))
        steps = self._steps(code)
        sources = [(0, this.places), (2, this.places)]
        sources += [(4, k * count + np.arange(count)) for k in range(slots)]
        sources += [(4, np.full(count, slots * count + k)) for k in range(2)]
        targets = [sources[0], *sources[2 : 2 + slots]]
        sizes, found = accesses(np, [(index, False, False) for _, index in (*sources, *targets)])
        words = [
            1, 0, len(sizes), len(sources), len(targets), len(code.constants),
            len(self.constants), len(steps) // STEP, code.registers,
            found[0].index is not None, *sizes,
        ]  # fmt: skip
        self.constants += code.constants
        for k, ((buffer, _), access) in enumerate(zip((*sources, *targets), found, strict=True)):
            words += [buffer, *self._operand(access, len(sizes))[1:]]
            if k >= len(sources):
                words += (code.results[k - len(sources)], 0)
        words += steps
        return [words[0], len(words) + 1, *words[1:]]


def _buffer(access: Access) -> int:
    return 2 * access.adjoint + access.lanes


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
            table.words(x for x in needed if x not in gradients),
            table.words(gradients),
            table.words(x for x in instructions.backward if not x.needed),
        ]
        self._sections = [np.array(words, dtype=np.int64) for words in sections]
        self._table = table
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
        from autograd.program import _replay

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
        np, slots, count = self.np, update.slots, len(update.places)
        known = self._installed
        same = known and known.slots == slots and np.array_equal(known.places, update.places)
        if same and known and known.expression == update.expression:
            return
        fresh = np.zeros(slots * count + 2, self.memory.dtype)
        if same:
            fresh[:] = self._numbers
        self._numbers, self._installed = fresh, update
        self.state = fresh[: slots * count].reshape(slots, count)
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
    ends = [_stretch(np, this) for this in backward]
    found = []
    for this, (first, last) in zip(backward, ends, strict=True):
        if not isinstance(this, Contraction) or this.mode == ADD or last > parameters:
            continue
        shared = this.destination.adjoint and not this.destination.lanes
        if shared and sum(first < end and start < last for start, end in ends) == 1:
            found.append(this)
    return sorted(found, key=lambda this: this.destination.offset)


def _stretch(np: Any, this: Instruction) -> tuple[int, int]:
    """Return the first address of shared adjoints that an instruction writes, and the end."""
    target = this.destination
    if isinstance(this, Row):
        places = this.index[this.index >= 0] if this.operation == "untake" else this.index[:0]
        lanes = this.sources_lanes
    else:
        sizes = this.sizes[:2] if isinstance(this, Contraction) else this.sizes
        places, lanes = target.addresses(np, sizes), target.lanes
    if lanes or not target.adjoint or not places.size:
        return 0, 0
    return int(places.min()), int(places.max()) + 1
