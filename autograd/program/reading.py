"""Any recorded number of a program: where it lies, or how it follows from those that do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.program.compiler.layout import Array, Layout
from autograd.program.compiler.recording import Recording
from autograd.program.executors.tape.executor import TapeLayout


class Reader:
    """Values and adjoints of nodes, by number; the caller holds the program's lock.

    Nodes that were absorbed into a sum have its adjoint, and their value is computed from
    their operands. `complete` says whether all adjoints of the last call are there, those
    that its gradient did not need included.
    """

    def __init__(self, recording: Recording, layout: Any, memory: Any, executor: Any) -> None:
        self.recording, self.layout = recording, layout
        self.memory, self.executor = memory, executor
        self.complete = False

    def value(self, number: int) -> Array:
        """Return the value of a node; one that was absorbed is computed from its operands."""
        return self.values([number])[0]

    def values(self, numbers: Sequence[int]) -> list[Array]:
        """Return the values of nodes; what several of them are computed from is so once."""
        recording, address, known = self.recording, self.layout.address, dict[int, Array]()
        pending = list(numbers)
        while pending:
            node = pending[-1]
            if address[node] >= 0:
                known[node] = self.memory.room.values[recording.lanes[node]][address[node]]
            operands = recording.operands[node] if node not in known else ()
            missing = [x for x in operands if x not in known]
            pending += missing
            if not missing:
                pending.pop()
                if node not in known:
                    parts = [known[x] for x in operands]
                    known[node] = _computed(recording.operations[node], parts)
        return [known[number] for number in numbers]

    def adjoint(self, number: int) -> Array:
        recording, layout = self.recording, self.layout
        if isinstance(layout, TapeLayout):
            if not layout.differentiable[number]:
                return layout.np.float64(0.0)
            lanes = self.memory.room.adjoints[True][layout.adjoints[number]]
            return lanes if recording.lanes[number] else lanes.mean()
        reroll = layout.reroll
        owner = reroll.owner(number)
        group = reroll.groups[reroll.signatures[owner]]
        own = reroll.groups[reroll.signatures[number]] if number == owner else group
        if not own.differentiable or not self._differentiable(number):
            return self.layout.np.float64(0.0)
        if not self.complete and not group.trained:
            self.executor.remaining()
            self.complete = True
        adjoint = self.memory.room.adjoints[group.lanes][self.layout.address[owner]]
        return adjoint.mean() if group.lanes and not recording.lanes[number] else adjoint

    def _differentiable(self, number: int) -> bool:
        """Whether an input or a parameter reaches an absorbed node."""
        assert isinstance(self.layout, Layout)
        reroll, pending = self.layout.reroll, [number]
        while pending:
            node = pending.pop()
            signature = reroll.signatures[node]
            if signature >= 0 and reroll.groups[signature].differentiable:
                return True
            if signature < 0:
                pending += self.recording.operands[node]
        return False

    def columns(self, columns: Sequence[Array]) -> Array:
        np, lanes = self.layout.np, self.memory.room.lanes
        out = np.empty((lanes, len(columns)), self.memory.dtype)
        for k, column in enumerate(columns):
            out[:, k] = column
        return out


def _computed(operation: str, operands: Sequence[Array]) -> Array:
    if operation == "mul":
        return operands[0] * operands[1]
    if operation == "dot":
        n = len(operands) // 2
        products = [w * x for w, x in zip(operands[:n], operands[n:], strict=False)]
        return sum(products) + operands[-1]
    return sum(operands)
