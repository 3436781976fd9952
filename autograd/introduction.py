"""How a row of the table is received: held to what it is composed of, given a signature and words.

What a row is stands above, in `table.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle, product
from typing import Any

from autograd import errors
from autograd.engine import Function, Value
from autograd.sweep import Rules

POINTS = (-2.5, -0.3, 0.4, 1.7, 5.6)  # where a row is held against what it is composed of


def require_composition(row: Any) -> None:
    """Raise ValueError where a row and what it is `composed` of differ at points of its domain."""
    for point in product(POINTS, repeat=row.arity or 3):
        if not all(d.low < x < d.high for d, x in zip(cycle(row.domain), point, strict=False)):
            continue
        try:
            expected = row.forward(*point)
        except (ValueError, ZeroDivisionError):
            continue
        try:
            found = row.composed(*point)
        except (ValueError, ZeroDivisionError):
            found = math.nan
        if not math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12):
            raise errors.wrong_composition(row.name, point, found, expected)


def _names(rules: Rules) -> Sequence[str]:
    """Return what a row calls its operands: as one of its rules does, else x, y and z."""
    every = rules if isinstance(rules, tuple) else ()
    count = len(every)
    codes = [code for rule in every if (code := getattr(rule, "__code__", None))]
    own = [code.co_varnames[:count] for code in codes if code.co_argcount == count + 1]
    return next(iter(own), "xyz"[:count] if count < 4 else [f"x{k + 1}" for k in range(count)])


class _Signature:
    """What `inspect` finds at a function: made when it asks, for it takes 8 ms to load."""

    def __get__(self, function: Any, owner: Any = None) -> Any:
        if function is None:  # the class has none of its own
            raise AttributeError("__signature__")
        from inspect import Parameter, Signature

        names = _names(function.partials)
        return Signature([Parameter(name, Parameter.POSITIONAL_ONLY) for name in names])


Function.__signature__ = _Signature()


def introduce(row: Any, module: str, doc: str, is_called: bool) -> None:
    """Let the function of a row say what it is, and be a method where that has a meaning."""
    names, formula, function = _names(row.partials), row.symbol, row.function
    for mark, name in zip(("#1", "#2", "#3"), names, strict=False):
        formula = formula.replace(mark, name)
    formula = formula.replace("##", ", ".join(names))
    function.__module__, function.__name__, function.__qualname__ = module, row.name, row.name
    function.__doc__ = doc or f"Return {formula}; defined for {function.domain}."
    if row.arity == 1 or (row.arity == 2 and is_called):
        for method in {row.name, row.numpy or row.name}:
            setattr(Value, method, function)
