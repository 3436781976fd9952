"""What people hand in, checked once: names, counts and tables of numbers."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def named(kind: str, table: Mapping[str, Any], name: Any) -> Any:
    """Return table[name], or `name` itself where it is a function already.

    Raises ValueError that lists the known names.

    >>> named("a colour", {"red": 1, "blue": 2}, "red")
    1
    """
    if callable(name):
        return name
    if isinstance(name, str) and name in table:
        return table[name]
    raise ValueError(
        f"{kind} must be one of {', '.join(sorted(table))}, or a function or object; got {name!r}."
    )


def count(name: str, number: Any) -> int:
    """Return a positive whole number as an int. Raises ValueError for anything else.

    >>> count("epochs", 3)
    3
    """
    if not hasattr(number, "__index__") or number < 1:
        raise ValueError(f"{name} must be a positive whole number; got {number!r}.")
    return operator.index(number)


def several(thing: Any) -> list[Any]:
    """Return a sequence or an array as a list; one number or Value becomes a list of one.

    >>> several((1.0, 2.0)), several(3.0)
    ([1.0, 2.0], [3.0])
    """
    thing = thing.tolist() if hasattr(thing, "tolist") else thing
    return list(thing) if isinstance(thing, list | tuple) else [thing]


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
    for index in map(tuple, np.argwhere(~np.isfinite(array)).tolist()):
        place = ", ".join(map(str, index))
        raise ValueError(
            f"{name} must be finite; {name}[{place}] is {array[index]}. Repair or drop it."
        )
    return array
