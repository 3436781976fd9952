"""Nested sequences of Values as tensors: what the parameters of a model are found in."""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd import Value
from nn.arguments import floats


class Tensor(NamedTuple):
    """Values found under one path: a single one, or nested sequences of them, row by row."""

    path: str
    shape: tuple[int, ...]
    leaves: list[Value]


def nested(thing: Any) -> Any:
    """Return a NumPy array of objects as nested lists, and other things as they are."""
    return thing.tolist() if getattr(thing, "dtype", None) == "O" else thing


def is_numbers(thing: Any) -> bool:
    """Whether something is a table of numbers."""
    try:
        return floats("", thing).size > 0
    except ValueError:
        return False


def tensor_of(thing: Any) -> tuple[tuple[int, ...], list[Value]] | None:
    """Return the shape and the leaves of nested sequences of leaf Values; None for others."""
    thing = nested(thing)
    if thing.__class__ is Value:
        return None if thing.op or thing.constant else ((), [thing])
    if not isinstance(thing, list | tuple):
        return None
    if {*map(type, thing)} == {Value}:  # a row of them, looked at in one go
        return None if any(x.op or x.constant for x in thing) else ((len(thing),), list(thing))
    shapes, leaves = set(), []
    for inner in map(tensor_of, thing):
        shapes.add(inner and inner[0])
        leaves += inner[1] if inner else []
    shape = shapes.pop() if len(shapes) == 1 else None
    return None if shape is None else ((len(thing), *shape), leaves)
