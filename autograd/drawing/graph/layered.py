"""A plain layered layout: columns by depth, rows by the barycentres of the neighbours.

The classic method of Sugiyama, Tagawa and Toda (1981): rank, order, place. Rows are placed
by least squares with a minimum gap, solved exactly by pooling adjacent violators.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

SWEEPS = 8
FARTHEST_PULL = 8  # columns
MOST_BENDS = 6000  # beyond it long edges run straight

Point = tuple[float, float]


class Layout(NamedTuple):
    """Centres of the boxes, the bends of each edge between its ends, and the total size."""

    centres: list[Point]
    bends: list[list[Point]]
    width: float
    height: float


def layered(
    sizes: Sequence[Point],
    edges: Sequence[tuple[int, int]],
    *,
    gap: Point = (56.0, 16.0),
    room: Sequence[float] = (),
    vertical: bool = False,
) -> Layout:
    """Return where boxes of these (width, height) go; an edge runs from a smaller number.

    Columns run from left to right, or with `vertical` from top to bottom. `room` is what
    each box needs before it, beside the gap.

    >>> layered([(10, 4), (10, 4)], [(0, 1)], gap=(20, 2)).centres
    [(5.0, 2.0), (35.0, 2.0)]
    """
    if vertical:
        flipped = layered([(h, w) for w, h in sizes], edges, gap=gap, room=room)
        return Layout(
            [(y, x) for x, y in flipped.centres],
            [[(y, x) for x, y in bends] for bends in flipped.bends],
            flipped.height,
            flipped.width,
        )
    ranks = _ranks(len(sizes), edges)
    chains, heights = _chains(ranks, [h for _, h in sizes], edges)
    columns = _columns(ranks)
    before, after = _neighbours(ranks, chains)
    for sweep in range(SWEEPS):
        _order(columns, before if sweep % 2 == 0 else after, sweep % 2 == 1)
    ys = _rows(columns, before, after, heights, gap[1])
    xs, width = _xs(columns, sizes, gap[0], room)
    top = min((y - h / 2 for y, h in zip(ys, heights, strict=True)), default=0.0)
    bottom = max((y + h / 2 for y, h in zip(ys, heights, strict=True)), default=0.0)
    points = [(xs[rank], y - top) for rank, y in zip(ranks, ys, strict=True)]
    bends = [[points[k] for k in chain[1:-1]] for chain in chains]
    return Layout(points[: len(sizes)], bends, width, bottom - top)


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the column of each box: after its operands, or before its first user.

    Before it stand leaves, and what has more users than operands to be near to: each pass of a
    loop then has its own things beside it.
    """
    ranks, leaf = [0] * count, [True] * count
    users: list[list[int]] = [[] for _ in range(count)]
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        ranks[target] = max(ranks[target], ranks[source] + 1)
        leaf[target] = False
        users[source].append(target)
    pulls = [0] * count
    for source, target in edges:
        pulls[target] += not leaf[source]
    for box in reversed(range(count)):
        if users[box] and pulls[box] < len(users[box]):
            ranks[box] = min(ranks[user] for user in users[box]) - 1
    return ranks


def _chains(
    ranks: list[int], heights: list[float], edges: Sequence[tuple[int, int]]
) -> tuple[list[list[int]], list[float]]:
    """Return each edge as a chain of one box a column; the added ones are bends."""
    spans = sum(max(0, ranks[target] - ranks[source] - 1) for source, target in edges)
    chains = []
    for source, target in edges:
        chain = [source]
        for rank in range(ranks[source] + 1, ranks[target]) if spans <= MOST_BENDS else ():
            chain.append(len(ranks))
            ranks.append(rank)
            heights.append(6.0)
        chains.append([*chain, target])
    return chains, heights


def _columns(ranks: list[int]) -> list[list[int]]:
    columns: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for box, rank in enumerate(ranks):
        columns[rank].append(box)
    return columns


def _neighbours(
    ranks: list[int], chains: list[list[int]]
) -> tuple[list[list[int]], list[list[int]]]:
    """Return what pulls at each box from either side; ends of straight lines do not, from afar."""
    before: list[list[int]] = [[] for _ in ranks]
    after: list[list[int]] = [[] for _ in ranks]
    for chain in chains:
        for left, right in pairwise(chain):
            if ranks[right] - ranks[left] <= FARTHEST_PULL:
                before[right].append(left)
                after[left].append(right)
    return before, after


def _order(columns: list[list[int]], neighbours: list[list[int]], backwards: bool) -> None:
    """Sort every column by the mean place of its neighbours in the columns already sorted."""
    place = {box: k for column in columns for k, box in enumerate(column)}
    for column in reversed(columns) if backwards else columns:
        wish = {
            box: sum(place[x] for x in near) / len(near)
            if (near := neighbours[box])
            else place[box]
            for box in column
        }
        column.sort(key=wish.__getitem__)
        place.update((box, k) for k, box in enumerate(column))


def _rows(
    columns: list[list[int]],
    before: list[list[int]],
    after: list[list[int]],
    heights: list[float],
    gap: float,
) -> list[float]:
    ys = [0.0] * len(heights)
    for column in columns:
        _place(column, [0.0] * len(column), ys, heights, gap)
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wishes = [
                sum(ys[x] for x in near) / len(near)
                if (near := before[box] + after[box])
                else ys[box]
                for box in column
            ]
            _place(column, wishes, ys, heights, gap)
    return ys


def _place(
    column: list[int], wishes: list[float], ys: list[float], heights: list[float], gap: float
) -> None:
    """Set the rows of a column as near to the wishes as its order and the gap allow.

    With every box shifted up by the room of those above it, the rows only have to be
    non-decreasing, and pooling adjacent violators gives the least squares solution.
    """
    offsets, room = [], 0.0
    for box in column:
        offsets.append(room + heights[box] / 2)
        room += heights[box] + gap
    pools: list[tuple[float, int]] = []  # sum of shifted wishes, number of boxes
    for wish, offset in zip(wishes, offsets, strict=True):
        total, count = wish - offset, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            earlier, boxes = pools.pop()
            total, count = total + earlier, count + boxes
        pools.append((total, count))
    k = 0
    for total, count in pools:
        for _ in range(count):
            ys[column[k]] = total / count + offsets[k]
            k += 1


def _xs(
    columns: list[list[int]], sizes: Sequence[Point], gap: float, room: Sequence[float]
) -> tuple[list[float], float]:
    """Return the centre of each column and the total width."""
    centres, x = [], 0.0
    for column in columns:
        x += max((room[box] for box in column if box < len(room)), default=0.0)
        width = max((sizes[box][0] for box in column if box < len(sizes)), default=0.0)
        centres.append(x + width / 2)
        x += width + gap
    return centres, max(x - gap, 0.0)
