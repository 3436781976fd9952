"""Every scalar operation of a program in steps over arrays: a ufunc where NumPy has one.

A step is called as `step(*operands, out)`. An operation that NumPy lacks is composed here of
those it has (softsign is x / (1 + |x|), three steps), or runs number by number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from autograd.primitives import SQRT_2
from autograd.program.compiler.steps import Builder, Expression
from autograd.table import PRIMITIVES

Array = Any
Do = Callable[..., int]  # do("add", x, 1.0) appends a step and returns its register


def _sigmoid(do: Do, x: int) -> int:
    """Return e^min(x, 0) / (1 + e^-|x|), which overflows nowhere."""
    small = do("exp", do("neg", do("abs", x)))
    return do("div", do("exp", do("minimum", x, 0.0)), do("add", 1.0, small))


COMPOSED: dict[str, Callable[..., int]] = {
    "heaviside": lambda do, x: do("step", x, 0.0),
    "relu": lambda do, x: do("maximum", x, 0.0),
    "clip": lambda do, x, low, high: do("minimum", do("maximum", x, low), high),
    "leaky_relu": lambda do, x: do("maximum", x, do("mul", 0.01, x)),
    "elu": lambda do, x: do("maximum", x, do("expm1", do("minimum", x, 0.0))),
    "sigmoid": _sigmoid,
    "softplus": lambda do, x: do(
        "add", do("log1p", do("exp", do("neg", do("abs", x)))), do("maximum", x, 0.0)
    ),
    "silu": lambda do, x: do("mul", x, _sigmoid(do, x)),
    "gelu": lambda do, x: do("mul", do("mul", 0.5, x), do("erfc", do("div", do("neg", x), SQRT_2))),
    "softsign": lambda do, x: do("div", x, do("add", 1.0, do("abs", x))),
    "tanh_pullback": lambda do, out, adjoint: do(
        "mul", do("sub", 1.0, do("mul", out, out)), adjoint
    ),
    "sigmoid_pullback": lambda do, out, adjoint: do(
        "mul", do("mul", do("sub", 1.0, out), out), adjoint
    ),
    "relu_pullback": lambda do, x, adjoint: do("mul", do("step", x, 0.0), adjoint),
}


@cache
def in_steps(code: Expression) -> Expression:
    """Return the same formula with every composed operation spelled out.

    >>> from autograd.program.compiler.steps import forward
    >>> in_steps(forward("softsign")).steps
    (('abs', 2, (0,)), ('add', 3, (1, 2)), ('div', 2, (0, 3)))
    """
    builder = Builder(code.sources)

    def do(operation: str, *operands: int | float) -> int:
        registers = [builder.number(x) if isinstance(x, float) else x for x in operands]
        if operation in COMPOSED:
            return COMPOSED[operation](do, *registers)
        return builder.append(operation, *registers)

    known = {k: k for k in range(code.sources)}
    for k, number in enumerate(code.constants):
        known[code.sources + k] = builder.number(number)
    for operation, result, operands in code.steps:
        known[result] = do(operation, *[known[k] for k in operands])
    return builder.build([known[k] for k in code.results])


@cache
def operations() -> dict[str, Callable[..., Any]]:
    """Return the step for each operation that is not composed."""
    import numpy as np

    table: dict[str, Callable[..., Any]] = {
        row.name: getattr(np, row.numpy) if row.numpy else _one_by_one(np, row.forward, row.arity)
        for row in PRIMITIVES.values()
        if row.arity is not None and row.name not in COMPOSED
    }
    return table | {
        "step": np.heaviside,
        "maximum": lambda x, y, out: np.maximum(x, y, out=out),  # no third place for `out`
        "minimum": lambda x, y, out: np.minimum(x, y, out=out),
        "where": _where,
        "gap": _gap,
    }


def all_finite(np: Any, x: Array) -> bool:
    """Whether every number is finite: so is then the sum of squares, unless it overflows."""
    return math.isfinite(np.vdot(x, x)) or bool(np.isfinite(x).all())


def _where(condition: Array, x: Array, y: Array, out: Array) -> None:
    import numpy as np

    out[...] = np.where(condition != 0.0, x, y)


def _gap(x: Array, peak: Array, out: Array) -> None:
    """Write x - peak, and 0 at the peak itself, which may be infinite."""
    import numpy as np

    at_peak = None if all_finite(np, peak) else x == peak
    np.subtract(x, peak, out)
    if at_peak is not None:
        out[at_peak] = 0.0


def _one_by_one(np: Any, forward: Callable[..., float], arity: int) -> Callable[..., Any]:
    """Return a function of floats as a step; NaN where it is not defined."""

    def guarded(*numbers: float) -> float:
        try:
            return forward(*numbers)
        except (ValueError, ZeroDivisionError):
            return math.nan

    function = np.frompyfunc(guarded, arity, 1)

    def step(*arguments: Array) -> None:
        *arrays, out = arguments
        out[...] = function(*arrays)

    return step
