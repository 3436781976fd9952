"""Programs as matrix instructions: where their numbers are, whoever runs them."""

from __future__ import annotations

from collections.abc import Callable

from autograd.program.compiler.instructions import Instructions
from autograd.program.compiler.layout import Layout
from autograd.program.executors.interface import Ends, Executor, Parts, Place
from autograd.program.memory import Memory
from autograd.program.plans import Plan, matrices


def assemble(
    kind: Callable[[Instructions, Memory, Ends], Executor], plan: Plan, dtype: str
) -> Parts:
    """Return the parts of a program whose instructions run by an executor of this kind."""
    layout, instructions = plan.made(matrices)
    memory = Memory(layout.sizes, dtype)
    executor = kind(instructions, memory, Ends.of(plan.recording, layout.address))
    return Parts(MatrixPlacement(layout), memory, executor, instructions)


class MatrixPlacement:
    """Nodes lie where the layout says; one that was absorbed has the adjoint of its sum."""

    def __init__(self, layout: Layout) -> None:
        self.layout, self.address = layout, layout.address
        self.loops: list[tuple[int, int]] = []

    def adjoint(self, node: int) -> Place | None:
        """Return where the adjoint of a node is, None where it is always 0."""
        if not self._differentiable(node):
            return None
        reroll = self.layout.reroll
        owner = reroll.owner(node)
        group = reroll.groups[reroll.signatures[owner]]
        return Place(group.lanes, int(self.address[owner]), group.trained)

    def _differentiable(self, node: int) -> bool:
        """Whether an input or a parameter reaches a node, also one that was absorbed."""
        reroll, pending = self.layout.reroll, [node]
        while pending:
            node = pending.pop()
            signature = reroll.signatures[node]
            if signature >= 0 and reroll.groups[signature].differentiable:
                return True
            if signature < 0:
                pending += reroll.recording.operands[node]
        return False
