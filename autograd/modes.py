"""Modes of one thread: `no_grad()`, `detect_anomaly()`, and room for others.

A mode hears of every node made, number read, comparison and sweep of its own thread while it
is active. The engine asks nobody while no thread is in a mode, so modes cost nothing when
they are not used. To add one, write a class with the hooks of `Mode` and enter it by `active`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograd import engine, errors
from autograd.engine import Value

__all__ = ["Mode", "active", "depth", "detect_anomaly", "differentiating", "no_grad"]


class Mode:
    """The hooks of a mode; those it does not define do nothing.

    `created` hears of the `node` just made and of what outer modes want to be handed out in
    its place; it returns what shall be. Inside a hook, read numbers as `node._data`:
    `node.data` would call `looked`.
    """

    def created(self, node: Any, handed: Any) -> Any:
        """Return what to hand out for a node that was made."""
        return handed

    def looked(self, node: Any) -> None:
        """Hear that the number of a node was read from outside."""

    def compared(self, node: Any, other: Any, symbol: str, verdict: bool) -> None:
        """Hear that a node was compared, `node symbol other`, and what came out."""

    def sweeping(self, root: Any, seed: float) -> None:
        """Hear that adjoints are about to be computed."""

    def measured(self, root: Any) -> None:
        """Hear that derivatives of a node are about to leave its graph as numbers."""


class _Thread(threading.local):
    """What one thread has entered: its modes, outermost first, and derivatives."""

    modes: tuple[Mode, ...] = ()
    depth: int = 0


class _Dispatcher:
    """The watcher of the engine: passes everything to the modes of the thread it is in."""

    def created(self, node: Any) -> Any:
        handed = node
        for mode in _thread.modes:
            handed = mode.created(node, handed)
        return handed

    def looked(self, node: Any) -> None:
        for mode in _thread.modes:
            mode.looked(node)

    def compared(self, node: Any, other: Any, symbol: str, verdict: bool) -> None:
        for mode in _thread.modes:
            mode.compared(node, other, symbol, verdict)

    def sweeping(self, root: Any, seed: float, as_numbers: bool = True) -> None:
        for mode in _thread.modes:
            mode.sweeping(root, seed)
            if as_numbers:
                mode.measured(root)


_thread = _Thread()
_dispatcher = _Dispatcher()
_lock = threading.Lock()
_entered = 0  # by all threads together


def _count(change: int) -> None:
    global _entered
    with _lock:
        _entered += change
        engine.watch(_dispatcher if _entered else None)


@contextmanager
def active(mode: Mode) -> Iterator[Mode]:
    """Let `mode` hear of what this thread does inside the block."""
    _thread.modes = (*_thread.modes, mode)
    _count(+1)
    try:
        yield mode
    finally:
        _count(-1)
        _thread.modes = tuple(other for other in _thread.modes if other is not mode)


@contextmanager
def differentiating() -> Iterator[None]:
    """Count one more derivative being taken by this thread inside the block."""
    _thread.depth += 1
    try:
        yield
    finally:
        _thread.depth -= 1


def depth() -> int:
    """Return how many derivatives this thread is inside of."""
    return _thread.depth


def sweeping(root: Value, as_numbers: bool) -> None:
    """Tell the modes of this thread that a sweep from `root` begins, and what it results in."""
    if _entered:
        _dispatcher.sweeping(root, 1.0, as_numbers)


class _NoGrad(Mode):
    """Hands out bare numbers, but not to derivatives that are taken inside of it."""

    def __init__(self) -> None:
        self.depth = depth()

    def created(self, node: Any, handed: Any) -> Any:
        return node if depth() > self.depth else Value(node._data)


class _DetectAnomaly(Mode):
    """Stops at the first number that is not finite."""

    def created(self, node: Any, handed: Any) -> Any:
        if not math.isfinite(node._data):
            raise errors.anomaly(node)
        return handed

    def sweeping(self, root: Any, seed: float) -> None:
        totals = {root: seed}
        for node in reversed(engine.topological(root)):
            for parent, partial in zip(node.operands, node.partials, strict=True):
                if parent.__class__ is Value and not parent.constant:
                    totals[parent] = totals.get(parent, 0.0) + totals[node] * partial
                    if not math.isfinite(totals[parent]):
                        raise errors.anomalous_adjoint(node, parent, partial, totals[node])


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside the block: every result is a fresh leaf without parents.

    It holds for this thread alone. A derivative (`grad`, `jacobian` …) that is taken inside
    the block still sees what its own function does.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    with active(_NoGrad()):
        yield


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Raise AnomalyError at the first node or gradient inside the block that is not finite.

    The message names the node that made the NaN or the infinity, and its operands with
    their numbers; in a backward pass, the node whose partial made it. It holds for this
    thread alone and makes everything slower.

    >>> from autograd import Value, detect_anomaly, exp
    >>> x = Value(800.0, "x")
    >>> with detect_anomaly():
    ...     exp(x)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.errors.AnomalyError: exp made inf (an unlabelled 'exp' node); received...
    """
    with active(_DetectAnomaly()):
        yield
