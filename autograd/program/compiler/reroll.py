"""From scalar nodes to groups: one signature for equal work.

A leaf's signature is its kind; an operation's is its name with the signatures of its
operands; a canonical sum's (`sums.py`) is the *set* of its pairs' and terms' signatures, so that
ragged lengths share a class; so do the rows of a softmax where their members are of one signature.
Nodes of equal signature have equal depth, hence are independent: a group, which one instruction
computes. What no adjoint reaches is in groups of its own, which pass none on, not even 0 · an
infinity. Groups in first-seen order are in topological order. C finds them, or else Python.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.compiled import grouping
from autograd.program.compiler.levels import Exact, Joined, by_group, joined_levels
from autograd.program.compiler.pieces import PIECES, PLAIN, Piece
from autograd.program.compiler.recording import COMPUTED, CONSTANT, INPUT, PARAMETER, Recording
from autograd.program.compiler.sums import Sums

LINEAR = "linear"  # the operation of a canonical sum
LONG = 64  # pairs of a sum from which NumPy is faster
POWER, PADDED = 1, 2  # ways to a key, as C has them

Key = tuple[Any, ...]


@dataclass
class Group:
    """Nodes of one signature.

    `lanes`: an input reaches them; `trained`: a parameter does, so that the gradient needs their
    adjoints.
    """

    key: Key
    lanes: bool
    trained: bool
    members: Any = field(default_factory=list)  # an array

    @cached_property
    def operation(self) -> str:
        return str(self.key[0])

    @cached_property
    def piece(self) -> Piece:
        return PIECES.get(self.operation, PLAIN)

    @cached_property
    def differentiable(self) -> bool:
        """Whether an adjoint can reach it: constants and the largest of a row have none."""
        return (self.lanes or self.trained) and self.piece.differentiable


class Reroll:
    """The groups of a recording, in topological order.

    `sums` are the canonical sums, and `signatures[i]` is the index into `groups` of node i, -1
    where a sum absorbed it; `count` is how many groups there are. Of all numbers only constant
    exponents, which constant terms of sums are 0, and which constant factors are `alike` shape
    the groups.
    """

    def __init__(self, recording: Recording) -> None:
        import numpy as np

        self.np, self.recording, self.sums = np, recording, Sums(recording)
        self.kinds = np.frombuffer(recording.kinds, np.uint8)
        self.alike: Array | None = None  # rows of two; not known before `groups` are
        compiled = grouping()
        self.exact = Exact(*(self._compiled(compiled) if compiled else self._signed()))

    @cached_property
    def joined(self) -> Joined | None:
        """Fewer groups, of one level each, if there are any."""
        return joined_levels(self.recording, self.sums, self.exact)

    @property
    def signatures(self) -> Array:
        return (self.joined or self.exact).signatures

    @property
    def count(self) -> int:
        return len((self.joined or self.exact).bounds) - 2

    def owner(self, node: int) -> int:
        """Return the sum that absorbed a node; itself where none did."""
        return int(self.sums.owner[node])

    def same_shape(self, numbers: array[float]) -> bool | None:
        """Whether these numbers of the same nodes would give the same groups.

        None where these were not asked for yet.
        """
        if self.alike is None:
            return None
        np, sums = self.np, self.sums
        own, other = (np.frombuffer(x, float) for x in (self.recording.numbers, numbers))
        exponents = self.recording.exponents
        left, right = self.alike.T
        return bool(
            (own[exponents] == other[exponents]).all()
            and ((other[sums.constants] == 0.0) == sums.zeros).all()
            and (other[left] == other[right]).all()
        )

    @cached_property
    def groups(self) -> list[Group]:
        """The groups; keys are those of their first members."""
        self._share_factors()
        found = [
            Group(("", kind), kind == INPUT, kind == PARAMETER)
            for kind in (PARAMETER, INPUT, CONSTANT)
        ]
        of = self.joined or self.exact
        for index, (start, stop) in enumerate(pairwise(of.bounds[:-1].tolist())):
            members = of.members[start:stop]
            if index >= COMPUTED:
                key = _oriented(
                    self._key(int(members[0]), of.signatures), lambda kind: found[kind].lanes
                )
                below = [found[x] for x in _mentioned(key)]
                lanes, trained = (any(getattr(x, y) for x in below) for y in ("lanes", "trained"))
                found.append(Group(key, lanes, trained))
            found[index].members = members
        return found

    def _compiled(self, compiled: Any) -> list[Array]:
        """Return what `Exact` has, as C finds it."""
        np, recording, sums = self.np, self.recording, self.sums
        ways = [_way(name) for name in recording.columns.names]
        found = compiled.groups(
            recording.flat, recording.bounds, recording.codes, recording.kinds, recording.lanes,
            bytes(ways), recording.numbers, sums.owner, sums.row, sums.pair_bounds, sums.left,
            sums.right, sums.term_bounds, sums.terms, recording.reached,
        )  # fmt: skip
        return [np.frombuffer(x, np.int64) for x in found]

    def _signed(self) -> list[Array]:
        """Return the same, found in Python."""
        np, recording, owner = self.np, self.recording, self.sums.owner.tolist()
        known: dict[tuple[bool, Key], int] = {}
        lanes = [kind == INPUT for kind in range(COMPUTED)]
        levels = [int(kind == PARAMETER) for kind in range(COMPUTED)]
        signatures = self.kinds.astype(np.int64)
        signatures[self.sums.owner != np.arange(len(owner))] = -1
        for node in recording.after_leaves:
            if owner[node] == node and recording.kinds[node] == COMPUTED:
                met, key = bool(recording.reached[node]), self._key(node, signatures)
                if (met, key) not in known:
                    turned = met, _oriented(key, lanes.__getitem__)
                    known[met, key] = found = known.setdefault(turned, len(lanes))
                    if found == len(lanes):
                        levels.append(_above([levels[x] for x in _mentioned(key)]))
                        lanes.append(bool(recording.lanes[node]))
                signatures[node] = known[met, key]
        members, bounds = by_group(np, signatures, len(lanes))
        return [signatures, members, bounds, np.array(levels)]

    def _key(self, node: int, signatures: Array) -> Key:
        row, recording = int(self.sums.row[node]), self.recording
        if row >= 0:
            sums = self.sums
            terms = sums.terms[sums.term_bounds[row] : sums.term_bounds[row + 1]]
            return LINEAR, self._pairs(row, signatures), frozenset(signatures[terms].tolist())
        operation = recording.columns.names[recording.codes[node]]
        operands = recording.flat[recording.bounds[node] : recording.bounds[node + 1]]
        kinds = signatures[operands].tolist()
        if operation == "pow" and kinds[1] == CONSTANT:
            return operation, recording.numbers[int(operands[1])], kinds[0]
        if PIECES.get(operation, PLAIN).padding and len(set(kinds)) == 1:
            return operation, None, kinds[0]
        return operation, None, *kinds

    def _pairs(self, row: int, signatures: Array) -> frozenset[tuple[int, int]]:
        """Return the pairs of signatures that a sum multiplies."""
        own = slice(*self.sums.pair_bounds[row : row + 2].tolist())
        left, right = (signatures[side[own]] for side in (self.sums.left, self.sums.right))
        if len(left) < LONG:
            return frozenset(zip(left.tolist(), right.tolist(), strict=True))
        codes = {*(left << 32 | right).tolist()}
        return frozenset((code >> 32, code & (1 << 32) - 1) for code in codes)

    def _share_factors(self) -> None:
        """Let constant factors that another sum has too be the same nodes, as inputs would be.

        A plain number is a constant of its own at each use, so an example written in numbers
        is a row for each unit of a layer: here they become one row. Where it meets the same
        others again, it is another example with equal numbers, and another row.
        """
        np, sums, compiled = self.np, self.sums, grouping()
        if compiled is None:
            found = array("q", _shared(np, self.recording, sums))
        else:
            numbers = self.recording.kinds, self.recording.numbers
            found = compiled.share(sums.pair_bounds, sums.left, sums.right, *numbers)
        self.alike = np.frombuffer(found, np.int64).reshape(-1, 2)


def _shared(np: Any, recording: Recording, sums: Sums) -> Iterator[int]:
    """Yield each factor that gave way to another, and that one, sum by sum."""
    kinds, every = np.frombuffer(recording.kinds, np.uint8), np.frombuffer(recording.numbers, float)
    runs, times = dict[Any, Any](), Counter[Any]()
    for start, stop in pairwise(sums.pair_bounds.tolist()):
        left, right = sums.left[start:stop], sums.right[start:stop]
        for factors, others in ((left, right), (right, left)):
            places = np.flatnonzero(kinds[factors] == CONSTANT)
            own = factors[places]
            run = every[own].tobytes()
            beside = run, others[places].tobytes()
            row = runs.setdefault((run, times[beside]), own)
            times[beside] += 1
            if row is not own:
                yield from np.column_stack([own, row]).ravel().tolist()
                factors[places] = row


def _way(name: str) -> int:
    if name == "pow":
        return POWER
    return PADDED if PIECES.get(name, PLAIN).padding else 0


def _oriented(key: Key, lanes: Callable[[int], bool]) -> Key:
    """Return a key with each pair of a sum lane-invariant side first, then the lower."""
    if key[0] != LINEAR:
        return key

    def rank(signature: int) -> tuple[bool, int]:
        return lanes(signature), signature

    pairs = [(a, b) if rank(a) <= rank(b) else (b, a) for a, b in key[1]]
    return LINEAR, frozenset(pairs), key[2]


def _above(levels: Sequence[int]) -> int:
    """Return the level above some: see `levels.Exact`."""
    return 2 + 2 * max(x >> 1 for x in levels) + max(x & 1 for x in levels)


def _mentioned(key: Key) -> Sequence[int]:
    if key[0] == LINEAR:
        return [*(x for pair in key[1] for x in pair), *key[2]]
    return key[2:]
