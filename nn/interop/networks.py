"""A stack of linear maps and activations: what every library can say of an MLP, and be told.

It stands between `nn` and the files and modules of other libraries, which need to know only it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from nn.activations import ACTIVATIONS
from nn.arguments import Array
from nn.freezing import freeze
from nn.layers.dense import MLP, Layer, Neuron


class Norm(NamedTuple):
    """A normalisation "before" or "after" the activation; γ and β, (fan_out,), or None: 1 and 0."""

    place: str
    eps: float
    weight: Array | None
    bias: Array | None


class Dense(NamedTuple):
    """a = g(x W + b): W is (fan_in, fan_out), b (fan_out,) or None, g the name of an activation.

    `dropout` is the share of a that is left out while `training`.
    """

    W: Array
    b: Any
    activation: str = "identity"
    norm: Norm | None = None
    dropout: float = 0.0
    training: bool = True


def stack_of(model: Any) -> list[Dense]:
    """Return the layers of an MLP, a Layer or a Neuron. Raises TypeError for another model.

    >>> from nn import MLP
    >>> [(layer.W.shape, layer.activation) for layer in stack_of(MLP(2, [3, 1]))]
    [((2, 3), 'relu'), ((3, 1), 'identity')]
    """
    if not isinstance(model, MLP | Layer | Neuron):
        raise TypeError(
            f"expected an MLP, a Layer or a Neuron; got {type(model).__name__}. "
            "Other modules have no counterpart: hand over their state_dict()."
        )
    stack = [_dense(layer) for layer in (model.layers if isinstance(model, MLP) else [model])]
    for k, drop in enumerate(getattr(model, "dropouts", ())):
        stack[k] = stack[k]._replace(dropout=drop.p, training=drop.training)
    return stack


def _dense(layer: Layer | Neuron) -> Dense:
    import numpy as np

    state, g = layer.state_dict(), layer.activation.name
    if isinstance(layer, Neuron):
        return Dense(np.ascontiguousarray(state["w"][:, None]), state["b"].reshape(1), g)
    norm = None
    if layer.norm:
        norm = Norm(layer.norm_place, layer.norm.eps, state["norm.weight"], state["norm.bias"])
    return Dense(np.ascontiguousarray(state["W"]), state["b"], g, norm)


def model_of(stack: Sequence[Dense], source: str) -> MLP:
    """Return an MLP of these layers; what one of them lacks, as a bias, is there and frozen.

    Raises ValueError, which names the `source`, where there is none or widths do not meet.
    """
    if not stack:
        raise ValueError(f"{source} has no linear map; an MLP needs one at least.")
    widths = [stack[0].W.shape[0]]
    for k, (W, *_) in enumerate(stack):
        if W.shape[0] != widths[-1]:
            raise ValueError(
                f"{source}: linear map {k} takes {W.shape[0]} inputs; got {widths[-1]} from before."
            )
        widths.append(W.shape[1])
    *hidden, output = [layer.activation for layer in stack]
    model = MLP(
        widths[0], widths[1:], hidden, output, initializer="zeros",
        dropout=[layer.dropout for layer in stack[:-1]],
        layer_norm=[layer.norm.place if layer.norm else "" for layer in stack],
    )  # fmt: skip
    for layer, known in zip(model.layers, stack, strict=True):
        _enter(layer, known)
    for drop, known in zip(model.dropouts, stack, strict=False):
        drop.train(known.training)
    return model


def _enter(layer: Layer, known: Dense) -> None:
    """Set the parameters of a layer, and freeze those that it should not have."""
    state = layer.state_dict() | {"W": known.W}
    held: list[Any] = []
    parts: list[tuple[str, Any, Any]] = [("b", known.b, layer.b)]
    if layer.norm and known.norm:
        layer.norm.eps = known.norm.eps
        parts += [
            ("norm.weight", known.norm.weight, layer.norm.weight),
            ("norm.bias", known.norm.bias, layer.norm.bias),
        ]
    for path, numbers, leaves in parts:
        if numbers is None:
            held += leaves
        else:
            state[path] = numbers
    layer.load_state_dict(state)
    freeze(held)


class Stack:
    """Layers as another library lists them: linear maps, and what follows each of them."""

    def __init__(self, source: str) -> None:
        self.source, self.layers = source, list[Dense]()
        self.open = False  # whether an activation may follow
        self._dropout: tuple[float, bool] | None = None  # that was met last

    def linear(self, W: Array, b: Array | None) -> None:
        """Add a linear map; a dropout before it is that of the layer before."""
        if self._dropout and self.layers:
            p, training = self._dropout
            self._dropout = None
            self.layers[-1] = self.layers[-1]._replace(dropout=p, training=training)
        self._settle()
        self.layers.append(Dense(W, b))
        self.open = True

    def bias(self, b: Array) -> None:
        """Add a bias to the linear map before. Raises ValueError where none is open."""
        if not (self.open and self.layers[-1].b is None and b.shape == self.layers[-1].W.shape[1:]):
            raise self.refusal("a sum that is no bias of a linear map")
        self.layers[-1] = self.layers[-1]._replace(b=b)

    def activation(self, name: str) -> None:
        """Add the activation of the linear map before. Raises ValueError where there is none."""
        if name not in ACTIVATIONS:
            raise self.refusal(f"{name!r}, which is no activation here")
        if name != "identity":
            self._settle()
            if not self.open:
                raise self.refusal(f"{name!r} without a linear map before it")
            self.layers[-1] = self.layers[-1]._replace(activation=name)
            self.open = False

    def normalization(self, eps: float, weight: Array | None, bias: Array | None) -> None:
        """Add a normalisation of the layer before, whose activation may follow or have been."""
        self._settle()
        widths = {x.shape for x in (weight, bias) if x is not None}
        if not self.layers or self.layers[-1].norm or widths - {self.layers[-1].W.shape[1:]}:
            raise self.refusal("a normalisation that is not the one of a linear map before it")
        place = "before" if self.open else "after"
        self.layers[-1] = self.layers[-1]._replace(norm=Norm(place, eps, weight, bias))

    def dropout(self, p: float, training: bool) -> None:
        """Add a dropout: of the layer before, if a linear map follows."""
        self._settle()
        self._dropout = (p, training) if p else None

    def model(self) -> MLP:
        """Return the MLP of these layers."""
        self._settle()
        return model_of(self.layers, self.source)

    def _settle(self) -> None:
        """Leave out a dropout that is off. Raises ValueError for one where an MLP has none."""
        if self._dropout and self._dropout[1]:
            raise self.refusal(
                "a dropout elsewhere than between two layers, switched on (eval() switches it off)"
            )
        self._dropout = None

    def refusal(self, what: str) -> ValueError:
        """Return the error for what an MLP cannot have."""
        return ValueError(
            f"{self.source} has {what}; an MLP is linear maps, each with one of the activations "
            f"{', '.join(sorted(ACTIVATIONS))} at most, one LayerNorm before or after it, and "
            "Dropout at the end. Take over the parts that are."
        )
