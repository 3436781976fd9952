"""Bounded walks over a graph, so that a big one is never walked to its end in vain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autograd.engine import Value


def walk(roots: Sequence[Value], limit: int) -> list[Value] | None:
    """Return the nodes below the roots, parents first; None if there are more than `limit`.

    Constants count, for they are drawn, but are not among the nodes. It never looks much
    further than the limit, however big the graph.
    """
    order: list[Value] = []
    constants = 0
    seen: set[Value] = set()
    stack: list[Any] = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            below = [(x, False) for x in reversed(node.operands) if not is_constant(x)]
            constants += len(node.operands) - len(below)
            if len(seen) + constants > limit:
                return None
            stack += [(node, True), *below]
    return order


def nearest(roots: Sequence[Value], count: int) -> list[Value]:
    """Return the `count` nodes nearest to the roots, parents before children."""
    seen = dict.fromkeys(roots)
    queue = list(roots)
    for node in queue:
        for operand in node.operands:
            if isinstance(operand, Value) and not operand.constant and operand not in seen:
                if len(seen) >= count:
                    return _parents_first(seen)
                seen[operand] = None
                queue.append(operand)
    return _parents_first(seen)


def _parents_first(nodes: Iterable[Value]) -> list[Value]:
    chosen, order, done = set(nodes), [], set()
    stack: list[tuple[Any, bool]] = [(node, False) for node in reversed(list(nodes))]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in done:
            done.add(node)
            stack.append((node, True))
            stack += [(x, False) for x in reversed(node.operands) if x in chosen]
    return order


def is_constant(operand: Any) -> bool:
    """Return whether an operand is a number, kept as a float or as a constant leaf."""
    return operand.__class__ is float or operand.constant
