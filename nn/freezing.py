"""Which parameters are frozen: what optimisers pass over, as long as anybody else holds them."""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakSet

from autograd import Value

_frozen: WeakSet[Value] = WeakSet()  # for a Value itself has no room for it


def frozen() -> set[Value]:
    """Return all parameters that are frozen."""
    return set(_frozen) if len(_frozen) else set()


def freeze(parameters: Iterable[Value]) -> None:
    """Let optimisers pass over these parameters."""
    _frozen.update(parameters)


def unfreeze(parameters: Iterable[Value]) -> None:
    """Let optimisers change these parameters."""
    _frozen.difference_update(parameters)
