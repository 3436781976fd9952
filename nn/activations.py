"""Activation functions by name: a = g(z), one row each, with the initializer that suits it.

The functions and their derivatives are autograd's; `softmax` is an output function, which
takes the z of a whole layer at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import autograd as ag
from nn.arguments import named
from nn.initializers import Initializer, he_uniform, lecun_normal, lecun_uniform, xavier_uniform

__all__ = ["ACTIVATIONS", "Activation", "identity"]


@dataclass(frozen=True)
class Activation:
    """A function g with its name; `whole` if it takes a layer's z as a list, not one by one.

    `Activation("cube", lambda z: z ** 3)` makes one of your own; put it into `ACTIVATIONS`
    to have it found by name, in saved files too. Another slope is a function of its own:
    `functools.partial(leaky_relu, slope=0.2)`.

    >>> activation_function("tanh")(0.0)
    0.0
    """

    name: str
    function: Callable[[Any], Any]
    initializer: Initializer = xavier_uniform
    whole: bool = False

    _depends = ("function", "whole")

    def __call__(self, z: Any) -> Any:
        """Return g(z)."""
        return self.function(z)

    def __str__(self) -> str:
        return self.name


def identity(z: Any) -> Any:
    """Return z itself.

    >>> identity(2.5)
    2.5
    """
    return z


ACTIVATIONS: dict[str, Activation] = {
    row.name: row
    for row in (
        Activation("identity", identity),
        Activation("tanh", ag.tanh),
        Activation("sigmoid", ag.sigmoid),
        Activation("softsign", ag.softsign),
        Activation("relu", ag.relu, he_uniform),
        Activation("leaky_relu", ag.leaky_relu, he_uniform),
        Activation("elu", ag.elu, he_uniform),
        Activation("gelu", ag.gelu, he_uniform),
        Activation("gelu_tanh", ag.gelu_tanh, he_uniform),
        Activation("mish", ag.mish, he_uniform),
        Activation("selu", ag.selu, lecun_normal),
        Activation("silu", ag.silu, he_uniform),
        Activation("softplus", ag.softplus, lecun_uniform),
        Activation("sin", ag.sin, lecun_uniform),
        Activation("softmax", ag.softmax, whole=True),
    )
}


def activation_function(name: Any) -> Activation:
    """Return the activation of that name or function; any other becomes one under its own name.

    Raises ValueError for an unknown name, listing the known ones.

    >>> activation_function("relu") is activation_function(ag.relu)
    True
    """
    g = named("an activation", ACTIVATIONS, name, "ACTIVATIONS")
    if isinstance(g, Activation):
        return g
    for row in ACTIVATIONS.values():
        if row.function is g:
            return row
    return Activation(_name(g), g)


def _name(g: Any) -> str:
    """Return the name of a function; of a partial one with its arguments.

    >>> _name(partial(ag.leaky_relu, slope=0.2))
    'leaky_relu(slope=0.2)'
    """
    if isinstance(g, partial):
        given = [*map(repr, g.args), *(f"{name}={value!r}" for name, value in g.keywords.items())]
        return f"{_name(g.func)}({', '.join(given)})"
    return str(getattr(g, "__name__", type(g).__name__))
