"""Neuron, Layer and MLP: z_j = Σ_i a_i W_ij + b_j and a_j = g(z_j), layer after layer.

`layer.W[i][j]` connects input i to unit j and `layer.b[j]` is the bias of unit j. The
units of a layer share one tuple of inputs, and each keeps one tuple of weights, so that a
z is a single `dot` node.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from autograd import Value, dot
from nn.activations import Activation, activation_function
from nn.arguments import count, named, several
from nn.arguments.hints import hinting
from nn.initializers import INITIALIZERS, STREAM
from nn.layers.dropout import Dropout, share
from nn.layers.normalization import LayerNorm, Normalized, place_of
from nn.module import Module

__all__ = ["MLP", "Layer", "Neuron"]


class Outputs(list[Value]):
    """A list of outputs, which says that it is one where it is taken for a Value."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"a model returns the list of its {len(self)} outputs, which has no attribute {name!r};"
            f" ask one of them: [0].{name}"
        )


@hinting
class Neuron(Module):
    """One unit: a = g(z), where z = Σᵢ wᵢ aᵢ + b.

    The weights are drawn by the initializer that suits the activation, or are those given;
    the bias starts at 0. `rng` is a `random.Random`, None means the stream that
    `nn.seed` starts.

    >>> neuron = Neuron(2, "relu", weights=[0.5, -1.0])
    >>> neuron([4.0, 0.5])
    Value(data=1.5, grad=0.0)
    >>> neuron
    Neuron(2 → 1, relu, 3 parameters)
    """

    activation: Activation
    _depends = ("w", "b", "activation")

    def __init__(
        self, fan_in: int, activation: Any = "tanh", *,
        rng: Random | None = None, weights: Sequence[float] | None = None,
    ) -> None:  # fmt: skip
        self.fan_in, self.fan_out = count("fan_in", fan_in), 1
        self.activation = activation
        if weights is None:
            draw = self.activation.initializer
            weights = [row[0] for row in draw(self.fan_in, 1, rng or STREAM)]
        self.w = tuple([Value(w, f"w[{i}]") for i, w in enumerate(weights)])
        self.b = Value(0.0, "b")
        if len(self.w) != self.fan_in:
            raise ValueError(f"a neuron of fan_in {fan_in} takes {fan_in} weights; got {weights}.")

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "activation" and (value := activation_function(value)).whole:
            raise ValueError(f"{value} takes a whole layer; got one Neuron. Use Layer.")
        super().__setattr__(name, value)

    def __call__(self, inputs: Any) -> Value:
        """Return a for one example: a list, tuple or array of numbers or Values."""
        a: Value = self.activation.function(dot(self.w, _example(inputs, self), self.b))
        return a

    @property
    def g(self) -> Activation:
        """What makes a of z."""
        return self.activation

    def _summary(self) -> list[str]:
        return [f"{self.fan_in} → 1", self.activation.name]


@hinting
class Layer(Module):
    """`fan_out` units side by side: a_j = g(Σ_i a_i W_ij + b_j), returned as a list.

    `W[i][j]` and `neurons[j].w[i]` are the same Value, and so are `b[j]` and `neurons[j].b`. With
    `layer_norm` "before" or "after" the activation the layer has a `LayerNorm` there, `norm`.

    >>> layer = Layer(2, 3, "relu")
    >>> layer.W[1][2] is layer.neurons[2].w[1]
    True
    >>> len(layer([1.0, 2.0]))
    3
    >>> layer
    Layer(2 → 3, relu, 9 parameters)
    """

    activation: Activation
    _depends = ("activation", "norm", "norm_place", "_units", "apply")

    def __init__(
        self, fan_in: int, fan_out: int, activation: Any = "tanh", *,
        rng: Random | None = None, initializer: Any = None, layer_norm: str = "",
    ) -> None:  # fmt: skip
        self.fan_in, self.fan_out = count("fan_in", fan_in), count("fan_out", fan_out)
        self.activation = activation
        self.norm_place = place_of("layer_norm", layer_norm)
        self.norm = LayerNorm(self.fan_out) if layer_norm else None
        draw = named(
            "an initializer", INITIALIZERS, initializer or self.activation.initializer,
            "INITIALIZERS",
        )  # fmt: skip
        W = draw(self.fan_in, self.fan_out, rng or STREAM)
        g = _of_units(self.activation)
        neurons = [Neuron(self.fan_in, g, weights=w) for w in zip(*W, strict=True)]
        self.W = tuple(zip(*[neuron.w for neuron in neurons], strict=True))
        self.b = tuple([neuron.b for neuron in neurons])
        self.neurons = tuple(neurons)
        self._units = tuple([(neuron.w, neuron.b) for neuron in neurons])
        self.name_parameters("")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("W", "b", "neurons") and name in vars(self):
            one = {"W": "W[0][0]", "b": "b[0]"}.get(name, "neurons[0].w[0]")
            raise AttributeError(
                f"{name} holds parameters which the layer computes with, and which stay; set their "
                f"numbers by load_state_dict, or one by one: {one}.data = 0.5."
            )
        value = activation_function(value) if name == "activation" else value
        super().__setattr__(name, value)
        for neuron in vars(self).get("neurons", ()) if name == "activation" else ():
            neuron.activation = _of_units(value)

    def __call__(self, inputs: Any) -> list[Value]:
        """Return every a_j for one example: a list, tuple or array of numbers or Values."""
        return Outputs(self.apply(_example(inputs, self)))

    def apply(self, inputs: tuple[Any, ...]) -> list[Value]:
        """Return the outputs for a tuple of `fan_in` Values and floats, which is not checked."""
        if self.norm or self.activation.whole:
            return list(self.g([dot(w, inputs, b) for w, b in self._units]))
        g = self.activation.function
        return [g(dot(w, inputs, b)) for w, b in self._units]

    @property
    def g(self) -> Activation:
        """What makes a of z: the activation, with the normalisation if there is one."""
        if self.norm is None:
            return self.activation
        return Normalized(self.norm, self.norm_place, self.activation).activation

    def name_parameters(self, number: str) -> None:
        """Label the parameters as formulas write them: W2[0,1] for layer number 2."""
        for j, neuron in enumerate(self.neurons):
            neuron.b.label = f"b{number}[{j}]"
            for i, w in enumerate(neuron.w):
                w.label = f"W{number}[{i},{j}]"
        if self.norm:
            self.norm.name_parameters(number)

    def _summary(self) -> list[str]:
        return [f"{self.fan_in} → {self.fan_out}", self.g.name]

    def _parts(self) -> dict[str, Any]:
        own = {"W": self.W, "b": self.b}  # which are the neurons' own
        return {**own, "norm": self.norm} if self.norm else own


def _of_units(g: Activation) -> Any:
    """Return what the units of a layer have where the layer has g."""
    return "identity" if g.whole else g


@hinting
class MLP(Module):
    """Layers in a row: `fan_in` inputs, then one layer for each of `sizes`.

    `activation` is the hidden layers' (a list gives each its own), `output` the last
    layer's. The weights are drawn by `seed`; None means the stream that `nn.seed` starts. With
    `dropout` the outputs of hidden layers go through a `Dropout` of that share, or of a list with
    one for each of them; `layer_norm` puts a `LayerNorm` "before" or "after" the activation of each
    hidden layer; a list says it of every layer. In formulas layers are numbered from 1:
    `layers[0].W[1][0]` is W1[1,0].

    >>> model = MLP(2, [3, 1], activation="tanh")
    >>> model
    MLP(2 → 3 → 1, tanh, identity, 13 parameters)
    >>> model.named_parameters()[5][0]
    'layers.0.W[1][2]'
    >>> len(model([0.5, -1.0]))
    1
    """

    _depends = ("layers", "dropouts")

    def __init__(
        self, fan_in: int, sizes: Sequence[int], activation: Any = "relu",
        output: Any = "identity", seed: int | None = None, initializer: Any = None,
        dropout: float | Sequence[float] = 0.0, layer_norm: str | Sequence[str] = "",
    ) -> None:  # fmt: skip
        if hasattr(sizes, "__index__"):
            also = [sizes, *([activation] if hasattr(activation, "__index__") else [])]
            raise ValueError(
                f"sizes is a list, with the size of each layer; got {sizes!r}. "
                f"Write MLP({fan_in}, {also})."
            )
        widths = [count(f"sizes[{k}]", size) for k, size in enumerate(several(sizes))]
        if not widths:
            raise ValueError("sizes must name at least one layer; got []. Try MLP(2, [16, 1]).")
        self.fan_in, self.fan_out = count("fan_in", fan_in), widths[-1]
        gs = [*_hidden(activation, len(widths) - 1), output]
        places, shares = _places(layer_norm, len(widths)), _shares(dropout, len(widths) - 1)
        rng = STREAM if seed is None else Random(seed)
        layers = []
        for number, (m, g, place) in enumerate(zip(widths, gs, places, strict=True), start=1):
            options = {"rng": rng, "initializer": initializer, "layer_norm": place}
            layers.append(Layer(fan_in, m, g, **options))
            layers[-1].name_parameters(str(number))
            fan_in = m
        self.layers = tuple(layers)
        self.dropouts = tuple([Dropout(p, seed=rng.getrandbits(53)) for p in shares])
        for number, drop in enumerate(self.dropouts, start=1):
            drop.name = f"m{number}"

    def __call__(self, inputs: Any) -> list[Value]:
        """Return the last layer's outputs for one example of numbers or Values."""
        outputs: Any = _example(inputs, self)
        for k, layer in enumerate(self.layers):
            outputs = layer.apply(tuple(outputs))
            if k < len(self.dropouts):
                outputs = self.dropouts[k](outputs)
        return Outputs(outputs)

    def _summary(self) -> list[str]:
        sizes = " → ".join(str(n) for n in (self.fan_in, *(x.fan_out for x in self.layers)))
        shares = dict.fromkeys(f"{drop.p:g}" for drop in self.dropouts)
        dropped = [f"dropout {'/'.join(shares)}"] if shares else []
        return [sizes, *(layer.g.name for layer in self.layers), *dropped]


def _hidden(activation: Any, layers: int) -> list[Any]:
    """Return the activation of each hidden layer: one for all, or those of a list."""
    if not isinstance(activation, list | tuple):
        return [activation_function(activation)] * layers  # looked at where there are none, too
    if len(activation) != layers:
        raise ValueError(
            f"a list of activations names one for each of the {layers} hidden layers; "
            f"got {len(activation)}. The last layer's is given by output=."
        )
    return list(activation)


def _shares(dropout: Any, layers: int) -> list[float]:
    """Return the share of each hidden layer's dropout; none where nothing is left out."""
    if not isinstance(dropout, list | tuple):
        return [p] * layers if (p := share("dropout", dropout)) else []
    if len(dropout) != layers:
        raise ValueError(
            f"a list of dropout shares has one for each of the {layers} hidden layers; "
            f"got {dropout!r}."
        )
    shares = [share(f"dropout[{k}]", p) for k, p in enumerate(dropout)]
    return shares if any(shares) else []


def _places(layer_norm: Any, layers: int) -> list[str]:
    """Return where each layer is normalised: the hidden ones alike, or as a list says."""
    if not isinstance(layer_norm, list | tuple):
        return [place_of("layer_norm", layer_norm)] * (layers - 1) + [""]
    if len(layer_norm) != layers:
        raise ValueError(
            f"a list of layer_norm has one place for each of the {layers} layers, the last one too;"
            f" got {layer_norm!r}."
        )
    return list(layer_norm)


def _example(inputs: Any, module: Any) -> tuple[Any, ...]:
    """Return one example as a tuple of Values and floats. Raises ValueError by its width."""
    if getattr(inputs, "ndim", 1) > 1:
        raise ValueError(
            f"{module!r} is called with one example of {module.fan_in} inputs; "
            f"got an array of shape {inputs.shape}. Use predict, or a loop, for many rows."
        )
    example = tuple(several(inputs))
    if len(example) != module.fan_in:
        raise ValueError(
            f"{module!r} takes {module.fan_in} inputs; got {len(example)}. "
            f"Give one number for each, or build it with fan_in={len(example)}."
        )
    if set(map(type, example)) <= {Value, float}:
        return example
    return tuple([x if x.__class__ is Value else Value(x).data for x in example])
