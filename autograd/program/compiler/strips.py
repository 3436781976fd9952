"""Lists of addresses cut into strips that are strided, where a few strips make up a long list.

The products of a triangular matrix and a vector have no rectangle to walk: row i has i of them. But
in each column they are side by side, and so are the same columns of many matrices: instead of
finding 450 operands one by one, nine instructions walk all of them. The left
neighbours on a ring are two strips: the last point, and all others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from autograd.program.compiler.accesses import Array, accesses, labels
from autograd.program.compiler.instructions import ADD, Instruction, Map

FEWEST, MOST = 32, 1 << 16  # elements of a list
SHORTEST = 4  # elements of a stretch, on the average
WORTH = {True: 12, False: 24}  # elements with lanes for each strip; without, for each line of one


def in_strips(np: Any, code: Sequence[Instruction], lanes: bool) -> list[Instruction]:
    """Return instructions in which no list that a few strips make up is taken element by element.

    Those of instructions with `lanes`, or without.
    """
    out: list[Instruction] = []
    for this in code:
        listed = isinstance(this, Map) and this.lanes == lanes and is_listed(np, this)
        out += _split(np, this) if listed else [this]
    return out


def is_listed(np: Any, this: Map) -> bool:
    """Whether a map takes a list element by element, whose order is free."""
    every = (*this.sources, this.destination)
    if len(every) < 2 or any(x.index is None for x in every):
        return False
    free = this.mode == ADD or this.destination.distinct(np, this.sizes)  # of any order
    return free and FEWEST <= this.sizes[0] <= MOST


def _split(np: Any, this: Any) -> list[Instruction]:
    every = (*this.sources, this.destination)
    table = np.array([x.index for x in every])
    best: list[Array] | None = None
    for key in range(len(table)):
        ordered = table[:, _sorted(np, table[key])]
        stretches = _few_stretches(np, ordered, ordered.shape[1] // SHORTEST)
        if stretches is not None:
            found = list(_strips(np, ordered, stretches))
            best = found if best is None or len(found) < len(best) else best
    if best is None or len(best) * WORTH[this.lanes] > this.sizes[0]:
        return [this]
    strips: list[Instruction] = [_strided(np, this, strip) for strip in best]
    lines = sum(math.prod(x.sizes[:-1]) for x in strips if isinstance(x, Map))
    return strips if this.lanes or lines * WORTH[False] <= this.sizes[0] else [this]


def _sorted(np: Any, addresses: Array) -> Array:
    """Return the order of addresses, equal ones as they are; of short numbers NumPy counts bits."""
    short = np.uint16 if int(addresses.max()) < 1 << 16 else np.int64
    return np.argsort(addresses.astype(short, copy=False), kind="stable")


def _strided(np: Any, this: Map, strip: Array) -> Map:
    every = (*this.sources, this.destination)
    columns = [(row, x.lanes, x.adjoint) for row, x in zip(strip, every, strict=True)]
    sizes, (*sources, target) = accesses(np, columns)
    return this._replace(sizes=sizes, sources=tuple(sources), destination=target)


def _strips(np: Any, table: Array, stretches: list[tuple[int, int]]) -> Iterator[Array]:
    """Yield parts of a table of addresses, (operands, elements), each of which is strided."""
    families: dict[tuple[int, ...], list[int]] = {}
    for start, length in stretches:
        step = table[:, start + 1] - table[:, start] if length > 1 else ()
        families.setdefault((length, *map(int, step)), []).append(start)
    for (length, *_), starts in families.items():
        for first, count in _runs(np, table[:, starts]):
            places = np.array(starts[first : first + count])[:, None] + np.arange(length)
            yield table[:, places.ravel()]


def _few_stretches(np: Any, table: Array, most: int) -> list[tuple[int, int]] | None:
    """Return start and length of at most so many stretches along which steps stay as they are.

    They are of the usual step or, where these are too many, of any.
    """
    ends = _usual(np, table)
    if len(ends) - 1 <= most:
        return list(zip(ends[:-1].tolist(), (ends[1:] - ends[:-1]).tolist(), strict=True))
    steps = table[:, 1:] - table[:, :-1]
    if int((steps[:, 1:] != steps[:, :-1]).any(axis=0).sum()) > most:
        return None
    stretches = list(_runs(np, table))
    return stretches if len(stretches) <= most else None


def _usual(np: Any, table: Array) -> Array:
    """Return where stretches begin over which all operands advance by the usual step, and the end.

    The usual step is the one that comes most often, of several the least.
    """
    steps = table[:, 1:] - table[:, :-1]
    numbers = _numbered(np, steps)
    ordered = np.sort(numbers)
    bounds = np.concatenate([[0], (ordered[1:] != ordered[:-1]).nonzero()[0] + 1, [len(ordered)]])
    usual = ordered[bounds[(bounds[1:] - bounds[:-1]).argmax()]]
    return np.concatenate([[0], (numbers != usual).nonzero()[0] + 1, [table.shape[1]]])


def _numbered(np: Any, steps: Array) -> Array:
    """Return a number for each column: equal ones have the same, lesser ones (last first) less."""
    least = steps.min(axis=1)
    spans = (steps.max(axis=1) - least + 1).tolist()
    if math.prod(spans) < 1 << 62:
        numbers = np.zeros(steps.shape[1], np.int64)
        for row, low, span in zip(steps[::-1], least[::-1].tolist(), spans[::-1], strict=True):
            numbers = numbers * span + (row - low)
        return numbers
    found: Array = labels(np, steps)
    return found


def _runs(np: Any, table: Array) -> Iterator[tuple[int, int]]:
    """Yield start and length of runs over which every operand advances by a constant step."""
    steps = table[:, 1:] - table[:, :-1]
    changes = np.flatnonzero((steps[:, 1:] != steps[:, :-1]).any(axis=0)) + 1
    at, elements = 0, table.shape[1]
    for change in [*changes.tolist(), elements - 1]:
        if change > at:  # the steps from `at` to `change` are the same
            yield at, change + 1 - at
            at = change + 1
    if at < elements:
        yield at, elements - at
