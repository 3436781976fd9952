"""The chain rule along the named nodes between two: which contributions make ∂output/∂wrt.

∂output/∂x = Σ over the users u of x of ∂u/∂x · ∂output/∂u. One such line for each named node
between x and the output sums over every path, however many there are, and is linear in the
graph. Nothing here is put into words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, cached_property
from typing import NamedTuple

from autograd import modes
from autograd.engine import Value, adjoints, topological
from autograd.explanation.notation import Notation
from autograd.explanation.paths import Edge, Paths
from autograd.table import PRIMITIVES

WIDEST = 8  # users of a node, and factors of a path, that are written out
LINEAR = frozenset({"add", "sub", "neg", "mul", "dot", "total", "mean"})


def _recurs(node: Value) -> bool:
    """Return whether a partial of a node is written with the node, as 1 - a² is of tanh."""
    if not node.op or node.op in LINEAR:
        return False
    return any(
        isinstance(x, Value) and not x.constant and _refers_to_result(node.op, slot)
        for slot, x in enumerate(node.operands)
    )


@cache
def _refers_to_result(op: str, slot: int) -> bool:
    """Return whether the rule for one operand of a primitive makes use of the result."""
    row = PRIMITIVES[op]
    if not isinstance(row.written, tuple):
        return True
    *operands, out = (Value(0.5) for _ in range(len(row.written) + 1))
    with modes.differentiating():
        try:
            partial = row.written[slot](*operands, out)
        except ValueError:
            return True
    return isinstance(partial, Value) and out in topological(partial)


class Contribution(NamedTuple):
    """The way from one named node to the next, `above`, ∂output/∂above, and their product."""

    edges: tuple[Edge, ...]
    above: Value
    upstream: float
    value: float


class Step(NamedTuple):
    """∂output/∂node as the sum of its contributions."""

    node: Value
    adjoint: float
    contributions: tuple[Contribution, ...]


class Chain:
    """∂output/∂wrt, and the steps that make it; see `explain`."""

    def __init__(self, output: Value, wrt: Value, known: Chain | None = None) -> None:
        self.output = output
        self.wrt = wrt
        self._order: list[Value] = known._order if known else topological(output)
        self.terms = Paths(output, wrt, self._order)
        self.notation: Notation = known.notation if known else self._notation()
        if known and not known.notation.name(wrt):
            self.notation = self._notation()
        named = self.notation.nodes
        self._stations = [node for node in named if node in self.terms.uses] or [wrt]
        self._adjoints = dict(zip(self._stations, adjoints(output, self._stations), strict=True))
        self.value = self._adjoints[wrt]

    def _notation(self) -> Notation:
        recurring = [node for node in self._order if _recurs(node)]
        return Notation(self.output, [self.wrt, *recurring], self._order)

    @property
    def path_count(self) -> int:
        """The number of paths from `wrt` to `output`, exactly."""
        return self.terms.count

    @cached_property
    def residual(self) -> float:
        """The largest relative difference between an adjoint and what its line adds up to.

        Each line holds by itself, so by induction from the output back the sum over all
        paths is the gradient. Rounding alone leaves some 1e-16.
        """
        worst = 0.0
        for step in map(self._step, self._stations):
            values = [contribution.value for contribution in step.contributions]
            scale = sum(map(abs, values))
            if scale and math.isfinite(scale):
                worst = max(worst, abs(math.fsum(values) - step.adjoint) / scale)
        return worst

    def steps(self, depth: int | None = None) -> list[Step]:
        """Return the lines of the chain rule from `wrt` on.

        With a `depth` there are at most so many of them, reached by the largest contributions.
        """
        if depth is None or len(self.between) <= depth:
            return [self._step(node) for node in self.between]
        queue = [self.wrt] * (depth > 0)
        found: dict[Value, Step] = {}
        for node in queue:
            if node is not self.output and node not in found:
                found[node] = self._step(node)
                if len(found) == depth:
                    break
                queue += [c.above for c in largest(found[node].contributions)[0]]
        return list(found.values())

    @property
    def between(self) -> list[Value]:
        """The named nodes from `wrt` on, the output left out: each has a line."""
        connected = self._stations if self.terms.nodes else []
        return [node for node in connected if node is not self.output]

    def _step(self, node: Value) -> Step:
        contributions = []
        for edge in self.terms.uses.get(node, ()):
            edges = [edge]
            while edges[-1].user not in self._adjoints:
                edges += self.terms.uses[edges[-1].user]
            above = edges[-1].user
            value = upstream = self._adjoints[above]
            for passed in reversed(edges):
                value *= passed.partial
            contributions.append(Contribution(tuple(edges), above, upstream, value))
        return Step(node, self._adjoints[node], tuple(contributions))


def largest(
    contributions: Sequence[Contribution],
) -> tuple[list[Contribution], list[Contribution]]:
    """Return the largest contributions in their order, and the others."""
    kept, rest = largest_of([contribution.value for contribution in contributions])
    return [contributions[k] for k in kept], [contributions[k] for k in rest]


def largest_of(numbers: Sequence[float]) -> tuple[list[int], list[int]]:
    """Return the places of the WIDEST numbers of largest size, NaN first, and of the others."""
    sizes = [math.inf if math.isnan(x) else abs(x) for x in numbers]
    order = sorted(range(len(sizes)), key=sizes.__getitem__, reverse=True)
    return sorted(order[:WIDEST]), sorted(order[WIDEST:])
