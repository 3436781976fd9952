"""The rows that networks use as activations: a = g(z), each also composed of other rows.

A row computes its value with the digits of `math`; `composed` says the same in terms of other
rows, for executors of programs that have no function of that name.
"""

from __future__ import annotations

import math
import operator

from autograd import reals
from autograd.engine import Function
from autograd.primitives import (
    abs,
    exp,
    expm1,
    heaviside,
    log1p,
    maximum,
    minimum,
    tanh,
    where,
)  # fmt: skip
from autograd.table import PRODUCT, primitive

__all__ = ["elu", "leaky_relu", "logistic", "relu", "sigmoid", "silu", "softplus", "softsign"]

logistic: Function  # which a rule uses further up

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
