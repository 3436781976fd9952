"""An irregular graph node by node: what repeats in time is one `lax.scan`, written once.

The lines of a graph are operations on slots, each written once. Where a stretch of them repeats,
all its slots move on by constant steps; an operand is then the same every time, or the next of a
row of numbers from before, or what a line of the loop computed this time or some times ago. That is
what a scan wants to be told: constants, rows, carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.program.compiler import steps
from autograd.program.compiler.pieces import PIECES
from autograd.program.compiler.recording import COMPUTED, CONSTANT, Recording
from autograd.program.executors.jax.operations import evaluated
from autograd.program.executors.tape.loops import Stretch, stretches

Array = Any
Source = tuple[str, int, int]  # kind, which one, how many times ago
SHORT = 4  # times ago that are carried; numbers from longer ago are kept as a row


class Line(NamedTuple):
    """One operation: the slot of its result and those of its operands."""

    operation: str
    exponent: float | None
    held: bool  # no adjoint reaches it
    result: int
    operands: tuple[int, ...]


class Serial:
    """The lines of a recording, cut into loops and what lies between them."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.constants: dict[float | str, int] = {}
        self.lines: list[Line] = []
        self._slots = len(recording)
        for node in recording.after_leaves:
            if recording.kinds[node] == COMPUTED:
                self._write(node)
        self.root = self._operand(recording.root)
        self.cuts = stretches(self._code()) if self.lines else []
        self.last = {x: k for k, line in enumerate(self.lines) for x in line.operands}
        self.last[self.root] = len(self.lines)

    @property
    def written(self) -> int:
        """How many lines there are to compile."""
        return sum(cut.length for cut in self.cuts)

    def __call__(self, weights: Sequence[Array], x: Array) -> Array:
        """Return c of one example, for one array with all parameters."""
        import jax.numpy as jnp

        row = jnp.asarray([float(text) for text in self.constants], x.dtype)
        slots = Slots(x.dtype)
        slots.enter(self.recording.parameters, weights[0])
        slots.enter(self.recording.inputs, x)
        slots.enter(self.constants.values(), row)
        for cut in self.cuts:
            loop = Loop(self, cut) if cut.times > 1 else None
            if loop and loop.regular:
                loop.run(slots)
            else:
                for line in self.lines[cut.first : cut.end]:
                    slots.at[line.result] = _computed(line, [slots.read(x) for x in line.operands])
        return slots.read(self.root)

    # --- lines ---------------------------------------------------------------------------

    def _write(self, node: int) -> None:
        """Write a node as lines of up to three operands each."""
        recording = self.recording
        operation, operands = recording.operations[node], recording.operands[node]
        self._held = not recording.reached[node]
        if PIECES.get(operation) and PIECES[operation].row is not None:
            raise NotImplementedError(operation)
        slots = list(map(self._operand, operands))
        if operation in ("dot", "total"):
            self._sum(node, operation, slots)
        elif operation == "pow" and recording.kinds[operands[1]] == CONSTANT:
            self._line(operation, node, slots[0], exponent=recording.numbers[operands[1]])
        else:
            self._line(operation, node, *slots)

    def _sum(self, node: int, operation: str, slots: Sequence[int]) -> None:
        terms = list(slots)
        if operation == "dot":
            half = len(slots) // 2
            pairs = zip(slots[:half], slots[half:], strict=False)
            terms = [self._line("mul", self._slot(), w, x) for w, x in pairs]
            if slots[-1] != self.constants.get("0.0") or not terms:
                terms.append(slots[-1])
        out = terms[0]
        for k, term in enumerate(terms[1:], 2):
            out = self._line("add", node if k == len(terms) else self._slot(), out, term)
        if len(terms) == 1:
            self._line("copy", node, out)

    def _line(
        self, operation: str, result: int, *operands: int, exponent: float | None = None
    ) -> int:
        self.lines.append(Line(operation, exponent, self._held, result, operands))
        return result

    def _slot(self) -> int:
        self._slots += 1
        return self._slots - 1

    def _operand(self, node: int) -> int:
        """Return the slot of a node; constants of one number share one."""
        if self.recording.kinds[node] != CONSTANT:
            return node
        number = repr(self.recording.numbers[node])
        if number not in self.constants:
            self.constants[number] = self._slot()
        return self.constants[number]

    def _code(self) -> Array:
        """Return the lines as words, for `stretches` to compare."""
        import numpy as np

        kinds = {line[:3]: 0 for line in self.lines}
        kinds = {kind: k for k, kind in enumerate(kinds)}
        if len(kinds) > 255 or self._slots >> 24:
            raise NotImplementedError("too many lines")
        words = [
            (kinds[line[:3]] | line.result << 8, *line.operands, *[0] * (3 - len(line.operands)))
            for line in self.lines
        ]
        return np.array(words, np.uint32)


class Slots:
    """The numbers of slots: each alone, or one of a row."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        self.at: dict[int, Any] = {}

    def enter(self, slots: Any, row: Array) -> None:
        """Let the numbers of a row be those of these slots."""
        for k, slot in enumerate(slots):
            self.at[slot] = row, k

    def read(self, slot: int) -> Array:
        """Return the number of a slot."""
        found = self.at[slot]
        return found[0][found[1]] if isinstance(found, tuple) else found

    def row(self, slots: Sequence[int]) -> Array:
        """Return the numbers of slots as one array, a slice where they are one."""
        import jax.numpy as jnp
        import numpy as np

        found = [self.at[slot] for slot in slots]
        if all(isinstance(x, tuple) and x[0] is found[0][0] for x in found):
            return found[0][0][np.array([k for _, k in found])]
        return jnp.stack([self.read(slot) for slot in slots])


class Loop:
    """A stretch that repeats, as a scan."""

    def __init__(self, serial: Serial, cut: Stretch) -> None:
        first, length, self.times = cut
        self.lines = serial.lines[first : first + length]
        later = serial.lines[first + length : first + 2 * length]
        pairs = list(zip(self.lines, later, strict=True))
        self.steps = [b.result - a.result for a, b in pairs]
        self.writers = {
            line.result + k * step: (j, k)
            for j, (line, step) in enumerate(zip(self.lines, self.steps, strict=True))
            for k in range(self.times)
        }
        self.regular = True
        self.same: dict[int, int] = {}  # slot → which constant of the loop
        self.rows: dict[tuple[int, int], int] = {}  # (slot, step) → which row
        self.depth = [0] * length  # how many times ago each line is asked for
        self.sources = [
            [self._source(j, x, y - x) for x, y in zip(a.operands, b.operands, strict=True)]
            for j, (a, b) in enumerate(pairs)
        ]
        self.kept = self._kept(serial.last, cut.end)

    def _source(self, reader: int, slot: int, step: int) -> Source:
        """Return where an operand of the loop comes from."""
        if step == 0:
            self.regular &= slot not in self.writers
            return "same", self.same.setdefault(slot, len(self.same)), 0
        for j, (line, own) in enumerate(zip(self.lines, self.steps, strict=True)):
            ago, rest = divmod(line.result - slot, step)
            if own == step and not rest and 0 <= ago < self.times and (ago or j < reader):
                self.depth[j] = max(self.depth[j], ago)
                return "line", j, ago
        inside = any(slot + k * step in self.writers for k in range(self.times))
        self.regular &= not inside
        return "row", self.rows.setdefault((slot, step), len(self.rows)), 0

    def _kept(self, last: dict[int, int], end: int) -> list[int]:
        """Return the lines whose numbers of all times are asked for after the loop.

        The last few are carried out of it anyway.
        """
        kept = set()
        for slot, (j, k) in self.writers.items():
            if last.get(slot, -1) >= end:
                ago = self.times - k
                if ago > SHORT:
                    kept.add(j)
                else:
                    self.depth[j] = max(self.depth[j], ago)
        return sorted(kept)

    def run(self, slots: Slots) -> None:
        """Compute all times of the loop, and enter what is asked for later."""
        import jax

        same = [slots.read(slot) for slot in self.same]
        rows = [slots.row([s + k * g for k in range(self.times)]) for s, g in self.rows]
        carries = [
            [self._before(slots, line.result, ago * step) for ago in range(1, depth + 1)]
            for line, step, depth in zip(self.lines, self.steps, self.depth, strict=True)
        ]

        def once(carried: Any, now: Any) -> tuple[Any, Any]:
            found: list[Array] = []
            for line, sources in zip(self.lines, self.sources, strict=True):
                known = {"same": same, "row": now, "line": found}
                operands = [
                    carried[k][ago - 1] if ago else known[kind][k] for kind, k, ago in sources
                ]
                found.append(_computed(line, operands))
            moved = [[x, *before][: len(before)] for x, before in zip(found, carried, strict=True)]
            return moved, [found[j] for j in self.kept]

        carries, kept = jax.lax.scan(once, carries, rows, length=self.times)
        for line, step, carried in zip(self.lines, self.steps, carries, strict=True):
            for k, number in enumerate(carried[: self.times]):
                slots.at[line.result + (self.times - 1 - k) * step] = number
        for j, row in zip(self.kept, kept, strict=True):
            slot, step = self.lines[j].result, self.steps[j]
            slots.enter([slot + k * step for k in range(self.times)], row)

    def _before(self, slots: Slots, slot: int, back: int) -> Array:
        """Return what a line had computed before the loop; 0 where nobody did and none will ask."""
        import jax.numpy as jnp

        known = slot - back in slots.at
        return slots.read(slot - back).astype(slots.dtype) if known else jnp.zeros((), slots.dtype)


def _computed(line: Line, operands: Sequence[Array]) -> Array:
    if line.held:
        from jax import lax

        operands = list(map(lax.stop_gradient, operands))
    if line.operation == "copy":
        return operands[0]
    code = steps.forward(line.operation, line.exponent)
    return evaluated(code, operands, operands[0].dtype)[0]


def serial(recording: Recording, instructions: int) -> Serial | None:
    """Return a function of one example by lines; None where that is no less than instructions."""
    try:
        lines = Serial(recording)
    except NotImplementedError:  # rows of many operands, or too many lines
        return None
    return lines if lines.written < instructions else None
