"""A stack of linear maps and activations: what every library can say of an MLP, and be told.

It stands between `nn` and the files and modules of other libraries, which need to know only it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from nn.activations import ACTIVATIONS
from nn.arguments import Array
from nn.freezing import freeze
from nn.layers import MLP, Layer, Neuron


class Dense(NamedTuple):
    """a = g(x W + b): W is (fan_in, fan_out), b (fan_out,) or None, g the name of an activation."""

    W: Array
    b: Any
    activation: str = "identity"


def stack_of(model: Any) -> list[Dense]:
    """Return the layers of an MLP, a Layer or a Neuron. Raises TypeError for another model.

    >>> from nn import MLP
    >>> [(layer.W.shape, layer.activation) for layer in stack_of(MLP(2, [3, 1]))]
    [((2, 3), 'relu'), ((3, 1), 'identity')]
    """
    import numpy as np

    if not isinstance(model, MLP | Layer | Neuron):
        raise TypeError(
            f"expected an MLP, a Layer or a Neuron; got {type(model).__name__}. "
            "Other modules have no counterpart: hand over their state_dict()."
        )
    stack = []
    for layer in model.layers if isinstance(model, MLP) else [model]:
        state = layer.state_dict()
        alone = isinstance(layer, Neuron)
        W, b = (state["w"][:, None], state["b"].reshape(1)) if alone else (state["W"], state["b"])
        stack.append(Dense(np.ascontiguousarray(W), b, layer.activation.name))
    return stack


def model_of(stack: Sequence[Dense], source: str) -> MLP:
    """Return an MLP of these layers; the zeros of one without a bias stay as they are.

    Raises ValueError, which names the `source`, where there is none or widths do not meet.
    """
    import numpy as np

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
    model = MLP(widths[0], widths[1:], hidden, output, initializer="zeros")
    state = {}
    for k, (W, b, _) in enumerate(stack):
        state[f"layers.{k}.W"] = W
        state[f"layers.{k}.b"] = np.zeros(W.shape[1]) if b is None else b
    model.load_state_dict(state)
    for layer, (_, b, _) in zip(model.layers, stack, strict=True):
        freeze(layer.b if b is None else ())
    return model


class Stack:
    """Layers as another library lists them: linear maps, and activations after them."""

    def __init__(self, source: str) -> None:
        self.source, self.layers = source, list[Dense]()
        self.open = False  # whether an activation may follow

    def linear(self, W: Array, b: Array | None) -> None:
        """Add a linear map."""
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
            if not self.open:
                raise self.refusal(f"{name!r} without a linear map before it")
            self.layers[-1] = self.layers[-1]._replace(activation=name)
            self.open = False

    def refusal(self, what: str) -> ValueError:
        """Return the error for what an MLP cannot have."""
        return ValueError(
            f"{self.source} has {what}; an MLP is linear maps, each with one of the activations "
            f"{', '.join(sorted(ACTIVATIONS))} at most. Take over the parts that are."
        )
