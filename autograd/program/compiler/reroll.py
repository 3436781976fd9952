"""From scalar nodes to groups: canonical sums, then one signature for equal work.

**Canonical sums.** An addition used once, by another addition, is absorbed into it; a
product used once by such a sum becomes a pair (a, b), anything else a plain term. A sum of
two products or three terms becomes one node Σ aₖ bₖ + Σ pₖ; `dot` and `total` are sums by
birth, so that neurons written with `dot` and with `sum(w*x …)` are the same.

**Signatures.** A leaf's is its kind; an operation's is its name with the signatures of its
operands; a sum's is the *set* of its pairs' and terms' signatures, so that ragged lengths share
a class; so do the rows of a softmax where their members are of one signature. Nodes of equal
signature have equal depth, hence are independent: a group, which one instruction computes.
Groups in first-seen order are in topological order.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.program.compiler.accesses import joined
from autograd.program.compiler.pieces import PIECES, PLAIN, Piece
from autograd.program.compiler.recording import (
    COMPUTED,
    CONSTANT,
    INPUT,
    PARAMETER,
    SUMS,
    Recording,
)

LINEAR = "linear"  # the operation of a canonical sum
LONG = 64  # pairs of a sum from which NumPy is faster

Key = tuple[Any, ...]


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


@dataclass
class Group:
    """Nodes of one signature.

    `lanes`: an input reaches them; `trained`: a parameter does, so that the gradient needs their
    adjoints.
    """

    key: Key
    lanes: bool
    trained: bool
    members: Any = field(default_factory=list)  # an array, once they have all been found

    @property
    def operation(self) -> str:
        return str(self.key[0])

    @property
    def piece(self) -> Piece:
        return PIECES.get(self.operation, PLAIN)

    @property
    def differentiable(self) -> bool:
        """Whether an adjoint can reach it: constants and the largest of a row have none."""
        return (self.lanes or self.trained) and self.piece.differentiable


class Reroll:
    """The groups of a recording, in topological order.

    `sums` holds the canonical sums by node, `owners` the sums that absorbed other nodes, and
    `signatures[i]` the index into `groups` (-1 for absorbed nodes); `column` shows the same
    numbers to NumPy. Of all numbers only constant `exponents`, which constant terms of sums are
    `zeros`, and which constant factors are `alike` shape the groups.
    """

    def __init__(self, recording: Recording) -> None:
        import numpy as np

        self.np, self.recording = np, recording
        self.sums: dict[int, Sum] = {}
        self.owners: dict[int, int] = {}
        kinds = np.frombuffer(recording.kinds, np.uint8)
        self.signatures = array("q", kinds.astype(np.int64).tobytes())
        self.column = np.frombuffer(self.signatures, np.int64)
        self.groups: list[Group] = []
        self.exponents: dict[int, float] = {}
        self.zeros: dict[int, bool] = {}
        self.alike: list[tuple[int, int]] = []
        self._runs: dict[Any, list[int]] = {}
        self._beside: dict[Any, int] = {}
        self._known: dict[Key, int] = {}
        self._absorb()
        self._sign()
        del self._runs, self._beside

    def owner(self, node: int) -> int:
        """Return the sum that absorbed a node; itself where none did."""
        return self.owners.get(node, node)

    def same_shape(self, numbers: Sequence[float]) -> bool:
        """Whether these numbers of the same nodes would give the same groups."""
        exponents, zeros = self.exponents.items(), self.zeros.items()
        return (
            all(numbers[x] == known for x, known in exponents)
            and all((numbers[x] == 0.0) == known for x, known in zeros)
            and all(numbers[x] == numbers[y] for x, y in self.alike)
        )

    def _used_once(self) -> bytes:
        """Return for each node whether one operand in all is that node, and nobody reads it."""
        recording, np = self.recording, self.np
        once = np.bincount(recording.flat, minlength=len(recording)) == 1
        once[list(recording.kept)] = False
        return bytes(once)

    def _absorb(self) -> None:
        """Collect sums, parents first; a sum that was used once moves into its user."""
        operations, once = self.recording.operations, self._used_once()
        pending: dict[int, Sum] = {}  # sums by node, until they are absorbed
        for node in self.recording.after_leaves:
            if operations[node] in SUMS:
                pending[node] = self._sum(node, once, pending)
        self._keep(pending)

    def _sum(self, node: int, once: bytes, pending: dict[int, Sum]) -> Sum:
        operations, operands = self.recording.operations, self.recording.operands
        operation, found = operations[node], Sum()
        for term in operands[node][-1:] if operation == "dot" else operands[node]:
            inner = pending.pop(term, None) if once[term] else None
            if inner is not None:
                self.owners[term] = node
                found = _joined(found, inner)
            elif once[term] and operations[term] == "mul":
                self.owners[term] = node
                found.left.append(operands[term][0])
                found.right.append(operands[term][1])
            else:
                found.terms.append(term)
        if operation == "dot":
            left, right = self.recording.pairs(node)
            found.left += left
            found.right += right
        found.born |= operation != "add"
        return found

    def _keep(self, pending: dict[int, Sum]) -> None:
        """Keep sums that are worth it; give small ones back their products."""
        owners = self.owners
        for node, found in pending.items():
            if found.canonical:
                found.terms = self._without_zeros(found)
                self.sums[node] = found
            else:
                for operand in self.recording.operands[node]:
                    owners.pop(operand, None)
        for node in reversed(owners):  # an owner that was absorbed itself was so later
            owner = owners[node]
            owners[node] = owners.get(owner, owner)

    def _without_zeros(self, found: Sum) -> array[int]:
        kinds, numbers = self.recording.kinds, self.recording.numbers
        self.zeros.update((x, numbers[x] == 0.0) for x in found.terms if kinds[x] == CONSTANT)
        kept = [x for x in found.terms if not self.zeros.get(x)]
        return array("q", kept) if kept or found.left else found.terms[:1]

    def _sign(self) -> None:
        recording, signatures = self.recording, self.signatures
        for kind in (PARAMETER, INPUT, CONSTANT):
            self._known[("", kind)] = kind
            self.groups.append(Group(("", kind), kind == INPUT, kind == PARAMETER))
            self.groups[kind].members = self.np.flatnonzero(self.column == kind)
        for node in recording.after_leaves:
            if node in self.owners:
                signatures[node] = -1
            elif recording.kinds[node] == COMPUTED:
                signatures[node] = self._index(self._key(node))
                self.groups[signatures[node]].members.append(node)

    def _index(self, key: Key) -> int:
        """Return the group of a key, whichever way round the pairs of a sum are written."""
        index = self._known.get(key)
        if index is None:
            turned = self._oriented(key)
            index = self._known[key] = self._known.setdefault(turned, len(self.groups))
            if index == len(self.groups):
                below = [self.groups[x] for x in _mentioned(key)]
                lanes = any(group.lanes for group in below)
                self.groups.append(Group(turned, lanes, any(group.trained for group in below)))
        return index

    def _key(self, node: int) -> Key:
        signatures, operands = self.signatures, self.recording.operands[node]
        operation = self.recording.operations[node]
        found = self.sums.get(node)
        if found is not None:
            pairs = self._pairs(found)
            if any(CONSTANT in pair for pair in pairs):
                self._share(found.left, found.right)
                self._share(found.right, found.left)
            return LINEAR, pairs, frozenset([signatures[x] for x in found.terms])
        if operation == "pow" and self.recording.kinds[operands[1]] == CONSTANT:
            self.exponents[operands[1]] = exponent = self.recording.numbers[operands[1]]
            return operation, exponent, signatures[operands[0]]
        kinds = [signatures[x] for x in operands]
        if PIECES.get(operation, PLAIN).padding and len(set(kinds)) == 1:
            return operation, None, kinds[0]
        return operation, None, *kinds

    def _share(self, factors: array[int], others: array[int]) -> None:
        """Let constant factors that another sum has too be the same nodes, as inputs would be.

        A plain number is a constant of its own at each use, so an example written in numbers
        is a row for each unit of a layer: here they become one row. Where it meets the same
        others again, it is another example with equal numbers, and another row.
        """
        kinds, numbers = self.recording.kinds, self.recording.numbers
        places = [k for k, x in enumerate(factors) if kinds[x] == CONSTANT]
        run = tuple([numbers[factors[k]] for k in places])
        beside = run, tuple([others[k] for k in places])
        self._beside[beside] = again = self._beside.get(beside, -1) + 1
        row = self._runs.setdefault((run, again), [factors[k] for k in places])
        for k, x in zip(places, row, strict=True):
            if factors[k] != x:
                self.alike.append((factors[k], x))
                factors[k] = x

    def _pairs(self, found: Sum) -> frozenset[tuple[int, int]]:
        """Return the pairs of signatures that a sum multiplies."""
        if len(found.left) < LONG:
            of = self.signatures.__getitem__
            return frozenset(zip(map(of, found.left), map(of, found.right), strict=True))
        left, right = (self.column[joined([side])] for side in (found.left, found.right))
        codes = set((left * len(self.groups) + right).tolist())
        return frozenset(divmod(code, len(self.groups)) for code in codes)

    def _oriented(self, key: Key) -> Key:
        """Return a key with each pair of a sum lane-invariant side first, then the lower."""
        if key[0] != LINEAR:
            return key

        def rank(signature: int) -> tuple[bool, int]:
            return self.groups[signature].lanes, signature

        pairs = [(a, b) if rank(a) <= rank(b) else (b, a) for a, b in key[1]]
        return LINEAR, frozenset(pairs), key[2]


def _mentioned(key: Key) -> Sequence[int]:
    if key[0] == LINEAR:
        return [*(x for pair in key[1] for x in pair), *key[2]]
    return key[2:]


def live(recording: Recording) -> list[bool]:
    """Return which nodes the root depends on; others were recorded for guards."""
    reached = [False] * len(recording)
    reached[recording.root] = True
    for node in reversed(range(recording.root + 1)):
        if reached[node]:
            for operand in recording.operands[node]:
                reached[operand] = True
    return reached


def _joined(found: Sum, inner: Sum) -> Sum:
    """Return one sum of two; a long one is extended, so that a chain costs its length."""
    if not (found.left or found.terms):
        return inner
    found.left += inner.left
    found.right += inner.right
    found.terms += inner.terms
    found.born |= inner.born
    return found
