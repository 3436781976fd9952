"""Node by node in Python, straight from the rows of the table: slow, and right by definition.

No program starts out here. It is what is left where the other ways to run one were found to be
wrong, and what those are held to where the compiled witness cannot speak.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from autograd.program.compiler import pieces
from autograd.program.compiler.accesses import Array
from autograd.program.compiler.pieces import PLAIN
from autograd.program.compiler.recording import COMPUTED, CONSTANT, Recording
from autograd.program.executors.interface import Ends, Parts, Place, Placement
from autograd.program.executors.numpy.update import NumpyUpdate
from autograd.program.memory import Memory
from autograd.program.plans import Plan
from autograd.table import PRIMITIVES

Off = Callable[[float, float, str], float]


def _sum_minus_one(*exponentials: float) -> float:
    others = list(exponentials)
    others.remove(1.0)
    return math.fsum(others)


PIECES: dict[str, Callable[..., float]] = {
    "shifted": lambda x, y: 0.0 if x == y else x - y,
    "broadcast": lambda x, like: x,
    "increment": lambda x: x + 1.0,
    "argmax": lambda *values: float(max(range(len(values)), key=values.__getitem__)),
    "peak": lambda *values: max(values),
    "sum_minus_one": _sum_minus_one,
}


def evaluate(recording: Recording, numbers: list[float], off: Off | None = None) -> None:
    """Fill in the numbers of all computed nodes, in place; NaN where there is none.

    `off` (number, scale, operation) → number adds an error to each result.
    """
    rows = recording.rows
    for node, kind in enumerate(recording.kinds):
        if kind != COMPUTED:
            continue
        operation = recording.operations[node]
        operands = [numbers[x] for x in recording.operands[node]]
        function = PIECES.get(operation)
        if function is None:
            function = (rows.get(operation) or PRIMITIVES[operation]).forward
        try:
            found = function(*operands)
        except (ArithmeticError, ValueError, IndexError):
            found = math.nan
        numbers[node] = off(found, _scale(operation, operands, found), operation) if off else found


def _scale(operation: str, operands: Sequence[float], found: float) -> float:
    """Return the size of what was rounded on the way to a number."""
    if operation == "dot":
        half = len(operands) // 2
        pairs = zip(operands[:half], operands[half:], strict=False)
        return sum(abs(a * b) for a, b in pairs) + abs(operands[-1])
    return sum(map(abs, operands)) if operation == "total" else abs(found)


def pull_back(
    recording: Recording, numbers: Sequence[float], needed: Sequence[bool], off: Off | None = None
) -> list[float]:
    """Return the adjoint of every node that is needed, ∂root/∂node; 0 for the others."""
    adjoints = [0.0] * len(recording)
    adjoints[recording.root] = float(needed[recording.root])
    for node in range(recording.root, -1, -1):
        if recording.kinds[node] != COMPUTED or not needed[node]:
            continue
        operands, adjoint = recording.operands[node], adjoints[node]
        slots = [k for k, x in enumerate(operands) if needed[x]]
        partials = _partials(recording, node, [numbers[x] for x in operands], numbers[node], slots)
        for k, partial in zip(slots, partials, strict=True):
            x, term = operands[k], partial * adjoint
            total = adjoints[x] + term
            adjoints[x] = off(total, abs(adjoints[x]) + abs(term), "add") if off else total
    return adjoints


def _partials(
    recording: Recording, node: int, operands: list[float], out: float, slots: list[int]
) -> list[float]:
    operation = recording.operations[node]
    piece = pieces.PIECES.get(operation)
    if piece is not None and piece.partials:
        return [(piece.partials * len(operands))[k] for k in slots]
    row = recording.rows.get(operation) or PRIMITIVES[operation]
    try:
        return [float(x) for x in row.local(operands, out, slots)]
    except (ArithmeticError, ValueError, IndexError):
        return [math.nan] * len(slots)


def differentiable(recording: Recording) -> list[bool]:
    """Return for each node whether a parameter or an input reaches it."""
    found: list[bool] = []
    for kind, operation, operands in zip(
        recording.kinds, recording.operations, recording.operands, strict=True
    ):
        reached = kind != CONSTANT if kind != COMPUTED else any(found[x] for x in operands)
        found.append(reached and pieces.PIECES.get(operation, PLAIN).differentiable)
    return found


class EagerExecutor:
    """Runs a recording over a memory in which node i has address i."""

    name = "eager"
    train = None

    def __init__(self, recording: Recording, memory: Memory, ends: Ends) -> None:
        self.recording, self.memory, self.ends = recording, memory, ends
        self.optimiser = NumpyUpdate(memory)
        self.needed = differentiable(recording)
        self._columns: list[list[float]] = []

    def resize(self, lanes: int) -> None:
        """Make room for `lanes` examples at a time."""
        self.memory.use(replace(self.memory.prepared(lanes)))

    def load(self, examples: Array) -> None:
        """Copy rows of examples to the lanes of the inputs."""
        self.memory.room.values[True][self.ends.inputs] = examples.T

    def forward(self) -> None:
        """Compute every value, one example after another."""
        np, room, recording = self._numpy(), self.memory.room, self.recording
        shared, spread = room.values
        lanes = np.frombuffer(recording.lanes, bool)[:, None]
        columns = []
        for numbers in np.where(lanes, spread, shared[:, None]).T.tolist():
            evaluate(recording, numbers)
            columns.append(numbers)
        self._columns = columns
        spread[:] = np.array(columns).T
        shared[:] = np.where(lanes[:, 0], 0.0, spread[:, 0])

    def backward(self) -> None:
        """Compute every adjoint; those without lanes are means."""
        np, room = self._numpy(), self.memory.room
        found = [pull_back(self.recording, column, self.needed) for column in self._columns]
        room.adjoints[True][:] = np.array(found).T
        room.adjoints[False][:] = room.adjoints[True].mean(axis=1)

    def remaining(self) -> None:
        """Do nothing: backward computes all adjoints."""

    def _numpy(self) -> Any:
        import numpy as np

        return np


def assemble(plan: Plan, dtype: str) -> Parts:
    """Return the parts of a program that runs node by node."""
    import numpy as np

    n, recording = len(plan.recording), plan.recording
    address, memory = np.arange(n), Memory((n, n), dtype)
    executor = EagerExecutor(recording, memory, Ends.of(recording, address))

    def adjoint(node: int) -> Place | None:
        return Place(bool(recording.lanes[node]), node) if executor.needed[node] else None

    return Parts(Placement(address, adjoint), memory, executor)
