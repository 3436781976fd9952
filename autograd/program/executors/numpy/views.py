"""What an instruction reads and writes, as NumPy arrays over a program's memory.

Every array here is made once, when instructions are bound, and refers to the memory itself;
what no view can reach is gathered into a scratch array by a call that runs each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from autograd.program.compiler.accesses import Access, Array, matrix_access
from autograd.program.memory import Room, aligned

Call = Callable[[], Any]  # a function with its arguments: functools.partial costs least
BLOCK = 1 << 17  # numbers that one call computes at most: Ctrl-C is answered between two


class Views:
    """Arrays over the numbers of one room."""

    def __init__(self, room: Room) -> None:
        import numpy as np

        self.np, self.room, self.lanes = np, room, room.lanes
        self.dtype = room.values[False].dtype
        self.choices: dict[Any, Any] = {}  # what index operands take, for `rows`
        self.mean = np.full(self.lanes, 1 / self.lanes, self.dtype)  # x · mean is the mean of x

    def scratch(self, shape: Sequence[int]) -> Array:
        return aligned(tuple(shape), self.dtype)

    def buffer(self, access: Access) -> Array:
        return self.room.buffer(access.adjoint, access.lanes)

    def elements(self, access: Access, sizes: Sequence[int], lanes: bool) -> Array:
        """Return a view with size 1 along dimensions of stride 0, and an axis for lanes."""
        shape = [n if stride else 1 for n, stride in zip(sizes, access.strides, strict=True)]
        whole = self.whole(access, shape)
        return whole[..., None] if lanes and not access.lanes else whole

    def whole(self, access: Access, sizes: Sequence[int]) -> Array:
        """Return a view of shape `sizes`, with an axis for lanes where the access has them."""
        base = self.buffer(access)
        step, shape = base.strides[0], (*sizes, *base.shape[1:])
        strides = (*[stride * step for stride in access.strides], *base.strides[1:])
        return self.np.ndarray(shape, base.dtype, base, access.offset * step, strides)

    def read(self, access: Access, sizes: Sequence[int], lanes: bool) -> tuple[Array, list[Call]]:
        """Return what an access reads, and the calls that gather it first.

        One number has no dimensions: NumPy spreads such an array soonest.
        """
        if access.index is None:
            found = self.elements(access, sizes, lanes)
            return found.reshape(()) if found.size == 1 else found, []
        found, calls = self._gathered(self.buffer(access), access.index)
        return found[..., None] if lanes and not access.lanes else found, calls

    def rows(self, index: Array, adjoint: bool, lanes: bool) -> tuple[Array, list[Call]]:
        """Return the numbers at a matrix of addresses (rows, columns[, lanes]) likewise."""
        access = matrix_access(self.np, index, lanes, adjoint)
        if access is not None:
            return self.whole(access, index.shape), []
        return self._gathered(self.room.buffer(adjoint, lanes), index)

    def stretch(self, access: Access, count: int) -> Array:
        """Return `count` consecutive numbers from the access's offset on."""
        return self.buffer(access)[access.offset : access.offset + count]

    def contiguous(self, array: Array, shape: Sequence[int]) -> tuple[Array, list[Call]]:
        """Return an array that may be reshaped, a copy where this one may not."""
        if array.shape == tuple(shape) and array.flags.c_contiguous:
            return array, []
        copy = self.scratch(shape)
        return copy, [stored(copy, array)]

    def _gathered(self, base: Array, index: Array) -> tuple[Array, list[Call]]:
        found = self.scratch((*index.shape, *base.shape[1:]))
        return found, [partial(self.np.take, base, index, 0, found, "clip")]


def in_blocks(function: Callable[..., Any], read: Sequence[Array], out: Array) -> list[Call]:
    """Return the calls of an elementwise function(*read, out), none of which takes long."""
    if out.size <= BLOCK:
        return [partial(function, *read, out)]
    axis = max(range(out.ndim), key=out.shape.__getitem__) - out.ndim
    size = out.shape[axis]
    pieces = min(-(-out.size // BLOCK), size)
    ends = [k * size // pieces for k in range(pieces + 1)]
    return [
        partial(function, *(_part(x, axis, a, b) for x in (*read, out))) for a, b in pairwise(ends)
    ]


def _part(x: Array, axis: int, first: int, end: int) -> Array:
    """Return a part along an axis, counted from the last; all of what has no length there."""
    if x.ndim < -axis or x.shape[axis] == 1:
        return x
    return x[(..., slice(first, end), *[slice(None)] * (-axis - 1))]


def stored(target: Array, array: Any) -> Call:
    """Return the call of target ← array."""
    return partial(target.__setitem__, ..., array)
