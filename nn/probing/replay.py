"""The numbers of a probe over a batch, read from a program: one example recorded, m replayed.

Each scalar node of a layer is then a lane of m numbers, and the nodes of a layer together are
a matrix: Z, A and Δ are (m, fan_out). That is the form of the books that write whole batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd import Program, Value
from nn.arguments import table
from nn.losses import LOSSES
from nn.probing.examples import Examples
from nn.probing.formulas import Found
from nn.probing.graph import Activity, collected, forward
from nn.training import recorded

if TYPE_CHECKING:
    from nn.probing.formulas import Array


def replayed(examples: Examples) -> tuple[Program, float, list[Found]]:
    """Return a program of one example, and C and the numbers of every layer from its replay.

    Raises an error where the model or loss cannot be replayed: it branches on its numbers or
    takes targets that are not numbers, or a number is not finite.
    """
    import numpy as np

    X, y = _arrays(examples)
    layers: list[Activity] = []

    def model(inputs: list[Value]) -> list[Value]:
        layers.extend(forward(examples.layers, inputs))
        return layers[-1].a

    parameters = examples.parameters
    program, _ = recorded(model, X, y, examples.loss, parameters)
    C, gradient = program(np.column_stack([X, y]))
    partial = dict(zip(parameters, gradient.tolist(), strict=True))
    found = []
    for layer, nodes in zip(examples.layers, layers, strict=True):
        adjoints = map(program.read_adjoints, (nodes.a, nodes.z))
        numbers = (*map(program.read_values, nodes), *adjoints)
        found.append(collected(layer, numbers, partial))
    return program, C, found


def _arrays(examples: Examples) -> tuple[Array, Array]:
    """Return X, (m, fan_in), and y, (m,) or (m, k); (m, 0) where the loss takes no target."""
    import numpy as np

    X, m = table("X", list(examples.rows)), len(examples.rows)
    if examples.targets[0] is None:
        return X, np.empty((m, 0))
    y = table("y", list(examples.targets), rows=m)
    outputs = [0.0] * examples.layers[-1].fan_out
    checked: Any = y.tolist() if examples.loss in LOSSES.values() else ()
    for target in checked:  # in a program it is a Value, which a loss takes as it is
        examples.loss(outputs, target)
    return X, y
