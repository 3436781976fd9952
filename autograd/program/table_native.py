"""Instructions as the table of words that the compiled interpreter reads.

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

from collections.abc import Iterable
from dataclasses import replace

from autograd.program.accesses import Access, Array, accesses
from autograd.program.expression import Expression
from autograd.program.instructions import ADD, STORE, Contraction, Instruction, Map, Row
from autograd.program.peephole import in_place, joined
from autograd.program.training import Update

STEP = 5  # words of a step
_ROWS = ("peak", "rest", "take", "untake")


class Table:
    """Collects the words of instructions, with their constants and index lists."""

    def __init__(self) -> None:
        from autograd.program import _replay

        self.codes = {name: k for k, name in enumerate(_replay.operations)}
        self.constants: list[float] = []
        self.index: list[Array] = []

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
        return sum(map(len, self.index[:-1]))

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
