"""Groups joined that stand at one level of the graph: the edges of a stencil with its inside.

The end of a row of nodes is held, so its neighbour is computed from another leaf than all others
are, the next step's neighbours of that one from another node than all others, and so on: after t
steps 2 t groups of one node each stand beside that of all others, although they do the same. The
nodes of one level (the longest way to a leaf) do not depend on each other. Where there are many
groups on a level, those are one that apply one function to operands of the same sort, computed
from inputs, say, whatever computes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.columns import gathered
from autograd.program.compiler.pieces import PIECES, PLAIN
from autograd.program.compiler.recording import COMPUTED, CONSTANT, Recording
from autograd.program.compiler.sums import Sums

FEWEST, MANY = 64, 3  # groups; on each level
FEWER = 2  # times, so that it is worth it
OFTEN = 4  # uses of a factor that is no weight of a layer
SLOTS = 3  # operands of a function at most
BITS, NOTHING = 4, 15  # of the sort of an operand; that of none
CODE = 16 + BITS * (SLOTS + 1)  # bits of a function with its operands


@dataclass(frozen=True)
class Exact:
    """The groups of equal signatures: group g has `members[bounds[g] : bounds[g + 1]]`.

    `levels[g]` is twice the longest way to a leaf, and 1 more where a parameter reaches the group.
    """

    signatures: Array
    members: Array
    bounds: Array
    levels: Array


def by_group(np: Any, signatures: Array, count: int) -> tuple[Array, Array]:
    """Return the nodes by group, and where each of so many groups begins; the end twice."""
    kept = np.flatnonzero(signatures >= 0)
    order = np.argsort(signatures[kept], kind="stable")
    bounds = np.append(0, np.cumsum(np.bincount(signatures[kept], minlength=count)))
    return kept[order], np.append(bounds, bounds[-1])


def joined_levels(
    recording: Recording, sums: Sums, exact: Exact
) -> tuple[Array, Array, Array] | None:
    """Return other signatures, members and bounds, None where they would not be far fewer."""
    import numpy as np

    count = len(exact.levels)
    heights = exact.levels >> 1
    if count < FEWEST or count < MANY * int(heights.max()):
        return None
    number = _Joining(np, recording, sums, exact).numbers()
    joined = int(number.max()) + 1
    if FEWER * joined > count:
        return None
    signatures = np.append(number, -1)[exact.signatures]
    members, bounds = by_group(np, signatures, joined)
    nodes = members[(signatures[members] >= COMPUTED) & (sums.row[members] < 0)]
    return (signatures, members, bounds) if _straight(np, recording, members, nodes) else None


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

    def numbers(self) -> Array:
        """Return for each group the number of the one that it belongs to, lower ones first.

        Those of one level are numbered as their first nodes are, so that the edges of a row lie
        before and behind it.
        """
        np, heights = self.np, self.exact.levels[COMPUTED:] >> 1
        own, code, exponents = self._functions()
        columns = [heights << CODE | code, own, exponents]
        order = np.lexsort([self.first, *columns[::-1]])
        fresh = np.zeros(len(order), bool)
        for column in columns:
            fresh[1:] |= column[order][1:] != column[order][:-1]
        leads = order[np.append(True, fresh[1:])]
        rank = np.empty(len(leads), int)
        rank[np.lexsort([self.first[leads], heights[leads]])] = np.arange(len(leads))
        number = np.empty(len(order), int)
        number[order] = COMPUTED + rank[np.cumsum(fresh)]
        return np.concatenate([np.arange(COMPUTED), number])

    def _functions(self) -> tuple[Array, Array, Array]:
        """Return what is alike where a function, its constants and sorts of operands are.

        These are: a number of a group that stays alone, else 0; the function with its operands; a
        constant exponent.
        """
        np, recording, is_sum = self.np, self.recording, self.row >= 0
        codes = recording.codes[self.first].astype(int)
        free = np.array([PIECES.get(name, PLAIN).row is None for name in self.names])[codes]
        starts = recording.bounds[self.first]
        counts = recording.bounds[self.first + 1] - starts
        free &= counts <= SLOTS
        free[is_sum] = self._shares_factors()
        own = np.where(free, 0, np.arange(1, len(free) + 1))
        counts[is_sum] = 0
        code = np.where(is_sum, 0, codes) << BITS | self.sort[COMPUTED:]
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

    def _shares_factors(self) -> Array:
        """Whether each pair of a sum has a constant or a factor that is used again and again.

        A layer's weights are not: its sums are matrices, and stay so.
        """
        np, sums, recording = self.np, self.sums, self.recording
        rows = self.row[self.row >= 0]
        constant = np.frombuffer(recording.kinds, np.uint8) == CONSTANT
        often = constant | (np.bincount(recording.flat, minlength=len(recording)) >= OFTEN)
        left, counts = gathered(np, sums.left, sums.pair_bounds, rows)
        right, _ = gathered(np, sums.right, sums.pair_bounds, rows)
        alone = np.repeat(np.arange(len(rows)), counts)[~(often[left] | often[right])]
        return np.bincount(alone, minlength=len(rows)) == 0


def _straight(np: Any, recording: Recording, members: Array, nodes: Array) -> bool:
    """Whether the operands of most nodes lie where those of the nodes before let one expect.

    Nodes are then where `members` have them.
    """
    place = np.empty(len(recording), int)
    place[members] = np.arange(len(members))
    counts = recording.bounds[nodes + 1] - recording.bounds[nodes]
    jumps = 0
    for slot in range(2):
        mine = nodes[counts > slot]
        mine = mine[counts[counts > slot] <= SLOTS]
        steps = np.diff(place[recording.flat[recording.bounds[mine] + slot]])
        jumps += int((np.diff(steps) != 0).sum())
    return 2 * jumps <= len(nodes)
