"""The layers of a model as a probe keeps them: every number, its formula, and its Value.

The model is run unit by unit, each example's c is swept once, and the numbers are sorted
into layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from autograd import Value, dot, gradients, total
from autograd.engine import adjoints
from nn.activations import Activation
from nn.formulas import Numbers, activations, by_formula, slopes, ulps
from nn.layers import Layer, Neuron

if TYPE_CHECKING:
    from nn.formulas import Array


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

    def alone(self) -> Nodes:
        """Return these without the list of examples, of which there is one."""
        first = self.inputs[0], self.z[0], self.a[0], self.W, self.b, self.costs[0], self.root
        return Nodes(*first)


class LayerProbe:
    """One layer as the engine has it (`z a delta dW db` and more) and by formula (`hand`).

    For one example `inputs` is (fan_in,), and `z`, `a`, `da` = ∂c/∂a and `delta` = ∂c/∂z are
    (fan_out,); over a batch of m each has m rows, one an example. `slope` is g'(z), of the
    same shape; of a softmax layer it is ∂a_k/∂z_j, indexed [j][k]. `W` and `dW` = ∂C/∂W are
    (fan_in, fan_out), `b` and `db` = ∂C/∂b (fan_out,). `hand` has by formula

        z_j = Σ_i a_i W_ij + b_j        a_j = g(z_j)
        δ_j = g'(z_j) Σ_k W_jk δ_k      (in the last layer g'(z_j) ∂c/∂a_j)
        ∂C/∂W_ij = a_i δ_j              ∂C/∂b_j = δ_j       (their means over a batch)

    and `ulps` how far that is from the engine's number, in units in the last place of what
    the terms of the sum add up to without their signs. `nodes` has the Values themselves.
    """

    def __init__(
        self, number: int, g: Activation, nodes: Nodes, sweep: Sweep, above: LayerProbe | None
    ) -> None:
        import numpy as np

        self.number, self.activation, self.nodes = number, g.name, nodes
        parts = (nodes.inputs, nodes.z, nodes.a, nodes.W, [nodes.b])
        self.inputs, self.z, self.a, self.W, (self.b,) = map(_data, parts)
        self.da, self.delta = sweep.by_node(nodes.a), sweep.by_node(nodes.z)
        self.dW, (self.db,) = sweep.by_parameter(nodes.W), sweep.by_parameter([nodes.b])
        with np.errstate(all="ignore"):
            a, self.slope = slopes(g, self.z)
            upstream = self.da if above is None else above.delta @ above.W.T
            size = upstream if above is None else np.abs(above.delta) @ np.abs(above.W.T)
            known = self.inputs, self.W, self.b, a, self.slope
            self.hand = by_formula(*known, upstream, self.delta)
            sizes = by_formula(*map(np.abs, (*known, size, self.delta)))
            engine = self.z, self.a, self.delta, self.dW, self.db
            apart = [ulps(*three) for three in zip(self.hand, engine, sizes, strict=True)]
            self.ulps = Numbers(*apart)

    def drop_examples(self) -> LayerProbe:
        """Return this layer after leaving out the axis of the examples, which has one entry."""
        for name in ("inputs", "z", "a", "da", "slope", "delta"):
            setattr(self, name, getattr(self, name)[0])
        self.hand, self.ulps = (
            Numbers(z[0], a[0], delta[0], dW, db) for z, a, delta, dW, db in (self.hand, self.ulps)
        )
        self.nodes = self.nodes.alone()
        return self


class Sweep:
    """∂c/∂node of every example and ∂C/∂parameter; of a single example by one sweep."""

    def __init__(self, examples: list[Example], root: Value, parameters: list[Value]) -> None:
        single = root is examples[0].cost
        self._by_node = []
        for one in examples:
            wrt = [node for row in (*one.z, *one.a) for node in row]
            wrt += parameters if single else []
            self._by_node.append(dict(zip(wrt, adjoints(one.cost, wrt), strict=True)))
        self._by_parameter = self._by_node[0]
        if not single:
            self._by_parameter = dict(zip(parameters, adjoints(root, parameters), strict=True))

    def by_node(self, rows: list[Any]) -> Array:
        """Return ∂c/∂node, one row of nodes an example."""
        import numpy as np

        pairs = zip(rows, self._by_node, strict=True)
        return np.array([[adjoint[node] for node in row] for row, adjoint in pairs])

    def by_parameter(self, rows: list[Any]) -> Array:
        """Return ∂C/∂parameter for rows of parameters."""
        import numpy as np

        return np.array([[self._by_parameter[p] for p in row] for row in rows])


@dataclass(frozen=True, eq=False)
class Example:
    """One forward pass, unit by unit: the Values of every layer, and the loss c."""

    inputs: list[list[Value]]
    z: list[list[Value]]
    a: list[list[Value]]
    cost: Value


def forward(
    layers: Sequence[Layer | Neuron], x: Any, y: Any, c: Callable[..., Value] | None, label: bool
) -> Example:
    """Run one example, keeping the Values of every unit, labelled as formulas write them."""
    a = [number if number.__class__ is Value else Value(number) for number in x]
    numbers = [""] if len(layers) == 1 else [str(l) for l in range(1, len(layers) + 1)]
    if label:
        _label("x" if len(layers) == 1 else "a0", a)
    inputs, zs, activated = [], [], []
    for number, layer in zip(numbers, layers, strict=True):
        inputs.append(a)
        z = [dot(unit.w, a, unit.b) for unit in units_of(layer)]
        a = activations(layer.activation, z)
        if label:
            _label(f"a{number}", a)
            _label(f"z{number}", z)
        zs.append(z)
        activated.append(a)
    cost = total(a) if c is None else c(a, y)
    if not getattr(cost, "op", ""):
        raise ValueError(
            f"probe needs a loss that is computed from the outputs; got {cost!r}. "
            "Return a Value made of them, and leave no_grad() to probe."
        )
    if label and not cost.label:
        cost.label = "c"
    return Example(inputs, zs, activated, cost)


def units_of(layer: Layer | Neuron) -> Sequence[Neuron]:
    """Return the neurons of a layer, or the one neuron."""
    return layer.neurons if isinstance(layer, Layer) else [layer]


def _label(letter: str, nodes: list[Value]) -> None:
    for k, node in enumerate(nodes):
        node.label = node.label or f"{letter}[{k}]"


def probed_layers(
    layers: Sequence[Layer | Neuron], examples: list[Example], root: Value
) -> list[LayerProbe]:
    """Sort the numbers of all sweeps into layers."""
    parameters = [p for layer in layers for unit in units_of(layer) for p in (*unit.w, unit.b)]
    sweep = Sweep(examples, root, parameters)
    probed: list[LayerProbe] = []
    for l in reversed(range(len(layers))):
        inputs, z, a = zip(*[(one.inputs[l], one.z[l], one.a[l]) for one in examples], strict=True)
        W = zip(*[unit.w for unit in units_of(layers[l])], strict=True)
        b = [unit.b for unit in units_of(layers[l])]
        costs = [one.cost for one in examples]
        nodes = Nodes(list(inputs), list(z), list(a), list(map(list, W)), b, costs, root)
        above = probed[-1] if probed else None
        probed.append(LayerProbe(l + 1, layers[l].activation, nodes, sweep, above))
    return probed[::-1]


def _graph(output: Value, wrt: Any) -> Any:
    return gradients(output, wrt, build_graph=True)


def _data(rows: list[Any]) -> Array:
    import numpy as np

    return np.array([[node.data for node in row] for row in rows])
