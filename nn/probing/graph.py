"""The Values that a probe looks at: every layer run unit by unit on every example, and swept.

This is the run that needs nothing but the engine. `replay.py` has the one that records
a single example and gets the same numbers by replaying it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

from autograd import Value, dot, gradients, mean
from nn.arguments import Array, several
from nn.layers.dense import Layer, Neuron
from nn.layers.normalization import applied
from nn.probing.examples import Examples, matrix, parameters_of, units_of
from nn.probing.formulas import Found
from nn.probing.normalization import parameters_of_norm

_graph = partial(gradients, build_graph=True)


class Activity(NamedTuple):
    """The Values of one layer: of one example, or a list of examples."""

    inputs: list[Any]
    z: list[Any]
    a: list[Any]


@dataclass(frozen=True, eq=False)
class Nodes:
    """The Values of one layer, in the order of its units; over a batch a list of examples.

    `delta`, `dW` and `db` are made when they are asked for: nodes whose graph is the
    derivative's own formula, which can be differentiated, drawn and explained in turn.
    """

    inputs: list[Any]
    z: list[Any]
    a: list[Any]
    W: list[list[Value]]
    b: list[Value]
    costs: Any  # one c, or a list over a batch
    root: Value

    @cached_property
    def delta(self) -> list[Any]:
        """∂c/∂z_j as nodes."""
        if isinstance(self.costs, list):
            return [_graph(c, z) for c, z in zip(self.costs, self.z, strict=True)]
        return list(_graph(self.costs, self.z))

    @cached_property
    def dW(self) -> list[list[Value]]:
        """∂C/∂W_ij as nodes, [i][j]."""
        return [list(_graph(self.root, row)) for row in self.W]

    @cached_property
    def db(self) -> list[Value]:
        """∂C/∂b_j as nodes."""
        return list(_graph(self.root, self.b))


class Graph:
    """One forward pass for each example, the losses c of all, and `root`: c, or C over a batch."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples
        self.runs = [forward(examples.layers, several(x)) for x in examples.rows]
        if not examples.batch:
            label(self.runs[0])
        pairs = zip(self.runs, examples.targets, strict=True)
        self.costs = [cost_of(examples.loss(layers[-1].a, y)) for layers, y in pairs]
        self.root = mean(self.costs) if examples.batch else self.costs[0]
        if not (examples.batch or self.root.label):
            self.root.label = "c"

    def nodes(self, l: int) -> Nodes:
        """Return the Values of layers[l]."""
        batch, rows = self.examples.batch, self._rows(l)
        here, costs = (rows, self.costs) if batch else (Activity(*[x[0] for x in rows]), self.root)
        return Nodes(*here, *parameters_of(self.examples.layers[l]), costs, self.root)

    def found(self) -> list[Found]:
        """Return the numbers of every layer: ∂c/∂node by one sweep for each example."""
        import numpy as np

        by_node, by_parameter = self._swept()

        def partials(rows: list[list[Value]]) -> Array:
            pairs = zip(rows, by_node, strict=True)
            return np.array([[adjoint[node] for node in row] for row, adjoint in pairs])

        found = []
        for l, layer in enumerate(self.examples.layers):
            nodes = self._rows(l)
            numbers = (*map(matrix, nodes), partials(nodes.a), partials(nodes.z))
            found.append(collected(layer, numbers, by_parameter))
        return found

    def _rows(self, l: int) -> Activity:
        """Return the Values of layers[l], one row an example."""
        return Activity(*map(list, zip(*[layers[l] for layers in self.runs], strict=True)))

    def _swept(self) -> tuple[list[dict[Value, float]], dict[Value, float]]:
        """Return ∂c/∂node of each example, and ∂root/∂parameter; of one example by one sweep."""
        batch, parameters = self.examples.batch, self.examples.parameters
        by_node = []
        for layers, c in zip(self.runs, self.costs, strict=True):
            wrt = [node for layer in layers for node in (*layer.z, *layer.a)]
            wrt += [] if batch else parameters
            by_node.append(dict(zip(wrt, gradients(c, wrt), strict=True)))
        if not batch:
            return by_node, by_node[0]
        return by_node, dict(zip(parameters, gradients(self.root, parameters), strict=True))


def forward(layers: Sequence[Layer | Neuron], x: Sequence[Any]) -> list[Activity]:
    """Run one example of numbers or Values, unit by unit; return the Values of every layer."""
    a = [number if number.__class__ is Value else Value(number) for number in x]
    kept = []
    for layer in layers:
        inputs, z = a, [dot(unit.w, a, unit.b) for unit in units_of(layer)]
        a = applied(layer.g, z)
        kept.append(Activity(inputs, z, a))
    return kept


def collected(
    layer: Layer | Neuron, numbers: Sequence[Array], partial: dict[Value, float]
) -> Found:
    """Return all numbers of a layer: given inputs, z, a, ∂c/∂a and δ, and ∂C/∂parameter."""
    import numpy as np

    inputs, z, a, da, delta = numbers
    W, b = parameters_of(layer)
    dW = np.array([[partial[w] for w in row] for row in W])
    db = np.array([partial[w] for w in b])
    norm = np.array([partial[p] for p in parameters_of_norm(layer)])
    found = inputs, z, a, matrix(W), matrix([b])[0], da, delta, dW, db
    return Found(*found, np.split(norm, 2))


def cost_of(c: Any) -> Value:
    """Return a loss that has a graph. Raises ValueError for another."""
    if getattr(c, "op", "") in ("", "detach"):
        raise ValueError(
            f"probe needs a loss that is computed from the outputs; got {c!r}. "
            "Return a Value made of them, and leave no_grad() to probe."
        )
    return c  # type: ignore[no-any-return]


def label(layers: Sequence[Activity]) -> None:
    """Label the Values of one example as formulas write them: a0[0], z1[2]; x[0] of one layer."""
    one = len(layers) == 1
    names = [("x" if one else "a0", layers[0].inputs)]
    for number, layer in enumerate(layers, start=1):
        suffix = "" if one else str(number)
        names += [(f"a{suffix}", layer.a), (f"z{suffix}", layer.z)]
    for letter, nodes in names:
        for k, node in enumerate(nodes):
            node.label = node.label or f"{letter}[{k}]"
