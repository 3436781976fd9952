"""The numbers of a program: values and adjoints, shared ones and lanes of m.

Both executors work on these arrays, so that any number can be read where it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Array = Any


class Memory:
    """`values[lanes]` and `adjoints[lanes]`: arrays (size,) for lanes False, (size, m) for True.

    Values of shared nodes survive a change of m; everything else is made anew.
    """

    def __init__(self, sizes: Sequence[int], dtype: str) -> None:
        import numpy as np

        self.sizes, self.dtype, self.lanes = tuple(sizes), np.dtype(dtype), 0
        self.values: list[Array] = [np.zeros(sizes[0], self.dtype), None]
        self.adjoints: list[Array] = [np.zeros(sizes[0], self.dtype), None]
        self.resize(1)

    def resize(self, lanes: int) -> bool:
        """Make room for `lanes` numbers a node; return whether anything moved."""
        if lanes == self.lanes:
            return False
        import numpy as np

        self.lanes = lanes
        self.values[True] = np.zeros((self.sizes[True], lanes), self.dtype)
        self.adjoints[True] = np.zeros((self.sizes[True], lanes), self.dtype)
        return True

    def buffer(self, adjoint: bool, lanes: bool) -> Array:
        return (self.adjoints if adjoint else self.values)[lanes]
