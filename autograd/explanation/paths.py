"""The paths from one node of a graph to another, counted exactly and found largest first.

A path contributes the product of its local partials; all paths together are the derivative.
There may be 2⁴⁰ of them, so they are never listed: one sweep bounds what can still be
gained from each node on, exactly, and a best-first search follows the bounds.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Sequence
from functools import cached_property
from heapq import heappop, heappush
from itertools import count, islice
from typing import Any, NamedTuple

from autograd.derivatives import chain_rule
from autograd.engine import Value, topological

WEIGHTLESS = 1e30  # the logarithm that stands for 0 (negative), infinity and NaN (positive)


class Edge(NamedTuple):
    """One use of a node: the user, the place among its operands, and ∂user/∂operand."""

    user: Value
    slot: int
    partial: float


class Term(NamedTuple):
    """One path: its nodes from `wrt` to the output, their partials, and the product."""

    value: float
    partials: tuple[float, ...]
    nodes: tuple[Value, ...]


class Paths:
    """Every path from `wrt` to `output`; iterated or indexed, largest |value| first.

    A node without a derivative is on no path where no adjoint reaches it, as below `detach`.

    >>> from autograd import Value
    >>> x = Value(3.0, "x")
    >>> paths = Paths(x * x * 2 + x, x)
    >>> paths.count, [term.value for term in paths]
    (3, [6.0, 6.0, 1.0])
    """

    def __init__(self, output: Value, wrt: Value, order: Sequence[Value] = ()) -> None:
        self.output = output
        self.wrt = wrt
        self.uses: dict[Value, list[Edge]] = {} if wrt.constant else {wrt: []}
        reached = self.uses.keys()
        order = order or topological(output)
        self._reached = {*chain_rule.passed_to(order)}
        for node in order[order.index(wrt) + 1 :] if wrt in order else ():
            operands = node.operands
            if not reached.isdisjoint(operands):
                self._connect(node, operands)
        self.nodes = list(self.uses) if output in self.uses else []
        self._found: list[Term] = []
        self._search = self._best_first()

    def _connect(self, node: Value, operands: Sequence[Any]) -> None:
        """Add a node, and an edge to it from each operand that depends on `wrt`."""
        uses, partials = self.uses, self._partials(node)
        if partials is None:
            return
        for slot, operand in enumerate(operands):
            if operand in uses:
                uses[operand].append(Edge(node, slot, partials[slot]))
        uses[node] = []

    def _partials(self, node: Value) -> Sequence[float] | None:
        """Return the local partials; None where some are no numbers, and no adjoint arrives."""
        if node in self._reached:
            return local_partials(node, self.uses)
        try:
            found = local_partials(node, self.uses)
        except (ValueError, ZeroDivisionError):
            return None
        return found if all(map(math.isfinite, found)) else None

    @cached_property
    def count(self) -> int:
        """The number of paths, exactly."""
        paths = {self.output: 1}
        for node in reversed(self.nodes[:-1]):
            paths[node] = sum([paths.get(edge.user, 0) for edge in self.uses[node]])
        return paths[self.wrt] if self.nodes else 0

    def __iter__(self) -> Iterator[Term]:
        for k in count():
            if len(self._found) <= k:
                self._found += islice(self._search, 1)
            if len(self._found) <= k:
                return
            yield self._found[k]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return list(islice(self, index.start, index.stop, index.step))
        start = index if index >= 0 else index + self.count
        for term in islice(self, start, None) if start >= 0 else ():
            return term
        raise IndexError(f"there are {self.count} paths; got the index {index}.")

    def _best_first(self) -> Iterator[Term]:
        """Yield the paths by falling product: the bounds are exact, so no step is wasted."""
        if self.count == 1:
            yield self._term([self.uses[node][0] for node in self.nodes[:-1]])
        if self.count < 2:
            return
        bound = self._bounds()
        sorted_uses: dict[Value, list[Edge]] = {}

        def rank(edge: Edge) -> float:
            return _log(edge.partial) + bound[edge.user]

        ticket = count()
        heap: list[Any] = [(-bound[self.wrt], next(ticket), 0.0, self.wrt, 0, None)]
        while heap:
            _, _, reached, node, k, path = heappop(heap)
            while node is not self.output:
                edges = sorted_uses.get(node) or self.uses[node]
                if len(edges) > 1 and node not in sorted_uses:
                    edges = sorted_uses[node] = sorted(edges, key=rank, reverse=True)
                if k + 1 < len(edges):
                    below = -(reached + rank(edges[k + 1]))
                    heappush(heap, (below, next(ticket), reached, node, k + 1, path))
                path = (edges[k], path)
                reached += _log(edges[k].partial)
                node, k = edges[k].user, 0
            edges = []
            while path is not None:
                edge, path = path
                edges.append(edge)
            yield self._term(edges[::-1])

    def _bounds(self) -> dict[Value, float]:
        """Return, for each node, log |product| of the best path from it to the output."""
        bound = {self.output: 0.0}
        for node in reversed(self.nodes[:-1]):
            bound[node] = max([_log(edge.partial) + bound[edge.user] for edge in self.uses[node]])
        return bound

    def _term(self, edges: list[Edge]) -> Term:
        """Return a path as a term; the product is taken from the output back, as sweeps do."""
        value = 1.0
        for edge in reversed(edges):
            value *= edge.partial
        nodes = (self.wrt, *[edge.user for edge in edges])
        return Term(value, tuple([edge.partial for edge in edges]), nodes)


def local_partials(node: Value, wanted: Container[Any]) -> Sequence[float]:
    """Return ∂node/∂operand in the order of the operands; only the wanted need to exist."""
    try:
        return node.partials
    except (ValueError, ZeroDivisionError):
        known = chain_rule.local_partials(node, wanted, chain_rule.as_number)
        found = iter(known)
        return [next(found)[1] if x in wanted else 0.0 for x in node.operands]


def _log(partial: float) -> float:
    size = abs(partial)
    if 0.0 < size < math.inf:
        return math.log(size)
    return -WEIGHTLESS if size == 0.0 else WEIGHTLESS
