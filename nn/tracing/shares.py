"""What of one step of an optimiser's rule is owed to what it was given.

A rule that is linear in the gradient, such as SGD with momentum, is divided exactly. One that
divides by a root of squared gradients (Adam, RMSprop) is linear once these denominators are
given. So the rule is recorded as a graph of (w, g, state…), and walked with one coefficient for
each of these: sums, and products with a given number, hand them on; a square or a root is given.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

from autograd import Value, topological
from nn.arguments import Array

SUMS = {"add", "sub", "neg", "total", "mean", "maximum", "minimum", "where", "relu", "abs",
        "leaky_relu"}  # of which operand the result is one is given  # fmt: skip
PRODUCTS = {"mul", "dot"}
ODD = {"clip", "sign", "tanh", "softsign", "atan", "asinh", "erf"}  # f(x) = x · (f(x) / x)
CLOSE = 1e-9  # of the size of the terms

Shares = dict[Value, float]


def step_shares(rule: Any, w: float, g: float, state: tuple[float, ...], step: int) -> Array:
    """Return by what the new w and state follow the old w, g and state: (1 + slots, 2 + slots).

    A row of zeros is a state that is not linear, such as a mean of squares: it is given.
    Raises ValueError where the new w is not the sum of its shares.

    >>> from nn import SGD
    >>> step_shares(SGD([Value(1.0)], lr=0.5, momentum=0.9).rule, 1.0, 2.0, (4.0,), 1)
    array([[ 1.  , -0.5 , -0.45],
           [ 0.  ,  1.  ,  0.9 ]])
    """
    import numpy as np

    sources = [Value(float(x)) for x in (w, g, *state)]
    new, kept = rule(*sources[:2], tuple(sources[2:]), step)
    found = np.zeros((1 + len(state), len(sources)))
    for row, node in enumerate([new, *kept]):
        if node.__class__ is not Value:
            continue  # a number: given
        shares = _known(node, sources)[node]
        coefficients = np.array([shares.get(source, 0.0) for source in sources])
        terms = coefficients * [source.data for source in sources]
        if abs(terms.sum() - node.data) <= CLOSE * (abs(terms).sum() + abs(node.data)):
            found[row] = coefficients
        elif row == 0:
            raise _indivisible(f"its {_culprit(node, sources)!r} is not linear in what it takes")
    lost = ~found[1:].any(axis=1)
    if (found[0, 2:][lost] != 0.0).any():
        raise _indivisible("it adds a state that is not linear in the gradients")
    return found


def _known(node: Value, sources: list[Value]) -> dict[Value, Shares]:
    """Return the coefficients of the sources in every node below one."""
    known: dict[Value, Shares] = {source: {source: 1.0} for source in sources}
    for inner in topological(node):
        if inner not in known:
            known[inner] = _handed_on(inner, known)
    return known


def _handed_on(node: Value, known: dict[Value, Shares]) -> Shares:
    """Return the shares of an operation from those of its operands."""
    parents = node.parents
    parts = [known.get(x, {}) for x in parents]  # nothing of constants
    half = len(parents) // 2
    if node.op in PRODUCTS and any(
        map(operator.and_, map(bool, parts[:half]), map(bool, parts[half : 2 * half]))
    ):
        return {}  # a square, or a product of two that are divided
    if node.op in SUMS | PRODUCTS:
        return _sum(zip(node.partials, parts, strict=True))
    if node.op == "div":
        return _sum([(node.partials[0], parts[0])])
    if node.op in ODD and parents[0].data:
        return _sum([(node.data / parents[0].data, parts[0])])
    return {}


def _sum(terms: Iterable[tuple[float, Shares]]) -> Shares:
    result: Shares = {}
    for factor, shares in terms:
        for source, share in shares.items():
            result[source] = result.get(source, 0.0) + factor * share
    return result


def _culprit(node: Value, sources: list[Value]) -> str:
    """Return the last operation that took something divided and gave something whole."""
    known, culprit = _known(node, sources), node.op
    for inner in topological(node):
        if inner.op and not known[inner] and any(known.get(x) for x in inner.parents):
            culprit = inner.op
    return culprit


def _indivisible(reason: str) -> ValueError:
    return ValueError(
        f"the rule cannot be divided among the examples: {reason}. What is linear in the gradient "
        "can be, and what is so given its denominators."
    )
