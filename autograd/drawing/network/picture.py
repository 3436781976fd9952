"""A network as plain numbers, which is all that its pictures and its page need to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from autograd.drawing.colours import clean

Row: TypeAlias = tuple[float, ...]
Matrix: TypeAlias = tuple[Row, ...]


@dataclass(frozen=True)
class LayerPicture:
    """The numbers of one layer; lists and arrays are taken and kept as tuples of floats.

    `W` and `dW` = ∂C/∂W have the shape (fan_in, fan_out); `z`, `a`, `delta`, `b`, `db`,
    `da` = ∂C/∂a and `slope` = g'(z) have one number a unit. What is not known is left out:
    without `dW` the gradients are drawn as unknown.
    """

    W: Any
    b: Any = None
    z: Any = None
    a: Any = None
    delta: Any = None
    slope: Any = None
    dW: Any = None
    db: Any = None
    da: Any = None
    activation: str = ""

    def __post_init__(self) -> None:
        weights = _matrix("W", self.W)
        object.__setattr__(self, "W", weights)
        if self.dW is not None:
            gradients = _matrix("dW", self.dW)
            if (len(gradients), len(gradients[0])) != self.shape:
                raise _shape_error("dW", self.shape, (len(gradients), len(gradients[0])))
            object.__setattr__(self, "dW", gradients)
        for name in ("b", "z", "a", "delta", "slope", "db", "da"):
            given = getattr(self, name)
            if given is not None:
                row = _row(given)
                if len(row) != self.fan_out:
                    raise _shape_error(name, (self.fan_out,), (len(row),))
                object.__setattr__(self, name, row)

    @property
    def shape(self) -> tuple[int, int]:
        """(fan_in, fan_out)."""
        return len(self.W), len(self.W[0])

    @property
    def fan_in(self) -> int:
        """The number of inputs."""
        return len(self.W)

    @property
    def fan_out(self) -> int:
        """The number of units."""
        return len(self.W[0])


@dataclass(frozen=True)
class NetworkPicture:
    """The numbers of a network for one example, or over `samples` of them.

    `cost` is C; `loss` names the function it comes from. Over several samples C is the mean
    cost, `dW` and `db` are its derivatives, and inputs, z, a and δ are means. Layers count from
    1 in what is drawn, and a0 is the input.

    >>> layer = LayerPicture(W=[[2.0], [1.0]], z=[4.0], a=[4.0], delta=[1.0], dW=[[1.0], [2.0]])
    >>> NetworkPicture([1.0, 2.0], [layer], cost=4.0).sizes
    (2, 1)
    """

    inputs: Any
    layers: Any
    cost: float | None = None
    loss: str = ""
    samples: int = 1

    def __post_init__(self) -> None:
        layers = tuple(self.layers)
        if not layers or not all(isinstance(layer, LayerPicture) for layer in layers):
            raise TypeError(
                "layers must be LayerPictures, at least one; "
                f"got {[type(layer).__name__ for layer in layers]}."
            )
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "cost", None if self.cost is None else float(self.cost))
        if self.inputs is not None:
            object.__setattr__(self, "inputs", _row(self.inputs))
            if len(self.inputs) != layers[0].fan_in:
                raise _shape_error("inputs", (layers[0].fan_in,), (len(self.inputs),))
        for k, (layer, after) in enumerate(pairwise(layers), start=2):
            if after.fan_in != layer.fan_out:
                raise _shape_error(f"W of layer {k}", (layer.fan_out, after.fan_out), after.shape)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of inputs, then of the units of each layer."""
        return (self.layers[0].fan_in, *(layer.fan_out for layer in self.layers))

    @property
    def weight_count(self) -> int:
        """How many weights there are, biases not counted."""
        return sum(layer.fan_in * layer.fan_out for layer in self.layers)

    @property
    def note(self) -> str:
        """What is said of a batch; empty for one example."""
        return f"mean over {self.samples} examples" if self.samples > 1 else ""

    @property
    def name(self) -> str:
        """The sizes, as in 2→16→16→1."""
        return "→".join(map(str, self.sizes))

    def a(self, layer: int) -> Row | None:
        """Return the activations that layer number `layer` hands on; layer 0 is the input."""
        row: Row | None = self.inputs if layer == 0 else self.layers[layer - 1].a
        return row

    def heading(self, layer: int) -> str:
        """Return the title of layer number `layer`, as in `layer 1 · 2→3 · tanh`."""
        shown = self.layers[layer - 1]
        activation = f" · {clean(shown.activation)}" if shown.activation else ""
        return f"layer {layer} · {shown.fan_in}→{shown.fan_out}{activation}"


def _row(given: Any) -> Row:
    return tuple(float(number) for number in given)


def _matrix(name: str, given: Any) -> Matrix:
    rows = tuple(_row(row) for row in given)
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise ValueError(
            f"{name} must be a matrix (fan_in, fan_out) with rows of one length, at least 1; "
            f"got rows of lengths {sorted({len(row) for row in rows})}."
        )
    return rows


def _shape_error(name: str, expected: Sequence[int], received: Sequence[int]) -> ValueError:
    return ValueError(
        f"{name} must have the shape {tuple(expected)}; got {tuple(received)}. "
        "W is (fan_in, fan_out): source unit first."
    )
