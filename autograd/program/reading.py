"""Any recorded number of a program: where it lies, or how it follows from those that do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.recording import Recording
from autograd.program.compiler.steps import dot
from autograd.program.executors.interface import Executor, Numbers, Placement


class Reader:
    """Values and adjoints of nodes, by number; the caller holds the program's lock.

    Nodes that were absorbed into a sum have its adjoint, and their value is computed from
    their operands. `complete` says whether all adjoints of the last call are there, those
    that its gradient did not need included.
    """

    def __init__(
        self, recording: Recording, placement: Placement, memory: Numbers, executor: Executor
    ) -> None:
        self.recording, self.placement = recording, placement
        self.memory, self.executor = memory, executor
        self.complete = False

    def value(self, number: int) -> Array:
        """Return the value of a node; one that was absorbed is computed from its operands."""
        return self.values([number])[0]

    def values(self, numbers: Sequence[int]) -> list[Array]:
        """Return the values of nodes; what several of them are computed from is so once."""
        recording, address, known = self.recording, self.placement.address, dict[int, Array]()
        below, pending = recording.operands, list(numbers)
        while pending:
            node = pending[-1]
            if address[node] >= 0:
                known[node] = self.memory.room.values[recording.lanes[node]][address[node]]
            operands = below[node] if node not in known else ()
            missing = [x for x in operands if x not in known]
            pending += missing
            if not missing:
                pending.pop()
                if node not in known:
                    parts = [known[x] for x in operands]
                    known[node] = _computed(recording.operation(node), parts)
        return [known[number] for number in numbers]

    def adjoint(self, number: int) -> Array:
        """Return the adjoint of a node: ∂c/∂node, or ∂C/∂node where no input reaches it."""
        import numpy as np

        place = self.placement.adjoint(number)
        if place is None:
            return np.float64(0.0)
        if not (self.complete or place.needed):
            with np.errstate(all="ignore"):
                self.executor.remaining()
            self.complete = True
        found = self.memory.room.adjoints[place.lanes][place.address]
        return found.mean() if place.lanes and not self.recording.lanes[number] else found

    def columns(self, columns: Sequence[Array]) -> Array:
        """Return numbers of nodes side by side, (m, nodes)."""
        import numpy as np

        out = np.empty((self.memory.room.lanes, len(columns)), self.memory.dtype)
        for k, column in enumerate(columns):
            out[:, k] = column
        return out


def _computed(operation: str, operands: Sequence[Array]) -> Array:
    if operation == "mul":
        return operands[0] * operands[1]
    return dot(*operands) if operation == "dot" else sum(operands)


def loose(result: Array) -> Any:
    """Return a copy of lanes, or a plain float."""
    return result.copy() if getattr(result, "ndim", 0) else float(result)
