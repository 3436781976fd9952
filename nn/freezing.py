"""Which parameters are frozen: what optimisers pass over."""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakSet

from autograd import Value


class Frozen:
    """The parameters that a module has frozen; it lives as long as the module, which holds it."""

    def __init__(self, parameters: Iterable[Value]) -> None:
        self.parameters = set(parameters)
        _everything.add(self)


_everything: WeakSet[Frozen] = WeakSet()  # for a Value itself has no room for it


def frozen() -> set[Value]:
    """Return all parameters that are frozen."""
    return set().union(*[each.parameters for each in list(_everything)])


def thaw(parameters: Iterable[Value]) -> None:
    """Let no module have these parameters frozen."""
    parameters = set(parameters)
    for each in list(_everything):
        each.parameters -= parameters
