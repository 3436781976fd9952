"""Nodes that share their operands, all but an index of their own: the results of softmax.

n nodes of n operands have n² edges, but cost what n have: walks go to the operands once, and a
sweep passes on what all the nodes got at once, when it comes to the first of them. The partials
∂outᵢ/∂xₖ are three lists of n numbers, which the function's rule `together` returns: ownᵢ for
i = k, and factorᵢ · shareₖ for all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

Together = tuple[list[Any], list[Any], list[Any]]  # own, factors, shares


class Family:
    """The operands that several nodes share."""

    __slots__ = ("fresh", "values")
    _y = None  # it is no node of two operands

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = values
        self.fresh = (0, 0)  # a time when no leaf was younger than a node made then

    def is_fresh(self, made: int, now: int) -> bool:
        """Return whether no leaf was written after a node had used it."""
        if self.fresh[0] != now or made < self.fresh[1]:
            leaves = [x for x in self.values if x.__class__ is not float and x._function is None]
            if any(leaf._stamp > made for leaf in leaves):
                return False
            self.fresh = (now, made)
        return True


def members(nodes: Sequence[Any]) -> dict[Any, list[Any]]:
    """Return which of the nodes share their operands, in their order, by what they share."""
    found: dict[Any, list[Any]] = {}
    for node in nodes:
        if (shared := node._family) is not None:
            found.setdefault(shared, []).append(node)
    return found


def push_together(nodes: list[Any], totals: dict[Any, float]) -> None:
    """Add Σᵢ adjointᵢ · ∂nodeᵢ/∂xₖ to the total of each xₖ that the nodes share."""
    values = nodes[0]._x.values
    numbers = [x if x.__class__ is float else x._data for x in values]
    adjoints = [0.0] * len(values)
    for node in nodes:
        adjoints[int(node._y if node._y.__class__ is float else node._y._data)] = totals[node]
    parts = passed_on(nodes[0]._function.together, numbers, adjoints)
    for x, part in zip(values, parts, strict=True):
        if x in totals:
            totals[x] += part


def passed_on(rule: Any, numbers: list[float], adjoints: list[float]) -> list[float]:
    """Return Σᵢ adjointᵢ · ∂outᵢ/∂xₖ for each of the shared operands, which have these numbers."""
    own, factors, shares = rule(numbers)
    others = all_but_own([f * adjoint for f, adjoint in zip(factors, adjoints, strict=True)])
    return [a * b + p * o for a, b, p, o in zip(own, adjoints, shares, others, strict=True)]


def all_but_own(terms: list[Any]) -> list[Any]:
    """Return for each term the sum of all others, none of them by a difference.

    >>> all_but_own([1.0, 1e300, 2.0])
    [1e+300, 3.0, 1e+300]
    """
    before = [0.0, *accumulate(terms[:-1])]
    behind = [0.0, *accumulate(terms[:0:-1])]
    return [a + b for a, b in zip(before, reversed(behind), strict=True)]
