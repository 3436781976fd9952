"""Programs as matrix instructions: where their numbers are, whoever runs them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from autograd.program.compiler.instructions import Instructions
from autograd.program.compiler.layout import Layout
from autograd.program.executors.interface import Ends, Executor, Parts, Place, Placement
from autograd.program.memory import Memory
from autograd.program.plans import Plan, matrices


def assemble(
    kind: Callable[[Instructions, Memory, Ends], Executor], plan: Plan, dtype: str
) -> Parts:
    """Return the parts of a program whose instructions run by an executor of this kind."""
    layout, instructions = plan.made(matrices)
    memory = Memory(layout.sizes, dtype)
    executor = kind(instructions, memory, Ends.of(plan.recording, layout.address))
    placement = Placement(layout.address, partial(_adjoint, layout), layout)
    return Parts(placement, memory, executor, instructions)


def _adjoint(layout: Layout, node: int) -> Place | None:
    """Return where the adjoint of a node is: one that was absorbed has that of its sum."""
    reroll, groups, owner = layout.reroll, layout.reroll.groups, layout.reroll.owner(node)
    group, pending = groups[reroll.signatures[owner]], [node]
    while pending:  # a node that was absorbed has no group, but its operands may
        node = pending.pop()
        signature = reroll.signatures[node]
        if signature >= 0 and groups[signature].differentiable:
            return Place(group.lanes, int(layout.address[owner]), group.trained)
        if signature < 0:
            pending += reroll.recording.operands[node]
    return None
