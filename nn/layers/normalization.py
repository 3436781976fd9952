"""Layer normalisation: the numbers of a layer, shifted and scaled to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

from autograd import Value, dot, mean, sqrt
from nn.activations import Activation
from nn.arguments import count, several
from nn.arguments.hints import hinting
from nn.module import Module

__all__ = ["LayerNorm"]

PLACES = ("", "before", "after")


@hinting
class LayerNorm(Module):
    """n numbers of one example, normalised together: y_j = γ_j x̂_j + β_j.

    x̂_j = (x_j - μ) / √(σ² + ε), with μ = (1/n) Σ x_k and σ² = (1/n) Σ (x_k - μ)². The scale γ,
    `weight`, starts at 1 and the shift β, `bias`, at 0. It is the same while a model trains and
    afterwards. `MLP(…, layer_norm="before")` puts one in front of each hidden activation.

    Raises ValueError for a size below 1, and for an ε that is not positive.
    Source: Ba, Kiros & Hinton 2016, eq. 4, with ε as PyTorch has it.

    >>> norm = LayerNorm(2)
    >>> [round(y.data, 4) for y in norm([3.0, 5.0])]
    [-1.0, 1.0]
    >>> norm
    LayerNorm(2, 4 parameters)
    """

    _depends = ("eps", "weight", "bias")

    def __init__(self, size: int, eps: float = 1e-5) -> None:
        self.fan_in = self.fan_out = count("size", size)
        self.eps = epsilon(eps)
        self.weight = tuple([Value(1.0) for _ in range(size)])
        self.bias = tuple([Value(0.0) for _ in range(size)])
        self.name_parameters("")

    def __call__(self, inputs: Any) -> list[Value]:
        """Return every y_j for one example: a list, tuple or array of numbers or Values."""
        given = several(inputs)
        if len(given) != self.fan_in:
            raise ValueError(f"{self!r} takes {self.fan_in} numbers; got {len(given)}.")
        return self.passed(given)[1]

    def passed(self, inputs: Any) -> tuple[list[Value], list[Value]]:
        """Return every x̂_j and every y_j."""
        centre = mean(inputs)
        apart = [x - centre for x in inputs]
        steep = 1.0 / sqrt(dot(apart, apart) / self.fan_in + self.eps)
        normal = [x * steep for x in apart]
        parameters = zip(self.weight, self.bias, strict=True)
        return normal, [w * x + b for x, (w, b) in zip(normal, parameters, strict=True)]

    def name_parameters(self, number: str) -> None:
        """Label the parameters as formulas write them: γ2[0] for layer number 2."""
        for j, (w, b) in enumerate(zip(self.weight, self.bias, strict=True)):
            w.label, b.label = f"γ{number}[{j}]", f"β{number}[{j}]"

    def _summary(self) -> list[str]:
        return [str(self.fan_in)]


class Normalized:
    """A normalisation "before" or "after" an activation, as one function of a whole layer."""

    def __init__(self, norm: LayerNorm, place: str, g: Activation) -> None:
        self.norm, self.place, self.g = norm, place, g

    def __call__(self, z: list[Any]) -> list[Any]:
        """Return the outputs of a layer, given its z."""
        if self.place == "before":
            return applied(self.g, self.norm.passed(z)[1])
        return self.norm.passed(applied(self.g, z))[1]

    @property
    def activation(self) -> Activation:
        """The same as an activation, which has both names."""
        names = (
            [self.g.name, "layer_norm"] if self.place == "before" else ["layer_norm", self.g.name]
        )
        return Activation("∘".join(n for n in names if n != "identity"), self, whole=True)


def applied(g: Activation, z: list[Any]) -> list[Any]:
    """Return a_j = g(z_j) for the units of one layer.

    >>> from nn.activations import ACTIVATIONS
    >>> applied(ACTIVATIONS["relu"], [-1.0, 2.0])
    [0.0, 2.0]
    """
    return list(g(z)) if g.whole else [g(z_j) for z_j in z]


def place_of(name: str, place: Any) -> str:
    """Return where a normalisation stands. Raises ValueError for another place.

    >>> place_of("layer_norm", "before")
    'before'
    """
    if place not in PLACES:
        raise ValueError(
            f"{name} is 'before' or 'after' the activation, or '' for none; got {place!r}."
        )
    return str(place)


def epsilon(eps: Any) -> float:
    """Return an ε. Raises ValueError where it is not in 0 < ε < 1.

    >>> epsilon(1e-6)
    1e-06
    """
    if not (isinstance(eps, float) and 0.0 < eps < 1.0):
        raise ValueError(f"eps is a small float, 0 < eps < 1; got {eps!r}. Try 1e-5.")
    return eps
