"""How an instruction reaches its operands: strided views where possible, else index lists.

All operands of an instruction walk one iteration space together. Its dimensions are found
from the addresses alone, by splitting again and again at the longest stretch over which
every operand advances by a constant step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from autograd.program.compiler.compiled import grouping

Array = Any
Column = tuple[Array, bool, bool]  # addresses, lanes, adjoint: one operand of an instruction

MOST_DIMENSIONS, MOST_COLUMNS = 5, 64
LONG = 1 << 12  # elements of a walk that is not kept


class Access(NamedTuple):
    """One operand: element (i₁, i₂, …) is at offset + Σ strideₖ iₖ, or element e at index[e].

    `adjoint` chooses the buffer of adjoints, `lanes` the one with m numbers an address.
    """

    lanes: bool
    adjoint: bool
    offset: int
    strides: tuple[int, ...]
    index: Array = None  # or none

    def addresses(self, np: Any, sizes: Sequence[int]) -> Array:
        """Return every address, in the order of the iteration space."""
        if self.index is not None:
            return self.index
        return self.offset + walk(tuple(sizes), self.strides)

    def distinct(self, np: Any, sizes: Sequence[int]) -> bool:
        """Whether no address comes twice, dimensions of stride 0 (sums) left aside."""
        if self.index is not None:
            return len(unique(np, self.index)) == len(self.index)
        return _is_distinct(tuple(sizes), self.strides)


def walk(sizes: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """Return where each element is, counted from the first one; nobody changes it."""
    return _walk(sizes, strides) if math.prod(sizes) <= LONG else _walk.__wrapped__(sizes, strides)


@lru_cache(64)
def _walk(sizes: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    import numpy as np

    out = np.zeros((), int)
    for size, stride in zip(sizes, strides, strict=True):
        out = out[..., None] + stride * np.arange(size)
    return out.ravel()


@lru_cache(1024)
def _is_distinct(sizes: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether steps of these sizes lead to no address twice, those of 0 left aside."""
    extent = 0
    for stride, size in sorted(zip(map(abs, strides), sizes, strict=True)):
        if stride and size > 1:
            if stride <= extent:
                return False
            extent += stride * (size - 1)
    return True


def every(found: Array) -> bool:
    """Whether all are true; of few the array's own method takes far longer to say so."""
    return b"\0" not in found.tobytes()


def some(found: Array) -> bool:
    """Whether any is true."""
    return b"\1" in found.tobytes()


def unique(np: Any, numbers: Array) -> Array:
    """Return each number once, ascending; np.unique would load numpy.ma first, for 15 ms."""
    ordered = np.sort(numbers, axis=None)
    fresh = ordered[1:] > ordered[:-1]
    return np.concatenate([ordered[:1], ordered[1:][fresh]])


def labels(np: Any, columns: Sequence[Array]) -> Array:
    """Return a number for each row of some columns: equal ones have the same.

    Lesser ones have less, by the last column first.
    """
    order = np.lexsort(columns)
    fresh = np.zeros(len(order), bool)
    for column in columns:
        fresh[1:] |= column[order][1:] != column[order][:-1]
    label = np.empty(len(order), int)
    label[order] = np.cumsum(fresh)
    return label


def straighten(np: Any, table: Array) -> tuple[tuple[int, ...], Array] | None:
    """Return sizes and strides (operands, dimensions) that walk the rows of `table`.

    `table` has a row of addresses for each operand. None where five dimensions do not do.

    >>> import numpy as np
    >>> straighten(np, np.array([[0, 1, 2, 0, 1, 2], [7, 7, 7, 5, 5, 5]]))
    ((2, 3), array([[ 0,  1],
           [-2,  0]]))
    """
    sizes: list[int] = []
    strides: list[Array] = []
    while table.shape[1] > 1:
        length = table.shape[1]
        steps = table[:, 1:] - table[:, :-1]
        changed = (steps != steps[:, :1]).any(axis=0)
        run = int(np.argmax(changed)) + 1 if changed.any() else length
        if length % run or len(sizes) == MOST_DIMENSIONS:
            return None
        blocks = table.reshape(len(table), length // run, run)
        if run < length and (blocks != blocks[:, :, :1] + blocks[:, :1] - blocks[:, :1, :1]).any():
            return None
        sizes.insert(0, run)
        strides.insert(0, steps[:, 0])
        table = blocks[:, :, 0]
    return tuple(sizes), np.array(strides, dtype=int).reshape(len(sizes), len(table)).T


def accesses(np: Any, columns: Sequence[Column]) -> tuple[tuple[int, ...], list[Access]]:
    """Return the iteration space of columns, and how each of them walks it."""
    found = _straightened(np, [addresses for addresses, _, _ in columns])
    if found is None:
        return (len(columns[0][0]),), [
            Access(lanes, adjoint, 0, (), addresses) for addresses, lanes, adjoint in columns
        ]
    sizes, strides, starts = found
    return sizes, [
        Access(lanes, adjoint, start, own)
        for own, start, (_, lanes, adjoint) in zip(strides, starts, columns, strict=True)
    ]


def _straightened(
    np: Any, columns: list[Array]
) -> tuple[tuple[int, ...], list[tuple[int, ...]], list[int]] | None:
    """Return what `straighten` does, and where each column starts, by C where that is there."""
    compiled = grouping()
    if compiled is not None and len(columns) <= MOST_COLUMNS:
        found: tuple[tuple[int, ...], list[tuple[int, ...]], list[int]] | None
        found = compiled.straightened(columns)
        return found
    table = np.array(columns)
    straight = straighten(np, table)
    if straight is None:
        return None
    sizes, strides = straight
    return sizes, list(map(tuple, strides.tolist())), table[:, 0].tolist()


def matrix_access(np: Any, table: Array, lanes: bool, adjoint: bool) -> Access | None:
    """Return the access of a matrix of addresses, None where it is not strided or repeats one."""
    rows = int(table[1, 0] - table[0, 0]) if len(table) > 1 else 0
    columns = int(table[0, 1] - table[0, 0]) if table.shape[1] > 1 else 0
    start = int(table[0, 0])
    expected = start + walk(table.shape, (rows, columns))
    repeats = (len(table) > 1 and not rows) or (table.shape[1] > 1 and not columns)
    found = Access(lanes, adjoint, start, (rows, columns))
    if repeats or some(table.ravel() != expected) or not found.distinct(np, table.shape):
        return None
    return found
