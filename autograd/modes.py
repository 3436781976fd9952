"""Modes of a context: `no_grad()`, `detect_anomaly()`, and room for others.

A mode hears of every node made, number read, comparison and sweep of its own context (a thread, a
task) while it is active. The engine asks nobody while nobody is in a mode, so modes cost nothing
when they are not used. To add one, write a class with the hooks of `Mode` and enter it by `active`.
"""

from __future__ import annotations

import math
import os
import threading
from typing import Any
from weakref import ref

from autograd import engine, errors
from autograd.blocks import Block, Entry, Stack
from autograd.engine import Value
from autograd.primitives import detach
from autograd.sweep import passes
from autograd.table import PRIMITIVES

__all__ = ["detect_anomaly", "no_grad"]


class Mode:
    """The hooks of a mode; those it does not define do nothing.

    `created` hears of the `node` just made and of what outer modes want to be handed out in
    its place; it returns what shall be. Inside a hook, read numbers as
    `engine.unwatched(node)`: `node.data` would call `looked`.
    """

    records = False  # whether numbers that leave the graph would be frozen into a replay

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


class _Dispatcher(Stack):
    """The watcher of the engine: passes everything to the modes of the context it is in.

    It knows the blocks of all contexts weakly, for nobody tells it that one was left. The
    first node made when there are none any more is the last that it hears of.
    """

    def __init__(self) -> None:
        super().__init__("modes of autograd")
        self.known: tuple[ref[Entry], ...] = ()

    def push(self, block: Block) -> Entry:
        """Add a block that is being entered, whose subject is a mode."""
        entry = super().push(block)
        with _lock:
            self.known = (*filter(_may_count, self.known), ref(entry))
            engine.watch(self)
        return entry

    def rest(self) -> None:
        """Watch no longer, unless there is a block again."""
        self.forget()
        with _lock:
            self.known = tuple(filter(_may_count, self.known))
            if not self.known:
                engine.watch(None)

    def forked(self) -> None:
        """Know only the blocks of the thread that forked: the others are no more."""
        global _lock
        if not _lock._is_owned():  # type: ignore[attr-defined]
            _lock = threading.RLock()
        self.known = tuple(filter(_may_count_here, self.known))

    def modes(self) -> list[Mode]:
        """Return the modes that are in force here, outermost first."""
        return self.subjects()

    def created(self, node: Any) -> Any:
        handed, alone = node, True
        for entry in self.entries:  # as in `modes`, without lists for every node
            mode = entry.subject()
            if mode is not None:
                handed, alone = mode.created(node, handed), False
        if alone:
            self.rest()
        return handed

    def looked(self, node: Any) -> None:
        for mode in self.modes():
            mode.looked(node)

    def compared(self, node: Any, other: Any, symbol: str, verdict: bool) -> None:
        for mode in self.modes():
            mode.compared(node, other, symbol, verdict)

    def measured(self, root: Any) -> None:
        for mode in self.modes():
            mode.measured(root)

    def sweeping(self, root: Any, seed: float, as_numbers: bool = True) -> None:
        for mode in self.modes():
            mode.sweeping(root, seed)
            if as_numbers:
                mode.measured(root)


def _may_count(known: ref[Entry]) -> bool:
    """Return whether a block may be in force anywhere."""
    entry = known()
    return entry is not None and not entry.is_over()


def _may_count_here(known: ref[Entry]) -> bool:
    entry = known()
    block = None if entry is None else entry.block()
    return block is not None and block.is_owned()


_lock = threading.RLock()  # one that a handler of signals may take again; no loop inside
dispatcher = _Dispatcher()
_derivatives = Stack("derivatives of autograd")
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=dispatcher.forked)


def active(mode: Mode) -> Block:
    """Let `mode` hear of what this context does inside the block."""
    return Block(dispatcher, lambda: mode)


def differentiating() -> Block:
    """Count one more derivative being taken by this context inside the block."""
    return Block(_derivatives, lambda: True)


def depth() -> int:
    """Return how many derivatives this context is inside of."""
    return len(_derivatives.subjects()) if _derivatives.entries else 0


def observed() -> bool:
    """Return whether what this thread computes is part of a derivative or of a recording."""
    return depth() > 0 or (bool(dispatcher.known) and _in_a_recording())


def _in_a_recording() -> bool:
    return True in [mode.records for mode in dispatcher.modes()]


def sweeping(root: Value, as_numbers: bool) -> None:
    """Tell the modes in force here that a sweep from `root` begins, and what it results in."""
    if dispatcher.known:
        dispatcher.sweeping(root, 1.0, as_numbers)


class _NoGrad(Mode):
    """Hands out bare numbers, but not to derivatives that are taken inside of it.

    A recording gets detached nodes, for bare numbers would be frozen into its replays.
    """

    def __init__(self) -> None:
        self.depth = depth()

    def created(self, node: Any, handed: Any) -> Any:
        if depth() > self.depth:
            return handed
        if _in_a_recording():
            return handed if node.op == "detach" else detach(handed)
        return Value(engine.unwatched(node))


class _DetectAnomaly(Mode):
    """Stops at the first number that is not finite."""

    def created(self, node: Any, handed: Any) -> Any:
        if not math.isfinite(engine.unwatched(node)):
            raise errors.anomaly(node)
        return handed

    def sweeping(self, root: Any, seed: float) -> None:
        totals = {root: seed}
        for node in reversed(engine.topological(root)):
            rules = PRIMITIVES[node.op].partials if node.op else ()
            pairs = zip(node.operands, engine.unwatched_partials(node), strict=True)
            for k, (parent, partial) in enumerate(pairs):
                if parent.__class__ is Value and not parent.constant and passes(rules, k):
                    totals[parent] = totals.get(parent, 0.0) + totals[node] * partial
                    if not math.isfinite(totals[parent]):
                        raise errors.anomalous_adjoint(node, parent, partial, totals[node])


def no_grad() -> Block:
    """Record nothing inside the block: every result is a fresh leaf without parents.

    Inside a recording (`recording`, `jit`, `fit`) results are detached instead, so that a
    replay computes them anew; gradients do not pass either way. It holds for this context
    alone: this thread or task, and tasks that were started inside, until the block ends. A
    derivative (`grad`, `jacobian` …) that is taken inside still sees what its own function does.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    return Block(dispatcher, _NoGrad)


def detect_anomaly() -> Block:
    """Raise AnomalyError at the first node or gradient inside the block that is not finite.

    The message names the node that made the NaN or the infinity, and its operands with
    their numbers; in a backward pass, the node whose partial made it. It holds for this
    context alone, as `no_grad` does, and makes everything slower.

    >>> from autograd import Value, detect_anomaly, exp
    >>> x = Value(800.0, "x")
    >>> with detect_anomaly():
    ...     exp(x)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.errors.AnomalyError: exp made inf (an unlabelled 'exp' node); received...
    """
    return Block(dispatcher, _DetectAnomaly)
