"""The numbers of a probe over a batch, read from a program: one example recorded, m replayed.

Each scalar node of a layer is then a lane of m numbers, and the nodes of a layer together are
a matrix: Z, A and Δ are (m, fan_out). That is the form of the books that write whole batches.
"""

from __future__ import annotations

import warnings
from typing import TypeAlias

from autograd import FrozenBranchError, Program, Value
from nn.arguments import Array
from nn.probing.examples import Examples
from nn.probing.formulas import Found
from nn.probing.graph import Activity, collected, cost_of, forward
from nn.recording import NOT_FINITE, Recorded, recorded

# What code of other people may do with a Value where it takes a number: to look something up
# by it, to turn it into an int, to branch on it. The walk over the examples meets mistakes again.
TAKES_NUMBERS = (FrozenBranchError, TypeError, LookupError, AttributeError, ValueError)
Replay: TypeAlias = tuple[Program, float, list[Found]]  # of one example; C and the rest of a batch


def replayed(examples: Examples) -> Replay | None:
    """Return what a replay finds, or None where the examples must be walked one by one.

    That is where they are not all numbers, where the model or the loss branches on numbers or
    takes nothing else, and where a number is not finite, which the walk names or shows.
    """
    tables = examples.tables()
    if tables is None:
        return None
    layers: list[Activity] = []

    def model(inputs: list[Value]) -> list[Value]:
        layers.extend(forward(examples.layers, inputs))
        return layers[-1].a

    try:
        one = recorded(model, *tables, examples.loss)
    except TAKES_NUMBERS:
        return None
    cost_of(one.c)
    try:
        return _read(examples, one, layers, *tables)
    except NotImplementedError as cause:
        warnings.warn(
            f"every example is walked node by node, which is slow: {cause}.",
            RuntimeWarning,
            stacklevel=4,  # whoever called probe
        )
    except (*NOT_FINITE, FrozenBranchError):
        pass
    return None


def _read(examples: Examples, one: Recorded, layers: list[Activity], X: Array, y: Array) -> Replay:
    """Return C and the numbers of every layer, from the program of one example."""
    import numpy as np

    parameters = examples.parameters
    program = one.program(parameters)
    C, gradient = program(np.column_stack([X, y]))
    partial = dict(zip(parameters, gradient.tolist(), strict=True))
    found = []
    for layer, nodes in zip(examples.layers, layers, strict=True):
        adjoints = map(program.read_adjoints, (nodes.a, nodes.z))
        numbers = (*map(program.read_values, nodes), *adjoints)
        found.append(collected(layer, numbers, partial))
    return program, C, found
