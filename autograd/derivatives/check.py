"""Gradient checking: both modes against finite differences, and the primitive at fault.

Differences are central, extrapolated to step 0 (Richardson) over ladders of steps: from the size of
the argument upwards, for functions that change slowly, then downwards, for those that change fast.
The spread of the extrapolation says how far they can be trusted, relative to their own size: a
step across a pole may look steady beside a large derivative. Where no step is small enough, and
none large enough, nobody is accused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from autograd import engine
from autograd.derivatives.calls import argument_names
from autograd.derivatives.functional import jacobian, jvp, vjp
from autograd.derivatives.trees import leaves, mapped, paths, unflatten
from autograd.engine import Value
from autograd.errors import GradientError
from autograd.rows.noise import at_call
from autograd.table import PRIMITIVES

__all__ = ["check_gradients"]

STEPS = 7  # halvings of one extrapolation
LADDER = 12  # steps in each direction, each 16 times another
CONVERGED = 1e-4  # the largest spread of differences that accuse, relative to them
TOLERANCE = 1e-6  # relative, of differences that can be trusted
EPSILON = 2.0**-52
LEAST = 5e-323  # a few of the smallest numbers: what underflow takes away


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
    reverse mode are both checked, for each argument and result. What f draws from streams
    (`NoiseStream`, nn.Dropout) is the same each time.

    Raises GradientError naming the argument, both numbers and the primitive at fault, if one
    is. A kink at the point counts as a disagreement, for differences see both of its sides,
    unless the mean of both slopes is what the rule gives: as for |x| at 0.

    >>> from autograd import check_gradients, exp, sin
    >>> check_gradients(lambda x, w: sin(x) * exp(w[0] * x) + w[1], 0.3, [1.2, -0.7])
    """
    f = at_call(0)(f)
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
        for i, estimate in enumerate(_differences(f, args, k)):
            for mode, found in (("reverse", rows[i][k]), ("forward", forward[i])):
                allowed = max(TOLERANCE * abs(estimate.slope), 10.0 * estimate.error)
                if abs(found - estimate.slope) <= allowed:
                    continue
                if estimate.converged and _is_confirmed(f, args, k, i, estimate):
                    return _Fault(mode, level, k, found, estimate.slope)
    return None


class _Estimate(NamedTuple):
    """A derivative by differences, its uncertainty and what of it is rounding; the first step."""

    slope: float
    error: float
    noise: float
    step: float

    @property
    def spread(self) -> float:
        """The uncertainty relative to the slope; infinite where it says nothing."""
        spread = self.error / abs(self.slope) if self.slope else math.inf
        return math.inf if math.isnan(spread) else spread

    @property
    def converged(self) -> bool:
        """Whether differences come to a slope, or to none beside rounding errors."""
        return self.spread <= CONVERGED or self.error <= 100.0 * self.noise


def _differences(f: Callable[..., Any], args: Any, k: int) -> list[_Estimate]:
    """Return ∂fᵢ/∂x_k for each result i, by extrapolated differences."""
    best: list[_Estimate] = []
    for step in _ladder(abs(leaves(args)[k])):
        found = _estimates(f, args, k, step)
        pairs = zip(best or found, found or best, strict=True)
        best = [min(pair, key=lambda estimate: estimate.spread) for pair in pairs]
        if best and all(estimate.spread <= 1e-9 for estimate in best):
            break
    return best


def _ladder(size: float) -> Iterator[float]:
    """Yield first steps: that of the argument's own size, larger ones, smaller ones."""
    own, largest = 0.05 * (size or 1.0), 0.05 * max(1.0, size)
    yield own
    yield from (largest / 16.0**n for n in range(LADDER) if largest / 16.0**n > own)
    yield from (own / 16.0**n for n in range(1, LADDER))


def _estimates(f: Callable[..., Any], args: Any, k: int, step: float) -> list[_Estimate]:
    """Return the estimate of each result from one first step; [] outside the domain."""
    try:
        slopes = [_slopes(f, args, k, step / 2**n) for n in range(STEPS)]
    except (ValueError, ZeroDivisionError):
        return []
    return [_Estimate(*_extrapolated(column), step) for column in zip(*slopes, strict=True)]


def _is_confirmed(
    f: Callable[..., Any], args: Any, k: int, i: int, estimate: _Estimate
) -> bool:  # fmt: skip
    """Return whether other steps come to the same: not by chance, far beyond a period of f."""
    other = _estimates(f, args, k, 0.7 * estimate.step)
    if not other or not other[i].converged:
        return False
    return abs(other[i].slope - estimate.slope) <= 10.0 * (other[i].error + estimate.error)


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
        ((y - z) / width, (2.0 * EPSILON * (abs(y) + abs(z)) + LEAST) / width)
        for y, z in zip(*sides, strict=True)
    ]


def _extrapolated(slopes: tuple[tuple[float, float], ...]) -> tuple[float, float, float]:
    """Return the limit of central differences of halved steps, its uncertainty and its rounding.

    Source: Ridders 1982, in the form of Numerical Recipes, section 5.7.
    """
    best, uncertainty, noise, before = slopes[0][0], math.inf, 0.0, [slopes[0][0]]
    for slope, rounding in slopes[1:]:
        row = [slope]
        for j, old in enumerate(before, start=1):
            row.append(row[-1] + (row[-1] - old) / (4.0**j - 1.0))
            error = rounding + max(abs(row[-1] - row[-2]), abs(row[-1] - old))
            if error < uncertainty:
                best, uncertainty, noise = row[-1], error, rounding
        before = row
    return best, uncertainty, noise


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
