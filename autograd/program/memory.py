"""The numbers of a program: values and adjoints, shared ones and lanes of m.

Both executors work on these arrays, so that any number can be read where it lies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Array = Any

CACHE_LINE = 64
KEPT = 3  # numbers of lanes whose arrays are kept (the last batch of an epoch is smaller)


@dataclass(frozen=True)
class Ends:
    """Where a program begins and ends: addresses of its inputs and of its root."""

    inputs: Array
    root: int
    root_lanes: bool
    parameters: int  # how many; they are the first shared addresses


class Memory:
    """`values[lanes]` and `adjoints[lanes]`: arrays (size,) for lanes False, (size, m) for True.

    Values of shared nodes survive a change of m; others belong to the last m.
    """

    def __init__(self, sizes: Sequence[int], dtype: str) -> None:
        import numpy as np

        self.sizes, self.dtype, self.lanes = tuple(sizes), np.dtype(dtype), 0
        self.values: list[Array] = [aligned((sizes[0],), self.dtype), None]
        self.adjoints: list[Array] = [aligned((sizes[0],), self.dtype), None]
        self._kept: dict[int, tuple[Array, Array]] = {}
        self.resize(1)

    def resize(self, lanes: int) -> bool:
        """Make room for `lanes` numbers a node; return whether anything moved."""
        if lanes == self.lanes:
            return False
        self.lanes = lanes
        if lanes not in self._kept:
            shape = (self.sizes[True], lanes)
            self._kept[lanes] = aligned(shape, self.dtype), aligned(shape, self.dtype)
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        self.values[True], self.adjoints[True] = self._kept[lanes]
        return True

    def buffer(self, adjoint: bool, lanes: bool) -> Array:
        return (self.adjoints if adjoint else self.values)[lanes]


def aligned(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return zeros that start at a line of the cache: vector loads across two are slow."""
    import numpy as np

    count = math.prod(shape)
    room = np.zeros(count + CACHE_LINE // dtype.itemsize, dtype)
    start = -room.ctypes.data % CACHE_LINE // dtype.itemsize
    return room[start : start + count].reshape(shape)
