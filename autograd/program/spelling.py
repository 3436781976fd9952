"""Writes a `Listing`: matrix instructions in plain words, and serial code with its loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from autograd.program.compiler.accesses import Access, unique
from autograd.program.compiler.instructions import ADD, STORE, Contraction, Instruction, Map, Row
from autograd.program.compiler.layout import Layout
from autograd.program.compiler.recording import CONSTANT, Recording
from autograd.program.compiler.steps import Expression
from autograd.program.executors.jax.serial import Line, Serial, serial
from autograd.program.listing import Apply, Array, Listing, Loop, Product, Reduce, Written
from autograd.program.plans import PLANS, matrices


class Recorded(Protocol):
    """What a `Program` is asked for here."""

    @property
    def recording(self) -> Recording:
        """The graph as columns."""


def listing(program: Recorded) -> Listing:
    """Return the forward instructions of one example, which an interpreter of its own can run.

    `autograd.program.listing` says what each of them means.

    >>> from autograd import Program, Value, dot, tanh
    >>> x, w = [Value(0.5), Value(-1.0)], [Value(2.0), Value(3.0)]
    >>> found = Program(tanh(dot(w, x)), inputs=x, parameters=w).listing()
    >>> print(found.text())
    product: (1, 1) 5 ← (1, 2) 0…1 · (2, 1) 3…4
    tanh: () 6 ← () 5
    >>> found.parameters, found.inputs, found.root
    ([0, 1], [3, 4], 6)
    """
    recording = program.recording
    layout, instructions = PLANS.find(recording).made(matrices)
    in_time = serial(recording, len(instructions.forward))
    if in_time:
        return _serial(recording, in_time)
    return _Writer(recording, layout).written(instructions.forward)


class _Writer:
    """Writes matrix instructions: shared numbers come first, those of an example behind them."""

    def __init__(self, recording: Recording, layout: Layout) -> None:
        import numpy as np

        self.np, self.recording, self.layout = np, recording, layout
        self.behind, self.size = layout.sizes[0], sum(layout.sizes)
        self.nodes = np.array(list(map(self._slot, range(len(recording)))))
        self.out: list[Written] = []

    def written(self, forward: Sequence[Instruction]) -> Listing:
        """Return the listing of these instructions."""
        for this in forward:
            if isinstance(this, Map):
                self._map(this)
            elif isinstance(this, Contraction):
                self._contraction(this)
            else:
                self._row(this)
        recording = self.recording
        constants = [k for k, kind in enumerate(recording.kinds) if kind == CONSTANT]
        places = [(self._slot(k), recording.numbers[k]) for k in constants]
        return Listing(
            self.size,
            list(map(self._slot, recording.parameters)),
            list(map(self._slot, recording.inputs)),
            [(slot, number) for slot, number in places if slot >= 0],
            self._slot(recording.root),
            self.out,
        )

    def _slot(self, node: int) -> int:
        address = int(self.layout.address[node])
        return address + self.behind * bool(self.recording.lanes[node]) if address >= 0 else -1

    def _places(self, access: Access, sizes: Sequence[int]) -> Array:
        """Return the slots of an access, with size 1 where it does not move."""
        if access.index is not None:
            return access.index + self.behind * access.lanes
        shape = [n if step else 1 for n, step in zip(sizes, access.strides, strict=True)]
        moved = Access(access.lanes, access.adjoint, access.offset, access.strides)
        return moved.addresses(self.np, shape).reshape(shape) + self.behind * access.lanes

    def _new(self, shape: Sequence[int]) -> Array:
        count = int(self.np.prod(shape))
        self.size += count
        return self.np.arange(self.size - count, self.size).reshape(shape)

    def _map(self, this: Map) -> None:
        sources = [self._places(x, this.sizes) for x in this.sources]
        out = self._places(this.destination, this.sizes)
        lacking = [k for k, n in enumerate(out.shape) if n != this.sizes[k]]
        if not lacking and this.mode == STORE:
            self._evaluate(this.expression, sources, out)
            return
        found = self._new(this.sizes)
        self._evaluate(this.expression, sources, found)
        if lacking:
            kept = [k for k in range(found.ndim) if k not in lacking]
            rows = found.transpose([*kept, *lacking]).reshape(out.size, -1)
            found = out if this.mode == STORE else self._new(out.shape)
            self.out.append(Reduce("total", found.ravel(), rows))
        if this.mode == ADD:
            self._add(out, found)

    def _add(self, out: Array, found: Array) -> None:
        """Write out += found, where a slot that comes twice receives both."""
        np, flat = self.np, out.ravel()
        slots = unique(np, flat)
        if len(slots) == len(flat):
            self.out.append(Apply("add", out, (out, found)))
            return
        order = np.argsort(flat, kind="stable")
        parts = np.split(found.ravel()[order], np.searchsorted(flat[order], slots[1:]))
        rows = np.full((len(slots), 1 + max(map(len, parts))), -1)
        rows[:, 0] = slots
        for row, part in zip(rows, parts, strict=True):
            row[1 : 1 + len(part)] = part
        self.out.append(Reduce("total", slots, rows))

    def _evaluate(self, code: Expression, sources: Sequence[Array], out: Array) -> None:
        """Write the steps of an expression; the last one fills `out`."""
        registers: dict[int, Any] = dict(enumerate([*sources, *code.constants]))
        (wanted,) = code.results
        for name, result, operands in code.steps:
            registers[result] = out if result == wanted else self._new(out.shape)
            given = tuple([registers[k] for k in operands])
            self.out.append(_apply(name, registers[result], given))
        if wanted < code.sources + len(code.constants):
            self.out.append(Apply("copy", out, (registers[wanted],)))

    def _contraction(self, this: Contraction) -> None:
        m, n, k = this.sizes
        left, right = self._whole(this.left, (m, k)), self._whole(this.right, (n, k)).T
        start = None if this.start is None else self._places(this.start, (m, n))
        out = self._whole(this.destination, (m, n))
        if this.mode == ADD:
            start, out, into = out, self._new((m, n)), out
            self.out += [Product(out, left, right, start), Apply("copy", into, (out,))]
        else:
            self.out.append(Product(out, left, right, start))

    def _whole(self, access: Access, shape: tuple[int, int]) -> Array:
        places = access.addresses(self.np, shape).reshape(shape)
        return places + self.behind * access.lanes

    def _row(self, this: Row) -> None:
        rows = self.np.where(this.index < 0, -1, this.index + self.behind * this.sources_lanes)
        rows[~self.np.isin(rows, self.nodes)] = -1  # a zero that fills up a row
        (count, _), out = rows.shape, this.destination
        result = out.offset + self.np.arange(count) + self.behind * out.lanes
        chosen = None
        if this.chosen is not None:
            found = self._places(this.chosen, [count])
            chosen = self.np.broadcast_to(found, (count,))
        self.out.append(Reduce(this.operation, result, rows, chosen))


def _apply(name: str, result: Array, operands: tuple[Any, ...]) -> Apply:
    """Return an instruction in words that need no explanation."""
    if name == "broadcast":  # to the numbers of another
        return Apply("copy", result, operands[:1])
    return (
        Apply("add", result, (*operands, 1.0))
        if name == "increment"
        else Apply(name, result, operands)
    )


def _serial(recording: Recording, lines: Serial) -> Listing:
    """Return the listing of code that goes line by line: node k is slot k."""
    instructions = list(_cuts(lines))
    size = 1 + max([lines.root, *lines.constants.values(), *(x.result for x in lines.lines)])
    return Listing(
        max(size, len(recording)),
        list(recording.parameters),
        list(recording.inputs),
        [(slot, float(number)) for number, slot in lines.constants.items()],
        lines.root,
        instructions,
    )


def _cuts(lines: Serial) -> Iterator[Apply | Loop]:
    for first, length, times in lines.cuts:
        now, then = (lines.lines[k : k + length] for k in (first, first + length))
        body = [_line(line) for line in now]
        if times == 1:
            yield from body
            continue
        steps = [
            (b.result - a.result, *(y - x for x, y in zip(a.operands, b.operands, strict=True)))
            for a, b in zip(now, then, strict=True)
        ]
        yield Loop(times, body, steps)


def _line(line: Line) -> Apply:
    power = () if line.exponent is None else (line.exponent,)
    return Apply(line.operation, line.result, (*line.operands, *power))
