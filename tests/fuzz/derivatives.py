"""Whether compiled and sparse derivatives of a random program are those found node by node."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import autograd as ag
from autograd import Value, grad, hessian, hvp, jacobian, jit, jvp, value_and_grad
from tests.fuzz.cases import CONSTANT, INPUT, Unsound, built

ROOM = 1e-11  # of the largest entry, before a closer look
NUDGE = 1e-14
MOST = 40  # leaves that a Hessian is found for
OUTSIDE = (ag.DomainError, ag.AnomalyError, ArithmeticError, ValueError)


def functions(case):
    """Return a program's loss, and that with its further outputs, as functions of its leaves."""
    moved = [k for k, (role, _) in enumerate(case.leaves) if role != CONSTANT]

    def every(x):
        leaves = [Value(number) for _, number in case.leaves]
        for k, number in zip(moved, x, strict=True):
            leaves[k] = number if number.__class__ is Value else Value(number)
        nodes = built(case, leaves)
        return [nodes[k] for k in (case.loss, *case.also)]

    return lambda x: every(x)[0], every


def points(case):
    """Return the numbers of the leaves that move, for each row."""
    found = []
    for row in case.rows:
        inputs = iter(row)
        numbers = [next(inputs) if role == INPUT else x for role, x in case.leaves]
        found.append([x for x, (role, _) in zip(numbers, case.leaves, strict=True)
                      if role != CONSTANT])  # fmt: skip
    return found


def questions(case, x, kept) -> dict[str, tuple[Callable, Callable]]:
    """Return what is asked, of whom, and who knows."""
    loss, every = functions(case)
    fast, whole = kept["loss"], kept["every"]
    v = [1.0 if k % 2 else -0.5 for k in range(len(x))]
    found = {
        "jit": (lambda: whole(x), lambda at: [getattr(y, "data", y) for y in every(at)]),
        "value_and_grad": (
            lambda: _joined(value_and_grad(fast)(x)), lambda at: _joined(value_and_grad(loss)(at))
        ),
        "jacobian": (lambda: jacobian(whole)(x), lambda at: jacobian(every)(at)),
        "sparse jacobian": (
            lambda: jacobian(whole, sparse=True)(x).toarray(), lambda at: jacobian(every)(at)
        ),
        "kept jacobian": (lambda: kept["jacobian"](x).toarray(), lambda at: jacobian(every)(at)),
        "jvp": (lambda: jvp(whole, (x,), (v,))[1], lambda at: jvp(every, (at,), (v,))[1]),
    }  # fmt: skip
    if len(x) <= MOST and len(case.lines) <= MOST:
        found |= {
            "sparse hessian": (
                lambda: hessian(fast, sparse=True)(x).toarray(), lambda at: hessian(loss)(at)
            ),
            "kept hessian": (lambda: kept["hessian"](x).toarray(), lambda at: hessian(loss)(at)),
            "hvp": (lambda: hvp(fast, x, v), lambda at: hvp(loss, at, v)),
        }  # fmt: skip
    return found


def derived_otherwise(case):
    """Return what is wrong with the first derivative that differs; None if there is none."""
    rows = points(case)
    if not rows[0] or case.draws:  # each call of a function draws anew
        return None
    loss, every = functions(case)
    kept = {
        "loss": jit(loss), "every": jit(every),
        "jacobian": jacobian(every, sparse=True), "hessian": hessian(loss, sparse=True),
    }  # fmt: skip
    if any(x.__class__ is not Value for x in every([Value(a) for a in rows[0]])[:1]):
        raise Unsound
    for turn, x in enumerate((*rows, rows[0])):
        for name, (ask, known) in questions(case, x, kept).items():
            wrong = _far(ask, known, x)
            if wrong:
                return f"{name}, turn {turn}, at {x}: {wrong}"
    found = _far(lambda: grad(kept["loss"]).map(np.array(rows)), lambda at: _rows(loss, at), rows)
    return f"map of {rows}: {found}" if found else None


def _rows(loss, rows):
    return [grad(loss)(x) for x in rows]


def _joined(pair):
    return [pair[0], *pair[1]]


def _far(ask, known, x):
    """Compare an answer with what is right: roughly, then with what rounding may do to it."""
    try:
        right = np.array(known(x), float)
    except OUTSIDE:  # a derivative that does not exist
        return None
    try:
        found = np.array(ask(), float).reshape(right.shape)
    except ag.FrozenBranchError:  # it reads its numbers
        return None
    gap = np.abs(found - right)
    if (gap <= ROOM * (1.0 + np.abs(right).max(initial=0.0))).all():
        return None
    nudged = np.array(known((np.array(x) * (1.0 + NUDGE)).tolist()), float)
    room = 100.0 * (np.abs(right - nudged).max() + NUDGE * (1.0 + np.abs(right).max()))
    return None if (gap <= room).all() else f"{found.tolist()}; right {right.tolist()}"
