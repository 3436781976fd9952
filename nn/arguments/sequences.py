"""Examples that are no rows of one table: sequences of any length, and tables, one an example."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nn.arguments.tables import Array, floats, table

Shape = tuple[int, ...]


class Sequences:
    """Examples of numbers, nested as they were given: each is an array of a shape of its own.

    >>> X = Sequences("X", [[1, 2], [3, 4, 5]])
    >>> len(X), X.shapes, X[[1]].tolist()
    (2, [(2,), (3,)], [[3.0, 4.0, 5.0]])
    """

    def __init__(self, name: str, data: Any) -> None:
        import numpy as np

        self.rows: list[Array] = [
            row if isinstance(row, np.ndarray) and row.dtype == float else floats(name, row)
            for name, row in ((f"{name}[{k}]", row) for k, row in enumerate(data))
        ]
        for k, row in enumerate(self.rows):
            if not row.ndim or not np.isfinite(row).all():
                raise ValueError(
                    f"{name}[{k}] must be one example, a list of finite numbers or of lists of "
                    f"them; got {row.tolist()}. Repair or drop it."
                )

    @property
    def shapes(self) -> list[Shape]:
        """The shape of each example."""
        return [row.shape for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, places: Sequence[int]) -> Sequences:
        """Return the examples at these places."""
        return Sequences("X", [self.rows[k] for k in places])

    def tolist(self) -> list[Any]:
        """Return each example as nested lists."""
        return [row.tolist() for row in self.rows]

    def by_shape(self) -> dict[Shape, list[int]]:
        """Return the places of the examples of each shape."""
        found: dict[Shape, list[int]] = {}
        for k, shape in enumerate(self.shapes):
            found.setdefault(shape, []).append(k)
        return found

    def flat(self, places: Sequence[int]) -> Array:
        """Return examples of one shape as the rows of a table."""
        import numpy as np

        return np.array([self.rows[k].ravel() for k in places])


def examples(name: str, data: Any, columns: int | None) -> Any:
    """Return a table (m, n) where the data is one, else `Sequences`.

    With `columns`, which a model of a fixed width has, only a table with as many will do.

    >>> examples("X", [[1, 2], [3, 4]], None).shape
    (2, 2)
    """
    if columns is None and not hasattr(data, "columns"):
        rows = data.tolist() if hasattr(data, "tolist") else data
        widths = {_width(row) for row in rows} if isinstance(rows, list | tuple) else set()
        if len(widths) > 1 or widths & {math.inf}:
            return Sequences(name, data)
    return table(name, data, columns=columns)


def _width(row: Any) -> float:
    """Return the length of a list of numbers, infinity for one of lists, 0 for no list."""
    row = row.tolist() if hasattr(row, "tolist") else row
    if not isinstance(row, list | tuple):
        return 0
    return (
        math.inf if any(hasattr(x, "__len__") and not isinstance(x, str) for x in row) else len(row)
    )
