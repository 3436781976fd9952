"""Gradient checking: both modes against finite differences, and the primitive at fault.

Differences are central, extrapolated to step 0 (Richardson) over a range of steps that adapts
to the point and to the domain of the function; the spread of the extrapolation says how far
they can be trusted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from autograd import engine
from autograd.derivatives.calls import argument_names
from autograd.derivatives.functional import jacobian, jvp, vjp
from autograd.derivatives.trees import leaves, mapped, paths, unflatten
from autograd.engine import Value
from autograd.errors import GradientError
from autograd.table import PRIMITIVES

__all__ = ["check_gradients"]

STEPS = 7  # halvings of one extrapolation
TOLERANCE = 1e-6  # relative, of differences that can be trusted
EPSILON = 2.0**-52


class _Fault(NamedTuple):
    """A derivative that disagrees with differences."""

    mode: str
    order: int
    operand: int
    found: float
    expected: float


def check_gradients(f: Callable[..., Any], *args: Any, order: int = 2) -> None:
    """Compare the derivatives of f at `args` with finite differences, up to `order`.

    f takes numbers or nested structures of them and returns one number or more. Forward and
    reverse mode are both checked, for each argument and result.

    Raises GradientError naming the argument, both numbers and the primitive at fault, if one
    is. A kink at the point counts as a disagreement, for differences see both of its sides,
    unless the mean of both slopes is what the rule gives: as for |x| at 0.

    >>> from autograd import check_gradients, exp, sin
    >>> check_gradients(lambda x, w: sin(x) * exp(w[0] * x) + w[1], 0.3, [1.2, -0.7])
    """
    fault = _first_fault(f, args, order)
    if fault:
        name = _names(f, args)[fault.operand]
        raise GradientError(
            f"{fault.mode} mode gives {fault.found:.9g} for the derivative of order {fault.order} "
            f"by {name} = {leaves(args)[fault.operand]:g}; finite differences give "
            f"{fault.expected:.9g}. {_blame(f, args, fault.order)}"
        )


def _first_fault(f: Callable[..., Any], args: Any, order: int) -> _Fault | None:
    everything = tuple(range(len(args)))
    for level in range(1, order + 1):
        fault = _fault(f, args, level)
        if fault:
            return fault
        f = jacobian(f, everything)
    return None


def _fault(f: Callable[..., Any], args: Any, level: int) -> _Fault | None:
    """Return the first disagreement between a first derivative of f and differences."""
    point = leaves(args)
    values, pullback = vjp(f, *args)
    count = len(leaves(values))
    rows = [
        leaves(pullback(unflatten(values, [float(i == k) for i in range(count)])))
        for k in range(count)
    ]
    for k in range(len(point)):
        direction = unflatten(args, [float(j == k) for j in range(len(point))])
        forward = leaves(jvp(f, args, direction)[1])
        differences = _differences(f, args, k)
        for i, (expected, error) in enumerate(differences):
            for mode, found in (("reverse", rows[i][k]), ("forward", forward[i])):
                if not abs(found - expected) <= max(TOLERANCE * abs(expected), 10.0 * error):
                    return _Fault(mode, level, k, found, expected)
    return None


def _differences(f: Callable[..., Any], args: Any, k: int) -> list[tuple[float, float]]:
    """Return (∂fᵢ/∂x_k, its uncertainty) for each result i, by extrapolated differences."""
    step = 0.05 * max(1.0, abs(leaves(args)[k]))
    best: list[tuple[float, float]] = []
    for _ in range(12):
        try:
            slopes = [_slopes(f, args, k, step / 2**n) for n in range(STEPS)]
        except (ValueError, ZeroDivisionError):  # outside the domain
            slopes = []
        found = [_extrapolated(column) for column in zip(*slopes, strict=True)]
        pairs = zip(best or found, found or best, strict=True)
        best = [min(pair, key=lambda estimate: estimate[1]) for pair in pairs]
        if best and all(error <= 1e-9 * abs(slope) for slope, error in best):
            break
        step /= 16.0
    return best


def _slopes(f: Callable[..., Any], args: Any, k: int, step: float) -> list[tuple[float, float]]:
    """Return (f(x + h) - f(x - h)) / 2h and its rounding error, for a step h of x_k."""
    sides, ends = [], []
    for sign in (1.0, -1.0):
        moved = leaves(args)
        moved[k] += sign * step
        ends.append(moved[k])
        sides.append(leaves(vjp(f, *unflatten(args, moved))[0]))
    width = ends[0] - ends[1]
    return [
        ((y - z) / width, 2.0 * EPSILON * (abs(y) + abs(z)) / width)
        for y, z in zip(*sides, strict=True)
    ]


def _extrapolated(slopes: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    """Return the limit of central differences of halved steps, and its uncertainty.

    Source: Ridders 1982, in the form of Numerical Recipes, section 5.7.
    """
    best, uncertainty, before = slopes[0][0], math.inf, [slopes[0][0]]
    for slope, rounding in slopes[1:]:
        row = [slope]
        for j, old in enumerate(before, start=1):
            row.append(row[-1] + (row[-1] - old) / (4.0**j - 1.0))
            error = rounding + max(abs(row[-1] - row[-2]), abs(row[-1] - old))
            if error < uncertainty:
                best, uncertainty = row[-1], error
        before = row
    return best, uncertainty


def _blame(f: Callable[..., Any], args: Any, order: int) -> str:
    """Return a sentence that names the primitive whose own derivatives are wrong."""
    outputs = leaves(f(*mapped(Value, args)))
    for output in outputs:
        for node in engine.topological(output) if output.__class__ is Value else ():
            fault = _own_fault(node, order) if node.op else None
            if fault:
                return (
                    f"The primitive at fault is {node.op!r}: by its operand {fault.operand} the "
                    f"rule gives {fault.found:.9g}, differences of order {fault.order} give "
                    f"{fault.expected:.9g}. Correct its row, or move away from its kink."
                )
    return (
        "No primitive disagrees by itself: look for a number that was taken out of the graph "
        "(.data, no_grad), for randomness, or for a branch that changes here."
    )


def _own_fault(node: Value, order: int) -> _Fault | None:
    """Check one node as a function of those operands that are variables."""
    fixed = list(node.operands)
    free = [k for k, x in enumerate(fixed) if x.__class__ is Value and not x.constant]
    fixed = [x.data if x.__class__ is Value else x for x in fixed]

    def alone(*variables: Any) -> Any:
        operands: list[Any] = list(fixed)
        for k, variable in zip(free, variables, strict=True):
            operands[k] = variable
        return PRIMITIVES[node.op](*operands)

    fault = _first_fault(alone, tuple(fixed[k] for k in free), order)
    return fault._replace(operand=free[fault.operand]) if fault else None


def _names(f: Callable[..., Any], args: Any) -> list[str]:
    """Return what to call each leaf of the arguments."""
    named = zip(argument_names(f, len(args)), args, strict=True)
    trees = [(name or f"argument {k}", tree) for k, (name, tree) in enumerate(named)]
    return [path for name, tree in trees for path in paths(name, tree)]
