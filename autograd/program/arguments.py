"""What a program is handed: rows of examples, counts, nodes. Each is right or an error."""

from __future__ import annotations

import operator
import sys
from collections.abc import Sequence
from typing import Any

from autograd import errors
from autograd.engine import Value
from autograd.reals import readable, real

Array = Any  # numpy.ndarray; NumPy is imported on use


def rows(X: Any, width: int, dtype: Any) -> Array:
    """Return X as an array (m, width) of a floating-point type, m of 1 or more.

    Raises TypeError for entries that are no real numbers, ValueError for another shape.

    >>> rows([[1, 2], [3, 4]], 2, "float64")
    array([[1., 2.],
           [3., 4.]])
    """
    import numpy as np

    fits = X.__class__ is np.ndarray and X.dtype == dtype and X.shape[1:] == (width,) and len(X)
    if fits and X.flags.c_contiguous and X.flags.aligned:  # as a rule
        return X
    examples = X if X.__class__ is np.ndarray else _table(X)
    if examples.ndim != 2 or examples.shape[1] != width or not len(examples):
        raise ValueError(
            f"X holds one row an example: (m, {width}) with m of 1 or more; "
            f"got shape {examples.shape}. Columns follow `inputs`, targets included."
        )
    if examples.dtype.kind not in "fiub":
        examples = _numbers(examples)
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and named later
        found = np.asarray(examples, dtype=dtype, order="C")
    return found if found.flags.aligned else found.copy()


def row(numbers: Any) -> Any:
    """Return numbers in a row, whatever library holds them, as NumPy reads them.

    >>> row([1.0, 2.0])
    [1.0, 2.0]
    """
    return readable(numbers)


def _table(X: Any) -> Array:
    import numpy as np

    masks = sys.modules.get("numpy.ma")  # who has a masked array has loaded it; it takes 15 ms
    if masks and masks.is_masked(X):
        raise ValueError("X holds one number an entry; got a masked array with gaps. Fill them.")
    try:
        return np.asarray(readable(X))
    except ValueError:
        raise ValueError(
            "X holds one row an example, all of one length; got rows of different lengths. "
            "Pad them, or make a program for each length."
        ) from None


def _numbers(examples: Array) -> Array:
    """Return an array of Python objects as one of floats; text and dates are refused."""
    import numpy as np

    out = np.empty(examples.shape)
    for index, entry in np.ndenumerate(examples):
        number = real(entry) if examples.dtype.kind == "O" else None
        if number is None:
            way_out = "Pass its .data." if entry.__class__ is Value else "Encode or fill it first."
            raise TypeError(
                f"X holds real numbers; X{list(index)} is {errors.received(entry)}. {way_out}"
            )
        out[index] = number
    return out


def count(name: str, number: Any, least: int) -> int:
    """Return a whole number of at least `least`. Raises ValueError for anything else."""
    if not hasattr(number, "__index__") or number < least:
        raise ValueError(f"{name} is a whole number, {least} or more; got {number!r}.")
    return operator.index(number)


def several(name: str, nodes: Any) -> Sequence[Value]:
    """Return a sequence of Values as a tuple. Raises TypeError for anything else.

    >>> several("inputs", Value(1.0, "x"))
    Traceback (most recent call last):
    TypeError: inputs must be a sequence of Values; got Value(data=1.0, grad=0.0, label='x')...
    """
    if nodes.__class__ is Value or not hasattr(nodes, "__iter__"):
        raise TypeError(
            f"{name} must be a sequence of Values; got {errors.short(nodes)}. Put one into a list."
        )
    found = tuple(nodes)
    if set(map(type, found)) - {Value}:
        k = next(k for k, x in enumerate(found) if x.__class__ is not Value)
        raise TypeError(
            f"{name} must be Values; {name}[{k}] is {errors.received(found[k])}. "
            "Flatten nested lists."
        )
    return found


def numbers(nodes: Any, ids: dict[Value, int]) -> list[int]:
    """Return the numbers of recorded nodes. Raises KeyError for a node of another graph."""
    nodes = several("nodes", nodes)
    for node in nodes:
        if node.__class__ is not Value:
            raise errors.not_a_value("a node", node)
        if node not in ids:
            raise KeyError(
                f"{node!r} is not a node of this program: neither its loss uses it nor `also` "
                "names it."
            )
    return [ids[node] for node in nodes]
