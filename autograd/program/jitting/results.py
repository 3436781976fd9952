"""Numbers of a replay, put into the structure of results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from autograd.derivatives.trees import (
    CONTAINERS,
    blocks,
    is_array,
    is_flat,
    like,
    shape,
    size,
)
from autograd.program.compiler.accesses import Array


def filler(tree: Any, own: bool = False) -> Callable[[Array], Any]:
    """Return a function that puts numbers, (leaves,), into a structure like this one.

    Where they are the function's `own`, an array is a view of them.

    >>> import numpy as np
    >>> filler({"a": [1.0, 2.0], "b": 3.0})(np.array([5.0, 6.0, 7.0]))
    {'a': [5.0, 6.0], 'b': 7.0}
    """
    return _filler(tree, 0, own)[0]


def _filler(tree: Any, at: int, own: bool) -> tuple[Callable[[Array], Any], int]:
    """Return the function for numbers from number `at` on, and the number behind them."""
    if is_array(tree):
        whole, end = tree.shape, at + tree.size
        if own and len(whole) == 1:
            return lambda numbers: numbers[at:end], end
        if own:
            return lambda numbers: numbers[at:end].reshape(whole), end
        return lambda numbers: numbers[at:end].reshape(whole).copy(), end
    if not isinstance(tree, CONTAINERS):
        return lambda numbers: float(numbers[at]), at + 1
    kind, end = tree.__class__, at + len(tree)
    if kind is list and is_flat(tree):
        return lambda numbers: numbers[at:end].tolist(), end
    if is_flat(tree):
        return lambda numbers: kind(numbers[at:end].tolist()), end
    fills = []
    for child in tree.values() if isinstance(tree, dict) else tree:
        fill, at = _filler(child, at, own)
        fills.append(fill)
    return _gatherer(tree, fills), at


def _gatherer(tree: Any, fills: list[Callable[[Array], Any]]) -> Callable[[Array], Any]:
    """Return a function that gathers what the parts of a dict, list or tuple become."""
    kind = tree.__class__
    if isinstance(tree, dict):
        parts = list(zip(tree, fills, strict=True))
        return lambda numbers: {key: fill(numbers) for key, fill in parts}
    if hasattr(tree, "_fields"):
        return lambda numbers: kind(*[fill(numbers) for fill in fills])
    return lambda numbers: kind([fill(numbers) for fill in fills])


def matrix_filler(outputs: Any, inputs: Any) -> Callable[[Array], Any]:
    """Return a function that puts a Jacobian, (outputs, inputs), into the structure of both."""
    row, column = filler(inputs), filler(outputs)
    if not isinstance(outputs, CONTAINERS) and not is_array(outputs):
        return lambda matrix: row(matrix[0])
    if is_array(outputs) and is_array(inputs):
        whole = (*outputs.shape, *inputs.shape)
        return lambda matrix: matrix.reshape(whole).copy()
    if is_flat(outputs):
        kind = outputs.__class__
        return lambda matrix: kind(map(row, matrix))
    if not isinstance(inputs, CONTAINERS) and not is_array(inputs):
        return lambda matrix: column(matrix[:, 0])
    return lambda matrix: like(outputs, _by_output(outputs, inputs, matrix))


def _by_output(outputs: Any, inputs: Any, matrix: Array) -> Iterator[Any]:
    for rows, y in _parts(outputs):
        yield like(inputs, (_block(matrix[rows, columns], y, x) for columns, x in _parts(inputs)))


def _parts(tree: Any) -> Iterator[tuple[slice, Any]]:
    """Yield where the numbers of each block of a structure are, with the block."""
    start = 0
    for block in blocks(tree):
        yield slice(start, start + size(block)), block
        start += size(block)


def _block(part: Array, y: Any, x: Any) -> Any:
    if shape(y) is None and shape(x) is None:
        return float(part[0, 0])
    return part.reshape(*(shape(y) or ()), *(shape(x) or ())).copy()


def stacked(tree: Any, numbers: Array) -> Any:
    """Return numbers of m results, (m, leaves), as one result with m rows.

    Lists of numbers become arrays; dicts and tuples hold an array for each entry.

    >>> import numpy as np
    >>> stacked((0.0, [0.0, 0.0]), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    (array([1., 4.]), array([[2., 3.],
           [5., 6.]]))
    """
    rows = len(numbers)
    if tree.__class__ is list and is_flat(tree):
        return numbers.copy()
    found = (numbers[:, at].reshape(rows, *(shape(x) or ())).copy() for at, x in _parts(tree))
    return _joined(like(tree, found))


def stacked_matrices(outputs: Any, inputs: Any, matrices: Array) -> Any:
    """Return m Jacobians, (m, outputs, inputs), as one result with m rows."""
    rows = len(matrices)
    found = []
    for at, y in _parts(outputs):
        inner = (
            matrices[:, at, columns].reshape(rows, *(shape(y) or ()), *(shape(x) or ())).copy()
            for columns, x in _parts(inputs)
        )
        found.append(_joined(like(inputs, inner)))
    return _joined(like(outputs, found))


def _joined(tree: Any) -> Any:
    """Return lists of arrays of one shape, (m, …), as arrays with another axis, the second."""
    import numpy as np

    if isinstance(tree, dict):
        return {key: _joined(child) for key, child in tree.items()}
    if not isinstance(tree, CONTAINERS):
        return tree
    children = [_joined(child) for child in tree]
    if tree.__class__ is list and children and len({shape(x) for x in children}) == 1:
        return np.stack(children, axis=1) if shape(children[0]) is not None else children
    return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
