"""Steps on examples of several shapes: a program for each shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nn.arguments import Array
from nn.arguments.sequences import Sequences, Shape
from nn.losses import Loss
from nn.optimizers import Optimizer
from nn.tracing import Trace
from nn.training.steps import Compiled, Steps


def by_shape(
    model: Any, X: Any, y: Array, loss: Loss, optimizer: Optimizer, trace: Trace | None = None,
    *, dtype: str,
) -> Steps:  # fmt: skip
    """Return the steps of a table of examples, or of `Sequences`, which have no trace."""
    if not isinstance(X, Sequences):
        return Compiled(model, X, y, loss, optimizer, trace, dtype)
    if trace:
        raise ValueError("a trace is kept of rows of one length. Give compiled=False for others.")
    return ByShape(model, X, y, loss, optimizer, dtype)


class ByShape(Steps):
    """Takes a step on examples of one shape, by the program of that shape."""

    trace = None

    def __init__(
        self, model: Any, X: Sequences, y: Array, loss: Loss, optimizer: Optimizer, dtype: str
    ) -> None:
        self.X, self.y = X, y
        self.others = model, loss, optimizer, dtype
        self.parts: dict[Shape, Compiled] = {}
        self.place = [0] * len(X)  # among the examples of its shape
        for shape, places in X.by_shape().items():
            self._part(shape, X.flat(places), y[places])
            for k, place in enumerate(places):
                self.place[place] = k

    def step(self, batch: Sequence[int]) -> float:
        """Take a step on the rows of one batch, all of one shape; return their mean loss before."""
        part = self.parts[self.X.shapes[batch[0]]]
        (cost,) = part.epoch([[self.place[k] for k in batch]])
        part.settle()  # the next program takes its parameters from the Values
        return cost

    def settle(self) -> None:
        """Do nothing: every step does."""

    def measure(self, X: Any, y: Array) -> tuple[Array, float]:
        """Return the outputs for these examples, (m, fan_out), and their mean loss."""
        import numpy as np

        outputs: list[Any] = [None] * len(X)
        total = 0.0
        for shape, places in X.by_shape().items():
            rows = X.flat(places)
            found, C = self._part(shape, rows, y[places]).measure(rows, y[places])
            total += C * len(places)
            for place, row in zip(places, found, strict=True):
                outputs[place] = row
        return np.array(outputs), total / len(X)

    def _part(self, shape: Shape, rows: Array, y: Array) -> Compiled:
        if shape not in self.parts:
            model, loss, optimizer, dtype = self.others
            self.parts[shape] = Compiled(model, rows, y, loss, optimizer, None, dtype, shape)
        return self.parts[shape]
