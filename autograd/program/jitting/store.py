"""A function with all that was recorded of it, for itself and for its derivatives."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from autograd.program.arguments import count
from autograd.program.jitting.arguments import Signature
from autograd.program.jitting.structures import Structure
from autograd.program.lock import Lock


class Store:
    """What is known of a function: at most `cache` structures, the one used last at the end."""

    def __init__(self, f: Callable[..., Any], static: Any, cache: int) -> None:
        self.f, self.static, self.cache = f, static, count("cache", cache, 1)
        self.signature = Signature(f, static)
        self.origin: Any = None  # the compiled function that was the first to use it
        self.refused: set[Any] = set()  # chains of derivatives that cannot be compiled
        self._structures: OrderedDict[Any, Structure] = OrderedDict()
        self._latest: tuple[Any, Structure] | None = None  # the one used last
        self._companions: dict[Any, Store] = {}
        self._lock = Lock()

    def structure(self, key: Any) -> Structure | None:
        """Return what is known of arguments of this structure, which is now the one used last."""
        latest = self._latest  # as a rule: then nothing moves
        if latest is not None and latest[0] == key:
            return latest[1]
        with self._lock.held:
            found = self._structures.get(key)
            if found is not None:
                self._structures.move_to_end(key)
                self._latest = key, found
            return found

    def keep(self, key: Any, structure: Structure) -> None:
        """Keep what was recorded for arguments of a structure, and forget the oldest."""
        with self._lock.held:
            self._structures[key] = structure
            self._latest = key, structure
            if len(self._structures) > self.cache:
                self._structures.popitem(last=False)

    def companion(self, key: Any, f: Callable[..., Any]) -> Store:
        """Return the store of another function that is made of this one."""
        with self._lock.held:
            if key not in self._companions:
                self._companions[key] = Store(f, (), self.cache)
            return self._companions[key]
