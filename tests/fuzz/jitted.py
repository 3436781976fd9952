"""A case as a compiled function: its derivatives beside those that the engine finds."""

from __future__ import annotations

import numpy as np

import autograd as ag
from autograd import jit
from tests.fuzz.cases import built, fresh_leaves

NEAR = 1e-9  # of the largest number of a result: sums that cancel lose some of 16 digits
KINDS = ("call", "slope", "map", "hvp", "hessian", "jacobian")


def function_of(case, nodes):
    """Return f(leaves) → numbers of these nodes, and the leaves of each row."""

    def f(numbers):
        found = built(case, numbers)
        return [found[k] for k in nodes]

    points = [[x.data for x in fresh_leaves(case, row)] for row in case.rows]
    return f, points


def jitted_otherwise(case, way, engine, kind):
    """Return what a compiled function computes otherwise, None if nothing."""
    if case.draws or way[1] != "float64":  # it is compiled in double precision
        return None
    several, points = function_of(case, [case.loss, *case.also])

    def f(numbers):
        return several(numbers)[0]

    compiled = jit(f)
    if kind == "map":
        return _apart(kind, compiled.map(points), engine.losses)
    for point, loss in zip(points[:2], engine.losses, strict=False):
        wrong = _apart(kind, *_both(kind, compiled, f, several, point, loss))
        if wrong:
            return f"{wrong} at {point}"
    return None


def _both(kind, compiled, f, several, point, loss):
    """Return what the compiled function says, and what the engine does."""
    direction = [0.5 - (k % 3) for k in range(len(point))]
    if kind == "call":
        return compiled(point), loss
    if kind == "slope":
        return tuple(np.hstack(ag.value_and_grad(x)(point)) for x in (compiled, f))
    if kind == "hvp":
        return ag.hvp(compiled, point, direction), ag.hvp(f, point, direction)
    if kind == "hessian":
        return ag.hessian(compiled, sparse=True)(point).toarray(), ag.hessian(f)(point)
    return ag.jacobian(jit(several), sparse=True)(point).toarray(), ag.jacobian(several)(point)


def _apart(kind, found, expected):
    found, expected = np.array(found, float), np.array(expected, float)
    if np.array_equal(found, expected, equal_nan=True):
        return None
    if found.shape == expected.shape:
        room = NEAR * (1.0 + np.abs(expected).max(initial=0.0))
        if (np.abs(found - expected) <= room).all():
            return None
    return f"jit: {kind}: {found.tolist()}; right {expected.tolist()}"
