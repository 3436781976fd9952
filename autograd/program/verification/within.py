"""How much is rounded within a row of somebody's own, on the way to what it gives.

1 - tanh(x)² written so has seven digits fewer than x where tanh(x) is 0.9999999. A program in
single precision that follows this formula is right, and far from a witness in double precision. A
relative change ε of every number on the way moves what comes out by about ε times its size,

    size(operand) = 0,    size(node) = |node| + Σᵢ |∂node/∂xᵢ| size(xᵢ).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd import engine
from autograd.engine import Value, topological
from autograd.modes import differentiating
from autograd.program.compiler.accesses import Array
from autograd.table import Primitive

NONE_THERE = ArithmeticError, ValueError, IndexError, TypeError  # the last of complex numbers


def is_own(row: Primitive | None) -> bool:
    """Whether a row is somebody's own, perhaps with the name of one of ours."""
    return row is not None and not row.function.__module__.startswith("autograd.")


def scale_of(row: Primitive, operands: Array, found: Array) -> Array:
    """Return the sizes of what a row gives, in each column of its operands."""
    if row.composed is None:
        return found
    return _sizes(row.composed, operands, found)


def scales_of_partials(row: Primitive, points: Array, slots: Sequence[int], found: Array) -> Array:
    """Return the sizes of partials, (slots, columns); `points` are the operands and the output."""
    if not isinstance(row.partials, tuple):
        return found
    scales = found.copy()
    for k, (slot, own) in enumerate(zip(slots, found, strict=True)):
        scales[k] = _sizes(row.partials[slot], points, own)
    return scales


def _sizes(function: Callable[..., Any], operands: Array, found: Array) -> Array:
    """Return the size in each column, no smaller than what was found there."""
    sizes = abs(found)
    for column, numbers in enumerate(operands.T.tolist()):
        try:
            sizes[column] = max(sizes[column], _size(function, numbers))
        except NONE_THERE:  # what is found is not finite either, or rounds nothing
            continue
    return sizes


def _size(function: Callable[..., Any], numbers: Sequence[float]) -> float:
    with differentiating():
        root = function(*map(Value, numbers))
    if root.__class__ is not Value:
        return 0.0
    size: dict[Any, float] = {}
    for node in topological(root):
        if node.op:
            edges = zip(node.operands, node.partials, strict=True)
            terms = [abs(partial) * size.get(x, 0.0) for x, partial in edges]
            size[node] = abs(engine.unwatched(node)) + sum(terms)
    return size.get(root, 0.0)
