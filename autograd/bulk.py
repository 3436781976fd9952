"""The numbers of many leaves at once, for those who keep them in an array of doubles.

In Python it is one by one; the compiled implementation has its own.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from autograd.sweep import clock
from autograd.value import Value

unwatched = attrgetter("_data")  # the number of a node, without telling a mode


def last_write() -> int:
    """Return a number that grows whenever the number of any leaf is written."""
    return clock.now


def read(leaves: tuple[Value, ...], numbers: Any) -> None:
    """Write the number of each leaf to an array, unwatched."""
    _require_as_many(leaves, numbers)
    numbers[:] = list(map(unwatched, leaves))


def write(leaves: tuple[Value, ...], numbers: Any) -> None:
    """Set the number of each leaf from an array, or of none of them."""
    _require_as_many(leaves, numbers)
    for leaf in leaves:
        if leaf.op or leaf.constant:
            leaf.data = 0.0  # which says what is wrong
    for leaf, number in zip(leaves, numbers.tolist(), strict=True):
        leaf.data = number


def floats(sequence: Any, numbers: Any) -> bool:
    """Write a list or tuple to an array; return whether it is plain floats, and ints that fit."""
    listed = sequence.__class__ in (list, tuple) and len(sequence) == len(numbers)
    if not listed or any(x.__class__ is not float and not _fits(x) for x in sequence):
        return False
    numbers[:] = sequence
    return True


def _fits(x: Any) -> bool:
    return x.__class__ is int and abs(x) <= 2**53


def _require_as_many(leaves: tuple[Value, ...], numbers: Any) -> None:
    if len(leaves) != len(numbers):
        raise ValueError("numbers are as many doubles as there are leaves")
