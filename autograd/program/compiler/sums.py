"""Canonical sums: what an addition, a `dot` and a `total` are in common.

An addition used once, by another addition, is absorbed into it; a product used once by such a sum
becomes a pair (a, b), anything else a plain term. A sum of two products or three terms becomes one
node Σ aₖ bₖ + Σ pₖ; `dot` and `total` are sums by birth, so that neurons written with `dot` and
with `sum(w*x …)` are the same. They are found in C, or else in Python, with the same result.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.compiled import grouping
from autograd.program.compiler.recording import CONSTANT, SUMS, Recording

SORTS = {"add": 1, "mul": 2, "dot": 3, "total": 4}  # as C has them


def _empty() -> array[int]:
    return array("q")


@dataclass
class Sum:
    """Σ left[k]·right[k] + Σ terms[k], by node numbers."""

    left: array[int] = field(default_factory=_empty)
    right: array[int] = field(default_factory=_empty)
    terms: array[int] = field(default_factory=_empty)
    born: bool = False  # written with dot or total

    @property
    def canonical(self) -> bool:
        return self.born or len(self.left) >= 2 or len(self.left) + len(self.terms) >= 3


class Sums:
    """The canonical sums of a recording, one after another: row k is that of node `nodes[k]`.

    Its pairs are `left` and `right` from `pair_bounds[k]` up to `pair_bounds[k + 1]`, its terms
    those of `terms` likewise. `owner` is the sum that absorbed a node, or the node itself; `row` is
    that of a node, -1 where it is no sum. Constant terms that are 0 are left out; `constants` are
    all that there were, and `zeros` says which of them were 0.
    """

    def __init__(self, recording: Recording) -> None:
        import numpy as np

        self.np, self.recording = np, recording
        once = np.bincount(recording.flat, minlength=len(recording)) == 1
        once[list(recording.kept)] = False
        compiled = grouping()
        if compiled is None:
            found = _Collector(recording, once.tolist()).columns()
        else:
            sorts = recording.table(lambda name: SORTS.get(name, 0), np.uint8)
            found = compiled.sums(recording.flat, recording.bounds, sorts, once)
        self.owner, self.nodes, *parts = (np.frombuffer(x, np.int64) for x in found)
        self.pair_bounds, self.left, self.right, self.term_bounds, self.terms = parts
        self.row = np.full(len(recording), -1)
        self.row[self.nodes] = np.arange(len(self.nodes))
        self._leave_out_zeros()

    def _leave_out_zeros(self) -> None:
        np, recording = self.np, self.recording
        constant = np.frombuffer(recording.kinds, np.uint8)[self.terms] == CONSTANT
        self.constants = self.terms[constant]
        self.zeros = np.frombuffer(recording.numbers, float)[self.constants] == 0.0
        if self.zeros.any():
            constant[constant] = self.zeros
            self._leave_out(constant)

    def _leave_out(self, gone: Array) -> None:
        """Leave some terms out; a sum that would have nothing left keeps its first."""
        np, keep = self.np, ~gone
        lengths, begins = np.diff(self.term_bounds), self.term_bounds[:-1]
        rows = np.repeat(np.arange(len(self.nodes)), lengths)
        counts = np.bincount(rows[keep], minlength=len(self.nodes))
        bare = (counts == 0) & (np.diff(self.pair_bounds) == 0) & (lengths > 0)
        keep[begins[bare]] = True
        counts[bare] = 1
        self.terms = self.terms[keep]
        self.term_bounds = np.append(0, np.cumsum(counts))


class _Collector:
    """The same in Python: sums by node, parents first."""

    def __init__(self, recording: Recording, once: Sequence[bool]) -> None:
        self.recording, self.once = recording, once
        self.operations, self.operands = recording.operations, list(recording.operands)
        self.owner = array("q", range(len(recording)))
        self.pending: dict[int, Sum] = {}  # until they are absorbed
        for node in recording.after_leaves:
            if self.operations[node] in SUMS:
                self.pending[node] = self._sum(node)
        self._keep()

    def columns(self) -> Iterable[Any]:
        """Return owners and sums as columns, in the order in which C does."""
        sums = self.pending.values()
        pairs, terms = [len(x.left) for x in sums], [len(x.terms) for x in sums]
        yield self.owner
        yield array("q", self.pending)
        yield array("q", accumulate(pairs, initial=0))
        yield bytearray(b"".join(x.left for x in sums))
        yield bytearray(b"".join(x.right for x in sums))
        yield array("q", accumulate(terms, initial=0))
        yield b"".join(x.terms for x in sums)

    def _sum(self, node: int) -> Sum:
        """Collect a sum; a sum that was used once moves into its user."""
        operations, operands = self.operations, self.operands
        operation, found = operations[node], Sum()
        for term in operands[node][-1:] if operation == "dot" else operands[node]:
            inner = self.pending.pop(term, None) if self.once[term] else None
            if inner is not None:
                self.owner[term] = node
                found = _joined(found, inner)
            elif self.once[term] and operations[term] == "mul":
                self.owner[term] = node
                found.left.append(operands[term][0])
                found.right.append(operands[term][1])
            else:
                found.terms.append(term)
        if operation == "dot":
            half = len(operands[node]) // 2
            found.left.extend(operands[node][:half])
            found.right.extend(operands[node][half:-1])
        found.born |= operation != "add"
        return found

    def _keep(self) -> None:
        """Keep sums that are worth it; give small ones back their products."""
        for node, found in [*self.pending.items()]:
            if not found.canonical:
                del self.pending[node]
                for operand in self.operands[node]:
                    self.owner[operand] = operand
        for node in reversed(range(len(self.owner))):  # an owner may be absorbed itself
            self.owner[node] = self.owner[self.owner[node]]


def _joined(found: Sum, inner: Sum) -> Sum:
    """Return one sum of two; a long one is extended, so that a chain costs its length."""
    if not (found.left or found.terms):
        return inner
    found.left += inner.left
    found.right += inner.right
    found.terms += inner.terms
    found.born |= inner.born
    return found
