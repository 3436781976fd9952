"""The outputs of a model for many rows, by a program without a backward pass."""

from __future__ import annotations

from typing import Any

from autograd import Program, Value, recording, total
from nn.arguments import Array, several
from nn.module import Module

ROWS = 1024  # at a time: all numbers of so many examples are in memory


class Predictor:
    """A model recorded for one example: called with rows, (m, n), it returns (m, outputs).

    It is a program of the parameters as they were; a copy records the model anew.

    >>> from nn import MLP
    >>> model = MLP(2, [3, 2], "tanh", seed=1)
    >>> X = [[0.5, -1.0], [2.0, 0.25]]
    >>> bool(abs(Predictor(model, 2)(X) - model.predict(X)).max() < 1e-15)
    True
    """

    def __init__(self, model: Module, fan_in: int) -> None:
        self.model, self.fan_in = model, fan_in
        inputs = [Value(0.0, f"x[{i}]") for i in range(fan_in)]
        with recording():
            outputs = several(model(inputs))
            root = total(outputs)
        self.outputs = outputs
        self.program = Program(root, inputs=inputs, parameters=model.parameters(), also=outputs)

    def __call__(self, X: Any) -> Array:
        """Return the outputs for the rows of X."""
        import numpy as np

        blocks = [X[k : k + ROWS] for k in range(0, len(X), ROWS)]
        return np.vstack([self.program.forward(block, self.outputs) for block in blocks])

    def __reduce__(self) -> tuple[Any, ...]:
        return Predictor, (self.model, self.fan_in)
