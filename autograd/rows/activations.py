"""The rows that networks use as activations: a = g(z), each also composed of other rows.

A row computes its value with the digits of `math`; `composed` says the same in terms of other
rows, for executors of programs that have no function of that name. The functions at the end take
a parameter, and are then written with other rows.
"""

from __future__ import annotations

import math
import operator
from typing import Any

from autograd import reals
from autograd.engine import Function
from autograd.primitives import (
    abs,
    clip,
    exp,
    expm1,
    heaviside,
    log1p,
    maximum,
    minimum,
    sech,
    square,
    tanh,
    where,
)  # fmt: skip
from autograd.table import PRODUCT, primitive

__all__ = [
    "elu", "gelu_tanh", "leaky_relu", "logistic", "mish", "relu", "selu", "sigmoid", "silu",
    "softplus", "softsign",
]  # fmt: skip

SLOPE = 0.01
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848, 1.0507009873554804934
GELU_RATE, GELU_CUBIC = 2.0 * math.sqrt(2.0 / math.pi), 0.044715

logistic: Function  # which a rule uses further up

relu = primitive(
    "relu", reals.relu, lambda x, out: heaviside(x),
    latex=r"\operatorname{relu}(#1)",
    composed=lambda x: maximum(x, 0.0))  # fmt: skip

_leaky_relu = primitive(
    "leaky_relu", lambda x: x if x > 0 else SLOPE * x,
    lambda x, out: where(heaviside(x), 1.0, SLOPE),
    composed=lambda x: maximum(x, SLOPE * x))  # fmt: skip

_elu = primitive(
    "elu", lambda x: x if x > 0 else math.expm1(x),
    lambda x, out: exp(minimum(x, 0.0)),
    composed=lambda x: maximum(x, expm1(minimum(x, 0.0))))  # fmt: skip

sigmoid = primitive(
    "sigmoid", reals.sigmoid, lambda x, out: logistic(x),
    textbook=lambda x, out: out * (1.0 - out),
    latex=r"\sigma(#1)",
    composed=lambda x: exp(minimum(x, 0.0)) / (1.0 + exp(-abs(x))))  # fmt: skip

# A row of its own, so that no derivative of sigmoid cancels: σ″ is -σ′ tanh(x/2).
logistic = primitive(
    "logistic", reals.logistic, lambda x, out: -out * tanh(0.5 * x),
    symbol="sigmoid(#1)*sigmoid(-#1)", latex=r"\sigma(#1) \, \sigma(-#1)", precedence=PRODUCT,
    composed=lambda x: sigmoid(x) * sigmoid(-x))  # fmt: skip

softplus = primitive(
    "softplus", reals.softplus, lambda x, out: sigmoid(x),
    composed=lambda x: log1p(exp(-abs(x))) + maximum(x, 0.0))  # fmt: skip

silu = primitive(
    "silu", lambda x: x * reals.sigmoid(x),
    lambda x, out: sigmoid(x) * (1.0 + x * sigmoid(-x)),
    composed=lambda x: x * sigmoid(x))  # fmt: skip

softsign = primitive(
    "softsign", lambda x: x / (1.0 + operator.abs(x)),
    lambda x, out: (1.0 + abs(x)) ** -2.0,
    composed=lambda x: x / (1.0 + abs(x)))  # fmt: skip

# Source: Misra 2019, eq. 1
mish = primitive(
    "mish", lambda x: x * math.tanh(reals.softplus(x)),
    lambda x, out: tanh(softplus(x)) + x * square(sech(softplus(x))) * sigmoid(x),
    composed=lambda x: x * tanh(softplus(x)))  # fmt: skip


def _bounded(x: Any) -> Any:
    return clip(x, -30.0, 30.0)  # where σ(2u) is 0 or 1 already


def _twice(x: Any) -> Any:
    """Return 2u, u = √(2/π) (x + 0.044715 x³): ½ (1 + tanh u) is σ(2u), which keeps its digits."""
    x = _bounded(x)
    return GELU_RATE * (x + GELU_CUBIC * (x * x * x))


# Almost x Φ(x), which is `gelu`. Source: Hendrycks & Gimpel 2016, section 2
gelu_tanh = primitive(
    "gelu_tanh", lambda x: x * reals.sigmoid(_twice(x)),
    lambda x, out: sigmoid(_twice(x)) + x * GELU_RATE * (
        1.0 + 3.0 * GELU_CUBIC * square(_bounded(x))) * (
        sigmoid(_twice(x)) * sigmoid(-_twice(x))
    ),
    composed=lambda x: x * sigmoid(_twice(x)))  # fmt: skip


def leaky_relu(x: Any, slope: Any = SLOPE) -> Any:
    """Return x where x > 0, else slope · x; the slope may be a Value, a parameter.

    >>> leaky_relu(-2.0), leaky_relu(-2.0, 0.25)
    (-0.02, -0.5)
    """
    if slope.__class__ is float and slope == SLOPE:
        return _leaky_relu(x)
    return where(heaviside(x), x, slope * x)


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """Return x where x > 0, else α (e^x - 1).

    >>> elu(-math.inf), elu(-math.inf, 0.5)
    (-1.0, -0.5)
    """
    if alpha.__class__ is float and alpha == 1.0:
        return _elu(x)
    return where(heaviside(x), x, alpha * expm1(minimum(x, 0.0)))


def selu(x: Any) -> Any:
    """Return λ elu(x, α), with the numbers that keep mean 0 and variance 1.

    Source: Klambauer et al. 2017, eq. 2.

    >>> selu(1.0)
    1.0507009873554805
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)
