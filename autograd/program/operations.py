"""Every scalar operation of a program as a function of arrays: a ufunc where NumPy has one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from autograd.primitives import SQRT_2
from autograd.table import PRIMITIVES

Array = Any


@cache
def operations() -> dict[str, Callable[..., Any]]:
    """Return the function of arrays for each scalar operation that a program may use."""
    import numpy as np

    def vectorised(forward: Callable[..., float], arity: int) -> Callable[..., Any]:
        return _quietly(np, forward, arity)

    table = {
        row.name: getattr(np, row.numpy) if row.numpy else vectorised(row.forward, row.arity)
        for row in PRIMITIVES.values()
        if row.arity is not None
    }
    erfc = table["erfc"]
    table |= {
        "heaviside": lambda x: np.heaviside(x, 0.0 * x),
        "relu": lambda x: np.maximum(x, 0.0),
        "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
        "where": lambda condition, x, y: np.where(condition != 0.0, x, y),
        "leaky_relu": lambda x: np.where(x > 0.0, x, 0.01 * x),
        "elu": lambda x: np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0))),
        "sigmoid": lambda x: _sigmoid(np, x),
        "softplus": lambda x: np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0.0),
        "silu": lambda x: x * _sigmoid(np, x),
        "gelu": lambda x: 0.5 * x * erfc(-x / SQRT_2),
        "softsign": lambda x: x / (1.0 + np.abs(x)),
        "gap": lambda x, peak: np.where(x == peak, 0.0, x - peak),
        "tanh_pullback": lambda out, adjoint: (1.0 - out * out) * adjoint,
        "sigmoid_pullback": lambda out, adjoint: (1.0 - out) * out * adjoint,
        "relu_pullback": lambda x, adjoint: np.heaviside(x, 0.0) * adjoint,
    }
    return table


def _quietly(np: Any, forward: Callable[..., float], arity: int) -> Callable[..., Any]:
    """Return a function of floats as one of arrays; NaN where it is not defined."""

    def guarded(*numbers: float) -> float:
        try:
            return forward(*numbers)
        except (ValueError, ZeroDivisionError):
            return float("nan")

    function = np.frompyfunc(guarded, arity, 1)
    return lambda *arrays: np.asarray(function(*arrays)).astype(arrays[0].dtype)


def _sigmoid(np: Any, x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, e) / (1.0 + e)
