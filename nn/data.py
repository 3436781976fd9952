"""Numbers as they arrive from outside: counts and tables, checked once."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def count(name: str, number: Any) -> int:
    """Return a positive whole number as an int. Raises ValueError for anything else.

    >>> count("epochs", 3)
    3
    """
    try:
        whole = operator.index(number)
    except TypeError:
        whole = 0
    if whole < 1:
        raise ValueError(f"{name} must be a positive whole number; got {number!r}.")
    return whole


def floats(name: str, data: Any) -> Array:
    """Return `data` as an array of floats. Raises ValueError for text, gaps and ragged rows.

    >>> floats("b", [1, 2])
    array([1., 2.])
    """
    import numpy as np

    try:
        return np.asarray(data).astype(float, casting="same_kind")
    except (TypeError, ValueError) as cause:
        raise ValueError(
            f"{name} must be a rectangular table of real numbers ({cause}). "
            "Encode text and fill gaps first."
        ) from None


def table(name: str, data: Any, rows: int | None = None, columns: int | None = None) -> Array:
    """Return `data` as an (m, n) array of finite floats, m > 0; (m,) will do if `rows` is given.

    Raises ValueError for another shape, and for a NaN or an infinity, saying where it is.

    >>> table("X", [[1, 2]], columns=2)
    array([[1., 2.]])
    """
    import numpy as np

    array = floats(name, data)
    shape = (*array.shape, 1) if array.ndim == 1 and rows else array.shape
    if (
        len(shape) != 2
        or 0 in shape
        or rows not in (None, shape[0])
        or columns not in (None, shape[1])
    ):
        raise ValueError(
            f"{name} must have the shape ({rows or 'm'}, {columns or 'n'}), one row for each "
            f"example and at least one; got shape {array.shape}."
        )
    for index in np.argwhere(~np.isfinite(array)):
        place = "".join(f"[{k}]" for k in index)
        raise ValueError(
            f"{name} must be finite; {name}{place} is {array[tuple(index)]}. "
            "Drop or repair this example."
        )
    return array
