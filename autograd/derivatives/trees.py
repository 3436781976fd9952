"""Nested arguments: lists, tuples, dicts and NumPy arrays of numbers, and their flat form.

A *block* is a number, a Value or an array; a *leaf* is one number or Value. NumPy is never
imported unless an array was handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any

from autograd import errors
from autograd.engine import Value
from autograd.reals import real

CONTAINERS = (list, tuple, dict)
LEAVES = {Value, float}


def blocks(tree: Any) -> Iterator[Any]:
    """Yield the blocks of a nested structure in order."""
    if isinstance(tree, CONTAINERS):
        for child in tree.values() if isinstance(tree, dict) else tree:
            if isinstance(child, CONTAINERS):
                yield from blocks(child)
            else:
                yield child
    else:
        yield tree


def leaves(tree: Any, taker: str = "a derivative") -> list[Any]:
    """Return the leaves of a nested structure in order, the entries of arrays row by row.

    Raises TypeError for what is neither a Value nor a real number; `taker` is who refuses it.
    """
    if is_flat(tree):
        return list(tree)
    found: list[Any] = []
    for block in blocks(tree):
        if block.__class__ is Value or block.__class__ is float:
            found.append(block)
        elif is_array(block):
            flat = block.ravel().tolist()
            found += flat if is_flat(flat) else [_leaf(x, taker) for x in flat]
        else:
            found.append(_leaf(block, taker))
    return found


def holds_values(tree: Any) -> bool:
    """Return whether a Value is anywhere in nested arguments, whatever else is in them.

    >>> holds_values([1.0, {"a": (Value(2.0), "text")}]), holds_values([1.0, "text"])
    (True, False)
    """
    if isinstance(tree, CONTAINERS):
        children = tree.values() if isinstance(tree, dict) else tree
        kinds = set(map(type, children))
        return Value in kinds or (not kinds <= LEAVES and any(map(holds_values, children)))
    if is_array(tree):
        return tree.dtype == object and Value in set(map(type, tree.flat))
    return tree.__class__ is Value


def paths(name: str, tree: Any) -> list[str]:
    """Return what to call each leaf of an argument: `x`, `w[0]`, `p['a'][1, 2]`."""
    if is_flat(tree) or len(shape(tree) or ()) == 1:
        return [f"{name}[{k}]" for k in range(len(tree))]
    if is_array(tree):
        indices = product(*map(range, tree.shape))
        return [f"{name}{list(index)}" if index else name for index in indices]
    if isinstance(tree, CONTAINERS):
        items = tree.items() if isinstance(tree, dict) else enumerate(tree)
        return [path for key, child in items for path in paths(f"{name}[{key!r}]", child)]
    return [name]


def like(tree: Any, replacements: Iterable[Any]) -> Any:
    """Return `tree` with its blocks replaced in order."""
    return _refilled(tree, iter(replacements))


def unflatten(tree: Any, flat: Iterable[Any]) -> Any:
    """Return `tree` with its leaves replaced in order."""
    if is_flat(tree):
        return tree.__class__(flat)
    new = iter(flat)
    return like(
        tree,
        (
            packed([next(new) for _ in range(block.size)], block.shape)
            if is_array(block)
            else next(new)
            for block in blocks(tree)
        ),
    )


def copied(tree: Any) -> Any:
    """Return `tree` in containers of its own, with the same leaves."""
    return tree if tree.__class__ in LEAVES else unflatten(tree, leaves(tree))


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


def is_numpy(kind: type) -> bool:
    """Return whether a class is NumPy's own array, which need not be loaded."""
    return kind.__name__ == "ndarray" and kind.__module__ == "numpy"


def is_array(block: Any) -> bool:
    """Return whether a block is an array of NumPy (its scalars are numbers)."""
    kind = block.__class__
    if kind is Value or kind is float:
        return False
    if is_numpy(kind):  # as a rule
        return True
    listed = hasattr(block, "ravel") and hasattr(block, "__len__")
    return listed and isinstance(block.size, int)  # a tensor of PyTorch has a method of that name


def _refilled(tree: Any, new: Iterator[Any]) -> Any:
    if not isinstance(tree, CONTAINERS):
        return next(new)
    if isinstance(tree, dict):
        return {key: _refilled(child, new) for key, child in tree.items()}
    children = [_refilled(child, new) for child in tree]
    return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)


def is_flat(tree: Any) -> bool:
    """Return whether a tree is a plain list or tuple of leaves, the common case."""
    return tree.__class__ in (list, tuple) and LEAVES.issuperset(map(type, tree))


def _leaf(leaf: Any, taker: str) -> Any:
    if leaf.__class__ is Value:
        return leaf
    number = real(leaf)
    if number is None:
        raise errors.bad_operand(taker, leaf)
    return number
