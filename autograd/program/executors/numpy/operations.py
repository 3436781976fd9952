"""Every scalar operation of a program in steps over arrays: a ufunc where NumPy has one.

A step is called as `step(*operands, out)`. An operation that NumPy lacks is spelled out as its
row composes it (softsign is x / (1 + |x|), three steps), or runs number by number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from autograd.program.compiler.steps import Expression, of_row, spelled
from autograd.program.memory import all_finite
from autograd.table import PRIMITIVES

Array = Any


def in_steps(code: Expression) -> Expression:
    """Return the same formula in functions of arrays, those of the rows that the table has now.

    Every operation that NumPy lacks is spelled out, if it can be.
    """
    code = spelled(code, lambda name: name in PRIMITIVES and PRIMITIVES[name].numpy != "")
    found = [(operation(name), result, operands) for name, result, operands in code.steps]
    return replace(code, steps=tuple(found))


@of_row
def operation(row: Any) -> Callable[..., Any]:
    """Return the function of arrays, the last of them the result, for one step."""
    import numpy as np

    own: dict[str, Callable[..., Any]] = {
        "detach": lambda x, out: np.copyto(out, x),
        "heaviside": lambda x, out: np.heaviside(x, 0.0, out),
        "maximum": lambda x, y, out: np.maximum(x, y, out=out),  # no third place for `out`
        "minimum": lambda x, y, out: np.minimum(x, y, out=out),
        "where": lambda condition, x, y, out: np.copyto(out, np.where(condition != 0.0, x, y)),
        "shifted": partial(_shifted, np),
    }
    if row.name in own:
        return own[row.name]
    return getattr(np, row.numpy) if row.numpy else _one_by_one(np, row.forward, row.arity)


def _shifted(np: Any, x: Array, largest: Array, out: Array) -> None:
    """Write x - largest, and 0 at the largest itself, which may be infinite."""
    at_largest = None if all_finite(np, largest) else x == largest
    np.subtract(x, largest, out)
    if at_largest is not None:
        out[at_largest] = 0.0


def _one_by_one(np: Any, forward: Callable[..., float], arity: int | None) -> Callable[..., Any]:
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
