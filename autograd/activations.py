"""The rows that networks use as activations: a = g(z), each also composed of other rows.

A row computes its value with the digits of `math`; `composed` says the same in terms of other
rows, for executors of programs that have no function of that name.
"""

from __future__ import annotations

import math
import operator
from typing import Any

from autograd import reals
from autograd.primitives import (
    SQRT_PI,
    abs,
    bell,
    clip,
    erfc,
    exp,
    expm1,
    heaviside,
    log1p,
    maximum,
    minimum,
    sech,
    square,
    where,
)  # fmt: skip
from autograd.table import primitive

__all__ = ["elu", "gelu", "leaky_relu", "relu", "sigmoid", "silu", "softplus", "softsign"]

SQRT_2 = math.sqrt(2.0)
SQRT_2PI = math.sqrt(2.0 * math.pi)

relu = primitive(
    "relu", reals.relu, lambda x, out: heaviside(x),
    latex=r"\operatorname{relu}(#1)",
    composed=lambda x: maximum(x, 0.0))  # fmt: skip

leaky_relu = primitive(
    "leaky_relu", lambda x: x if x > 0 else 0.01 * x,
    lambda x, out: where(heaviside(x), 1.0, 0.01),
    composed=lambda x: maximum(x, 0.01 * x))  # fmt: skip

elu = primitive(
    "elu", lambda x: x if x > 0 else math.expm1(x),
    lambda x, out: exp(minimum(x, 0.0)),
    composed=lambda x: maximum(x, expm1(minimum(x, 0.0))))  # fmt: skip

sigmoid = primitive(
    "sigmoid", reals.sigmoid, lambda x, out: square(0.5 * sech(0.5 * x)),
    textbook=lambda x, out: out * (1.0 - out),
    latex=r"\sigma(#1)",
    composed=lambda x: exp(minimum(x, 0.0)) / (1.0 + exp(-abs(x))))  # fmt: skip

softplus = primitive(
    "softplus", reals.softplus, lambda x, out: sigmoid(x),
    composed=lambda x: log1p(exp(-abs(x))) + maximum(x, 0.0))  # fmt: skip

silu = primitive(
    "silu", lambda x: x * reals.sigmoid(x),
    lambda x, out: sigmoid(x) * (1.0 + x * sigmoid(-x)),
    composed=lambda x: x * sigmoid(x))  # fmt: skip


# 1/√2, in three parts: products with the first two are exact where the other factor is a half
HIGH, MIDDLE, LOW = 2896 / 2.0**12, 1267 / 2.0**24, 1.210161710447897e-08


def _gelu(x: Any, erfc: Any, exp: Any, clip: Any) -> Any:
    """Return x Φ(x), Φ the normal distribution.

    Φ(x) = ½ erfc(-x/√2); far out a rounded argument would cost x² roundings, so that what the
    rounding took away is found exactly and comes back by the first derivative.
    """
    argument = -x / SQRT_2
    near = clip(x, -40.0, 40.0)
    longer = 4097.0 * near
    half = longer - (longer - near)
    rest = near - half
    back = half * HIGH - near / SQRT_2 + rest * HIGH + half * MIDDLE + (rest * MIDDLE + near * LOW)
    return 0.5 * x * (erfc(argument) + 2.0 / SQRT_PI * exp(-argument * argument) * back)


def _gelu_partial(x: Any, out: Any) -> Any:
    """Return Φ(x) + x φ(x), the normal distribution and density."""
    inner = clip(x, -40.0, 40.0)
    return 0.5 * erfc(-x / SQRT_2) + inner * bell(x, 0.5) / SQRT_2PI


gelu = primitive(
    "gelu", lambda x: _gelu(x, math.erfc, math.exp, clip.forward),
    _gelu_partial,
    composed=lambda x: _gelu(x, erfc, exp, clip))  # fmt: skip

softsign = primitive(
    "softsign", lambda x: x / (1.0 + operator.abs(x)),
    lambda x, out: (1.0 + abs(x)) ** -2.0,
    composed=lambda x: x / (1.0 + abs(x)))  # fmt: skip
