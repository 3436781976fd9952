"""The mode in which nothing is recorded."""

from __future__ import annotations

from typing import Any

from autograd import engine
from autograd.engine import Value
from autograd.modes.blocks import Block
from autograd.modes.dispatch import Mode, depth, dispatcher, in_a_recording
from autograd.primitives import detach

__all__ = ["no_grad"]


class _NoGrad(Mode):
    """Hands out bare numbers, but not to derivatives that are taken inside of it.

    A recording gets detached nodes, for bare numbers would be frozen into its replays.
    """

    def __init__(self) -> None:
        self.depth = depth()

    def created(self, node: Any, handed: Any) -> Any:
        if depth() > self.depth:
            return handed
        if len(dispatcher.entries()) > 1 and in_a_recording():  # this one does not record
            return handed if node.op == "detach" else detach(handed)
        return Value(engine.unwatched(node))


def no_grad() -> Block:
    """Record nothing inside the block: every result is a fresh leaf without parents.

    Inside a recording (`recording`, `jit`, `fit`) results are detached instead, so that a
    replay computes them anew; gradients do not pass either way. It holds for this context
    alone: this thread or task, and tasks that were started inside, until the block ends. A
    derivative (`grad`, `jacobian` …) that is taken inside still sees what its own function does.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    return Block(dispatcher, _NoGrad)
