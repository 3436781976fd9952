"""Instructions as the table of words that the compiled interpreter reads.

A table is a row of 64-bit words. Every instruction starts with its kind and its length:

* Map: 1, length, lanes, dimensions, sources, destinations, constants, first constant, steps,
  registers, indexed, leading steps (which run once for all lines), the sizes; then each operand
  as (buffer, offset, index or -1, strides), a destination followed by (register, add); then
  each step as (operation, result, a, b, c).
* Contraction: 2, length, lanes, add, M, N, K; then left, right and destination as
  (buffer, offset, row stride, column stride); then the start as (buffer or -1, offset, stride).
* Row: 3, length, operation, lanes, rows, width, index, lanes of the sources, buffer, offset;
  then the chosen operand as (buffer or -1, offset, index or -1, stride).

Buffers are 2·adjoint + lanes; the fifth holds an optimiser's state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from autograd.program.compiler.accesses import Access, Array, accesses
from autograd.program.compiler.instructions import ADD, STORE, Contraction, Instruction, Map, Row
from autograd.program.compiler.pieces import PIECES
from autograd.program.compiler.steps import Expression, Step, spelled
from autograd.program.executors.interface import Update
from autograd.program.executors.native.peephole import hoisted, in_place, joined


class Table:
    """Collects the words of instructions, with their constants and index lists."""

    def __init__(self) -> None:
        self.codes = codes()
        self.constants: list[float] = []
        self.index: list[Array] = []
        self.bounds = [0]  # of the lists, one after another

    def words(self, instructions: Iterable[Instruction | Update]) -> list[int]:
        """Return the words of instructions and rules; an unknown step is a NotImplementedError."""
        words: list[int] = []
        for this in instructions:
            body = _BODIES[type(this)](self, this)
            words += (body[0], len(body) + 1, *body[1:])
        return words

    def _map(self, this: Map) -> list[int]:
        code = spelled(this.expression, self.codes.__contains__)
        every = (*this.sources, this.destination)
        sums = 0 in this.destination.strides or this.destination.lanes != this.lanes
        if not code.steps and this.mode == STORE and not sums:  # a copy, straight to its place
            copy = "copy", code.registers, code.results
            code = replace(code, steps=(copy,), results=(code.registers,))
        fixed = [k for k, x in enumerate(this.sources) if _is_fixed(x, this.lanes)]
        lead, rest = hoisted(code, fixed)
        steps = [*lead, *joined(rest.steps, rest.results)]
        indexed = any(x.index is not None for x in every)
        sizes = this.sizes or (1,)  # one number is a line of one: a sum would lose the sign of -0
        words = self._head(code, steps, len(lead), (this.lanes, 1, indexed), sizes)
        for access in every:
            words += self._operand(access, len(sizes))
        return [*words, rest.results[0], this.mode == ADD, *self._steps(steps)]

    def _head(
        self, code: Expression, steps: list[Step], lead: int,
        kind: tuple[bool, int, bool], sizes: Sequence[int],
    ) -> list[int]:  # fmt: skip
        """Return the words of a Map up to its sizes; `kind` is lanes, destinations, indexed."""
        lanes, targets, indexed = kind
        registers = max([code.registers, *(result + 1 for _, result, _ in steps)])
        self.constants += code.constants
        first = len(self.constants) - len(code.constants)
        return [
            1, lanes, len(sizes), code.sources, targets, len(code.constants), first, len(steps),
            registers, indexed, lead, *sizes,
        ]  # fmt: skip

    def _steps(self, steps: list[Step]) -> list[int]:
        words: list[int] = []
        for name, result, operands in steps:
            if name not in self.codes:
                raise NotImplementedError(f"the native executor has no operation {name!r}")
            a, b, c = (*operands, *(operands[:1] * (3 - len(operands))))
            words += (self.codes[name], result, a, b, c)
        return words

    def _operand(self, access: Access, dimensions: int) -> list[int]:
        strides = access.strides or (int(access.index is None),) * dimensions
        return [_buffer(access), access.offset, self._place(access.index), *strides]

    def _place(self, index: Array | None) -> int:
        if index is None:
            return -1
        self.index.append(index.ravel())
        self.bounds.append(self.bounds[-1] + index.size)
        return self.bounds[-2]

    def _contraction(self, this: Contraction) -> list[int]:
        words = [2, this.lanes, this.mode == ADD, *this.sizes]
        for access in (this.left, this.right, this.destination):
            words += (_buffer(access), access.offset, *access.strides)
        start = this.start
        return words + ([0, start.offset, start.strides[0]] if start else [-1, 0, 0])

    def _row(self, this: Row) -> list[int]:
        words = [
            3, PIECES[this.operation].row or 0, this.lanes, *this.index.shape,
            self._place(this.index), this.sources_lanes,
            _buffer(this.destination), this.destination.offset,
        ]  # fmt: skip
        chosen = this.chosen
        if chosen is None:
            return [*words, -1, 0, -1, 0]
        stride = chosen.strides[0] if chosen.strides else 0
        return [*words, _buffer(chosen), chosen.offset, self._place(chosen.index), stride]

    def _update(self, this: Update) -> list[int]:
        """An optimiser's rule is a Map of several results."""
        import numpy as np

        count, slots = len(this.places), this.slots
        code = spelled(this.expression, self.codes.__contains__)
        fixed = range(2 + slots, 4 + slots)  # the step and the scale
        lead, rest = hoisted(code, fixed)
        rest = in_place(rest, (0, *range(2, 2 + slots)), code.registers + len(lead))
        sources = [(0, this.places), (2, this.places)]
        sources += [(4, k * count + np.arange(count)) for k in range(slots)]
        sources += [(4, np.full(count, slots * count + k)) for k in range(2)]
        every = (*sources, sources[0], *sources[2 : 2 + slots])
        sizes, found = accesses(np, [(index, False, False) for _, index in every])
        if found[0].index is not None:  # then so have all, and what leads must not wait for a list
            for k in fixed:
                found[k] = Access(False, False, int(sources[k][1][0]), (0,))
        steps = [*lead, *joined(rest.steps, rest.results)]
        kind = False, 1 + slots, found[0].index is not None
        words = self._head(code, steps, len(lead), kind, sizes)
        for k, ((buffer, _), access) in enumerate(zip(every, found, strict=True)):
            words += [buffer, *self._operand(access, len(sizes))[1:]]
            if k >= len(sources):
                words += (rest.results[k - len(sources)], 0)
        return words + self._steps(steps)


_BODIES: dict[type, Callable[..., list[int]]] = {
    Map: Table._map, Contraction: Table._contraction, Row: Table._row, Update: Table._update,
}  # fmt: skip


def codes() -> dict[str, int]:
    """Return the number of each of C's operations, by the name it has here."""
    from autograd.program.executors.native import _replay

    here = {piece.native: name for name, piece in PIECES.items() if piece.native}
    return {here.get(name, name): k for k, name in enumerate(_replay.operations)}


def _is_fixed(access: Access, lanes: bool) -> bool:
    """Whether an operand is one number for the whole instruction."""
    return access.index is None and not any(access.strides) and not (lanes and access.lanes)


def _buffer(access: Access) -> int:
    return 2 * access.adjoint + access.lanes
