"""The mode that stops at the first number that is not finite."""

from __future__ import annotations

import math
from typing import Any

from autograd import engine, errors
from autograd.engine import Value
from autograd.modes.blocks import Block
from autograd.modes.dispatch import Mode, dispatcher
from autograd.sweep import passes
from autograd.table import PRIMITIVES

__all__ = ["detect_anomaly"]


class _DetectAnomaly(Mode):
    """Stops at the first number that is not finite."""

    def created(self, node: Any, handed: Any) -> Any:
        if not math.isfinite(engine.unwatched(node)):
            raise errors.anomaly(node)
        return handed

    def sweeping(self, root: Any, seed: float) -> None:
        totals = {root: seed}
        for node in reversed(engine.topological(root)):
            rules = PRIMITIVES[node.op].partials if node.op else ()
            pairs = zip(node.operands, engine.unwatched_partials(node), strict=True)
            for k, (parent, partial) in enumerate(pairs):
                if parent.__class__ is Value and not parent.constant and passes(rules, k):
                    totals[parent] = totals.get(parent, 0.0) + totals[node] * partial
                    if not math.isfinite(totals[parent]):
                        raise errors.anomalous_adjoint(node, parent, partial, totals[node])


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
