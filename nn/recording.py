"""The graph of one example, recorded: what trainings and probes replay over all examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd import Program, Value, errors, gradients, recording
from nn.arguments import Array, several
from nn.losses import Loss

# A number that an eager run names, and a replay does not.
NOT_FINITE = (errors.AnomalyError, errors.DomainError, ZeroDivisionError)


class Recorded(NamedTuple):
    """The graph of one example: its leaves, the outputs of the model, and the loss c."""

    leaves: list[Value]
    outputs: list[Value]
    c: Any

    def program(
        self, parameters: Sequence[Value], dtype: str = "float64", also: Sequence[Value] = ()
    ) -> Program:
        """Return c as a program of rows (x, y), from which outputs and further nodes are read."""
        options: Any = {"also": [*self.outputs, *also], "dtype": dtype}
        return Program(self.c, inputs=self.leaves, parameters=parameters, **options)

    def parts(self, weights: Sequence[Value]) -> list[Value]:
        """Return the derivative of c by each weight as a node, a number for each example."""
        found = gradients(self.c, weights, build_graph=True)
        return [g if g.__class__ is Value else Value(g) for g in found]


def recorded(model: Any, X: Array, y: Array, loss: Loss, shape: tuple[int, ...] = ()) -> Recorded:
    """Run a model on the first example as a recording; its numbers and targets are Values.

    A row of X is handed to the model as nested lists of this shape.
    """
    import numpy as np

    inputs = [Value(x, f"x[{i}]") for i, x in enumerate(X[0])]
    targets = [Value(t, f"y[{j}]") for j, t in enumerate(np.atleast_1d(y[0]))]
    with recording(model, loss):
        outputs = model(np.array(inputs).reshape(shape).tolist() if shape else inputs)
        c = loss(outputs, targets if y.ndim == 2 else targets[0])
    nodes = [a if a.__class__ is Value else Value(a) for a in several(outputs)]
    return Recorded([*inputs, *targets], nodes, c)
