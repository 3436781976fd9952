"""The order of the nodes of a group in which their operands lie in straight lines.

Usually the order of the first operands is one. The neighbours above, below, left and right of the
points of a square are not ordered by any of them, for those of the first two rows are the same:
then what asks for these nodes knows a better order, that in which it was written itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd.program.compiler.accesses import Array, every, straighten
from autograd.program.compiler.columns import gathered
from autograd.program.compiler.recording import COMPUTED
from autograd.program.compiler.sums import Sums

STRAIGHT = 64  # operands to a jump
FEWEST, MOST_SLOTS = 32, 8  # elements of a slot, and slots that are looked at one by one
FULL = 0.75  # of the elements of another slot


def by_turns(np: Any, key: Array) -> Array:
    """Return an order by a key in which equal ones take turns, where there are as many of each.

    >>> import numpy as np
    >>> by_turns(np, np.array([5, 5, 6, 6, 7, 7]))
    array([0, 2, 4, 1, 3, 5])
    """
    order = np.argsort(key, kind="stable")
    turn = turns(np, key[order])
    each, different = int(turn.max(initial=0)) + 1, int((turn == 0).sum())
    if 1 < each <= different == len(key) / each:
        order = order[np.argsort(turn, kind="stable")]
    return order


def best_order(
    np: Any, keys: Sequence[Array], more: Callable[[], tuple[Sequence[Array], Array]]
) -> Array:
    """Return the order by these keys, or one with far fewer jumps.

    Where they leave many, `more` tells other keys, and one that need not be straight itself.
    """
    order = np.lexsort(keys[::-1])
    if _jumps(np, keys, order) * STRAIGHT <= len(order) * len(keys):
        return order
    others, asked = more()
    keys = [*keys, *others]
    orders = [np.argsort(key, kind="stable") for key in (asked, *keys)]
    best = min(orders, key=lambda order: _jumps(np, keys, order))
    return best if 2 * _jumps(np, keys, best) < _jumps(np, keys, order) else order


def _jumps(np: Any, keys: Sequence[Array], order: Array) -> int:
    """Return how often a key does not go on as before."""
    return sum(int((np.diff(key[order], 2) != 0).sum()) for key in keys)


def in_slots(np: Any, count: int, parts: Sequence[Any]) -> Iterator[Array]:
    """Yield the first, second … terms of so many sums, whatever kinds they are of; -1 for none."""
    for slot in range(MOST_SLOTS):
        column = np.full(count, -1)
        for part in parts:
            column[part.rows[part.slots == slot]] = part.nodes[part.slots == slot]
        yield column


def slot_by_slot(np: Any, columns: Sequence[Array], slots: Array) -> list[Any]:
    """Return which elements of a list are to be walked together: all, or those of a slot each.

    There is a column of addresses for each operand. The neighbours of the points of a square are no
    strided list, but those above are one, but for the border, and those below, left and right.
    """
    count = int(slots.max(initial=0)) + 1
    if not 1 < count <= MOST_SLOTS or len(slots) < FEWEST * count:
        return [slice(None)]
    table = np.array(columns)
    if straighten(np, table):
        return [slice(None)]
    parts = [np.flatnonzero(slots == slot) for slot in range(count)]
    lengths = [*map(len, parts)]
    if min(lengths) < FULL * max(lengths):  # a triangle, say
        return [slice(None)]
    jumps = sum(_jumps(np, table, part) for part in parts)
    return parts if jumps * FEWEST <= 4 * table.size else [slice(None)]


def numbered(np: Any, counts: Array) -> tuple[Array, Array]:
    """Return the row of each element, and which of its row it is, where rows have so many.

    >>> import numpy as np
    >>> numbered(np, np.array([2, 0, 1]))
    (array([0, 0, 2]), array([0, 1, 0]))
    """
    rows = np.repeat(np.arange(len(counts)), counts)
    return rows, turns(np, rows)


def turns(np: Any, rows: Array) -> Array:
    """Return which of its row each element is, where rows, or other numbers, ascend.

    >>> import numpy as np
    >>> turns(np, np.array([0, 0, 2]))
    array([0, 1, 0])
    """
    return np.arange(len(rows)) - rows.searchsorted(rows)


def asked_for(np: Any, reroll: Any) -> Array:
    """Return for each node when it is asked for first, by those of the last group in turn first.

    Each group asks for its first operands, then for its second ones, and so on.
    """
    asked = np.full(len(reroll.recording), len(reroll.recording))
    recording, sums, count = reroll.recording, reroll.sums, 0
    for group in reversed(reroll.groups[COMPUTED:]):
        nodes = group.members[np.argsort(asked[group.members], kind="stable")]
        for operands in _operands(np, recording, sums, nodes):
            fresh = operands[asked[operands] == len(asked)]
            asked[fresh[::-1]] = count + np.arange(len(fresh))[::-1]
            count += len(fresh)
    return asked


def _operands(np: Any, recording: Any, sums: Sums, nodes: Array) -> list[Array]:
    """Return the operands of nodes, slot by slot."""
    rows = sums.row[nodes]
    parts = [(recording.flat, recording.bounds, nodes)]
    if rows[0] >= 0:
        parts = [
            (sums.terms, sums.term_bounds, rows), (sums.left, sums.pair_bounds, rows),
            (sums.right, sums.pair_bounds, rows),
        ]  # fmt: skip
    found = []
    for numbers, bounds, mine in parts:
        operands, counts = gathered(np, numbers, bounds, mine)
        _, slots = numbered(np, counts)
        found.append(operands[np.argsort(slots, kind="stable")])
    return found


def classes(np: Any, kinds: Array) -> list[tuple[int, Array]]:
    """Return (kind, where it is) for each kind, in order of first appearance."""
    if len(kinds) and every(kinds == kinds[0]):
        return [(int(kinds[0]), slice(None))]
    found, left = [], np.arange(len(kinds))
    while len(left):
        mine = kinds[left] == kinds[left[0]]
        found.append((int(kinds[left[0]]), left[mine]))
        left = left[~mine]
    return found
