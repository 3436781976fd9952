"""Arrays whose axes have names, so that indices of formulas say what belongs together.

An axis is an index of units ("j"), the examples, the rows or the columns of a matrix, or WRT: all
entries of what is differentiated by. A number that has no indices has no axes.
"""

from __future__ import annotations

from typing import NamedTuple

from nn.arguments import Array
from nn.notes.errors import Meaningless

EXAMPLES, ROWS, COLUMNS, WRT, KEPT = "examples", "rows", "columns", "wrt", "kept"
FRAME = {EXAMPLES, WRT, KEPT}  # what is no index of a formula; KEPT are examples not to be summed


class Tensor(NamedTuple):
    """An array and the name of each of its axes."""

    array: Array
    axes: tuple[str, ...] = ()

    @property
    def is_matrix(self) -> bool:
        """Whether it has rows and columns."""
        return ROWS in self.axes

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a matrix."""
        return self.size(ROWS), self.size(COLUMNS)

    @property
    def units(self) -> set[str]:
        """The indices of units."""
        return set(self.axes) - FRAME - {ROWS, COLUMNS}

    def size(self, axis: str) -> int:
        """Return how long an axis is."""
        return int(self.array.shape[self.axes.index(axis)])

    def renamed(self, **names: str) -> Tensor:
        """Return the same array with other names of axes."""
        return Tensor(self.array, tuple(names.get(axis, axis) for axis in self.axes))


def scalar(number: float) -> Tensor:
    """Return a number as a tensor."""
    import numpy as np

    return Tensor(np.asarray(float(number)))


def contracted(terms: list[Tensor], axes: tuple[str, ...]) -> Tensor:
    """Return the product of tensors, summed over all axes but those named.

    Raises Meaningless where an index would have two lengths.
    """
    import numpy as np

    letters: dict[str, str] = {}
    lengths: dict[str, int] = {}
    for term in terms:
        for axis, length in zip(term.axes, term.array.shape, strict=True):
            letters.setdefault(axis, chr(ord("a") + len(letters)))
            if lengths.setdefault(axis, length) != length:
                raise Meaningless(f"{axis[0]} has two ranges, {lengths[axis]} and {length} units")
    written = ",".join("".join(letters[axis] for axis in term.axes) for term in terms)
    kept = "".join(letters[axis] for axis in axes)
    return Tensor(np.einsum(f"{written}->{kept}", *(term.array for term in terms)), axes)


def union(*terms: Tensor) -> tuple[str, ...]:
    """Return all axes, each once."""
    return tuple(dict.fromkeys(axis for term in terms for axis in term.axes))


def entrywise(left: Tensor, right: Tensor) -> Tensor:
    """Return the product entry by entry; matrices must have one shape."""
    if left.is_matrix and right.is_matrix and left.shape != right.shape:
        raise Meaningless(f"{shown(left)} ⊙ {shown(right)}")
    return contracted([left, right], union(left, right))


def matrix_product(left: Tensor, right: Tensor) -> Tensor:
    """Return rows times columns."""
    if left.size(COLUMNS) != right.size(ROWS):
        raise Meaningless(f"{shown(left)}·{shown(right)}")
    left, right = left.renamed(columns="between"), right.renamed(rows="between")
    axes = union(left, right)
    return contracted([left, right], tuple(axis for axis in axes if axis != "between"))


def transposed(term: Tensor) -> Tensor:
    """Return a matrix with rows for columns; anything else as it is."""
    return term.renamed(rows=COLUMNS, columns=ROWS)


def as_scalar(term: Tensor) -> Tensor:
    """Return a matrix of one entry as a number."""
    if term.is_matrix and term.shape == (1, 1):
        return summed(term, ROWS, COLUMNS)
    return term


def summed(term: Tensor, *axes: str) -> Tensor:
    """Return the sum over some axes."""
    return contracted([term], tuple(axis for axis in term.axes if axis not in axes))


def product(left: Tensor, right: Tensor, sign: str, outer: bool) -> Tensor:
    """Return what a sign between two factors means for their shapes.

    · * and × of one shape go entry by entry, and so do columns side by side, which have no other
    product; whatever else has rows and columns is a matrix product.
    """
    left, right = as_scalar(left), as_scalar(right)
    if not (left.is_matrix and right.is_matrix) or sign == "⊙":
        return entrywise(left, right)
    same = left.shape == right.shape
    if sign == "·" and same and (left.units or right.units):  # w_j · x
        return summed(entrywise(left, right), ROWS, COLUMNS)
    if sign == "⊗":
        return _outer(left, right) if outer else entrywise(left, right)
    fits = left.size(COLUMNS) == right.size(ROWS)
    if same and (sign in set("·*×") or (sign == "" and not fits)):
        return entrywise(left, right)
    return matrix_product(left, right)


def _outer(left: Tensor, right: Tensor) -> Tensor:
    left = left if left.size(COLUMNS) == 1 else transposed(left)
    right = right if right.size(ROWS) == 1 else transposed(right)
    return matrix_product(left, right)


def added(left: Tensor, right: Tensor) -> Tensor:
    """Return a sum; one column or row is added to all columns or rows, a number to every entry."""
    import numpy as np

    left, right = as_scalar(left), as_scalar(right)
    axes = union(left, right)
    if left.is_matrix and right.is_matrix and left.shape != right.shape:
        pairs = list(zip(left.shape, right.shape, strict=True))
        if (
            any(one != two and 1 not in (one, two) for one, two in pairs)
            or left.shape == right.shape[::-1]
        ):
            raise Meaningless(f"{shown(left)} + {shown(right)}")
    else:
        contracted([left, right], ())
    return Tensor(np.add(aligned(left, axes), aligned(right, axes)), axes)


def aligned(term: Tensor, axes: tuple[str, ...]) -> Array:
    """Return the array with its axes in an order, and of length 1 where it has none."""
    own = [axis for axis in axes if axis in term.axes]
    array = term.array.transpose([term.axes.index(axis) for axis in own])
    shape = iter(array.shape)
    return array.reshape([next(shape) if axis in term.axes else 1 for axis in axes])


def shown(term: Tensor) -> str:
    """Return the shape of a matrix, or the indices of what has indices, for messages."""
    if term.is_matrix:
        return f"({term.size(ROWS)},{term.size(COLUMNS)})"
    return ",".join(sorted(term.units)) or "a number"


def _one_unit(term: Tensor, other: Tensor) -> Tensor:
    """Return one unit at all examples, (1, m), as a number of each where the other side is one."""
    if not term.is_matrix or other.is_matrix or EXAMPLES not in other.axes:
        return term
    m = other.size(EXAMPLES)
    if EXAMPLES in term.axes or sorted(term.shape) != sorted((1, m)):
        return term
    one, many = (ROWS, COLUMNS) if term.size(ROWS) == 1 else (COLUMNS, ROWS)
    return summed(term, one).renamed(**{many: EXAMPLES})


def difference(left: Tensor, right: Tensor, constant: bool) -> tuple[Tensor, Tensor]:
    """Return two sides on the same axes. Raises Meaningless where they cannot be compared.

    A `constant` on the right, ∂z/∂b = 1, stands for every entry; and so does what lacks an index:
    if it must not, the numbers tell.
    """
    import numpy as np

    left, right = as_scalar(left), as_scalar(right)
    left, right = _one_unit(left, right), _one_unit(right, left)
    if left.is_matrix and right.is_matrix and left.shape != right.shape:
        raise Meaningless(f"{shown(left)} on the left, {shown(right)} on the right")
    if left.is_matrix != right.is_matrix and not constant:
        raise Meaningless(f"{shown(left)} on the left, {shown(right)} on the right")
    axes = union(left, right)
    contracted([left, right], ())
    both = np.broadcast_arrays(aligned(left, axes), aligned(right, axes))
    return Tensor(both[0], axes), Tensor(both[1], axes)
