"""The numbers of an argument and what it is made of, found in one walk."""

from __future__ import annotations

from typing import Any

from autograd.derivatives.trees import is_numpy
from autograd.engine import floats

Array = Any  # numpy.ndarray; NumPy is imported on use


def taken(tree: Any) -> tuple[Any, Array | None]:
    """Return the structure of an argument, as `structure_of` says it, and its numbers in a row.

    (None, None) where they are not all plain: floats, ints in lists, NumPy's arrays of floats.

    >>> taken({"a": [1.0, 2.0], "b": 3.0})
    ((<class 'dict'>, (('a', (<class 'list'>, 2)), ('b', None))), array([1., 2., 3.]))
    >>> taken([1.0, "text"])
    (None, None)
    """
    kind = tree.__class__
    if is_numpy(kind):  # as a rule
        return (tree.shape, tree.ravel()) if tree.dtype.kind == "f" else (None, None)
    import numpy as np

    if kind is float:
        return None, np.array((tree,))
    parts: list[Any] = []
    structure = _walked(np, tree, parts)
    if structure is OTHER:
        return None, None
    joined = parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.empty(0)
    return structure, np.asarray(joined, float)


OTHER = object()  # the structure of what is not plain


def _walked(np: Any, tree: Any, parts: list[Any]) -> Any:
    """Return the structure of a tree, its numbers being added as arrays and lists."""
    kind = tree.__class__
    if kind is float:
        if parts and parts[-1].__class__ is list:
            parts[-1].append(tree)
        else:
            parts.append([tree])
        return None
    if kind is list or kind is tuple:
        row = np.empty(len(tree))
        if floats(tree, row):
            parts.append(row)
            return kind, len(tree)
    if isinstance(tree, dict):
        children = tuple([(key, _walked(np, child, parts)) for key, child in tree.items()])
        return OTHER if OTHER in [child for _, child in children] else (dict, children)
    if isinstance(tree, list | tuple):
        shapes = tuple([_walked(np, child, parts) for child in tree])
        if OTHER in shapes:
            return OTHER
        return kind, len(tree) if set(shapes) == {None} else shapes
    if is_numpy(kind) and tree.dtype.kind == "f":
        parts.append(tree.ravel())
        return tree.shape
    return OTHER
