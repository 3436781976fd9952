"""Networks with their numbers: what a formula is held against.

A `World` is one network at a few examples. Every number in it is the engine's: the values of the
nodes of a graph, and derivatives of nodes by nodes. Layers are numbered from 0, the input.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from autograd import Value, dot, exp, gradients, log, softmax, total
from nn.activations import ACTIVATIONS, Activation
from nn.arguments import Array
from nn.losses import LOSSES
from nn.notes.errors import OutOfRange, Unreadable

Widths = tuple[tuple[str, int, int], ...]
Place = tuple[str, int]  # "z", "a", "W", "b" or "y" and a layer; ("c", 0)
# inputs and units of each layer, and examples: widths all different, and all equal
SHAPES: tuple[tuple[tuple[int, ...], int], ...] = (
    ((4, 2, 5, 3), 7), ((3, 3, 3, 3), 4), ((3, 4), 2), ((4, 2, 3), 5), ((3, 3, 3), 2),
    ((2, 5, 3, 6, 4), 3), ((2, 2), 3), ((2, 2, 2, 2, 2), 3),
)  # fmt: skip
SMOOTH = ("tanh", "sigmoid", "softplus", "sin")


class Setting(NamedTuple):
    """What the notes say of all their networks: activation, output function, loss; "" if nothing.

    `one` says where there is one unit alone: at the "output", or in "all" layers; `unbiased` that
    every bias is 0, or is the weight of a further unit.
    """

    activation: str = ""
    output: str = ""
    loss: str = ""
    one: str = ""
    unbiased: bool = False


class Passed(NamedTuple):
    """The Values of one layer at one example."""

    inputs: Sequence[Value]
    z: Sequence[Value]
    a: Sequence[Value]


class Weights(NamedTuple):
    """The parameters of one layer, W indexed [source][target], and its activation by name."""

    W: Sequence[Sequence[Value]]
    b: Sequence[Value]
    activation: Activation


class World:
    """The numbers of one network at m examples, and every derivative of one by another.

    `passes` has the layers of each example, `costs` its c; `targets` are (m, outputs), or of
    another shape where no formula can use them.
    """

    def __init__(
        self, weights: Sequence[Weights], passes: Sequence[Sequence[Passed]],
        costs: Sequence[Value], targets: Any,
    ) -> None:  # fmt: skip
        self.weights, self.passes, self.costs, self.m = weights, passes, costs, len(passes)
        self.activations = (None, *(layer.activation for layer in weights))
        self.sizes = (len(weights[0].W), *(len(layer.b) for layer in weights))
        self.targets = targets
        self._kept: dict[Any, Array] = {}

    @property
    def depth(self) -> int:
        """The number of layers that have weights."""
        return len(self.sizes) - 1

    def require(self, place: Place) -> None:
        """Raise OutOfRange for a layer that is not there."""
        kind, layer = place
        lowest = 0 if kind in ("a", "n") else 1
        if kind not in ("c", "y") and not lowest <= layer <= self.depth:
            raise OutOfRange(f"{kind} of layer {layer}")

    def nodes(self, place: Place, x: int) -> list[Value]:
        """Return the Values of a quantity at one example, row after row."""
        kind, layer = place
        self.require(place)
        if kind == "c":
            return [self.costs[x]]
        if kind == "a" and layer == 0:
            return list(self.passes[x][0].inputs)
        if kind in ("W", "b"):
            W, b, _ = self.weights[layer - 1]
            return [w for row in W for w in row] if kind == "W" else list(b)
        return list(getattr(self.passes[x][layer - 1], kind))

    def shape(self, place: Place) -> tuple[int, ...]:
        """Return the shape of a quantity at one example: W is (source, target)."""
        kind, layer = place
        self.require(place)
        if kind == "c":
            return ()
        if kind == "W":
            return self.sizes[layer - 1], self.sizes[layer]
        return (self.sizes[layer if kind != "y" else -1],)

    def values(self, place: Place) -> Array:
        """Return the numbers of a quantity, one row an example; without examples for W and b."""
        import numpy as np

        if place[0] == "y":
            return self._targets()
        if place not in self._kept:
            count = 1 if place[0] in ("W", "b") else self.m
            found = np.array([[n.data for n in self.nodes(place, x)] for x in range(count)])
            found = found.reshape(count, *self.shape(place))
            self._kept[place] = found[0] if place[0] in ("W", "b") else found
        return self._kept[place]

    def _targets(self) -> Array:
        import numpy as np

        if np.shape(self.targets) != (self.m, self.sizes[-1]):
            raise Unreadable("y, of which there is not one number for each output")
        return np.asarray(self.targets, dtype=float)

    def jacobian(self, of: Place, by: Place) -> Array:
        """Return ∂of/∂by of every example: (m, entries of `of`, entries of `by`)."""
        import numpy as np

        if (of, by) not in self._kept:
            pairs = [(self.nodes(of, x), self.nodes(by, x)) for x in range(self.m)]
            self._kept[of, by] = np.array(
                [[gradients(node, wrt) for node in nodes] for nodes, wrt in pairs]
            )
        return self._kept[of, by]

    def second(self, one: Place, two: Place) -> Array:
        """Return ∂²c/∂one∂two of every example: (m, entries of one, entries of two)."""
        import numpy as np

        if ("second", one, two) not in self._kept:
            rows = []
            for x, cost in enumerate(self.costs):
                first = gradients(cost, self.nodes(one, x), build_graph=True)
                wrt = self.nodes(two, x)
                rows.append([_numbers(node, wrt) for node in first])
            self._kept["second", one, two] = np.array(rows)
        return self._kept["second", one, two]

    def applied(self, g: Activation, z: Array, order: int) -> Array:
        """Return g(z), g'(z) or g''(z) entry by entry, g being the engine's."""
        import numpy as np

        key = (g.name, order, z.shape, z.tobytes())
        if key not in self._kept:
            leaves = [Value(number) for number in z.ravel().tolist()]
            a = list(g(leaves)) if g.whole else [g(leaf) for leaf in leaves]
            for k in range(order):
                a = list(gradients(total(a), leaves, build_graph=k + 1 < order))
            numbers = [node.data if isinstance(node, Value) else node for node in a]
            self._kept[key] = np.array(numbers).reshape(z.shape)
        return self._kept[key]


def _numbers(node: Any, wrt: list[Value]) -> list[float]:
    """Return the derivatives of a node, or 0s of a number."""
    return list(gradients(node, wrt)) if isinstance(node, Value) else [0.0] * len(wrt)


def coupled_loss(outputs: Any, target: Any) -> Any:
    """Return a smooth loss whose slope by one output depends on all of them."""
    pairs = list(zip(outputs, target, strict=True))
    apart = total([(1.0 + 0.3 * k) * (a - y) ** 2 for k, (a, y) in enumerate(pairs)])
    return 0.4 * apart + exp(0.3 * total([a * (y + 0.2) for a, y in pairs]))


def entropy_of_probabilities(outputs: Any, target: Any) -> Any:
    """Return -Σ y log a, the cross-entropy of outputs that are probabilities."""
    return 0.0 - total([y * log(a) for a, y in zip(outputs, target, strict=True)])


def entropy_of_sigmoids(outputs: Any, target: Any) -> Any:
    """Return -Σ (y log a + (1 - y) log(1 - a))."""
    pairs = zip(outputs, target, strict=True)
    return 0.0 - total([y * log(a) + (1.0 - y) * log(1.0 - a) for a, y in pairs])


def half_mean_squared_error(outputs: Any, target: Any) -> Any:
    """Return ½ of the mean of (a - y)² over the outputs."""
    return 0.5 * LOSSES["mean_squared_error"](outputs, target)


COSTS = {
    "": coupled_loss,
    "softmax": entropy_of_probabilities,
    "entropy": entropy_of_sigmoids,
    "half_mean_squared_error": half_mean_squared_error,
    **{n: LOSSES[n] for n in ("half_squared_error", "squared_error", "mean_squared_error")},
}


class Worlds:
    """The networks of one check, made when they are first asked for."""

    def __init__(self) -> None:
        self._made: dict[Any, World] = {}

    def world(
        self, number: int, setting: Setting, depth: int | None = None, widths: Widths = ()
    ) -> World:
        """Return the network number so-and-so of a setting, of a depth that is asked for.

        `widths` are numbers of units: of the layer with some offset from "L", from the input, or
        of all layers where the symbol is that of any.
        """
        sizes, m = SHAPES[number % len(SHAPES)]
        if depth is not None:
            sizes = _of_depth(sizes, depth)
        for symbol, offset, units in widths:
            at = {"": offset, "input": offset, "L": len(sizes) - 1 + offset}.get(symbol)
            sizes = tuple(units if k == at or at is None else n for k, n in enumerate(sizes))
        sizes = _with_one(sizes, setting.one)
        while m in sizes:
            m += 1
        key = (number, setting, sizes)
        if key not in self._made:
            self._made[key] = _random_world(number, setting, sizes, m)
        return self._made[key]


def _with_one(sizes: tuple[int, ...], one: str) -> tuple[int, ...]:
    """Return sizes with a single unit at the output, or in all layers."""
    return {"": sizes, "output": (*sizes[:-1], 1), "all": (1,) * len(sizes)}[one]


def _of_depth(sizes: tuple[int, ...], depth: int) -> tuple[int, ...]:
    """Return sizes of another number of layers, all different or all equal as before."""
    if len(set(sizes)) == 1:
        return sizes[:1] * (depth + 1)
    return (*sizes, *(n for n in (6, 2, 7, 3, 8, 5, 4, 9) if n not in sizes))[: depth + 1]


def _random_world(number: int, setting: Setting, sizes: tuple[int, ...], m: int) -> World:
    rng = random.Random(1000 + number)
    hidden = [
        setting.activation or SMOOTH[(number + k) % len(SMOOTH)] for k in range(len(sizes) - 1)
    ]
    names = [*hidden[:-1], setting.output or hidden[-1]]
    weights = [_random_weights(*each, rng) for each in zip(sizes, sizes[1:], names, strict=False)]
    for b in (b for layer in weights for b in layer.b if setting.unbiased):
        b.data = 0.0
    draw = partial(rng.uniform, 0.15, 0.9)
    rows = [[draw() * rng.choice((-1.0, 1.0)) for _ in range(sizes[0])] for _ in range(m)]
    targets = [[draw() for _ in range(sizes[-1])] for _ in range(m)]
    if setting.output == "softmax":
        targets = [softmax(row) for row in targets]
    passes = [forward(weights, row) for row in rows]
    pairs = zip(passes, targets, strict=True)
    return World(weights, passes, [COSTS[setting.loss](p[-1].a, y) for p, y in pairs], targets)


def _random_weights(fan_in: int, fan_out: int, name: str, rng: random.Random) -> Weights:
    """Return parameters away from zero, so that no formula can hold by vanishing."""

    def leaf() -> Value:
        return Value(rng.uniform(0.15, 0.7) * rng.choice((-1.0, 1.0)))

    W = [[leaf() for _ in range(fan_out)] for _ in range(fan_in)]
    return Weights(W, [leaf() for _ in range(fan_out)], ACTIVATIONS[name])


def forward(weights: Sequence[Weights], x: Sequence[float]) -> list[Passed]:
    """Return the Values of every layer at one example: z_j = Σ_i a_i W_ij + b_j, a = g(z)."""
    a: Sequence[Value] = [Value(number) for number in x]
    passed = []
    for W, b, g in weights:
        inputs, columns = a, zip(*W, strict=True)
        z = [dot(w, inputs, b_j) for w, b_j in zip(columns, b, strict=True)]
        a = list(g(z)) if g.whole else [g(z_j) for z_j in z]
        passed.append(Passed(inputs, z, a))
    return passed
