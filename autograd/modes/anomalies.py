"""The mode that stops at the first number that is not finite."""

from __future__ import annotations

import math
from typing import Any

from autograd import engine, errors
from autograd.engine import Value
from autograd.families import members, passed_on
from autograd.modes.blocks import Block
from autograd.modes.dispatch import Mode, dispatcher
from autograd.sweep import passing
from autograd.table import PRIMITIVES

__all__ = ["detect_anomaly"]


class _DetectAnomaly(Mode):
    """Stops at the first number that is not finite."""

    def created(self, node: Any, handed: Any) -> Any:
        if not math.isfinite(engine.unwatched(node)):
            raise errors.anomaly(node)
        return handed

    def sweeping(self, root: Any, seed: float) -> None:
        totals, order = {root: seed}, engine.topological(root)
        families = members(order)
        for node in reversed(order):
            family = families.get(engine.family(node), ())
            if len(family) < 2:
                _pass_on(node, totals)
            elif node is family[0] and not _passed_together(family, totals):
                for one in reversed(family):
                    _pass_on(one, totals)


def _pass_on(node: Any, totals: dict[Any, float]) -> None:
    """Add to the totals of the operands what a node passes on, where it got something itself."""
    if node not in totals:
        return
    rules = PRIMITIVES[node.op].partials if node.op else ()
    pairs = list(zip(node.operands, engine.unwatched_partials(node), strict=True))
    for parent, partial in passing(rules, pairs):
        if parent.__class__ is Value and not parent.constant:
            totals[parent] = totals.get(parent, 0.0) + totals[node] * partial
            if not math.isfinite(totals[parent]):
                raise errors.anomalous_adjoint(node, parent, partial, totals[node])


def _passed_together(nodes: list[Any], totals: dict[Any, float]) -> bool:
    """Do that for nodes that share their operands; False, with nothing done, to ask each of them.

    That is where a total would not be finite, for one of the nodes is to be named.
    """
    engine.unwatched_partials(nodes[0])  # raises where a leaf is stale
    *values, _ = nodes[0].operands
    adjoints, found = [0.0] * len(values), dict[Any, float]()
    for node in nodes:
        adjoints[int(_number(engine.index_of(node)))] = totals.get(node, 0.0)
    rule = PRIMITIVES[nodes[0].op].function.together
    for x, part in zip(values, passed_on(rule, list(map(_number, values)), adjoints), strict=True):
        if x.__class__ is Value and not x.constant:
            found[x] = found.get(x, totals.get(x, 0.0)) + part
    if not all(map(math.isfinite, found.values())):
        return False
    totals |= found
    return True


def _number(operand: Any) -> float:
    number: float = engine.unwatched(operand) if operand.__class__ is Value else operand
    return number


def detect_anomaly() -> Block:
    """Raise AnomalyError at the first node or gradient inside the block that is not finite.

    The message names the node that made the NaN or the infinity, and its operands with
    their numbers; in a backward pass, the node whose partial made it. It holds for this
    context alone, as `no_grad` does, and makes everything slower.

    >>> from autograd import Value, detect_anomaly, exp
    >>> x = Value(800.0, "x")
    >>> with detect_anomaly():
    ...     exp(x)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.errors.AnomalyError: exp made inf (an unlabelled 'exp' node); received...
    """
    return Block(dispatcher, _DetectAnomaly)
