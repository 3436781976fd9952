"""Tables of numbers as they arrive from outside: shape and finiteness, checked once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def matrix(name: str, data: Any, width: int | None = None) -> Array:
    """Return `data` as an (m, width) array of finite floats, m > 0.

    Raises ValueError for anything else, saying where a NaN or an infinity stands.

    >>> matrix("X", [[1, 2]], 2)
    array([[1., 2.]])
    """
    array = _floats(name, data)
    if array.ndim != 2 or 0 in array.shape or width not in (None, array.shape[1]):
        columns = "n" if width is None else width
        raise ValueError(
            f"{name} must be a table of shape (m, {columns}) with m > 0; "
            f"got shape {array.shape}. Give one row for each example."
        )
    return array


def column_or_matrix(name: str, data: Any, rows: int) -> Array:
    """Return `data` as an array of finite floats, (rows,) or (rows, k).

    >>> column_or_matrix("y", [0, 1], 2)
    array([0., 1.])
    """
    array = _floats(name, data)
    if array.ndim not in (1, 2) or 0 in array.shape or len(array) != rows:
        raise ValueError(
            f"{name} must have the shape ({rows},) or ({rows}, k), one row for each example; "
            f"got shape {array.shape}."
        )
    return array


def _floats(name: str, data: Any) -> Array:
    import numpy as np

    try:
        array = np.asarray(data, dtype=float)
    except (TypeError, ValueError) as cause:
        raise ValueError(
            f"{name} must be a rectangular table of real numbers; got {type(data).__name__} "
            f"({cause}). Encode text and fill gaps first."
        ) from None
    if not np.isfinite(array).all():
        first = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        place = "".join(f"[{k}]" for k in first)
        raise ValueError(
            f"{name} must be finite; {name}{place} is {array[first]}. Drop or repair this example."
        )
    return array
