"""Lists of addresses cut into strips that are strided, where a few strips make up a long list.

The products of a triangular matrix and a vector have no rectangle to walk: row i has i of them. But
in each column they are side by side, and so are the same columns of many matrices: instead of
finding 450 operands one by one, nine instructions walk all of them. So do the inner points of a
grid whose edges are another formula.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from autograd.program.compiler.accesses import Access, Array, straighten
from autograd.program.compiler.instructions import ADD, Instruction, Map

FEWEST, MOST, WORTH = 32, 1 << 16, 12  # elements of a list; elements for each strip


def in_strips(np: Any, code: Sequence[Instruction]) -> list[Instruction]:
    """Return instructions of which none takes a list of lanes that a few strips make up."""
    out: list[Instruction] = []
    for this in code:
        out += _split(np, this) if isinstance(this, Map) and _is_listed(np, this) else [this]
    return out


def _is_listed(np: Any, this: Map) -> bool:
    every = (*this.sources, this.destination)
    if not this.lanes or len(every) < 2 or any(x.index is None for x in every):
        return False
    free = this.mode == ADD or this.destination.distinct(np, this.sizes)  # of any order
    return free and FEWEST <= this.sizes[0] <= MOST


def _split(np: Any, this: Map) -> list[Instruction]:
    every = (*this.sources, this.destination)
    table = np.array([x.index for x in every])
    best: list[Array] | None = None
    for key in range(len(table)):
        order = np.argsort(table[key], kind="stable")
        found = list(_strips(np, table[:, order]))
        if best is None or len(found) < len(best):
            best = found
    assert best is not None
    if len(best) * WORTH > this.sizes[0]:
        return [this]
    return [_strided(np, this, strip) for strip in best]


def _strided(np: Any, this: Map, strip: Array) -> Map:
    found = straighten(np, strip)
    assert found is not None
    sizes, strides = found
    every = (*this.sources, this.destination)
    *sources, target = (
        Access(x.lanes, x.adjoint, int(row[0]), tuple(map(int, steps)))
        for x, row, steps in zip(every, strip, strides, strict=True)
    )
    return replace(this, sizes=sizes, sources=tuple(sources), destination=target)


def _strips(np: Any, table: Array) -> Iterator[Array]:
    """Yield parts of a table of addresses, (operands, elements), each of which is strided."""
    families: dict[tuple[int, ...], list[int]] = {}
    for start, length in _stretches(np, table):
        step = table[:, start + 1] - table[:, start] if length > 1 else ()
        families.setdefault((length, *map(int, step)), []).append(start)
    for (length, *_), starts in families.items():
        for first, count in _runs(np, table[:, starts]):
            places = np.array(starts[first : first + count])[:, None] + np.arange(length)
            yield table[:, places.ravel()]


def _stretches(np: Any, table: Array) -> list[tuple[int, int]]:
    """Return start and length of stretches over which all operands advance by the usual step."""
    steps = table[:, 1:] - table[:, :-1]
    order = np.lexsort(steps)
    fresh = (steps[:, order[1:]] != steps[:, order[:-1]]).any(axis=0)
    bounds = np.concatenate([[0], np.flatnonzero(fresh) + 1, [len(order)]])
    longest = int(np.argmax(np.diff(bounds)))
    usual = steps[:, order[bounds[longest]]][:, None]
    ends = np.concatenate([[0], np.flatnonzero((steps != usual).any(axis=0)) + 1, [table.shape[1]]])
    return list(zip(ends[:-1].tolist(), np.diff(ends).tolist(), strict=True))


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
