"""Products of matrices some of whose elements are missing, lower triangles say, through matmul.

Row i of a lower triangular matrix times a vector has i products; those of a group of such rows are
a list of elements, matrix · vector → row. Where rows and columns fall into equal blocks, each
largely filled, a matrix with zeros in the gaps multiplies them sooner than maps walk
the list. What is not finite would spread through those zeros, 0 · ∞, to rows that it has no part
in: then the maps run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from autograd.program.compiler.accesses import Access, Array, matrix_access, unique
from autograd.program.compiler.instructions import ADD, Map
from autograd.program.compiler.steps import PRODUCT
from autograd.program.compiler.strips import is_listed
from autograd.program.executors.numpy.maps import bind_map
from autograd.program.executors.numpy.products import in_parts
from autograd.program.executors.numpy.views import Call, Views, in_blocks
from autograd.program.memory import all_finite

FILLED = 0.25  # of a block; a triangle has half of it
ROUNDS = 4  # in which all rows of a block have to find each other


@dataclass(frozen=True)
class Masked:
    """A list of products as blocks [B, m, n] of a matrix, element e of the list at `places[e]`.

    `sides` are the accesses of rows [B, m] and columns [B, n], which have lanes both. The matrix is
    read, and rows += matrix · columns, or it is written, matrix += mean of rows · columnsᵀ over the
    lanes, as `this`, the map, says; `others` do the same in other ways.
    """

    this: Map
    others: tuple[Map, ...]
    sizes: tuple[int, int, int]
    sides: tuple[Access, Access]
    places: Array

    @property
    def needed(self) -> bool:
        """Whether the gradient needs it."""
        return self.this.needed


def masked(np: Any, this: Any, others: Sequence[Any]) -> Masked | None:
    """Return a map as blocks of a matrix, None where it is none; `others` are maps for it."""
    if not isinstance(this, Map) or this.expression != PRODUCT:
        return None
    if not this.lanes or this.mode != ADD or not is_listed(np, this):
        return None
    with_lanes = [x for x in (this.destination, *this.sources) if x.lanes]
    if len(with_lanes) != 2:
        return None
    found = _blocks(np, *(x.index for x in with_lanes))
    if found is None:
        return None
    rows, columns, places = found
    down, along = (
        matrix_access(np, table, True, x.adjoint)
        for table, x in zip((rows, columns), with_lanes, strict=True)
    )
    if down is None or along is None:
        return None
    return Masked(this, tuple(others), (*rows.shape, columns.shape[1]), (down, along), places)


def _blocks(np: Any, row: Array, column: Array) -> tuple[Array, Array, Array] | None:
    """Return tables of rows [B, m] and columns [B, n], and each pair's place in [B, m, n].

    A pair joins its row and its column to one block.
    """
    rows, columns = unique(np, row), unique(np, column)
    row, column = rows.searchsorted(row), columns.searchsorted(column)
    block = np.arange(len(rows))
    for _ in range(ROUNDS):
        before, beside = block.copy(), np.full(len(columns), len(rows))
        np.minimum.at(beside, column, block[row])
        np.minimum.at(block, row, beside[column])
        if (block == before).all():
            break
    else:
        return None
    count = len(unique(np, block))
    tables, ranks = [], []
    for numbers, label in ((rows, block), (columns, beside)):
        order = np.argsort(label, kind="stable")
        if len(order) % count or (np.diff(label[order].reshape(count, -1)) != 0).any():
            return None
        tables.append(numbers[order].reshape(count, -1))
        ranks.append(np.argsort(order))
    n = tables[1].shape[1]
    places = ranks[0][row] * n + ranks[1][column] % n
    full = len(unique(np, places)) == len(places) >= FILLED * len(rows) * n
    return (*tables, places) if full and min(n, tables[0].shape[1]) > 1 else None


def bind_masked(views: Views, masked: Masked) -> list[Call]:
    """Return the calls of a masked product."""
    (count, m, n), this = masked.sizes, masked.this
    rows, columns = (
        views.whole(side, (count, size)) for side, size in zip(masked.sides, (m, n), strict=True)
    )
    matrix = views.scratch((count, m, n))
    if not this.destination.lanes:
        return _matrix(views, masked, matrix, (rows, columns.transpose(0, 2, 1)))
    (shared,) = (x for x in this.sources if not x.lanes)
    read, product = views.scratch(masked.places.shape), views.scratch(rows.shape)
    calls: list[Call] = [
        partial(views.np.take, views.buffer(shared), shared.index, 0, read, "clip"),
        partial(matrix.reshape(-1).__setitem__, masked.places, read),
        *in_parts(views.np, matrix, columns, product),
    ]
    straight = in_blocks(views.np.add, [rows, product], rows)
    otherwise = [call for other in masked.others for call in bind_map(views, other)]

    def add() -> None:
        for call in straight if all_finite(views.np, product) else otherwise:
            call()

    return [*calls, add]


def _matrix(
    views: Views, masked: Masked, matrix: Array, pair: tuple[Array, Array]
) -> list[Call]:  # fmt: skip
    """Return the calls that add the means over the lanes to the elements of a matrix."""
    np, target = views.np, masked.this.destination
    mean = views.scratch(masked.places.shape)
    return [
        *in_parts(np, *pair, matrix),
        partial(np.take, matrix.reshape(-1), masked.places, 0, mean, "clip"),
        partial(np.multiply, mean, views.mean[0], mean),
        partial(np.add.at, views.buffer(target), target.index, mean),
    ]
