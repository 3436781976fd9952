"""Numbers that people hand in, checked once: counts, examples and tables of them."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd import Value
from autograd.errors import short
from autograd.reals import readable, real

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[np.float64]"


def flat(outputs: Any) -> list[Any]:
    """Return the outputs of a model as a list. Raises ValueError where they are no flat list.

    >>> flat(Value(1.0))
    [Value(data=1.0, grad=0.0)]
    """
    found = several(outputs)
    for k, output in enumerate(found):
        if output.__class__ is not Value and real(output) is None:
            raise ValueError(
                f"a model returns one Value, or one flat list of them; output {k} is "
                f"{short(output)}. Of two heads return [*a, *b], whose y has a column for each."
            )
    return found


def count(name: str, number: Any) -> int:
    """Return a positive whole number as an int. Raises ValueError for anything else.

    >>> count("epochs", 3)
    3
    """
    if not hasattr(number, "__index__") or number < 1:
        raise ValueError(f"{name} must be a positive whole number; got {number!r}.")
    return operator.index(number)


def several(thing: Any) -> list[Any]:
    """Return a sequence or an array of any library as a list; one number or Value, one of one.

    >>> several((1.0, 2.0)), several(3.0)
    ([1.0, 2.0], [3.0])
    """
    if hasattr(thing, "tolist"):
        thing = thing.tolist()
    elif hasattr(thing, "__array__"):
        thing = thing.__array__().tolist()
    return list(thing) if isinstance(thing, list | tuple) else [thing]


def number_of(output: Any) -> float:
    """Return the number of a Value, or a number as a float.

    >>> number_of(Value(1.5)), number_of(2)
    (1.5, 2.0)
    """
    return float(output.data if output.__class__ is Value else output)


def floats(name: str, data: Any) -> Array:
    """Return `data` as an array of floats: arrays, nested lists, tables with columns of any kind.

    Those of PyTorch, JAX, pandas, polars and SciPy are read too, and whatever has `__array__`.

    Raises ValueError for text, gaps and ragged rows, saying where they are.

    >>> floats("b", [1, True])
    array([1., 1.])
    """
    import numpy as np

    try:
        array = np.asarray(readable(data))
        if array.dtype == object:  # numbers of several kinds, as the columns of a table may be
            array = np.array(_numbers(name, array, data)).reshape(array.shape)
        return array.astype(float, casting="same_kind")
    except (TypeError, ValueError, OverflowError, RuntimeError) as cause:  # of tensors in a list
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
    if len(shape) != 2 or 0 in shape or shape != (rows or shape[0], columns or shape[1]):
        raise ValueError(
            f"{name} must have the shape ({rows or 'm'}, {columns or 'n'}), one row for each "
            f"example and at least one; got shape {array.shape}."
        )
    for index in map(tuple, np.argwhere(~np.isfinite(array)).tolist()):
        raise ValueError(
            f"{name} must be finite; {_place(name, index, data)} is {array[index]}. "
            "Repair or drop it."
        )
    return array


def listed(name: str, data: Any) -> Any:
    """Return an array, or a table of another library, as nested lists; other things as they are.

    Values stay Values. Raises ValueError for text and gaps, saying where they are.

    >>> import numpy as np
    >>> listed("x", np.array([1, 2])), listed("x", (1, 2))
    ([1.0, 2.0], (1, 2))
    """
    import numpy as np

    if not hasattr(data, "__array__"):
        return data
    data = readable(data)
    array = np.asarray(data)
    if array.dtype == object and any(x.__class__ is Value for x in array.flat):
        return array.tolist()
    return floats(name, data).tolist()


def _numbers(name: str, array: Any, data: Any) -> list[float]:
    """Return the entries of an array of objects as floats. Raises ValueError where one is none."""
    numbers = []
    for k, entry in enumerate(array.flat):
        number = real(entry)
        if number is None:
            place = _place(name, divmod(k, array.shape[1]) if array.ndim == 2 else (k,), data)
            raise ValueError(f"{place} is {short(entry)}")
        numbers.append(number)
    return numbers


def _place(name: str, index: tuple[int, ...], data: Any) -> str:
    """Return how an entry is written, with the name of its column where the data has names."""
    columns = getattr(data, "columns", ()) if len(index) == 2 else ()
    column = f" (column {columns[index[1]]!r})" if len(columns) else ""
    return f"{name}[{', '.join(map(str, index))}]{column}"
