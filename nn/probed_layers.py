"""The layers of a model as a probe keeps them: every number, its formula, and its Value.

The model is run unit by unit, each example's c is swept once, and the numbers are sorted
into layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, Any

from autograd import Value, dot, gradients, total
from autograd.engine import adjoints
from nn.activations import Activation
from nn.formulas import Numbers, activations, by_formula, slopes, ulps
from nn.layers import Layer, Neuron

if TYPE_CHECKING:
    from nn.formulas import Array

PER_EXAMPLE = ("z", "a", "delta")  # of the quantities that formulas give


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


@dataclass(frozen=True, eq=False)
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

    number: int
    activation: str
    inputs: Array
    z: Array
    a: Array
    da: Array
    slope: Array
    delta: Array
    W: Array
    b: Array
    dW: Array
    db: Array
    hand: Numbers
    ulps: Numbers
    nodes: Nodes

    def alone(self) -> LayerProbe:
        """Return this layer without the axis of the examples, of which it has one."""
        single = {name: getattr(self, name)[0] for name in ("inputs", "da", "slope", *PER_EXAMPLE)}
        for name in ("hand", "ulps"):
            numbers: Numbers = getattr(self, name)
            single[name] = numbers._replace(**{k: getattr(numbers, k)[0] for k in PER_EXAMPLE})
        return replace(self, nodes=self.nodes.alone(), **single)


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
        z = [dot(unit.w, a, unit.b) for unit in _units(layer)]
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
    return Example(inputs, zs, activated, cost)


def _units(layer: Layer | Neuron) -> Sequence[Neuron]:
    return layer.neurons if isinstance(layer, Layer) else [layer]


def _label(letter: str, nodes: list[Value]) -> None:
    for k, node in enumerate(nodes):
        node.label = node.label or f"{letter}[{k}]"


def probed_layers(
    layers: Sequence[Layer | Neuron], examples: list[Example], root: Value
) -> list[LayerProbe]:
    """Sort the numbers of all sweeps into layers, the last one first."""
    by_node, by_parameter = _swept(layers, examples, root)
    probed: list[LayerProbe] = []
    for l in reversed(range(len(layers))):
        units = _units(layers[l])
        nodes = Nodes(
            [one.inputs[l] for one in examples],
            [one.z[l] for one in examples],
            [one.a[l] for one in examples],
            [list(row) for row in zip(*[unit.w for unit in units], strict=True)],
            [unit.b for unit in units],
            [one.cost for one in examples],
            root,
        )
        derivatives = {
            "da": _read(nodes.a, by_node),
            "delta": _read(nodes.z, by_node),
            "dW": _read(nodes.W, repeat(by_parameter, len(nodes.W))),
            "db": _read([nodes.b], [by_parameter])[0],
        }
        above = probed[-1] if probed else None
        probed.append(_beside_formulas(l + 1, layers[l].activation, nodes, derivatives, above))
    return probed[::-1]


def _swept(
    layers: Sequence[Layer | Neuron], examples: list[Example], root: Value
) -> tuple[list[dict[Value, float]], dict[Value, float]]:
    """Return ∂c/∂node of each example, and ∂C/∂parameter; for one example in one sweep."""
    parameters = [p for layer in layers for unit in _units(layer) for p in (*unit.w, unit.b)]
    alone = root is examples[0].cost
    by_node = []
    for one in examples:
        wrt = [node for row in (*one.z, *one.a) for node in row] + (parameters if alone else [])
        by_node.append(dict(zip(wrt, adjoints(one.cost, wrt), strict=True)))
    if alone:
        return by_node, by_node[0]
    return by_node, dict(zip(parameters, adjoints(root, parameters), strict=True))


def _beside_formulas(
    number: int,
    g: Activation,
    nodes: Nodes,
    derivatives: dict[str, Array],
    above: LayerProbe | None,
) -> LayerProbe:
    """Return a layer with the same numbers by hand; `above` is the next one, None for the last."""
    import numpy as np

    inputs, z, a, W = map(_data, (nodes.inputs, nodes.z, nodes.a, nodes.W))
    b = _data([nodes.b])[0]
    delta, dW, db = (derivatives[name] for name in ("delta", "dW", "db"))
    with np.errstate(all="ignore"):
        by_g, slope = slopes(g, z)
        upstream = derivatives["da"] if above is None else above.delta @ above.W.T
        size = upstream if above is None else np.abs(above.delta) @ np.abs(above.W.T)
        hand = by_formula(inputs, W, b, by_g, slope, upstream, delta)
        sizes = by_formula(*map(np.abs, (inputs, W, b, by_g, slope, size, delta)))
        engine = Numbers(z, a, delta, dW, db)
        apart = [ulps(*three) for three in zip(hand, engine, sizes, strict=True)]
    return LayerProbe(
        number=number, activation=g.name, inputs=inputs, z=z, a=a, slope=slope, W=W, b=b,
        hand=hand, ulps=Numbers(*apart), nodes=nodes, **derivatives,
    )  # fmt: skip


def _graph(output: Value, wrt: Any) -> Any:
    return gradients(output, wrt, build_graph=True)


def _read(rows: list[Any], derivatives: Iterable[dict[Value, float]]) -> Array:
    import numpy as np

    pairs = zip(rows, derivatives, strict=True)
    return np.array([[by[node] for node in row] for row, by in pairs])


def _data(rows: list[Any]) -> Array:
    import numpy as np

    return np.array([[node.data for node in row] for row in rows])
