"""Groups joined that stand at one level of the graph: the edges of a stencil with its inside.

The end of a row of nodes is held, so its neighbour is computed from another leaf than all others
are, the next step's neighbours of that one from another node than all others, and so on: after t
steps 2 t groups of one node each stand beside that of all others, although they do the same. The
nodes of one level (the longest way to a leaf) do not depend on each other. Where there are many
groups on a level, those are one that apply one function to operands of the same sort, computed
from inputs, say, whatever computes them.

What takes longer at an edge than inside pushes its neighbours to higher levels, step by step. Then
those are one that the same groups use in the same place, seen from the root, if that goes in no
circle; whichever way leaves fewer groups is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograd.program.compiler.accesses import Array, labels, unique
from autograd.program.compiler.columns import gathered
from autograd.program.compiler.ordering import numbered
from autograd.program.compiler.pieces import PIECES, PLAIN
from autograd.program.compiler.recording import COMPUTED, CONSTANT, PARAMETER, Recording
from autograd.program.compiler.sums import Sums

FEWEST, MANY = 64, 3  # groups; on each level
FEWER = 2  # times, so that it is worth it
LARGE = 8  # nodes of a group
SLOTS = 3  # operands of a function at most
BITS, NOTHING = 4, 15  # of the sort of an operand; that of none


@dataclass(frozen=True)
class Exact:
    """The groups of equal signatures: group g has `members[bounds[g] : bounds[g + 1]]`.

    `levels[g]` is twice the longest way to a leaf, and 1 more where a parameter reaches the group.
    """

    signatures: Array
    members: Array
    bounds: Array
    levels: Array

    @property
    def large(self) -> bool:
        """Whether most nodes are in groups of several, as those of a stencil in few steps are."""
        lengths = self.bounds[1:] - self.bounds[:-1]
        return bool(2 * lengths[lengths >= LARGE].sum() >= len(self.members))


@dataclass(frozen=True)
class Joined:
    """Fewer groups, likewise."""

    signatures: Array
    members: Array
    bounds: Array


def by_group(np: Any, signatures: Array, count: int) -> tuple[Array, Array]:
    """Return the nodes by group, and where each of so many groups begins; the end twice."""
    kept = np.flatnonzero(signatures >= 0)
    order = np.argsort(signatures[kept], kind="stable")
    bounds = np.append(0, np.cumsum(np.bincount(signatures[kept], minlength=count)))
    return kept[order], np.append(bounds, bounds[-1])


def joined_levels(recording: Recording, sums: Sums, exact: Exact) -> Joined | None:
    """Return other groups; None where they would not be far fewer."""
    import numpy as np

    count = len(exact.levels)
    heights = exact.levels >> 1
    if count < FEWEST or count < MANY * int(heights.max()):
        return None
    joining = _Joining(np, recording, sums, exact)
    number = joining.by_level()
    if FEWER * len(unique(np, number)) > count:
        return None
    other = joining.by_use()
    if other is not None and int(other.max()) < int(number.max()):
        number = other
    signatures = np.append(number, -1)[exact.signatures]
    return Joined(signatures, *by_group(np, signatures, int(number.max()) + 1))


class _Joining:
    """What decides which groups are one, found for the first node of each."""

    def __init__(self, np: Any, recording: Recording, sums: Sums, exact: Exact) -> None:
        self.np, self.recording, self.sums, self.exact = np, recording, sums, exact
        self.first = exact.members[exact.bounds[COMPUTED:-2]]
        self.names = recording.columns.names
        self.row = sums.row[self.first]
        lanes = np.frombuffer(recording.lanes, np.uint8)[self.first]
        self.sort = np.arange(len(exact.levels))  # of an operand
        reached = 2 * (exact.levels[COMPUTED:] & 1) + lanes
        active = np.array([PIECES.get(name, PLAIN).differentiable for name in self.names])
        active = (self.row >= 0) | active[recording.codes[self.first]]
        self.sort[COMPUTED:] = COMPUTED + 2 * reached + active
        self.functions = self._functions()

    def by_level(self) -> Array:
        """Return for each group the number of the one that it belongs to, lower ones first."""
        heights = self.exact.levels[COMPUTED:] >> 1
        return self._numbered(labels(self.np, [heights, *self.functions]), heights)

    def by_use(self) -> Array | None:
        """Return the same by the shortest way up to the root instead of the longest to a leaf.

        Those are one that the same uses in the same place. What is longer at an edge than inside
        does not push its neighbours to other levels then. But nodes of one use may depend on each
        other: None where groups do, and where the root does not depend on all.
        """
        np = self.np
        user, used, slots = self._uses()
        label = self._used_alike(user, used, slots)
        if (label < 0).any():
            return None
        count = int(label.max()) + 1
        pairs = unique(np, label[user] * count + label[used])
        levels = _levels(np, pairs // count, pairs % count, count)
        return None if levels is None else self._numbered(label, levels[label])

    def _uses(self) -> tuple[Array, Array, Array]:
        """Return which groups, without leaves, use which ones, and as which operand."""
        np, sums, recording = self.np, self.sums, self.recording
        is_sum, groups = self.row >= 0, np.arange(len(self.first))
        found = []
        for numbers, bounds, rows, mine in (
            (recording.flat, recording.bounds, self.first, ~is_sum),
            (sums.left, sums.pair_bounds, self.row, is_sum),
            (sums.right, sums.pair_bounds, self.row, is_sum),
            (sums.terms, sums.term_bounds, self.row, is_sum),
        ):
            operands, counts = gathered(np, numbers, bounds, rows[mine])
            _, slots = numbered(np, counts)
            users, used = np.repeat(groups[mine], counts), self.exact.signatures[operands]
            found.append([users, used - COMPUTED, 0 * slots if mine is is_sum else slots])
        table = np.concatenate(found, axis=1)
        table = table[:, table[1] >= 0]
        user, used, slots = table[:, np.argsort(table[0], kind="stable")]
        return user, used, slots

    def _used_alike(self, user: Array, used: Array, slots: Array) -> Array:
        """Return a label for each group, by the root's uses first; -1 where it is not used."""
        np = self.np
        bounds = user.searchsorted(np.arange(len(self.first) + 1))
        label = np.full(len(self.first), -1)
        front, count = self.exact.signatures[[self.recording.root]] - COMPUTED, 1
        front = front[front >= 0]  # it may be a leaf
        label[front] = 0
        while len(front):
            below, counts = gathered(np, used, bounds, front)
            places, _ = gathered(np, slots, bounds, front)
            uses = np.repeat(label[front], counts) * len(self.recording) + places
            order = np.lexsort([uses, below])
            order = order[label[below[order]] < 0]
            front, uses = below[order], uses[order]
            first = np.append(True, np.diff(front) != 0)[: len(front)]
            front, uses = front[first], uses[first]
            label[front] = count + labels(np, [uses, *(x[front] for x in self.functions)])
            count = int(label.max()) + 1
        return label

    def _numbered(self, label: Array, levels: Array) -> Array:
        """Return the numbers of groups by labels, those of lower levels first.

        Those of one level are numbered as their first nodes are, so that the edges of a row lie
        before and behind it.
        """
        np = self.np
        order = np.lexsort([self.first, label])
        leads = order[np.append(True, np.diff(label[order]) != 0)]
        rank = np.empty(len(leads), int)
        rank[np.lexsort([self.first[leads], levels[leads]])] = np.arange(len(leads))
        return np.concatenate([np.arange(COMPUTED), COMPUTED + rank[label]])

    def _functions(self) -> tuple[Array, Array, Array]:
        """Return what is alike where a function, its constants and sorts of operands are.

        These are: a number of a group that stays alone, else 0; the function with its operands, and
        whether an adjoint reaches it; a constant exponent.
        """
        np, recording, is_sum = self.np, self.recording, self.row >= 0
        codes = recording.codes[self.first].astype(int)
        free = np.array([PIECES.get(name, PLAIN).row is None for name in self.names])[codes]
        starts = recording.bounds[self.first]
        counts = recording.bounds[self.first + 1] - starts
        free &= counts <= SLOTS
        free[is_sum] = self._are_no_matrices()
        own = np.where(free, 0, np.arange(1, len(free) + 1))
        counts[is_sum] = 0
        code = np.where(is_sum, 0, codes) << 1 | recording.reached[self.first]
        code = code << BITS | self.sort[COMPUTED:]
        exponents = np.zeros(len(own))
        for slot in range(SLOTS):
            there = counts > slot
            nodes = recording.flat[np.where(there, starts + slot, 0)]
            sort = np.where(there, self.sort[self.exact.signatures[nodes]], NOTHING)
            code = code << BITS | sort
            if slot == 1:
                power = np.array([name == "pow" for name in self.names])[codes]
                raised = power & (sort == CONSTANT)
                exponents[raised] = np.frombuffer(recording.numbers, float)[nodes[raised]]
        return own, code, exponents

    def _are_no_matrices(self) -> Array:
        """Whether the sums of each group that has some multiply few weights, again and again.

        A layer has a weight for each product, and a product of matrices uses each of its elements
        in many: those are to stay groups of their own.
        """
        np, sums, groups = self.np, self.sums, len(self.exact.levels)
        counts = np.diff(sums.pair_bounds)
        group = np.repeat(self.exact.signatures[sums.nodes], counts)
        left, right = self._weights(sums.left), self._weights(sums.right)
        weight = np.where(left < 0, right, left)
        bare = weight < 0
        room = len(self.recording) * 2
        weights = unique(np, (group * room + weight)[~bare]) // room
        factors = [group[bare] * room + side[bare] for side in (sums.left, sums.right)]
        computed = unique(np, np.concatenate(factors)) // room
        number, products, different = (
            np.bincount(x, minlength=groups) for x in (weights, group[bare], computed)
        )
        few = number[COMPUTED:][self.row >= 0] <= counts[self.row[self.row >= 0]]
        return few & (products <= 2 * different)[COMPUTED:][self.row >= 0]

    def _weights(self, factors: Array) -> Array:
        """Return a number for each parameter and for each different constant, -1 for others."""
        np, recording = self.np, self.recording
        kinds = np.frombuffer(recording.kinds, np.uint8)[factors]
        numbers = np.frombuffer(recording.numbers, float)[factors]
        constants = unique(np, numbers[kinds == CONSTANT])
        same = len(recording) + constants.searchsorted(numbers)
        return np.where(kinds == CONSTANT, same, np.where(kinds == PARAMETER, factors, -1))


def _levels(np: Any, user: Array, used: Array, count: int) -> Array | None:
    """Return the longest ways down from so many groups; None where they go in circles."""
    waiting = np.bincount(user, minlength=count)
    order = np.argsort(used, kind="stable")
    user, bounds = user[order], used[order].searchsorted(np.arange(count + 1))
    levels, front, level = np.full(count, -1), np.flatnonzero(waiting == 0), 0
    while len(front):
        levels[front] = level
        above, _ = gathered(np, user, bounds, front)
        waiting -= np.bincount(above, minlength=count)
        front, level = unique(np, above[waiting[above] == 0]), level + 1
    return None if (levels < 0).any() else levels
