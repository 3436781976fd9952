"""Node by node in Python, straight from the rows of the table: slow, and right by definition.

No program starts out here. It is what is left where the other ways to run one were found to be
wrong, and what those are held to where the compiled witness cannot speak.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.program.compiler import pieces
from autograd.program.compiler.accesses import Array
from autograd.program.compiler.pieces import PLAIN
from autograd.program.compiler.recording import COMPUTED, CONSTANT, Recording
from autograd.program.executors.interface import Ends, Parts, Place, Placement
from autograd.program.executors.numpy.update import NumpyUpdate
from autograd.program.memory import Memory
from autograd.program.plans import Plan
from autograd.program.verification.within import (
    NONE_THERE,
    is_own,
    scale_of,
    scales_of_partials,
)
from autograd.sweep import passing
from autograd.table import PRIMITIVES

Off = Callable[[Array, Array, str], Array]


def _sum_minus_one(*exponentials: float) -> float:
    others = list(exponentials)
    others.remove(1.0)
    return math.fsum(others)


PIECES: dict[str, Callable[..., float]] = {
    "shifted": lambda x, y: 0.0 if x == y else x - y,
    "broadcast": lambda x, like: x,
    "increment": lambda x: x + 1.0,
    "rest_of_share": lambda u, e, rest: rest,
    "log_share": lambda u, told, rest: u - math.log1p(rest),
    "argmax": lambda *values: float(max(range(len(values)), key=values.__getitem__)),
    "peak": lambda *values: max(values),
    "sum_minus_one": _sum_minus_one,
}


def evaluate(
    recording: Recording, values: Array, off: Off | None = None, within: bool = False
) -> None:
    """Fill in the rows of all computed nodes of a table (nodes, columns); NaN where there is none.

    `off` (numbers, scale, operation) → numbers adds an error to each result; `within` tells
    whether the scale counts what is rounded within somebody's own row.
    """
    for node, kind in enumerate(recording.kinds):
        if kind == COMPUTED:
            operation, operands = recording.operations[node], recording.operands[node]
            found, scale = computed(recording, operation, values[[*operands]])
            row = recording.rows.get(operation)
            if within and row and is_own(row):
                scale = scale_of(row, values[[*operands]], found)
            values[node] = off(found, scale, operation) if off else found


def computed(recording: Recording, operation: str, operands: Array) -> tuple[Array, Array]:
    """Return a node in all columns, and the size of what was rounded on the way to it."""
    if operation == "dot":
        half = len(operands) // 2
        terms = operands[:half] * operands[half:-1]
        return terms.sum(axis=0) + operands[-1], abs(terms).sum(axis=0) + abs(operands[-1])
    if operation == "total":
        return operands.sum(axis=0), abs(operands).sum(axis=0)
    row = recording.rows.get(operation)
    function = PIECES.get(operation) or (row or PRIMITIVES[operation]).forward
    found = abs(operands[0])
    for column, numbers in enumerate(operands.T.tolist()):
        try:
            found[column] = function(*numbers)
        except NONE_THERE:
            found[column] = math.nan
    return found, found


def pull_back(
    recording: Recording,
    values: Array,
    needed: Sequence[bool],
    off: Off | None = None,
    within: bool = False,
) -> Array:
    """Return ∂root/∂node of every node that is needed, in each column; 0 for the others.

    `off` and `within` are those of `evaluate`.
    """
    import numpy as np

    adjoints = np.zeros_like(values)
    adjoints[recording.root] = float(needed[recording.root])
    for node in range(recording.root, -1, -1):
        if recording.kinds[node] == COMPUTED and needed[node] and recording.reached[node]:
            operands = recording.operands[node]
            row, every = recording.rows.get(recording.operations[node]), range(len(operands))
            given = passing(row.partials, every) if row else every
            slots = [k for k in given if needed[operands[k]]]
            own = partials(recording, node, values, slots)
            terms = scale = own * adjoints[node]
            if within and row and is_own(row):
                points = values[[*operands, node]]
                scale = scales_of_partials(row, points, slots, own) * adjoints[node]
            targets = [operands[k] for k in slots]
            np.add.at(adjoints, targets, off(terms, scale, "add") if off else terms)
    return adjoints


def partials(recording: Recording, node: int, values: Array, slots: list[int]) -> Array:
    """Return ∂node/∂operand for some of its operands, in each column."""
    import numpy as np

    operation, numbers = recording.operations[node], values[[*recording.operands[node]]]
    piece, half = pieces.PIECES.get(operation), len(numbers) // 2
    if operation == "dot":
        ones = np.ones_like(numbers[:1])
        return np.concatenate([numbers[half:-1], numbers[:half], ones])[slots]
    if piece is not None and piece.partials:
        every = (piece.partials * len(numbers))[: len(numbers)]
        at = *numbers, values[node]
        found = [p(*at) if callable(p) else np.full_like(at[-1], p) for p in every]
        return np.array(found)[slots]
    row, found = recording.rows.get(operation) or PRIMITIVES[operation], numbers[slots]
    for column, out in enumerate(values[node].tolist()):
        try:
            found[:, column] = row.local(numbers[:, column].tolist(), out, slots)
        except NONE_THERE:
            found[:, column] = math.nan
    return found


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
    evaluate = train = twin = None

    def __init__(self, recording: Recording, memory: Memory, ends: Ends) -> None:
        self.recording, self.memory, self.ends = recording, memory, ends
        self.optimiser = NumpyUpdate(memory)
        self.needed = differentiable(recording)
        self._values: Array = None

    def resize(self, lanes: int) -> None:
        """Make room for `lanes` examples at a time."""
        self.memory.use(self.memory.prepared(lanes))

    def load(self, examples: Array) -> None:
        """Copy rows of examples to the lanes of the inputs."""
        self.memory.room.values[True][self.ends.inputs] = examples.T

    def forward(self) -> None:
        """Compute every value, node by node."""
        np, room, recording = self._numpy(), self.memory.room, self.recording
        (shared, spread), lanes = room.values, np.frombuffer(recording.lanes, bool)
        self._values = np.where(lanes[:, None], spread, shared[:, None]).astype(float)
        evaluate(recording, self._values)
        spread[:] = self._values
        shared[:] = np.where(lanes, 0.0, spread[:, 0])

    def backward(self) -> None:
        """Compute every adjoint; those without lanes are means."""
        adjoints = self.memory.room.adjoints
        adjoints[True][:] = pull_back(self.recording, self._values, self.needed)
        adjoints[False][:] = adjoints[True].mean(axis=1)

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
