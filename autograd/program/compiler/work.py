"""What a group of equal work computes: operands by column, or the products and terms of sums."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from autograd.program.compiler.reroll import Group

Array = Any  # numpy.ndarray; NumPy is imported on use
Matrix = tuple[int, int, int] | None  # U, V, K


@dataclass(eq=False)
class Products:
    """The pairs of one kind in a group of sums: node `rows[e]` has left[e] · right[e].

    `slots[e]` counts the pairs of a node. `matrix` is (U, V, K) where row u·V + v of the group is
    Σ_k left[u, k] right[v, k].
    """

    rows: Array
    left: Array
    right: Array
    slots: Array
    kind: tuple[int, int]
    matrix: Matrix = None


@dataclass(eq=False)
class Terms:
    """The plain terms of one signature: node `rows[e]` has + nodes[e], its term `slots[e]`."""

    rows: Array
    nodes: Array
    slots: Array
    kind: int


@dataclass
class Work:
    """What one group computes, in its final order."""

    group: Group
    index: int
    count: int
    operands: list[Array] = field(default_factory=list)  # elementwise, a column for each slot
    products: list[Products] = field(default_factory=list)
    terms: list[Terms] = field(default_factory=list)
    offset: int = 0

    def addresses(self, np: Any) -> Array:
        """Return where the group lies."""
        return self.offset + np.arange(self.count)

    def has_all(self, part: Products | Terms) -> bool:
        """Whether every sum has something of this kind."""
        rows = part.rows  # ascending
        return len(rows) > 0 and int((rows[1:] != rows[:-1]).sum()) + 1 == self.count
