"""Nested arguments: lists, tuples, dicts and NumPy arrays of numbers, and their flat form.

A *block* is a number, a Value or an array; a *leaf* is one number or Value. NumPy is never
imported unless an array was handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from autograd import errors
from autograd.engine import Value
from autograd.reals import real


def blocks(tree: Any) -> Iterator[Any]:
    """Yield the blocks of a nested structure in order."""
    if isinstance(tree, list | tuple):
        for child in tree:
            yield from blocks(child)
    elif isinstance(tree, Mapping):
        for child in tree.values():
            yield from blocks(child)
    else:
        yield tree


def leaves(tree: Any) -> list[Any]:
    """Return the leaves of a nested structure in order, the entries of arrays row by row.

    Raises TypeError for what is neither a Value nor a real number.
    """
    found: list[Any] = []
    for block in blocks(tree):
        found += block.ravel().tolist() if is_array(block) else [block]
    return [_leaf(leaf) for leaf in found]


def like(tree: Any, replacements: Iterable[Any]) -> Any:
    """Return `tree` with its blocks replaced in order."""
    new = iter(replacements)

    def copy(tree: Any) -> Any:
        if isinstance(tree, tuple) and hasattr(tree, "_fields"):
            return type(tree)(*map(copy, tree))
        if isinstance(tree, list | tuple):
            return type(tree)(map(copy, tree))
        if isinstance(tree, Mapping):
            return {key: copy(child) for key, child in tree.items()}
        return next(new)

    return copy(tree)


def unflatten(tree: Any, flat: Iterable[Any]) -> Any:
    """Return `tree` with its leaves replaced in order."""
    new = iter(flat)
    return like(tree, [packed([next(new) for _ in range(size(b))], shape(b)) for b in blocks(tree)])


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """Return `tree` with each leaf x replaced by function(x)."""
    return unflatten(tree, map(function, leaves(tree)))


def packed(flat: list[Any], shape: tuple[int, ...] | None) -> Any:
    """Return leaves as an array of a shape, or the only leaf where the shape is None."""
    if shape is None:
        return flat[0]
    import numpy as np

    kind = object if any(leaf.__class__ is Value for leaf in flat) else float
    array = np.empty(len(flat), dtype=kind)
    array[:] = flat
    return array.reshape(shape)


def shape(block: Any) -> tuple[int, ...] | None:
    """Return the shape of an array, None for a single number."""
    return block.shape if is_array(block) else None


def size(block: Any) -> int:
    """Return the number of leaves in a block."""
    return int(block.size) if is_array(block) else 1


def is_array(block: Any) -> bool:
    """Return whether a block is an array of NumPy (its scalars are numbers)."""
    return hasattr(block, "ravel") and hasattr(block, "tolist") and hasattr(block, "__len__")


def _leaf(leaf: Any) -> Any:
    if leaf.__class__ is Value:
        return leaf
    number = real(leaf)
    if number is None:
        raise errors.bad_operand("a derivative", leaf)
    return number
